"""Days as people write them, and the days they are compared with."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

from adguard.ledger.events import DAY
from adguard.ledger.store import Span

__all__ = ["before", "date_of", "last_week", "parse_since", "parse_until"]


def parse_since(text: str, now: float) -> float:
    """Understands `7d` (the day of `now` and the six days before it, UTC), `4w`, or a date
    `2026-11-01`; returns Unix seconds.

    :raises ValueError: anything else.
    """
    if match := re.fullmatch(r"([0-9]{1,4})([dw])", text):
        days = int(match[1]) * (7 if match[2] == "w" else 1)
        if days:
            return float(max(0, int(now // DAY) - days + 1) * DAY)
    moment = _moment(text)
    if moment is None:
        raise ValueError(
            f"{text!r} is no beginning; write days (7d), weeks (4w) or a date (2026-11-01)"
        )
    return moment


def parse_until(text: str | None, now: float) -> float:
    """Understands a date, `today`, `yesterday`, or nothing, which is today; returns the last second
    of that day, or now if it is not over yet, in Unix seconds.

    :raises ValueError: anything else.
    """
    if text in {None, "today"}:
        return now
    moment = (now // DAY - 1) * DAY if text == "yesterday" else _moment(str(text))
    if moment is None:
        raise ValueError(f"{text!r} is no end; write a date (2026-11-30), today or yesterday")
    return min(now, (moment // DAY + 1) * DAY - 1)


def last_week(now: float) -> tuple[float, float]:
    """Returns the first and the last second of the latest whole week, Monday to Sunday in UTC."""
    today = int(now // DAY)
    monday = today - (today + 3) % 7  # 1970-01-01 was a Thursday
    return float((monday - 7) * DAY), float(monday * DAY - 1)


def before(span: Span) -> Span:
    """Returns as many days, right before these."""
    length = span.last - span.first + 1
    return replace(span, first=span.first - length, last=span.first - 1)


def date_of(day: int) -> date:
    """Returns the date of a day counted from 1970-01-01."""
    return datetime.fromtimestamp(day * DAY, UTC).date()


def _moment(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return found if found >= 0 else None
