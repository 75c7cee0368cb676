"""The matrix: each combination, and what we must make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from e2e.blockers import (
    adguard,
    brave,
    eyeo,
    ghostery,
    plain,
    ublock,
)
from e2e.blockers.blocker import Blocker
from e2e.blockers.sighting import Sighting

Outcomes = Mapping[str, frozenset[str]]


def _outcomes(**named: str) -> Outcomes:
    """Name -> the outcomes that may be seen: `c1="hidden visible"`."""
    return {name: frozenset(words.split()) for name, words in named.items()}


CONTROLS = _outcomes(script="loaded", image="loaded", fetch="loaded", element="visible")
PASSED = _outcomes(n1="loaded", n2="loaded", n3="loaded", c1="visible", c2="visible")
STOPPED = _outcomes(n1="blocked", n2="blocked", n3="blocked")
UNTOUCHED = _outcomes(c1="visible", c2="visible")
# A verdict is out as soon as one bait proves it, and elements are hidden a moment later.
HIDDEN = _outcomes(c1="hidden visible", c2="hidden visible")
STYLED = _outcomes(c1="styled visible", c2="styled visible")
ADS_PASSED = _outcomes(host="loaded", h1="loaded", h2="loaded")
ADS_BLOCKED = _outcomes(host="loaded", h1="blocked", h2="blocked")


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
    def by_bait(self) -> bool:
        """Whether one of our own baits proves the verdict."""
        return self.reason == "network-bait"

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


def _clear(blocker: Blocker) -> Row:
    return Row(blocker, "clear", "clear", {**PASSED, **_passive()}, complete=True, asks=False)


def _extension(blocker: Blocker, elements: Outcomes) -> Row:
    signals = {**CONTROLS, **STOPPED, **elements}
    return Row(blocker, "extension", "network-bait", signals, complete=False, asks=True)


def _passive() -> Outcomes:
    """A clear view asks no control but the first."""
    return {name: CONTROLS[name] for name in ("fetch", "element")}


MATRIX = (
    _clear(plain.CHROMIUM),
    _clear(plain.FIREFOX),
    _extension(ublock.UBLOCK, HIDDEN),
    _extension(adguard.ENGINE, HIDDEN),
    _extension(adguard.RULESETS, UNTOUCHED),
    _extension(eyeo.EYEO, HIDDEN),
    _extension(ghostery.GHOSTERY, STYLED),
    _extension(brave.STANDARD, UNTOUCHED),
    _extension(brave.AGGRESSIVE, STYLED),
)
