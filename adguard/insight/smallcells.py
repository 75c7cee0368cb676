"""What is taken out of a report before it is passed on: figures made of a handful of views.

Nothing we store tells readers apart, but whoever knows that a friend was the only reader of a page
on a phone from Andorra could still learn what the friend answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

from adguard.insight.experiment import Experiment
from adguard.insight.findable import Told
from adguard.insight.metrics import METRICS, Metric
from adguard.insight.report import Figure, Group, Report, Suppressed, Table, figure_of
from adguard.ledger.store import VIEWS

__all__ = ["FEW", "FEWEST", "gather_small", "withhold"]

FEWEST = 10
"""A figure from fewer observations than this is not passed on."""

FEW = "(small groups)"
"""The name under which small groups stand together."""

COUNTS = {frozenset(metric.numerator) for metric in METRICS if metric.unit == "count"}

Item = TypeVar("Item")


def withhold(report: Report) -> Report:
    """Returns the report as it may be passed on.

    Values of a dimension with fewer than `FEWEST` observations stand together under one name, so no
    sum changes. Then every figure with 1 to 9 observations is taken out, and with it what would
    tell it: each share of the same counters, and what it could be calculated from in its row. Where
    its column adds up to one that is shown, so are the next smallest, until what is missing is
    `FEWEST` or more and cannot be found by subtraction.
    """
    rare = _rare(report)
    figures = _row(report.figures, rare)
    tables = (Table(table.by, _gathered(table, figures, rare)) for table in report.tables)
    return replace(
        report,
        figures=figures,
        before=report.before and _row(report.before),
        tables=tuple(Table(table.by, _withheld(table.groups, rare)) for table in tables),
        suppressed=_reasons(report.suppressed),
        days=_withheld(report.days, rare),
        days_before=_withheld(report.days_before),
        experiment=_experiment(report.experiment),
        unearned=None if _found(figures, "blocked").withheld else report.unearned,
    )


def _rare(report: Report) -> frozenset[str]:
    """Returns the counters from 1 to 9 that the report counts apart: views of one verdict, and
    views not asked on."""
    tables = (table.groups for table in report.tables if table.by == "verdict")
    rare = {g.value for groups in tables for g in groups if _small(g["views"])}
    if 0 < sum(one.n for one in report.suppressed) < FEWEST:
        rare.add("suppressed")
    return frozenset(rare)


def _experiment(found: Experiment) -> Experiment:
    """All arms or none: the sums of all are told elsewhere, of readers drawn and come back."""
    numbers = (n for arm in found.arms for n in (arm.readers, arm.counted["cleared"]))
    return Experiment(withheld=True) if any(0 < n < FEWEST for n in numbers) else found


def gather_small(
    items: Sequence[Item],
    size: Callable[[Item], int],
    join: Callable[[Sequence[Item]], Item],
) -> list[Item]:
    """Joins items of a size from 1 to 9 to one, with the smallest others if that is still too
    small; the joined one comes last."""
    smallest_first = sorted((i for i, item in enumerate(items) if size(item)), key=_at(items, size))
    chosen: list[int] = []
    while smallest_first and (
        size(items[smallest_first[0]]) < FEWEST or 0 < sum(size(items[i]) for i in chosen) < FEWEST
    ):
        chosen.append(smallest_first.pop(0))
    rest = [item for i, item in enumerate(items) if i not in chosen]
    return [*rest, join([items[i] for i in chosen])] if chosen else rest


def _at(items: Sequence[Item], size: Callable[[Item], int]) -> Callable[[int], int]:
    return lambda i: size(items[i])


def _gathered(table: Table, whole: Sequence[Figure], rare: frozenset[str]) -> tuple[Group, ...]:
    if table.by == "day":
        return table.groups
    if table.by == "verdict" and rare.intersection(VIEWS):
        return _by_verdict(table.groups, whole)
    return tuple(gather_small(table.groups, _size, _join))


def _by_verdict(groups: Sequence[Group], whole: Sequence[Figure]) -> tuple[Group, ...]:
    """Joins small verdicts with others so that no small sum of them follows from what is told of
    the whole: a verdict's views are parts of the sums there."""
    told = Told(one for f in whole if not f.withheld for one in f.metric.sums)
    views = {group.value: group["views"].n for group in groups}
    sums = [*({verdict} for verdict in VIEWS), *COUNTS]
    small = [s for s in sums if 0 < sum(views.get(verdict, 0) for verdict in s) < FEWEST]
    ordered = sorted((g for g in groups if _size(g)), key=lambda g: views[g.value] or _size(g))
    together = [g for g in ordered if (views[g.value] or _size(g)) < FEWEST]
    others = ordered[len(together) :]

    def not_alone(joined: Sequence[Group]) -> frozenset[str]:
        """The verdicts that do not stand alone: whether one of them is among the joined or was not
        seen at all, nobody is told."""
        return frozenset(VIEWS).difference(g.value for g in groups if g not in joined)

    def told_by(joined: Sequence[Group]) -> bool:
        away = not_alone(joined)
        known = told.plus(away, *({verdict} for verdict in VIEWS if verdict not in away))
        return any(known.tells(one) for one in small)

    while others and (sum(views[g.value] for g in together) < FEWEST or told_by(together)):
        safe = (one for one in others if not told_by([*together, one]))
        chosen = next(safe, others[0])
        together.append(chosen)
        others.remove(chosen)
    few, away = _join(together), not_alone(together)
    # So a figure of only some of these verdicts goes.
    gone = {m.name for m in METRICS for s in m.sums if not away.isdisjoint(s) and not away <= {*s}}
    few = replace(few, figures=_without(few.figures, frozenset(gone)))
    return (*(group for group in groups if group not in together), few)


def _size(group: Group) -> int:
    return max(figure.n for figure in group.figures)


def _join(groups: Sequence[Group]) -> Group:
    shares = [group.share for group in groups if group.share is not None]
    columns = zip(*(group.figures for group in groups), strict=True)
    return Group(FEW, sum(shares) if shares else None, tuple(map(_sum, columns)))


def _sum(figures: Sequence[Figure]) -> Figure:
    denominators = [f.denominator for f in figures if f.denominator is not None]
    return figure_of(
        figures[0].metric,
        sum(f.numerator for f in figures),
        sum(denominators) if denominators else None,
        sum(f.n for f in figures),
    )


@cache
def _gone_with(small: frozenset[str]) -> frozenset[str]:
    """Returns the names of the figures that go when this sum goes: those of it or its parts, and
    those that would tell it together with the others. What most shares are of stays first."""
    used = Counter(metric.denominator for metric in METRICS if metric.denominator)
    told, gone = Told(), set()
    for metric in sorted(METRICS, key=lambda m: (-used[m.denominator], m.unit)):
        more = told.plus(*metric.sums)
        if any(small.issuperset(one) for one in metric.sums) or more.tells(small):
            gone.add(metric.name)
        else:
            told = more
    return frozenset(gone)


def _gone_if_small(metric: Metric) -> frozenset[str]:
    behind = frozenset(metric.sums[-1])
    return _gone_with(behind) if behind in COUNTS else frozenset({metric.name})


def _small_names(figures: Iterable[Figure], rare: Iterable[str] = ()) -> frozenset[str]:
    """Returns the names of the figures that go from a row."""
    row = tuple(figures)
    gone: set[str] = set()
    for figure in row:
        if _small(figure):
            gone |= _gone_if_small(figure.metric)
    for counter in rare:
        own = next((f for f in row if f.metric.sums[0] == (counter,)), None)
        if own is None or own.numerator:
            gone |= _gone_with(frozenset({counter}))
    return frozenset(gone)


def _row(figures: Sequence[Figure], rare: Iterable[str] = ()) -> tuple[Figure, ...]:
    return _without(figures, _small_names(figures, rare))


def _without(figures: Iterable[Figure], names: frozenset[str]) -> tuple[Figure, ...]:
    return tuple(_emptied(f) if f.metric.name in names else f for f in figures)


def _withheld(groups: tuple[Group, ...], rare: Iterable[str] = ()) -> tuple[Group, ...]:
    """Returns the groups, parts of one whole, without what must not be told of any."""
    kept = _column([group.figures for group in groups], rare)
    then = iter(_column([group.before for group in groups if group.before]))
    return tuple(
        replace(
            group,
            share=None if _found(figures, "views").withheld else group.share,
            figures=figures,
            before=group.before and next(then),
        )
        for group, figures in zip(groups, kept, strict=True)
    )


def _found(figures: Iterable[Figure], name: str) -> Figure:
    return next(figure for figure in figures if figure.metric.name == name)


def _column(rows: Sequence[Sequence[Figure]], rare: Iterable[str] = ()) -> list[tuple[Figure, ...]]:
    gone = [set(_small_names(row, rare)) for row in rows]
    for at, metric in enumerate(METRICS):
        hidden = {i for i, row in enumerate(rows) if _small(row[at])}
        shown = sorted(
            (i for i, row in enumerate(rows) if row[at].n and i not in hidden),
            key=lambda i: rows[i][at].n,
        )
        while hidden and shown and sum(rows[i][at].n for i in hidden) < FEWEST:
            hidden.add(shown.pop(0))
        for i in hidden:
            gone[i] |= _gone_if_small(metric)
    return [_without(row, frozenset(names)) for row, names in zip(rows, gone, strict=True)]


def _small(figure: Figure) -> bool:
    return 0 < figure.n < FEWEST


def _emptied(figure: Figure) -> Figure:
    return Figure(
        figure.metric, 0.0, None, 0, None, None, None, withheld=True, beside=not _few(figure)
    )


def _few(figure: Figure) -> bool:
    return _small(figure) or figure.numerator < FEWEST


def _reasons(reasons: Sequence[Suppressed]) -> tuple[Suppressed, ...]:
    joined = gather_small(
        reasons,
        lambda one: one.n,
        lambda some: Suppressed(FEW, sum(s.count for s in some), sum(s.n for s in some)),
    )
    return tuple(one for one in joined if not 0 < one.n < FEWEST)
