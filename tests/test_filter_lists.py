"""What the filter lists of this machine's uBlock Origin package do to our names.

The matchers of `adguard lint` decide, exceptions left aside: no rule may hit what is ours, even if
another one lifts it.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest

from adguard import snippets
from adguard.assets import ALPHABET, DIGEST_LENGTH, Assets
from adguard.baits import ElementBait, RequestBait, load
from adguard.filters import CosmeticMatcher, Element, NetworkMatcher, Request
from adguard.lint.checks import Bait, Judge, Site
from adguard.lint.library import Library
from adguard.lint.own import Own, collect, label, read_elements
from adguard.lint.profiles import ENVIRONMENTS
from adguard.lint.profiles import load as load_blockers
from adguard.lint.sources import Gathered, from_package
from adguard.settings import Settings

ORIGIN = "https://www.example.org"
SETTINGS = Settings(secret_key="k" * 32, origin=ORIGIN)
ASSETS = Assets(SETTINGS)
SITE = Site(origin=ORIGIN, prefix="/_site")
TEMPLATES = Path(snippets.__file__).parent / "templates"
BAITS: tuple[Bait, ...] = (*load().network, *load().elements)


@cache
def gathered() -> Gathered:
    return from_package(load_blockers())


@cache
def matchers() -> tuple[NetworkMatcher, CosmeticMatcher, Judge]:
    library = Library(gathered())
    lists = [library.read(one, ENVIRONMENTS["ublock"]) for one in library.sources]
    network = NetworkMatcher(lists)
    return network, CosmeticMatcher(lists, network), Judge(lists, SITE)


@cache
def own() -> Own:
    return collect(SETTINGS)


pytestmark = pytest.mark.skipif(
    not gathered().all and os.environ.get("CI") != "true",
    reason="uBlock Origin's lists are not installed",
)


def test_the_lists_of_this_machine_are_there() -> None:
    assert gathered().all


def blocking(path: str, kind: str) -> list[str]:
    """The rules that stop a first-party request."""
    request = Request(url=ORIGIN + path, page=SITE.page, kind=kind)
    return [rule.text for rule in matchers()[0].all_matches(request)]


def hiding(element: Element) -> list[str]:
    """The rules that select an element."""
    return [rule.text for rule in matchers()[1].all_matches(element, SITE.page)]


def test_the_package_holds_the_lists_that_block() -> None:
    assert {"easylist", "easyprivacy", "ublock-filters"} <= set(gathered().known)


@pytest.mark.parametrize("number", range(18))
def test_no_rule_stops_our_own_requests(number: int) -> None:
    one = own().requests[number]
    assert blocking(one.path, one.kind) == []


def test_every_request_of_ours_was_asked_about() -> None:
    assert len(own().requests) == 21


@pytest.mark.parametrize(
    ("stem", "suffix", "kind"),
    [
        ("client", "js", "script"),
        ("wait", "js", "script"),
        ("note", "js", "script"),
        ("note", "css", "stylesheet"),
    ],
)
def test_no_rule_stops_a_file_of_any_digest(stem: str, suffix: str, kind: str) -> None:
    for shift in range(len(ALPHABET)):
        digest = (ALPHABET[shift:] + ALPHABET[:shift])[:DIGEST_LENGTH]
        assert blocking(f"/_site/{stem}-{digest}.{suffix}", kind) == []


def test_no_rule_hides_the_element_control_or_the_rows() -> None:
    control = ASSETS.rows.partition('<span data-site-row="c1"')[0]
    rows = f"{control}<span data-site-row='c1' hidden aria-hidden=true></span>"
    found = {label(one): hiding(one) for one in read_elements(f"<body>{rows}")}
    assert {name: rules for name, rules in found.items() if rules} == {}
    assert len(found) >= 3


def test_no_rule_hides_anything_that_we_show() -> None:
    found = {label(one): hiding(one) for one in own().elements}
    assert {name: rules for name, rules in found.items() if rules} == {}
    assert len(own().elements) > 200


def test_no_rule_hides_a_name_of_ours_whatever_element_has_it() -> None:
    texts = [snippets.read(f"page/{name}") for name in ("note.js", "note.css")]
    texts += [path.read_text("utf-8") for path in TEMPLATES.glob("*.html")]
    names = sorted(set(re.findall(r"site-note[a-z0-9-]*", " ".join(texts))))
    assert len(names) > 10
    for name in names:
        element = Element(
            tag="div", id=name, classes=(name,), attributes={"data-nosnippet": ""}, empty=False
        )
        assert hiding(element) == [], name


@pytest.mark.parametrize("bait", BAITS, ids=lambda bait: bait.id)
def test_the_lists_still_hit_every_bait(bait: RequestBait | ElementBait) -> None:
    result = matchers()[2].bait(bait, bait.min_rules)
    assert result.state == "hit"
    assert set(bait.rules) == {cite.rule for cite in result.rules}
    assert result.exceptions == ()
