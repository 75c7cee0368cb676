"""Days on which something of ours changed: what a bend in a curve may come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from adguard.insight.periods import date_of
from adguard.ledger.fold import OTHER
from adguard.ledger.store import Figures, Span

__all__ = ["Mark", "find_marks"]


@dataclass(frozen=True)
class Mark:
    """A day on which package, baits or settings appeared that the day before did not have.

    :param changed: what changed, of `version`, `baits` and `settings`.
    :param text: the same in words, for a chart's legend.
    """

    day: date
    changed: tuple[str, ...]
    text: str


def find_marks(figures: Figures, span: Span, days: Sequence[int]) -> tuple[Mark, ...]:
    """Returns the marks, in order of time. The first of the days can have none.

    :param days: the days of the span on which anything was counted, in order.
    """
    marks: list[Mark] = []
    known: set[str] = set()
    for part, values in _in_force(figures, span, days) if days else []:
        if known and (fresh := values - known):
            marks.append(_mark(date_of(_first(figures, span, part, fresh)), fresh, known))
        known = values or known
    return tuple(marks)


def _in_force(
    figures: Figures, span: Span, days: Sequence[int]
) -> list[tuple[Sequence[int], set[str]]]:
    """What was in force, by stretches of days: most days are like their neighbours, so halves that
    hold one value are not looked into."""
    values = _values(figures, span, days)
    if len(days) == 1 or len(values) <= 1:
        return [(days, values)]
    half = len(days) // 2
    return [
        *_in_force(figures, span, days[:half]),
        *_in_force(figures, span, days[half:]),
    ]


def _first(figures: Figures, span: Span, days: Sequence[int], fresh: set[str]) -> int:
    """The first of the days that says so: a day may have nothing that names what is in force."""
    while len(days) > 1:
        half = len(days) // 2
        days = days[:half] if fresh & _values(figures, span, days[:half]) else days[half:]
    return days[0]


def _values(figures: Figures, span: Span, days: Sequence[int]) -> set[str]:
    part = replace(span, first=days[0], last=days[-1])
    return {row.value for row in figures.breakdown(part, "version")} - {"", OTHER}


def _mark(day: date, fresh: set[str], known: set[str]) -> Mark:
    package, baits, settings = (_parts(fresh, i) - _parts(known, i) for i in range(3))
    changed = [
        name
        for name, new in (("version", package), ("baits", baits), ("settings", settings))
        if new
    ]
    words = [f"version {', '.join(sorted(package))}"] if package else []
    words += ["other baits"] if baits else []
    words += ["other settings"] if settings else []
    # All three were there the day before, but not together: an old one came back.
    return Mark(day, tuple(changed or ["settings"]), " · ".join(words or ["other settings"]))


def _parts(values: set[str], which: int) -> set[str]:
    """One of package version, digest of the baits, digest of the settings."""
    return {value.split(" ")[which] for value in values if len(value.split(" ")) > which}
