"""All figures of one page, read in one go so that they are of the same moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from adguard.dashboard.question import Question
from adguard.insight.earning import Earning, Rates, unearned
from adguard.insight.experiment import Experiment, Shares, read_experiment
from adguard.insight.marks import Mark, find_marks
from adguard.insight.periods import before
from adguard.insight.report import Figure, Suppressed, figures_of
from adguard.ledger.events import DAY
from adguard.ledger.store import EVERYTHING, SLICED, Figures, Point, Row, Span, Store, Totals

__all__ = ["Line", "Sheet", "Table", "read_sheet"]

PAGES, ROWS = 20, 12
SPLITS = ("browser", "device", "section", "country", "variant", "version")


@dataclass(frozen=True)
class Line:
    """The figures under one value; `before` where the days before are known."""

    value: str
    figures: dict[str, Figure]
    before: dict[str, Figure] | None


@dataclass(frozen=True)
class Table:
    """The figures by one dimension, most views first.

    :param left_out: how many values there are beyond these.
    """

    by: str
    lines: tuple[Line, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Sheet:
    """What a question is answered with.

    :param sites: all sites of the store.
    :param choices: the values that can be asked for, by dimension.
    :param points: by time, each step of the span once; `None` where nothing was recorded.
    :param base: the same under every verdict, if the question is about one.
    :param unearned: what blocked views would have earned; `None` without an RPM, or where figures
        are not kept by section.
    """

    question: Question
    sites: tuple[str, ...]
    choices: dict[str, tuple[str, ...]]
    figures: dict[str, Figure]
    before: dict[str, Figure] | None
    points: tuple[Totals | None, ...]
    points_before: tuple[Totals | None, ...]
    base: Totals
    marks: tuple[Mark, ...]
    tables: dict[str, Table]
    suppressed: tuple[Suppressed, ...]
    experiment: Experiment
    unearned: Earning | None

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded in these days that the question is about."""
        return not any(figure.n for figure in self.figures.values())


def read_sheet(
    store: Store,
    question: Question,
    *,
    rpm: Rates | None = None,
    currency: str = "EUR",
    shares: Mapping[str, Shares] = MappingProxyType({}),
) -> Sheet:
    """Reads everything. Blocks as long as the store takes.

    :raises StoreError: the store cannot be read.
    """
    with store.figures() as figures:
        return _read(figures, question, rpm, currency, shares)


def _read(
    figures: Figures,
    question: Question,
    rpm: Rates | None,
    currency: str,
    shares: Mapping[str, Shares],
) -> Sheet:
    span, part, earlier = question.span, question.slice, before(question.span)
    whole = part == EVERYTHING
    # A verdict's share is of all views, so the curve is read without it.
    broad = question.without_verdict().slice
    points = figures.block_rate(span, question.step, broad)
    points_before = figures.block_rate(earlier, question.step, broad)
    base = figures.funnel(span, broad)
    totals = base if broad == part else figures.funnel(span, part)
    choices = {name: figures.breakdown(span, name) for name in SLICED}
    sections = figures.breakdown(span, "section") if whole else []
    reasons = figures.breakdown(span, "reason") if whole else []
    return Sheet(
        question=question,
        sites=tuple(figures.sites()),
        choices={name: _values(rows) for name, rows in choices.items()},
        figures=_named(totals),
        before=_named(figures.funnel(earlier, part)) if points_before else None,
        points=_spread(points, span, question.step == "hour"),
        points_before=_spread(points_before, earlier, question.step == "hour"),
        base=base,
        marks=_marks(figures, question),
        tables={table.by: table for table in _tables(figures, question, choices)},
        suppressed=_silent(reasons),
        experiment=read_experiment(figures, span, shares) if whole else Experiment(),
        unearned=_unearned(totals, sections, rpm, currency, whole=whole),
    )


def _values(rows: list[Row]) -> tuple[str, ...]:
    return tuple(row.value for row in rows if row.totals.views)


def _named(totals: Totals) -> dict[str, Figure]:
    return {figure.metric.name: figure for figure in figures_of(totals)}


def _spread(points: list[Point], span: Span, hourly: bool) -> tuple[Totals | None, ...]:
    known = {point.at: point.totals for point in points}
    step = DAY // 24 if hourly else DAY
    moments = range(span.first * DAY, (span.last + 1) * DAY, step)
    return tuple(known.get(moment) for moment in moments)


def _marks(figures: Figures, question: Question) -> tuple[Mark, ...]:
    """Changes are the site's, whatever part of its views is asked for."""
    earlier = before(question.span)
    points = figures.block_rate(earlier) + figures.block_rate(question.span)
    found = find_marks(figures, question.span, [point.at // DAY for point in points])
    return tuple(mark for mark in found if mark.day >= question.first)


def _tables(figures: Figures, question: Question, choices: dict[str, list[Row]]) -> list[Table]:
    span, part, earlier = question.span, question.slice, before(question.span)
    if part.page is not None:
        return []
    tables = []
    for by in SPLITS if part == EVERYTHING else SLICED:
        rows = choices[by] if part == EVERYTHING and by in choices else None
        if rows is None:
            rows = figures.breakdown(span, by, part)
        tables.append(_table(by, rows, figures.breakdown(earlier, by, part)))
    if part == EVERYTHING:
        rows = figures.top_pages(span, PAGES)
        then = figures.pages(earlier, [row.value for row in rows])
        tables.append(_table("page", rows, then))
    return tables


def _table(by: str, rows: list[Row], then: list[Row]) -> Table:
    known = {row.value: row.totals for row in then}
    seen = [row for row in rows if row.totals.views]
    limit = PAGES if by == "page" else ROWS
    lines = (
        Line(
            row.value,
            _named(row.totals),
            _named(known[row.value]) if row.value in known else None,
        )
        for row in seen[:limit]
    )
    return Table(by, tuple(lines), max(0, len(seen) - limit))


def _silent(reasons: list[Row]) -> tuple[Suppressed, ...]:
    found = [
        Suppressed(row.value, row.totals.weighted["suppressed"], row.totals.raw["suppressed"])
        for row in reasons
        if row.totals.raw["suppressed"]
    ]
    return tuple(sorted(found, key=lambda s: (-s.count, s.reason)))


def _unearned(
    totals: Totals, sections: list[Row], rpm: Rates | None, currency: str, *, whole: bool
) -> Earning | None:
    if rpm is None:
        return None
    if whole:
        return unearned(sections, rpm, currency)
    # Browsers, pages and the like are not kept by section: one rate for all still holds.
    return unearned([Row("", totals)], rpm, currency) if isinstance(rpm, int | float) else None
