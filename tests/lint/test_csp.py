"""What a page's policy refuses of ours, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.lint.csp import parse, refusals

ORIGIN = "https://www.example.org"


def refused(policy: str, origin: str = ORIGIN, nonce: str = "") -> list[str]:
    return [one.kind for one in refusals(policy, origin, nonce)]


@pytest.mark.parametrize(
    ("policy", "kinds"),
    [
        ("", []),
        ("default-src 'self'", []),
        ("default-src *", []),
        ("default-src 'none'", ["script", "image", "fetch"]),
        ("default-src", ["script", "image", "fetch"]),
        ("default-src 'none'; script-src 'self'; img-src 'self'; connect-src 'self'", []),
        ("img-src 'none'", ["image"]),
        ("connect-src https://api.example.org", ["fetch"]),
        ("script-src https://cdn.example.com", ["script"]),
        ("script-src-elem 'none'; script-src 'self'", ["script"]),
        ("script-src-elem 'self'; script-src 'none'", []),
        ("script-src https:", []),
        ("script-src http:", []),
        ("script-src data: blob:", ["script"]),
        ("script-src www.example.org", []),
        ("script-src https://www.example.org", []),
        ("script-src https://www.example.org:443", []),
        ("script-src https://www.example.org:*", []),
        ("script-src https://www.example.org:8443", ["script"]),
        ("script-src ftp://www.example.org", ["script"]),
        ("script-src *.example.org", []),
        ("script-src *.org", []),
        ("script-src example.org", ["script"]),
        ("script-src www.example.org/static/", ["script"]),
        ("SCRIPT-SRC 'SELF'", []),
        ("script-src 'none'; script-src 'self'", ["script"]),
        ("sandbox", ["script"]),
        ("sandbox allow-scripts", []),
        ("require-trusted-types-for 'script'", []),
        ("require-trusted-types-for 'script'; trusted-types", ["trusted-types"]),
        ("require-trusted-types-for 'script'; trusted-types dompurify", ["trusted-types"]),
        ("require-trusted-types-for 'script'; trusted-types site-note", []),
        ("trusted-types dompurify", []),
        ("frame-ancestors 'none'; upgrade-insecure-requests", []),
    ],
)
def test_a_policy_refuses_what_it_does_not_name(policy: str, kinds: list[str]) -> None:
    assert refused(policy) == kinds


@pytest.mark.parametrize(
    ("policy", "nonce", "kinds"),
    [
        ("script-src 'nonce-abc'", "abc", []),
        ("script-src 'nonce-abc'", "", ["script"]),
        ("script-src 'nonce-abc'", "xyz", ["script"]),
        ("script-src 'nonce-abc' 'strict-dynamic' https:", "abc", []),
        ("script-src 'nonce-abc' 'strict-dynamic' 'self'", "", ["script"]),
        ("script-src 'sha256-abc' 'strict-dynamic' 'self'", "", ["script"]),
    ],
)
def test_a_nonce_lets_our_script_through_and_strict_dynamic_nothing_else(
    policy: str, nonce: str, kinds: list[str]
) -> None:
    assert refused(policy, nonce=nonce) == kinds


@pytest.mark.parametrize(
    ("policy", "kinds"),
    [
        ("script-src https:", ["script"]),
        ("script-src http:", []),
        ("script-src localhost:8000", []),
        ("script-src localhost", ["script"]),
        ("script-src http://localhost:*", []),
    ],
)
def test_ports_and_schemes_have_to_fit(policy: str, kinds: list[str]) -> None:
    assert refused(policy, "http://localhost:8000") == kinds


def test_the_directive_that_refuses_is_quoted() -> None:
    (one,) = refusals("default-src 'self'; img-src 'none'", ORIGIN)
    assert one.directive == "img-src 'none'"
    assert one.what == "the image bait"


def test_the_first_of_two_directives_counts() -> None:
    assert parse("img-src a; IMG-SRC b;; ;") == {"img-src": ["a"]}


@given(st.text(alphabet="a-'*:/.; snonce", max_size=120))
def test_no_policy_is_too_strange(policy: str) -> None:
    assert set(refused(policy)) <= {"script", "image", "fetch", "trusted-types"}
