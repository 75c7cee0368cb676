"""The publisher's figures for some days, each with what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from adguard.insight.earning import Earning, Rates, unearned
from adguard.insight.experiment import Experiment, HoldOut, read_experiment
from adguard.insight.marks import Mark, find_marks
from adguard.insight.metrics import METRICS, Metric, wilson
from adguard.insight.periods import before, date_of
from adguard.ledger.events import DAY
from adguard.ledger.store import Figures, Point, Row, Span, Store, Totals

__all__ = [
    "BY",
    "By",
    "Figure",
    "Group",
    "Report",
    "Suppressed",
    "Table",
    "build_report",
    "figure_of",
    "figures_of",
]

By = Literal[
    "verdict",
    "browser",
    "device",
    "page",
    "section",
    "country",
    "variant",
    "version",
    "form",
    "day",
]
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
    :param withheld: taken out of an export because it was too small; nothing else is set then.
    :param beside: taken out only because one that was too small could be calculated from it.
    """

    metric: Metric
    numerator: float
    denominator: float | None
    n: int
    value: float | None
    low: float | None
    high: float | None
    withheld: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Group:
    """The figures under one value of what the report is split by.

    :param share: its part of all views with a verdict; `None` if there were none at all.
    :param before: the same of the days before; `None` where they are not known.
    """

    value: str
    share: float | None
    figures: tuple[Figure, ...]
    before: tuple[Figure, ...] | None = None

    def __getitem__(self, name: str) -> Figure:
        return _find(self.figures, name)


@dataclass(frozen=True)
class Table:
    """Groups by one dimension: in order of time for days, else most views first."""

    by: By
    groups: tuple[Group, ...]


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
    :param running: whether the last day was not over yet.
    :param site: whose figures; `None` means all sites of the store.
    :param before: the figures of as many days right before; `None` if nothing is known of them.
    :param tables: one for each dimension asked for.
    :param days: by day, for curves, and the days before likewise.
    :param marks: days on which package, baits or settings changed.
    :param experiment: one site's; without arms for several sites.
    :param unearned: what blocked views would have earned; `None` without an RPM.
    """

    first: date
    last: date
    running: bool
    site: str | None
    figures: tuple[Figure, ...]
    before: tuple[Figure, ...] | None
    tables: tuple[Table, ...]
    suppressed: tuple[Suppressed, ...]
    days: tuple[Group, ...]
    days_before: tuple[Group, ...]
    marks: tuple[Mark, ...]
    experiment: Experiment
    unearned: Earning | None

    @property
    def by(self) -> By:
        """What the first table is split by."""
        return self.tables[0].by

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of the first table."""
        return self.tables[0].groups

    @property
    def holdout(self) -> HoldOut | None:
        """The two sides of the hold-out, as long as both have readers."""
        return self.experiment.holdout

    @property
    def empty(self) -> bool:
        """Whether nothing at all was recorded in these days."""
        return not any(figure.n or figure.withheld for figure in self.figures)

    def __getitem__(self, name: str) -> Figure:
        """Returns the overall figure of this name.

        :raises KeyError: there is no such metric.
        """
        return _find(self.figures, name)

    def earlier(self, name: str) -> Figure | None:
        """Returns the figure of this name in the days before, if they are known."""
        return None if self.before is None else _find(self.before, name)


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
    by: By | Sequence[By] = "verdict",
    site: str | None = None,
    rpm: Rates | None = None,
    currency: str = "EUR",
    share: float | None = None,
) -> Report:
    """Reads a report. Exact at any moment: what was acknowledged is in it, folded or not.

    :param since: Unix seconds; the report begins with that moment's whole UTC day.
    :param until: Unix seconds; that moment's whole UTC day is the last one. Unless it is the last
        second of the day, the day counts as still running.
    :param by: what the figures are split by, one of `BY` or several.
    :param site: one site's name; `None` for all sites of the store.
    :param rpm: what a thousand page views earn, in `currency`.
    :param share: the option `holdout`, to check the sizes of the arms.
    :raises ValueError: `by` is none of `BY`, or `until` is before `since`.
    :raises StoreError: the store cannot be read.
    """
    dimensions: tuple[By, ...] = (by,) if isinstance(by, str) else tuple(by)
    for one in dimensions:
        if one not in BY:
            raise ValueError(f"{one!r} is not one of {', '.join(BY)}")
    span = Span.of(since, until, site)
    with store.figures() as figures:
        made = _read(figures, span, dimensions, running=int(until) % DAY != DAY - 1)
        made = replace(made, experiment=read_experiment(figures, span, share))
        if rpm is None:
            return made
        earning = unearned(figures.breakdown(span, "section"), rpm, currency)
        return replace(made, unearned=earning)


def _read(figures: Figures, span: Span, dimensions: Sequence[By], *, running: bool) -> Report:
    earlier = before(span)
    points, points_before = figures.block_rate(span), figures.block_rate(earlier)
    whole = figures.funnel(span)
    recorded = [point.at // DAY for point in points_before + points]
    marks = find_marks(figures, span, recorded)
    first = date_of(span.first)
    return Report(
        first=first,
        last=date_of(span.last),
        running=running,
        site=span.site,
        figures=figures_of(whole),
        before=figures_of(figures.funnel(earlier)) if points_before else None,
        tables=tuple(
            Table(
                one,
                _days(points, whole) if one == "day" else _groups(figures, span, one, whole),
            )
            for one in dimensions
        ),
        suppressed=_silent(figures.breakdown(span, "reason")),
        days=_days(points, whole),
        days_before=_days(points_before, None),
        marks=tuple(mark for mark in marks if mark.day >= first),
        experiment=Experiment(),
        unearned=None,
    )


def _groups(figures: Figures, span: Span, by: By, whole: Totals) -> tuple[Group, ...]:
    if by == "page":
        rows = figures.top_pages(span, PAGES)
        then = figures.pages(before(span), [row.value for row in rows])
    else:
        rows, then = figures.breakdown(span, by), figures.breakdown(before(span), by)
    known = {row.value: row.totals for row in then}
    return tuple(
        Group(
            row.value,
            _share(row.totals, whole),
            figures_of(row.totals),
            figures_of(known[row.value]) if row.value in known else None,
        )
        for row in rows
    )


def _days(points: Sequence[Point], whole: Totals | None) -> tuple[Group, ...]:
    return tuple(
        Group(
            date_of(point.at // DAY).isoformat(),
            _share(point.totals, whole),
            figures_of(point.totals),
        )
        for point in points
    )


def _share(part: Totals, whole: Totals | None) -> float | None:
    return part.views / whole.views if whole and whole.views else None


def _silent(reasons: list[Row]) -> tuple[Suppressed, ...]:
    found = [
        Suppressed(row.value, row.totals.weighted["suppressed"], row.totals.raw["suppressed"])
        for row in reasons
        if row.totals.raw["suppressed"]
    ]
    return tuple(sorted(found, key=lambda s: (-s.count, s.reason)))


def figures_of(totals: Totals) -> tuple[Figure, ...]:
    """Returns every metric's value for these sums."""
    return tuple(_figure(metric, totals) for metric in METRICS)


def _figure(metric: Metric, totals: Totals) -> Figure:
    numerator = sum(totals.weighted[name] for name in metric.numerator)
    if metric.unit == "count":
        n = sum(totals.raw[name] for name in metric.numerator)
        return figure_of(metric, numerator, None, n)
    denominator = sum(totals.weighted[name] for name in metric.denominator)
    n = sum(totals.raw[name] for name in metric.denominator)
    return figure_of(metric, numerator, denominator, n)


def figure_of(metric: Metric, numerator: float, denominator: float | None, n: int) -> Figure:
    """Returns a metric's value for this numerator and denominator, from `n` observations."""
    if denominator is None:
        return Figure(metric, numerator, None, n, numerator, None, None)
    if not denominator:
        return Figure(metric, numerator, denominator, n, None, None, None)
    value = numerator / denominator
    if metric.complement:
        value = 1 - value
    # An answer can come in after the day it belongs to: such a share has no interval.
    low, high = wilson(value, n) if 0 <= value <= 1 else (None, None)
    return Figure(metric, numerator, denominator, n, value, low, high)
