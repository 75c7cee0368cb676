"""What the rules look at: sums of the last hours, of the last day, and of what is usual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adguard.ledger import Figures, Point, Span, Totals
from adguard.ledger.events import DAY, HOUR
from adguard.ledger.fold import COUNTERS

__all__ = ["RECENT_HOURS", "USUAL_DAYS", "Readings", "gather", "windows"]

RECENT_HOURS = 4
"""The hour that runs and the three before it."""

USUAL_DAYS = 7
"""The same hours of so many days before are what is usual: block rates differ by hour of day."""


def nothing() -> Totals:
    return Totals(dict.fromkeys(COUNTERS, 0), dict.fromkeys(COUNTERS, 0.0))


@dataclass(frozen=True)
class Readings:
    """One site at one moment.

    :param recent: the last `RECENT_HOURS`.
    :param usual: the same hours of the `USUAL_DAYS` before.
    :param day: the last 24 hours.
    :param ailing: seconds for which recording has been late or away, without a break.
    :param reason: what is wrong with recording, in a few words; empty when nothing is.
    :param known: whether the figures could be read.
    """

    recent: Totals = field(default_factory=nothing)
    usual: Totals = field(default_factory=nothing)
    day: Totals = field(default_factory=nothing)
    ailing: float = 0.0
    reason: str = ""
    known: bool = True


def _sum(all_totals: Iterable[Totals]) -> Totals:
    found = nothing()
    for totals in all_totals:
        for name, count in totals.raw.items():
            found.raw[name] += count
        for name, weight in totals.weighted.items():
            found.weighted[name] += weight
    return found


def windows(points: Sequence[Point], now: float) -> tuple[Totals, Totals, Totals]:
    """Returns recent, usual and day, from points by the hour."""
    hour = int(now) // HOUR
    recent = range(hour - RECENT_HOURS + 1, hour + 1)
    usual = {each - days * 24 for each in recent for days in range(1, USUAL_DAYS + 1)}
    by_hour = [(point.at // HOUR, point.totals) for point in points]
    return (
        _sum(totals for at, totals in by_hour if at in recent),
        _sum(totals for at, totals in by_hour if at in usual),
        _sum(totals for at, totals in by_hour if hour - 24 < at <= hour),
    )


def gather(
    figures: Figures, site: str, now: float, *, ailing: float = 0.0, reason: str = ""
) -> Readings:
    """Reads what the rules need.

    :raises StoreError: the figures cannot be read.
    """
    span = Span.of(now - (USUAL_DAYS + 1) * DAY, now, site)
    recent, usual, day = windows(figures.block_rate(span, "hour"), now)
    return Readings(recent, usual, day, ailing, reason)
