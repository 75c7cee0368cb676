"""The same figures, added up in plain Python from events: what every store must answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from adguard.ledger.events import DAY, HOUR, Event
from adguard.ledger.fold import fold
from adguard.ledger.store import EVERYTHING, Point, Row, Slice, Span, Step, Totals, total

__all__ = ["Plain", "seeded"]

_K = TypeVar("_K")
_Counted = tuple[dict[str, str | int], tuple[int, ...]]


class Plain:
    """Figures of some events, that fit below every cap."""

    def __init__(self, events: Sequence[Event]) -> None:
        deltas = fold(events)
        cell = ("site", "hour", "verdict", "browser", "device", "variant", "ppm")
        self._hours: list[_Counted] = [
            (dict(zip(cell, key, strict=True)), tuple(row)) for key, row in deltas.hours.items()
        ]
        for labels, _ in self._hours:
            labels["day"] = int(labels["hour"]) // 24
        names = ("site", "dimension", "day", "value", "ppm")
        self._days: list[_Counted] = [
            (dict(zip(names, key, strict=True)), tuple(row)) for key, row in deltas.days.items()
        ]

    def funnel(self, span: Span, slice: Slice = EVERYTHING) -> Totals:  # noqa: A002
        return _total(self._sliced(span, slice))

    def block_rate(
        self,
        span: Span,
        step: Step = "day",
        slice: Slice = EVERYTHING,  # noqa: A002
    ) -> list[Point]:
        unit = HOUR if step == "hour" else DAY
        found = _by(self._sliced(span, slice), lambda labels: int(labels[step]))
        return [Point(at * unit, _total(rows)) for at, rows in sorted(found.items())]

    def breakdown(
        self,
        span: Span,
        dimension: str,
        slice: Slice = EVERYTHING,  # noqa: A002
    ) -> list[Row]:
        if slice.labels:
            found = _by(self._sliced(span, slice), lambda labels: str(labels[dimension]))
        else:
            found = _by(self._dimension(span, dimension), lambda labels: str(labels["value"]))
        return _ranked(found)

    def top_pages(self, span: Span, limit: int = 20) -> list[Row]:
        return _ranked(_by(self._dimension(span, "page"), lambda row: str(row["value"])))[:limit]

    def pages(self, span: Span, paths: Iterable[str]) -> list[Row]:
        wanted = set(paths)
        return [row for row in self.top_pages(span, 10**6) if row.value in wanted]

    def sites(self) -> list[str]:
        return sorted({str(labels["site"]) for labels, _ in self._days})

    def _sliced(self, span: Span, slice: Slice) -> Iterator[_Counted]:  # noqa: A002
        if slice.page is not None:
            pages = self._dimension(span, "page")
            return (row for row in pages if row[0]["value"] == slice.page)
        wanted = slice.labels.items()
        return (row for row in self._hours if _in(span, row) and wanted <= row[0].items())

    def _dimension(self, span: Span, dimension: str) -> Iterator[_Counted]:
        return (r for r in self._days if _in(span, r) and r[0]["dimension"] == dimension)


def _in(span: Span, row: _Counted) -> bool:
    labels = row[0]
    return span.first <= int(labels["day"]) <= span.last and span.site in {None, labels["site"]}


def _total(rows: Iterable[_Counted]) -> Totals:
    return total((int(labels["ppm"]), counters) for labels, counters in rows)


def _by(
    rows: Iterable[_Counted], label: Callable[[dict[str, str | int]], _K]
) -> dict[_K, list[_Counted]]:
    found: dict[_K, list[_Counted]] = {}
    for row in rows:
        found.setdefault(label(row[0]), []).append(row)
    return found


def _ranked(found: dict[str, list[_Counted]]) -> list[Row]:
    rows = [Row(value, _total(counted)) for value, counted in found.items()]
    return sorted(rows, key=lambda row: (-row.totals.views, row.value))


def seeded(seed: int, day: int, count: int, site: str = "news") -> list[Event]:
    """Events of three days from `day` on, of two sites, the same from the same seed."""
    draw = random.Random(seed)
    return [
        Event(
            id=f"{day}-{seed}-{number}",
            site=draw.choice((site, f"{site} of tomorrow")),
            at=day * DAY + draw.randrange(3 * DAY),
            kind=draw.choice(("measured", "view", "view", "remembered", "seen", "choice")),
            verdict=draw.choice(("clear", "clear", "extension", "network", "protection", "")),
            action=draw.choice(("none", "notice")),
            choice=draw.choice(("", "", "allow", "never", "verified")),
            path=draw.choice(("/", "/a'b", "/back\\slash", "/schön", "/long/" + "x" * 400)),
            section=draw.choice(("", "politics", "sport")),
            country=draw.choice(("", "DE", "FR")),
            browser=draw.choice(("firefox", "chrome", "o'browser")),
            device=draw.choice(("phone", "desktop")),
            variant=draw.choice(("", "a", "b")),
            sample=draw.choice((1.0, 0.1, 0.333)),
            version="1.0 baits settings",
            fresh=draw.random() < 0.2,
        )
        for number in range(count)
    ]
