"""Ways to support, as a publisher writes them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard import SettingsError, SupportOption
from adguard.ways import SupportKind


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("/subscribe", "/subscribe"),
        ("/größe?a=ä#ü", "/gr%C3%B6%C3%9Fe?a=%C3%A4#%C3%BC"),
        ("https://give.example", "https://give.example/"),
        ("https://give.example/jar?from=site#now", "https://give.example/jar?from=site#now"),
        ("https://bücher.example/a b", "https://xn--bcher-kva.example/a%20b"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
    ],
)
def test_an_address_is_kept_as_browsers_write_it(written: str, url: str) -> None:
    assert SupportOption("Give", written).url == url


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://wallet.example/alice", "https://wallet.example/alice"),
        ("$wallet.example/alice", "https://wallet.example/alice"),
        ("$wallet.example", "https://wallet.example/.well-known/pay"),
        ("$wallet.example/", "https://wallet.example/.well-known/pay"),
    ],
)
def test_a_payment_pointer_becomes_the_wallets_address(written: str, url: str) -> None:
    assert SupportOption("Pay as you read", written, "monetization").url == url


@pytest.mark.parametrize(
    ("url", "kind", "field"),
    [
        ("//evil.example", "other", ""),
        ("/\\evil.example", "other", ""),
        ("/a\nb", "other", ""),
        ("javascript:alert(1)", "other", ""),
        ("https://user:password@give.example/", "other", ""),
        ("https://", "other", ""),
        ("https://give.example:99999/", "other", ""),
        ("", "other", ""),
        (None, "other", ""),
        ("http://wallet.example/alice", "monetization", ""),
        ("$", "monetization", ""),
        ("wallet.example/alice", "monetization", ""),
        ("https://wallet.example/a; script-src *", "monetization", ""),
        ("https://wallet.example/a,b", "monetization", ""),
        ("/join", "newsletter", "two words"),
        ("/join", "newsletter", '"><script>'),
        ("/join", "newsletter", 7),
        ("/join", "donate", "email"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(url: Any, kind: Any, field: Any) -> None:
    with pytest.raises(SettingsError, match=r"^support\.(url|field): "):
        SupportOption("Give", url, kind, field)


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_safe_in_a_header_and_stays_a_path_or_http(text: str) -> None:
    kinds: tuple[SupportKind, ...] = ("other", "monetization")
    for kind in kinds:
        for written in (text, f"/{text}", f"https://give.example/{text}", f"${text}"):
            try:
                option = SupportOption("Give", written, kind)
            except SettingsError:
                continue
            assert option.url.isascii()
            assert option.url.isprintable()
            assert not {*option.url} & {" ", "\\"} or "\\" not in option.url.partition("?")[0]
            parts = urlsplit(option.url)
            assert parts.scheme in {"http", "https"} or option.url.startswith("/")
            if not parts.scheme:
                assert not parts.netloc
                assert option.origin == ""
            else:
                assert option.origin == f"{parts.scheme}://{parts.netloc}"
            if kind == "monetization":
                assert parts.scheme == "https"
                assert not {*option.url} & {*" ,;"}


def test_a_ways_name_follows_what_it_says_and_where_it_leads() -> None:
    jar = SupportOption("Tip jar", "/jar")
    assert jar.slug == SupportOption("Tip jar", "/jar", "donate").slug
    assert (
        len({jar.slug, SupportOption("Jar", "/jar").slug, SupportOption("Tip jar", "/j").slug}) == 3
    )
