"""The publisher's figures for some days, each with what it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args

from adguard.insight.metrics import METRICS, Metric, wilson
from adguard.ledger.events import DAY
from adguard.ledger.store import Figures, Row, Span, Store, Totals

__all__ = ["BY", "Figure", "Group", "Report", "Suppressed", "build_report", "parse_since"]

By = Literal["verdict", "browser", "device", "page", "section", "country", "form", "day"]
BY: tuple[By, ...] = get_args(By)

PAGES = 50
"""Pages that a report by page lists."""


@dataclass(frozen=True)
class Figure:
    """A metric's value.

    :param numerator: the sum, each observation counting 1/sample.
    :param denominator: likewise; `None` for a count.
    :param n: the observations behind it: of the denominator for a share, else of the sum.
    :param value: the share or the count; `None` for a share of nothing.
    :param low: lower end of the 95 % interval of a share.
    :param high: its upper end.
    """

    metric: Metric
    numerator: float
    denominator: float | None
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Group:
    """The figures under one value of what the report is split by.

    :param share: its part of all views with a verdict; `None` if there were none at all.
    """

    value: str
    share: float | None
    figures: tuple[Figure, ...]

    def __getitem__(self, name: str) -> Figure:
        return _find(self.figures, name)


@dataclass(frozen=True)
class Suppressed:
    """Blocked views that were not asked, for one reason.

    :param count: how many, each counting 1/sample.
    :param n: the observations behind it.
    """

    reason: str
    count: float
    n: int


@dataclass(frozen=True)
class Report:
    """A consistent picture of whole UTC days: everything in it is of the same moment.

    :param first: first day.
    :param last: last day, included.
    :param site: whose figures; `None` means all sites of the store.
    :param groups: split by `by`; in order of time for days, else most views first.
    """

    first: date
    last: date
    site: str | None
    by: By
    figures: tuple[Figure, ...]
    groups: tuple[Group, ...]
    suppressed: tuple[Suppressed, ...]

    def __getitem__(self, name: str) -> Figure:
        """Returns the overall figure of this name.

        :raises KeyError: there is no such metric.
        """
        return _find(self.figures, name)


def _find(figures: Iterable[Figure], name: str) -> Figure:
    for figure in figures:
        if figure.metric.name == name:
            return figure
    raise KeyError(name)


def build_report(
    store: Store,
    *,
    since: float,
    until: float,
    by: By = "verdict",
    site: str | None = None,
) -> Report:
    """Reads a report. Exact at any moment: what was acknowledged is in it, folded or not.

    :param since: Unix seconds; the report begins with that moment's whole UTC day.
    :param until: Unix seconds; that moment's whole UTC day is the last one.
    :param by: what the figures are split by, one of `BY`.
    :param site: one site's name; `None` for all sites of the store.
    :raises ValueError: `by` is none of `BY`, or `until` is before `since`.
    :raises StoreError: the store cannot be read.
    """
    if by not in BY:
        raise ValueError(f"{by!r} is not one of {', '.join(BY)}")
    span = Span.of(since, until, site)
    with store.figures() as figures:
        whole = figures.funnel(span)
        rows = _split(figures, span, by)
        reasons = figures.breakdown(span, "reason")
    groups = (
        Group(row.value, row.totals.views / whole.views if whole.views else None, _all(row.totals))
        for row in rows
    )
    return Report(
        _date(span.first), _date(span.last), site, by, _all(whole), tuple(groups), _silent(reasons)
    )


def parse_since(text: str, now: float) -> float:
    """Understands `7d` (today and the six days before it, UTC), `4w`, or a date `2026-11-01`;
    returns Unix seconds.

    :raises ValueError: anything else.
    """
    if match := re.fullmatch(r"(\d{1,4})([dw])", text):
        days = int(match[1]) * (7 if match[2] == "w" else 1)
        if days:
            return float((int(now // DAY) - days + 1) * DAY)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise ValueError(
            f"{text!r} is no beginning; write days (7d), weeks (4w) or a date (2026-11-01)"
        ) from None


def _split(figures: Figures, span: Span, by: By) -> list[Row]:
    if by == "page":
        return figures.top_pages(span, PAGES)
    if by == "day":
        points = figures.block_rate(span, "day")
        return [Row(_date(point.at // DAY).isoformat(), point.totals) for point in points]
    return figures.breakdown(span, by)


def _silent(reasons: list[Row]) -> tuple[Suppressed, ...]:
    found = [
        Suppressed(row.value, row.totals.weighted["suppressed"], row.totals.raw["suppressed"])
        for row in reasons
        if row.totals.raw["suppressed"]
    ]
    return tuple(sorted(found, key=lambda s: (-s.count, s.reason)))


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * DAY, UTC).date()


def _all(totals: Totals) -> tuple[Figure, ...]:
    return tuple(_figure(metric, totals) for metric in METRICS)


def _figure(metric: Metric, totals: Totals) -> Figure:
    numerator = sum(totals.weighted[name] for name in metric.numerator)
    if metric.unit == "count":
        n = sum(totals.raw[name] for name in metric.numerator)
        return Figure(metric, numerator, None, n, numerator, None, None)
    denominator = sum(totals.weighted[name] for name in metric.denominator)
    n = sum(totals.raw[name] for name in metric.denominator)
    if not denominator:
        return Figure(metric, numerator, denominator, n, None, None, None)
    value = numerator / denominator
    if metric.complement:
        value = 1 - value
    # An answer can come in after the day it belongs to: such a share has no interval.
    low, high = wilson(value, n) if 0 <= value <= 1 else (None, None)
    return Figure(metric, numerator, denominator, n, value, low, high)
