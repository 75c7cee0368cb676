"""When a figure is wrong: pure, so that every rule is a table in the tests.

A rule speaks only when chance is a bad explanation (an interval of three standard errors lies
beyond the limit) and when the difference matters (the limit itself). Between `bad` and `fine`
nothing changes, so that a figure at its limit does not ring all day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from adguard.alerts.readings import RECENT_HOURS, Readings
from adguard.insight.metrics import ASKED, BLOCKED, wilson
from adguard.ledger import Totals
from adguard.ledger.store import VIEWS

__all__ = ["AILING", "OF_A_NODE", "RULES", "Finding", "Status", "judge"]

Status = Literal["bad", "fine", "unsure", "quiet"]

SURE = 3.0
"""Standard errors that a figure must be beyond its limit."""

LEAST = 300
"""Observations below which a share is not judged."""
LEAST_USUAL = 2000
LEAST_SERVED = 1000

JUMP = 0.05
JUMP_RELATIVE = 0.25
UNKNOWN = 0.10
WRONG = 0.01
LOSS = 0.60
COVERAGE_KEPT = 0.75
CACHED = 1.02
"""Coverage above this says that pages are cached before us: then it says nothing else."""

AILING = 300.0
"""Seconds that recording may be late (by as much) or away."""


@dataclass(frozen=True)
class Finding:
    """What one rule says now.

    :param status: `bad`; `fine`; `unsure` (neither: what was said before still holds); `quiet` (so
        little happened that nothing can be said, and what was said before is over).
    :param value: the figure, a share from 0 (`journal`: seconds); `None` when there is none.
    :param limit: what it must not be beyond.
    :param usual: what it was in the same hours of the seven days before, where that is compared.
    :param n: observations behind the figure.
    :param hours: what it is of, counted back from now.
    :param reason: the store's own words, for `journal`.
    """

    rule: str
    status: Status
    value: float | None = None
    limit: float | None = None
    usual: float | None = None
    n: int = 0
    hours: int = 0
    reason: str = ""


def _share(totals: Totals, above: tuple[str, ...], below: tuple[str, ...]) -> tuple[float, int]:
    """Returns a share and how many observations are behind it."""
    whole = sum(totals.weighted[name] for name in below)
    part = sum(totals.weighted[name] for name in above)
    n = sum(totals.raw[name] for name in below)
    return (part / whole if whole else 0.0), n


def _over(value: float, n: int, limit: float) -> Status:
    if value <= limit:
        return "fine"
    return "bad" if wilson(min(value, 1.0), n, SURE)[0] > limit else "unsure"


def _too_few(readings: Readings, below: tuple[str, ...], least: int) -> Status:
    """A night is not the end of a trouble; a day without readers is."""
    return "unsure" if _share(readings.day, (), below)[1] >= least else "quiet"


def block_rate(readings: Readings) -> Finding:
    value, n = _share(readings.recent, BLOCKED, VIEWS)
    usual, before = _share(readings.usual, BLOCKED, VIEWS)
    margin = max(JUMP, JUMP_RELATIVE * usual)
    status: Status
    if n < LEAST or before < LEAST_USUAL:
        status = _too_few(readings, VIEWS, LEAST)
    elif abs(value - usual) <= margin:
        status = "fine"
    else:
        low, high = wilson(value, n, SURE)
        status = "bad" if low > usual + margin or high < usual - margin else "unsure"
    limit = usual + margin if value >= usual else usual - margin
    return Finding("block_rate", status, value, limit, usual, n, RECENT_HOURS)


def unknown_rate(readings: Readings) -> Finding:
    value, n = _share(readings.recent, ("unknown",), VIEWS)
    status = _too_few(readings, VIEWS, LEAST) if n < LEAST else _over(value, n, UNKNOWN)
    return Finding("unknown_rate", status, value, UNKNOWN, None, n, RECENT_HOURS)


def wrong_reports(readings: Readings) -> Finding:
    value, n = _share(readings.day, ("wrong",), ASKED)
    status: Status = "quiet" if n < LEAST else _over(value, n, WRONG)
    return Finding("wrong_reports", status, value, WRONG, None, n, 24)


def render_loss(readings: Readings) -> Finding:
    seen, n = _share(readings.day, ("seen",), ("decided",))
    value = max(0.0, 1.0 - seen)
    status: Status = "quiet" if n < LEAST else _over(value, n, LOSS)
    return Finding("render_loss", status, value, LOSS, None, n, 24)


def coverage(readings: Readings) -> Finding:
    value, n = _share(readings.recent, ("measured",), ("served",))
    usual, before = _share(readings.usual, ("measured",), ("served",))
    limit = COVERAGE_KEPT * usual
    status: Status
    if usual > CACHED or value > CACHED:
        status = "quiet"
    elif n < LEAST_SERVED or before < LEAST_USUAL:
        status = _too_few(readings, ("served",), LEAST_SERVED)
    elif value >= limit:
        status = "fine"
    else:
        status = "bad" if wilson(min(value, 1.0), n, SURE)[1] < limit else "unsure"
    return Finding("coverage", status, value, limit, usual, n, RECENT_HOURS)


def journal(readings: Readings) -> Finding:
    value = readings.ailing
    status: Status = "bad" if value >= AILING else "unsure" if value else "fine"
    return Finding("journal", status, value, AILING, reason=readings.reason)


RULES: dict[str, Callable[[Readings], Finding]] = {
    "block_rate": block_rate,
    "unknown_rate": unknown_rate,
    "wrong_reports": wrong_reports,
    "render_loss": render_loss,
    "coverage": coverage,
    "journal": journal,
}

OF_A_NODE = frozenset({"journal"})
"""Rules about one node; all others are about the site's figures, which every node sees alike."""


def judge(readings: Readings) -> list[Finding]:
    """Returns what every rule says, in the order of `RULES`."""
    return [
        rule(readings) if readings.known or name in OF_A_NODE else Finding(name, "unsure")
        for name, rule in RULES.items()
    ]
