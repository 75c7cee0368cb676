"""From events to figures: pure addition, so order and partition never matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar

from adguard.ledger.events import HOUR, Event

__all__ = [
    "CAPS",
    "COUNTERS",
    "DIMENSIONS",
    "OTHER",
    "VERDICTS",
    "WHOLE",
    "DayKey",
    "Deltas",
    "HourKey",
    "Tally",
    "admit",
    "fold",
    "merge",
    "put",
]

OTHER = "(other)"
WHOLE = 1_000_000
"""The sampling share of an unsampled event. Shares are kept in millionths, as whole numbers:
sums of whole numbers are the same in every order, sums of weights are not."""

COUNTERS = (
    "measured",
    "clear",
    "extension",
    "network",
    "protection",
    "unknown",
    "remembered",
    "decided",
    "seen",
    "interstitials",
    "suppressed",
    "later",
    "never",
    "wrong",
    "guide",
    "support",
    "verified",
    "failed",
    "thanked",
    "rechecks",
    "recovered",
    "reader_days",
    "blocked_days",
    "assigned",
    "cleared",
    "supported",
    "served",
    "ways",
    "unanswered",
)

CAPS: Mapping[str, int] = {
    "page": 1000,
    "verdict": 8,
    "browser": 32,
    "device": 8,
    "variant": 32,
    "section": 100,
    "country": 260,
    "reason": 64,
    "form": 8,
    "version": 32,
}
"""How many values of each dimension are kept apart on one day of one site; the rest is one row."""

DIMENSIONS = tuple(name for name in CAPS if name != "page")

_VERDICTS = frozenset({"clear", "extension", "network", "protection"})
VERDICTS = (*sorted(_VERDICTS), "unknown", "", OTHER)
"""All that can stand in a row's `verdict`."""
_NOT_CLEAR = frozenset({"extension", "network", "protection"})
_BLOCKED = frozenset({"extension", "network"})
_SERVER_SIDE = {"interstitial": "interstitials", "supported": "supported", "served": "served"}
_PLACELESS = frozenset({"served"})
"""Kinds that are counted for a whole process: under no page, browser, section or the like."""

_CHOICES = {
    "later": "later",
    "never": "never",
    "not-blocking": "wrong",
    "allow": "guide",
    "support": "support",
    "way": "ways",
    "verified": "verified",
    "verify-failed": "failed",
}
_INDEX = {name: i for i, name in enumerate(COUNTERS)}
_READERS = {_INDEX[name] for name in ("reader_days", "blocked_days", "assigned", "cleared")}
"""What counts readers and not views. A reader is met sooner or later, however small the share of
measured views, so these do not count 1/sample."""

HourKey = tuple[str, int, str, str, str, str, int]
"""A row of `r_hour`: site, hours since 1970, verdict, browser, device, variant, sample."""

DayKey = tuple[str, str, int, str, int]
"""A row of `r_page` or `r_day`: site, dimension, days since 1970, value, sample."""

Admitted = Mapping[tuple[str, int, str], set[str]]
"""The values that already have a row of their own, by site, day and dimension."""


@dataclass(slots=True)
class Deltas:
    """What a number of events adds to the figures: counters in the order of `COUNTERS`."""

    hours: dict[HourKey, list[int]] = field(default_factory=dict)
    days: dict[DayKey, list[int]] = field(default_factory=dict)

    @property
    def places(self) -> set[tuple[str, int]]:
        """The sites and days that are touched."""
        return {(key[0], key[2]) for key in self.days}


@lru_cache(maxsize=2048)
def _counted(kind: str, verdict: str, action: str, choice: str, *marks: bool) -> tuple[int, ...]:
    names = [*_on_the_page(kind, verdict, action), *_of_the_reader(verdict, *marks)]
    if kind in _SERVER_SIDE:
        names.append(_SERVER_SIDE[kind])
    if choice in _CHOICES:
        names.append(_CHOICES[choice])
    return tuple(_INDEX[name] for name in names)


def _on_the_page(kind: str, verdict: str, action: str) -> Iterator[str]:
    if kind in {"measured", "remembered"}:
        yield "measured"
    if kind in {"view", "remembered"}:
        yield verdict if verdict in _VERDICTS else "unknown"
    if kind == "remembered":
        yield "remembered"
    if kind == "unanswered":
        yield "unanswered"
    if kind == "view" and action == "notice":
        yield "decided"
    if kind == "view" and verdict in _NOT_CLEAR and action in {"", "none"}:
        yield "suppressed"
    if kind == "seen":
        yield "seen"
    if kind == "recheck":
        yield "rechecks"
        if verdict == "clear":
            yield "recovered"
    if kind in {"view", "recheck"} and action == "thanks":
        yield "thanked"


def _of_the_reader(verdict: str, fresh: bool, assigned: bool, cleared: bool) -> Iterator[str]:
    if fresh:
        yield "reader_days"
        if verdict in _BLOCKED:
            yield "blocked_days"
    if assigned:
        yield "assigned"
    if cleared:
        yield "cleared"


@lru_cache(maxsize=4096)
def _label(value: str) -> str:
    return value if len(value) <= 64 and value.isprintable() else OTHER


@lru_cache(maxsize=4096)
def _page(path: str) -> str:
    path = path.partition("?")[0].partition("#")[0]
    return path if path[:1] == "/" and len(path) <= 512 and path.isprintable() else OTHER


def _verdict(kind: str, verdict: str) -> str:
    if kind == "remembered":
        return "clear"
    if verdict in _VERDICTS or verdict == "unknown":
        return verdict
    return "unknown" if kind == "view" else (OTHER if verdict else "")


def _ppm(sample: float) -> int:
    return max(1, round(sample * WHOLE)) if 0 < sample <= 1 else WHOLE


_Key = TypeVar("_Key", bound=tuple[object, ...])
_Parts = tuple[tuple[int, tuple[int, ...]], ...]
"""Which counters grow, by the sampling share under which they are kept."""


def _add(rows: dict[_Key, list[int]], key: _Key, counted: Iterable[int], times: int) -> None:
    row = rows.get(key)
    if row is None:
        row = rows[key] = [0] * len(COUNTERS)
    for i in counted:
        row[i] += times


@lru_cache(maxsize=2048)
def _by_share(ppm: int, counted: tuple[int, ...]) -> _Parts:
    """Parts what counts 1/sample from what does not."""
    if not counted:
        return ()
    readers = tuple(i for i in counted if i in _READERS)
    if ppm == WHOLE or not readers:
        return ((ppm, counted),)
    views = tuple(i for i in counted if i not in _READERS)
    return ((WHOLE, readers), (ppm, views)) if views else ((WHOLE, readers),)


class _Whole(NamedTuple):
    """What events of one day add, wherever."""

    site: str
    day: int
    verdict: str
    parts: _Parts
    each: int
    placeless: bool


_FEW = ("browser", "device", "variant", "reason", "form", "version")
"""Dimensions of few values, which a few thousand events have in common."""

_Alike = tuple[
    int, str, float, str, str, str, str, bool, bool, bool, int, str, str, str, str, str, str
]
"""An event but for its id, minute, page, section and country."""


class Tally:
    """Counts events as they come, a batch at a time while it is still in the processor's cache.

    Events that are alike but for page, section and country are numbered, and everything is done
    once a number; the rest is counted by pairs of a number and a value.
    """

    def __init__(self) -> None:
        self.events = 0
        self._numbers: dict[_Alike, int] = {}
        self._times: Counter[int] = Counter()
        self._wholes: dict[_Whole, int] = {}
        self._whole_of: list[int] = []
        self._pages: Counter[tuple[int, str]] = Counter()
        self._sections: Counter[tuple[int, str]] = Counter()
        self._countries: Counter[tuple[int, str]] = Counter()

    def add(self, events: Sequence[Event]) -> None:
        """Counts a batch; its events are not kept."""
        numbers = self._numbers
        before = len(numbers)
        number_of = [
            numbers.setdefault(
                (
                    e.at // HOUR, e.site, e.sample, e.kind, e.verdict, e.action, e.choice,
                    e.fresh, e.assigned, e.cleared, e.count,
                    e.browser, e.device, e.variant, e.reason, e.form, e.version,
                ),
                len(numbers),
            )
            for e in events
        ]  # fmt: skip
        for alike in list(islice(reversed(numbers), len(numbers) - before))[::-1]:
            whole = _whole(alike)
            self._whole_of.append(self._wholes.setdefault(whole, len(self._wholes)))
        self.events += len(events)
        self._times.update(number_of)
        whole_of = [self._whole_of[number] for number in number_of]
        self._pages.update(zip(whole_of, [e.path for e in events], strict=True))
        self._sections.update(zip(whole_of, [e.section for e in events], strict=True))
        self._countries.update(zip(whole_of, [e.country for e in events], strict=True))

    def deltas(self) -> Deltas:
        """Returns what all events so far add to the figures."""
        deltas = Deltas()
        wholes = list(self._wholes)
        by_day: Counter[tuple[int, tuple[str, ...]]] = Counter()
        for (alike, number), whole in zip(self._numbers.items(), self._whole_of, strict=True):
            hour, site, *_, b, d, v, r, f, o = alike
            _, _, verdict, parts, each, _ = wholes[whole]
            names = tuple(map(_label, (b, d, v, r, f, o)))
            times = self._times[number]
            for ppm, some in parts:
                hour_key = (site, hour, verdict, names[0], names[1], names[2], ppm)
                _add(deltas.hours, hour_key, some, times * each)
            by_day[whole, names] += times
        for (whole, names), times in by_day.items():
            site, day, verdict, parts, each, placeless = wholes[whole]
            for ppm, some in parts:
                _add(deltas.days, (site, "verdict", day, verdict, ppm), some, times * each)
                for dimension, value in zip(_FEW, names, strict=True):
                    if not placeless or dimension == "version":
                        _add(deltas.days, (site, dimension, day, value, ppm), some, times * each)
        for dimension, pairs, clean in (
            ("page", self._pages, _page),
            ("section", self._sections, _label),
            ("country", self._countries, _label),
        ):
            for (whole, value), times in pairs.items():
                site, day, _, parts, each, placeless = wholes[whole]
                if not placeless:
                    for ppm, some in parts:
                        key = (site, dimension, day, clean(value), ppm)
                        _add(deltas.days, key, some, times * each)
        return deltas


def _whole(alike: _Alike) -> _Whole:
    hour, site, sample, kind, reported, *facts, each, _, _, _, _, _, _ = alike
    verdict = _verdict(kind, reported)
    parts = _by_share(_ppm(sample), _counted(kind, verdict, *facts))
    return _Whole(site, hour // 24, verdict, parts, each, kind in _PLACELESS)


def fold(events: Sequence[Event]) -> Deltas:
    """Counts events. `fold(a + b)` equals `merge([fold(a), fold(b)])`, whatever the order."""
    tally = Tally()
    tally.add(events)
    return tally.deltas()


def merge(parts: Iterable[Deltas]) -> Deltas:
    """Adds deltas up."""
    whole = Deltas()
    for part in parts:
        for hour, row in part.hours.items():
            put(whole.hours, [hour], row)
        for day, row in part.days.items():
            put(whole.days, [day], row)
    return whole


def put(rows: dict[_Key, list[int]], keys: Iterable[_Key], more: Sequence[int]) -> None:
    """Adds a row of counters under each of `keys`."""
    # Of some thirty counters two or three are not 0.
    counted = [(i, n) for i, n in enumerate(more) if n]
    for key in keys:
        row = rows.get(key)
        if row is None:
            rows[key] = list(more)
        else:
            for i, n in counted:
                row[i] += n


def admit(deltas: Deltas, admitted: Admitted) -> Deltas:
    """Keeps every dimension bounded: values that find no room on their day become `(other)`.

    A value that has a row keeps it; of the new ones, those that count most come first. No sum
    changes, only under which name it stands.
    """
    weight: Counter[tuple[str, int, str, str]] = Counter()
    for (site, dimension, day, value, _), row in deltas.days.items():
        weight[site, day, dimension, value] += sum(row)
    room: dict[tuple[str, int, str], int] = {}
    refused: set[tuple[str, int, str, str]] = set()
    for key in sorted(weight, key=lambda key: (-weight[key], key)):
        site, day, dimension, value = key
        here = (site, day, dimension)
        known = admitted.get(here, set())
        if here not in room:
            room[here] = CAPS[dimension] - len(known - {OTHER})
        if value == OTHER or value in known:
            continue
        if room[here] > 0:
            room[here] -= 1
        else:
            refused.add(key)
    if not refused:
        return deltas
    bounded = Deltas()
    for (site, dimension, day, value, ppm), row in deltas.days.items():
        kept = OTHER if (site, day, dimension, value) in refused else value
        put(bounded.days, [(site, dimension, day, kept, ppm)], row)
    for (site, hour, verdict, *labels, ppm), row in deltas.hours.items():
        browser, device, variant = (
            OTHER if (site, hour // 24, dimension, value) in refused else value
            for dimension, value in zip(DIMENSIONS[1:4], labels, strict=True)
        )
        put(bounded.hours, [(site, hour, verdict, browser, device, variant, ppm)], row)
    return bounded
