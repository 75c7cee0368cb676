"""Our matchers decide as uBlock Origin's and Ghostery's engines do, over the lists in Debian's
package. Rules that an engine is known to read otherwise are left out on both sides, each sort with
its reason; all that remains has to agree."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache

import msgspec
import pytest
from publicsuffixlist import PublicSuffixList

from adguard.filters import (
    GHOSTERY,
    UBLOCK,
    CosmeticMatcher,
    Environment,
    FilterList,
    NetworkMatcher,
    parse_list,
)
from adguard.filters.places import host_of
from adguard.hosts import domain_of
from e2e.harness.missing import MissingError, skip_or_fail
from tests.filters.engines import debian_lists, decide
from tests.filters.specimens import Specimens

SEED = 20261124
# Neither engine's matcher knows strict blocking: uBlock Origin adds it outside of its engine.
AS_UBLOCK = msgspec.structs.replace(UBLOCK, strict_blocking=False)
AS_GHOSTERY = msgspec.structs.replace(GHOSTERY, strict_blocking=False, page_exceptions=False)

Tell = Callable[[str, int, Counter[str]], None]
Differing = dict[str, Callable[[str], bool]]


def written(expression: str) -> Callable[[str], bool]:
    found = re.compile(expression)
    return lambda line: bool(found.search(line))


def option(*names: str) -> Callable[[str], bool]:
    """Whether a network rule has one of the options."""
    found = re.compile(rf"[$,]~?(?:{'|'.join(names)})(?:[=,]|$)")
    return lambda line: not re.search(r"#@?[?$]?#", line) and bool(found.search(line))


def names_a_suffix(line: str) -> bool:
    """Whether a rule names a public suffix (`domain=com`, `gov.uk##.x`) as a place."""
    cosmetic = re.match(r"([^#$/]*)#@?#", line)
    found = re.search(r"[$,](?:domain|from)=([^,]*)", line)
    if not (cosmetic or found):
        return False
    names = cosmetic[1].split(",") if cosmetic else found[1].split("|") if found else []
    plain = (name.lstrip("~") for name in names)
    return any(name and "*" not in name and is_suffix(name) for name in plain)


def is_suffix(name: str) -> bool:
    return "." not in name or domain_of(f"x.{name}") == f"x.{name}"


def private(url: str) -> bool:
    """Whether a host stands under a public suffix that is no registry's."""
    host = host_of(url)
    return domain_of(host) != (registries().privatesuffix(host) or host)


@cache
def registries() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


UBLOCK_DIFFERS: Differing = {
    "ubo-core 0.1.30 drops rules with reason=; uBlock Origin 1.67 reads them": option("reason"),
    "uBlock Origin looks a regular expression up by a word of it, and takes the unescaped dot in "
    "`[0-9]+.js$`, or the optional sign in `(?:v=2)?&?type=`, for one that ends the word before": (
        written(r"^/.*(?:\][+*]\.js\$|\)\?&\?type=)")
    ),
}
GHOSTERY_DIFFERS: Differing = {
    "Ghostery drops rules with an option it does not know": option(
        *("popup", "popunder", "method", "strict[13]p", "header", "cname", "ipaddress", "reason"),
        *("permissions", "urlskip", "uritransform", "inline-script", "inline-font", "empty"),
        *("mp4", "rewrite", "queryprune"),
    ),
    "Ghostery reads to= as domain=": option("to"),
    "Ghostery reads a regular expression in domain= as a host": written(
        r"[$,](?:domain|from)=[^,]*/"
    ),
    "in Ghostery, an exception for a redirect lifts the blocking, too": written(
        r"^@@.*[$,]redirect(?:-rule)?(?:[=,]|$)"
    ),
    "in Ghostery, redirect=none lifts the blocking": option("redirect=none(?::\\d+)?"),
    "in Ghostery, an important redirect-rule= blocks": written(
        r"redirect-rule.*,important|important.*,redirect-rule"
    ),
    "Ghostery asks the exceptions for hiding without a page: their domain= never fits": written(
        r"^@@.*[$,](?:ghide|generichide|ehide|elemhide|shide|specifichide)\b.*domain="
        r"|^@@.*domain=.*,(?:ghide|generichide|ehide|elemhide|shide|specifichide)\b"
    ),
    "Ghostery looks places up from the registrable domain on: a public suffix never fits": (
        names_a_suffix
    ),
    "Ghostery looks for the host of `||com/` at its first place in the URL only": written(
        r"^\|\|[a-z]+/"
    ),
    "Ghostery reads `||host^|` as `||host^`": written(r"^(?:@@)?\|\|[\w.-]+\^\|(?:\$|$)"),
    "Ghostery takes the star of `*##` for a host": written(r"^\*#@?#"),
}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    try:
        return {path.name: path.read_text("utf-8") for path in debian_lists()}
    except MissingError as missing:
        skip_or_fail(missing)


def without(texts: dict[str, str], differing: Differing) -> tuple[dict[str, str], Counter[str]]:
    """The lists less the lines that differ, and how many of those there were, by reason."""
    counted: Counter[str] = Counter()

    def kept(line: str) -> bool:
        if not line or line[0] == "!":
            return True
        reason = next((why for why, fits in differing.items() if fits(line)), None)
        counted.update([reason] if reason else [])
        return reason is None

    left = {
        name: "\n".join(line for line in text.split("\n") if kept(line))
        for name, text in texts.items()
    }
    return left, counted


def read(texts: dict[str, str], environment: Environment) -> list[FilterList]:
    return [parse_list(text, name=name, environment=environment) for name, text in texts.items()]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[str, int, Counter[str]], None]:
    """Prints what agreed, past pytest's capture."""

    def tell(engine: str, decided: int, counted: Counter[str]) -> None:
        lines = [f"{engine}: {decided:,} of {decided:,} decisions agree; lines left out:"]
        lines += [f"  {count:6,}  {reason}" for reason, count in counted.most_common()]
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(lines) + "\n")

    return tell


@pytest.fixture(autouse=True)
def timeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a list may take is tested elsewhere; while coverage is measured, all take longer."""
    monkeypatch.setattr("adguard.filters.patience.thread_time", lambda: 0.0)


def test_requests_are_blocked_as_by_ublock_origin(texts: dict[str, str], told: Tell) -> None:
    left, counted = without(texts, UBLOCK_DIFFERS)
    lists = read(left, AS_UBLOCK)
    make = Specimens(SEED)
    requests = make.requests([rule for one in lists for rule in one.network], 18_000)
    elements = make.elements([rule for one in lists for rule in one.cosmetic], 4_000)
    try:
        decisions = decide(
            "ublock", list(left.values()), sorted(UBLOCK.constants), requests, elements
        )
    except MissingError as missing:
        skip_or_fail(missing)
    matcher = NetworkMatcher(lists)
    found = [(request, matcher.match(request)) for request in requests]
    assert [
        (request, match, theirs)
        for (request, match), theirs in zip(found, decisions.requests, strict=True)
        if match.blocked is not theirs[0]
    ] == []
    assert [
        (page, off, theirs)
        for (page, _), theirs in zip(elements, decisions.off, strict=True)
        if (off := (1 in (ours := matcher.switched_off(page)), 2 in ours)) != theirs
    ] == []
    blocked = sum(theirs[0] for theirs in decisions.requests)
    assert 0.3 * len(requests) < blocked < 0.9 * len(requests)
    assert sum(any(off) for off in decisions.off) > 100
    assert counted.total() < 30
    told("uBlock Origin", len(requests) + len(elements), counted)


def test_requests_are_blocked_and_elements_hidden_as_by_ghostery(
    texts: dict[str, str], told: Tell
) -> None:
    left, counted = without(texts, GHOSTERY_DIFFERS)
    lists = read(left, AS_GHOSTERY)
    make = Specimens(SEED)
    requests = make.requests([rule for one in lists for rule in one.network], 12_000)
    # Ghostery lets rules without a kind block documents; no other blocker does. And it knows no
    # private suffixes: to it, one customer of cloudfront.net is first party to the other.
    requests = [
        request
        for request in requests
        if request.kind != "document" and not (private(request.url) or private(request.page))
    ]
    elements = make.elements([rule for one in lists for rule in one.cosmetic], 6_000)
    constants = sorted(GHOSTERY.constants)
    try:
        decisions = decide("ghostery", list(left.values()), constants, requests, elements)
    except MissingError as missing:
        skip_or_fail(missing)
    network = NetworkMatcher(lists)
    cosmetic = CosmeticMatcher(lists, network)
    assert [
        (request, match, theirs)
        for request, theirs in zip(requests, decisions.requests, strict=True)
        if (match := network.match(request)).blocked is not theirs[0]
    ] == []
    assert [
        (page, element, found, theirs)
        for (page, element), theirs in zip(elements, decisions.elements, strict=True)
        if (found := cosmetic.match(element, page)).hidden is not bool(theirs)
    ] == []
    hidden = sum(bool(selector) for selector in decisions.elements)
    assert 0.3 * len(elements) < hidden < 0.9 * len(elements)
    rules = sum(len(one.network) + len(one.cosmetic) for one in lists)
    assert counted.total() < 0.12 * rules
    told("Ghostery", len(requests) + len(elements), counted)
