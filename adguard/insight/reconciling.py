"""Our figures beside an ad server's: how many ad requests a day's page views should have made."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import combinations

from adguard.insight.exports import Cell, number, write_csv
from adguard.insight.findable import Told
from adguard.insight.metrics import BLOCKED
from adguard.insight.periods import date_of
from adguard.insight.smallcells import FEW, FEWEST, gather_small
from adguard.ledger.events import DAY
from adguard.ledger.store import VIEWS, Figures, Span, Store, Totals

__all__ = ["Line", "RequestsError", "read_requests", "reconcile", "to_csv", "without_small"]

Requests = Mapping[tuple[date, str | None], float]
"""What the ad server counted, by day and section; `None` stands for the whole day."""

SERVED = ("served", "measured", "views", "clear", "blocked", "protection", "unknown")
PARTS = ("clear", "blocked", "protection", "unknown")
TOLD = {
    **{"expected": ("clear", "protection", "unknown"), "views": PARTS, "blocked": ("blocked",)},
    **{name: (name,) for name in ("unknown", "protection", "clear", "measured", "served")},
}
"""Of which sums a line tells: the ones that are needed most come first, and stay longest."""

SUMS = (
    *(sums for size in range(1, 5) for sums in combinations(PARTS, size)),
    *(("measured",), ("served",)),
)
"""What must not be found of a line where it is small: also a sum of some verdicts."""

HEADER = (
    "day",
    "section",
    *SERVED,
    "expected_ad_requests",
    "expected_at_least",
    "ad_server_requests",
    "difference",
    "difference_share",
)


class RequestsError(ValueError):
    """An ad server's file that cannot be understood; the message names the line."""


@dataclass(frozen=True)
class Line:
    """One section on one UTC day.

    :param section: empty for pages without one; `None` for the whole day.
    :param observed: `SERVED`, as often as it was observed.
    :param counts: likewise, each observation counting 1/sample.
    :param requests: what the ad server counted; `None` if it did not say.
    :param withheld: which of `TOLD` are not to be passed on.
    """

    day: date
    section: str | None
    observed: Mapping[str, int]
    counts: Mapping[str, float]
    requests: float | None = None
    withheld: frozenset[str] = frozenset()

    @property
    def n(self) -> int:
        """Page views with a verdict that were observed."""
        return self.observed["views"]

    def expected(self, slots: float) -> float:
        """Ad requests that should have left the browsers: every view that was not blocked."""
        return (self.counts["views"] - self.counts["blocked"]) * slots

    def at_least(self, slots: float) -> float:
        """The same of clear views alone: protection may have stopped some, and unknown is
        unknown."""
        return self.counts["clear"] * slots


def reconcile(
    store: Store, *, since: float, until: float, site: str | None = None, requests: Requests
) -> list[Line]:
    """Returns a line for each day and section, in order of time, largest section first; what only
    the ad server knows comes last on its day.

    Where `requests` speaks of whole days, so do the lines.

    :raises ValueError: `until` is before `since`, or `requests` holds days and sections.
    :raises StoreError: the store cannot be read.
    """
    whole = {section is None for _, section in requests}
    if len(whole) > 1:
        raise ValueError("the ad server's figures are of days or of sections, not of both")
    span = Span.of(since, until, site)
    lines: list[Line] = []
    with store.figures() as figures:
        for point in figures.block_rate(span):
            number = point.at // DAY
            parts: Iterable[tuple[str | None, Totals]] = (
                [(None, point.totals)]
                if whole == {True}
                else _sections(figures, Span(number, number, site))
            )
            lines += [_line(date_of(number), name, totals, requests) for name, totals in parts]
    known = {(line.day, line.section) for line in lines}
    first, last = date_of(span.first), date_of(span.last)
    lines += [
        Line(day, section, dict.fromkeys(SERVED, 0), dict.fromkeys(SERVED, 0.0), said)
        for (day, section), said in sorted(requests.items())
        if (day, section) not in known and first <= day <= last
    ]
    return sorted(lines, key=lambda line: line.day)


def _sections(figures: Figures, span: Span) -> list[tuple[str | None, Totals]]:
    return [(row.value, row.totals) for row in figures.breakdown(span, "section")]


def _line(day: date, section: str | None, totals: Totals, requests: Requests) -> Line:
    sums = {name: (name,) for name in SERVED} | {"views": VIEWS, "blocked": BLOCKED}
    observed = {name: sum(totals.raw[one] for one in parts) for name, parts in sums.items()}
    counts = {name: sum(totals.weighted[one] for one in parts) for name, parts in sums.items()}
    return Line(day, section, observed, counts, requests.get((day, section)))


def without_small(lines: Sequence[Line]) -> list[Line]:
    """Returns the lines as they may be passed on: on each day, sections with 1 to 9 views stand
    together, and a day with fewer is left out. Numbers from 1 to 9 are withheld, and those from
    which they could be calculated: in the same line, or, the sum of all lines being known
    elsewhere, in another section of the day or on another day."""
    kept: list[Line] = []
    for day in sorted({line.day for line in lines}):
        of_day = gather_small([line for line in lines if line.day == day], lambda one: one.n, _join)
        kept += of_day if of_day[0].section is None else _unfindable(of_day)
    if kept and kept[0].section is None:
        kept = _unfindable(kept)
    return [line for line in kept if not 0 < line.n < FEWEST]


def _unfindable(lines: Sequence[Line]) -> list[Line]:
    """Returns the parts of a whole without what tells something small."""
    withheld = [line.withheld for line in lines]
    for parts in SUMS:
        sizes = [sum(line.observed[name] for name in parts) for line in lines]
        hidden = [i for i, size in enumerate(sizes) if 0 < size < FEWEST]
        others = sorted((i for i, n in enumerate(sizes) if n >= FEWEST), key=sizes.__getitem__)
        while hidden and others and sum(sizes[i] for i in hidden) < FEWEST:
            hidden.append(others.pop(0))
        for i in hidden:
            withheld[i] |= _gone_with(parts)
    return [replace(line, withheld=gone) for line, gone in zip(lines, withheld, strict=True)]


@cache
def _gone_with(small: tuple[str, ...]) -> frozenset[str]:
    """Returns which of `TOLD` are withheld so that this sum is not told."""
    told, gone = Told(), set()
    for name, parts in TOLD.items():
        more = told.plus(parts)
        if more.tells(small):
            gone.add(name)
        else:
            told = more
    return frozenset(gone)


def _join(lines: Sequence[Line]) -> Line:
    known = [line.requests for line in lines if line.requests is not None]
    return Line(
        lines[0].day,
        FEW if lines[0].section is not None else None,
        {name: sum(line.observed[name] for line in lines) for name in SERVED},
        {name: sum(line.counts[name] for line in lines) for name in lines[0].counts},
        sum(known) if len(known) == len(lines) else None,
    )


def to_csv(lines: Iterable[Line], slots: float) -> str:
    """Returns the lines as CSV; what is not known is empty.

    :param slots: ad requests that one page view makes, on average.
    """
    return write_csv(HEADER, (_cells(line, slots) for line in lines))


def _cells(line: Line, slots: float) -> list[Cell]:
    expected = line.expected(slots)
    cells: list[Cell] = [line.day.isoformat(), "(all)" if line.section is None else line.section]
    cells += [None if name in line.withheld else number(line.counts[name]) for name in SERVED]
    cells.append(None if "expected" in line.withheld else number(expected))
    cells.append(None if "clear" in line.withheld else number(line.at_least(slots)))
    if line.requests is None:
        return [*cells, None, None, None]
    if "expected" in line.withheld:
        return [*cells, number(line.requests), None, None]
    difference = line.requests - expected
    share = number(difference / expected) if expected else None
    return [*cells, number(line.requests), number(difference), share]


def read_requests(text: str) -> dict[tuple[date, str | None], float]:
    """Reads an ad server's figures: CSV with a header, the columns `day` (2026-11-01), `requests`
    and, if it has them, `section`; others are passed over. Lines of one day and section add up.

    :raises RequestsError: it is not such a file.
    """
    sample = text.removeprefix("\ufeff")
    first = sample.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
    found: dict[tuple[date, str | None], float] = {}
    try:
        names = {name.strip().lower(): name for name in reader.fieldnames or ()}
        for wanted in ("day", "requests"):
            if wanted not in names:
                raise RequestsError(f"there is no column {wanted!r} in its first line")
        for row in reader:
            section = (row[names["section"]] or "").strip() if "section" in names else None
            key = (_day(row[names["day"]]), section)
            found[key] = found.get(key, 0.0) + _requests(row[names["requests"]])
    except (csv.Error, ValueError) as error:
        raise RequestsError(f"line {max(1, reader.reader.line_num)}: {error}") from None
    if not found:
        raise RequestsError("it has no line with figures")
    return found


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2026-11-01") from None


def _requests(text: str | None) -> float:
    try:
        value = float((text or "").strip())
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise ValueError(f"{text!r} is not a number of requests")
    return value
