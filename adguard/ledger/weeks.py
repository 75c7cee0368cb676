"""Pages by the week, for every week that is over: so that the best pages of a season are found in a
dozen lists and not in ninety.

A week of a site is closed once, by adding up its days. From then on, whatever is counted late is
added to both, so days and weeks say the same at every moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from adguard.ledger.fold import COUNTERS
from adguard.ledger.schema import PAGE_WEEK, WEEK_KEY, upsert
from adguard.ledger.store import Span

__all__ = ["WEEK", "add_late", "close_week", "closed_weeks", "forget_weeks"]

WEEK = 7
"""Days. Weeks are counted from 1970-01-01, a Thursday."""

_SUMS = ", ".join(f"SUM({name})" for name in COUNTERS)


def closed_weeks(db: sqlite3.Connection, sites: Sequence[str], span: Span) -> list[int]:
    """Returns the weeks that lie within a span and are closed for all of these sites."""
    inside = (-(-span.first // WEEK), (span.last + 1) // WEEK - 1)
    named = msgspec.json.encode(list(sites)).decode()
    return [
        week
        for (week,) in db.execute(
            "SELECT week FROM weeks WHERE site IN (SELECT value FROM json_each(?)) "
            "AND week BETWEEN ? AND ? GROUP BY week HAVING COUNT(*) = ? ORDER BY week",
            (named, *inside, len(sites)),
        )
    ]


def close_week(db: sqlite3.Connection, sites: Iterable[str], oldest: int, today: int) -> bool:
    """Adds up one week of one site, inside the caller's transaction; `False` when none is left.

    :param oldest: the first day that is kept.
    :param today: the first day that is not over.
    """
    due = range(-(-oldest // WEEK), today // WEEK)
    for site in sites:
        done = {week for (week,) in db.execute("SELECT week FROM weeks WHERE site = ?", (site,))}
        week = next((week for week in reversed(due) if week not in done), None)
        if week is None:
            continue
        db.execute(f"DELETE FROM {PAGE_WEEK} WHERE site = ? AND week = ?", (site, week))  # noqa: S608
        db.execute(
            f"INSERT INTO {PAGE_WEEK} ({', '.join((*WEEK_KEY, *COUNTERS))}) "  # noqa: S608
            f"SELECT site, {week}, path, ppm, {_SUMS} FROM r_page "
            "WHERE site = ? AND day BETWEEN ? AND ? GROUP BY path, ppm",
            (site, week * WEEK, week * WEEK + WEEK - 1),
        )
        db.execute("INSERT INTO weeks VALUES (?, ?)", (site, week))
        return True
    return False


def add_late(db: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Adds rows of `r_page`, as they are added there, to those of their weeks that are closed."""
    late = list(_late(db, rows))
    if late:
        db.executemany(upsert(PAGE_WEEK, WEEK_KEY), late)


def _late(
    db: sqlite3.Connection, rows: Iterable[tuple[object, ...]]
) -> Iterator[tuple[object, ...]]:
    known: dict[tuple[object, int], bool] = {}
    for site, day, *rest in rows:
        place = (site, int(str(day)) // WEEK)
        if place not in known:
            found = db.execute("SELECT 1 FROM weeks WHERE site = ? AND week = ?", place)
            known[place] = found.fetchone() is not None
        if known[place]:
            yield (*place, *rest)


def forget_weeks(db: sqlite3.Connection, oldest: int) -> None:
    """Opens the weeks again that began before `oldest`, the first day that is kept: their rows are
    not read from here on."""
    db.execute("DELETE FROM weeks WHERE week < ?", (-(-oldest // WEEK),))
