"""The matrix: each combination, and what we must make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from e2e.blockers import (
    adguard,
    brave,
    dns,
    eyeo,
    ghostery,
    plain,
    tracking_protection,
    ublock,
)
from e2e.blockers.blocker import Blocker
from e2e.blockers.sighting import Sighting

Outcomes = Mapping[str, frozenset[str]]


def _outcomes(**named: str) -> Outcomes:
    """Name -> the outcomes that may be seen: `c1="hidden visible"`."""
    return {name: frozenset(words.split()) for name, words in named.items()}


CONTROLS = _outcomes(script="loaded", image="loaded", fetch="loaded", element="visible")
# A clear view asks no control but the first.
PASSED = {
    **_outcomes(n1="loaded", n2="loaded", n3="loaded", c1="visible", c2="visible"),
    **_outcomes(fetch="loaded", element="visible"),
}
STOPPED = _outcomes(n1="blocked", n2="blocked", n3="blocked")
UNTOUCHED = _outcomes(c1="visible", c2="visible")
# A verdict is out as soon as one bait proves it, and elements are hidden a moment later.
HIDDEN = _outcomes(c1="hidden visible", c2="hidden visible")
STYLED = _outcomes(c1="styled visible", c2="styled visible")
ADS_PASSED = _outcomes(h1="loaded", h2="loaded")
ADS_STOPPED = _outcomes(host="loaded", h1="blocked", h2="blocked")
# The script loads, Firefox's own in its place, and a request for it does not.
ADS_REPLACED = _outcomes(host="loaded", h1="substituted withheld", h2="substituted withheld")
ADS_ANY = _outcomes(host="loaded", h1="blocked substituted", h2="blocked substituted")


@dataclass(frozen=True)
class Row:
    """:ivar signals: name -> outcomes that may be heard for it; no other name may be heard.
    :ivar complete: whether every name must be heard, or at least one bait that was stopped.
    :ivar asks: whether the reader is asked on the second view.
    """

    blocker: Blocker
    verdict: str
    reason: str
    signals: Outcomes
    complete: bool
    asks: bool

    @property
    def blocked(self) -> bool:
        """Whether this is a reader behind a blocker; tracking protection is none."""
        return self.verdict in {"extension", "network"}

    def complaints(self, seen: Sighting) -> Iterator[str]:
        """What is not as it must be, in sentences."""
        expected = (self.verdict, self.reason, self.verdict, self.asks)
        got = (seen.verdict, seen.reason, seen.second, seen.asked)
        names = ("verdict", "reason", "verdict of the second view", "asked")
        for name, want, have in zip(names, expected, got, strict=True):
            if want != have:
                yield f"{name}: {have!r} instead of {want!r}, with {dict(seen.signals)}"
        for name, outcome in seen.signals.items():
            if outcome not in self.signals.get(name, ()):
                yield f"signal {name}: {outcome!r} is not one of {set(self.signals.get(name, ()))}"
        missing = self.signals.keys() - seen.signals.keys()
        if self.complete and missing:
            yield f"signals {sorted(missing)} are missing"
        if not self.complete and not any(seen.signals.get(name) == "blocked" for name in STOPPED):
            yield f"no bait was stopped: {dict(seen.signals)}"


def _by_baits(blocker: Blocker, elements: Outcomes) -> Row:
    """A bait of ours is stopped, and the verdict waits for nothing else."""
    signals = {**CONTROLS, **STOPPED, **elements, **ADS_ANY}
    return Row(blocker, "extension", "network-bait", signals, complete=False, asks=True)


def _by_adverts(
    blocker: Blocker, verdict: str, reason: str, adverts: Outcomes, *, asks: bool
) -> Row:
    """Our baits pass; what became of the ad hosts decides."""
    signals = {**PASSED, **adverts}
    return Row(blocker, verdict, reason, signals, complete=True, asks=asks)


MATRIX = (
    _by_adverts(plain.CHROMIUM, "clear", "clear", ADS_PASSED, asks=False),
    _by_adverts(plain.FIREFOX, "clear", "clear", ADS_PASSED, asks=False),
    _by_baits(ublock.UBLOCK, HIDDEN),
    _by_baits(adguard.ENGINE, HIDDEN),
    _by_baits(adguard.RULESETS, UNTOUCHED),
    _by_baits(eyeo.EYEO, HIDDEN),
    _by_baits(ghostery.GHOSTERY, STYLED),
    _by_baits(brave.STANDARD, UNTOUCHED),
    _by_adverts(brave.STANDARD_THIRD_PARTY, "extension", "browser-shields", ADS_STOPPED, asks=True),
    _by_baits(brave.AGGRESSIVE, STYLED),
    _by_adverts(dns.NXDOMAIN, "network", "ad-hosts", ADS_STOPPED, asks=True),
    _by_adverts(dns.NULL, "network", "ad-hosts", ADS_STOPPED, asks=True),
    _by_adverts(
        tracking_protection.STRICT_FIREFOX,
        "protection",
        "tracking-protection",
        ADS_REPLACED,
        asks=False,
    ),
)
