"""What is taken out of a report before it is passed on: figures made of a handful of views.

Nothing we store tells readers apart, but whoever knows that a friend was the only reader of a page
on a phone from Andorra could still learn what the friend answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from adguard.insight.experiment import Experiment
from adguard.insight.report import Figure, Group, Report, Suppressed, Table, figure_of

__all__ = ["FEW", "FEWEST", "gather_small", "withhold"]

FEWEST = 10
"""A figure from fewer observations than this is not passed on."""

FEW = "(small groups)"
"""The name under which small groups stand together."""

Item = TypeVar("Item")


def withhold(report: Report) -> Report:
    """Returns the report as it may be passed on.

    Values of a dimension with fewer than `FEWEST` observations stand together under one name, so no
    sum changes. Then every figure with 1 to 9 observations is taken out; where its column adds up
    to one that is shown, so are the next smallest, until what is missing is `FEWEST` or more and
    cannot be found by subtraction.
    """
    tables = (Table(table.by, _gathered(table)) for table in report.tables)
    return replace(
        report,
        figures=tuple(map(_without_small, report.figures)),
        before=report.before and tuple(map(_without_small, report.before)),
        tables=tuple(Table(table.by, _withheld(table.groups)) for table in tables),
        suppressed=_reasons(report.suppressed),
        days=_withheld(report.days),
        days_before=_withheld(report.days_before),
        experiment=_experiment(report.experiment),
        unearned=None if _without_small(report["blocked"]).withheld else report.unearned,
    )


def _experiment(found: Experiment) -> Experiment:
    arms = tuple(arm for arm in found.arms if arm.readers >= FEWEST)
    holdout = found.holdout
    if holdout is not None and min(holdout.asked.readers, holdout.held_out.readers) < FEWEST:
        holdout = None
    if arms == found.arms:
        return found
    # With an arm taken out, sizes cannot be held against the draw.
    return Experiment(arms, holdout)


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


def _gathered(table: Table) -> tuple[Group, ...]:
    if table.by == "day":
        return table.groups
    return tuple(gather_small(table.groups, _size, _join))


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


def _withheld(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    if not groups:
        return groups
    columns = zip(*(group.figures for group in groups), strict=True)
    rows = list(zip(*map(_without_findable, columns), strict=True))
    return tuple(
        replace(
            group, figures=row, before=group.before and tuple(map(_without_small, group.before))
        )
        for group, row in zip(groups, rows, strict=True)
    )


def _without_findable(figures: Iterable[Figure]) -> list[Figure]:
    column = list(figures)
    hidden = {i for i, figure in enumerate(column) if _small(figure)}
    shown = sorted(
        (i for i, f in enumerate(column) if f.n and i not in hidden), key=_at(column, _n)
    )
    while hidden and shown and sum(column[i].n for i in hidden) < FEWEST:
        hidden.add(shown.pop(0))
    return [_emptied(figure) if i in hidden else figure for i, figure in enumerate(column)]


def _n(figure: Figure) -> int:
    return figure.n


def _small(figure: Figure) -> bool:
    return 0 < figure.n < FEWEST


def _without_small(figure: Figure) -> Figure:
    return _emptied(figure) if _small(figure) else figure


def _emptied(figure: Figure) -> Figure:
    return Figure(figure.metric, 0.0, None, 0, None, None, None, withheld=True)


def _reasons(reasons: Sequence[Suppressed]) -> tuple[Suppressed, ...]:
    joined = gather_small(
        reasons,
        lambda one: one.n,
        lambda some: Suppressed(FEW, sum(s.count for s in some), sum(s.n for s in some)),
    )
    return tuple(one for one in joined if not 0 < one.n < FEWEST)
