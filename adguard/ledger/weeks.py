"""Pages by the week, for every week that is over: so that the best pages of a season are found in a
dozen lists and not in ninety.

A week of a site is added up once, a few days at a time, since reports wait meanwhile. Whatever is
counted late on a day that was added is added to the week as well; when all seven were, the week is
closed, and days and weeks say the same at every moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from adguard.ledger.fold import COUNTERS
from adguard.ledger.schema import PAGE_WEEK, WEEK_KEY, adding, upsert
from adguard.ledger.store import Span

__all__ = ["WEEK", "add_late", "close_days", "closed_weeks", "first_whole_week", "forget_weeks"]

WEEK = 7
"""Days. Weeks are counted from 1970-01-01, a Thursday."""

ENOUGH = 1000
"""Pages of days from which on the rest is left to the next time: some ten milliseconds."""

_ADD_DAY = (
    f"INSERT INTO {PAGE_WEEK} ({', '.join((*WEEK_KEY, *COUNTERS))}) "  # noqa: S608
    f"SELECT site, :week, path, ppm, {', '.join(COUNTERS)} FROM r_page "
    f"WHERE site = :site AND day = :day {adding(WEEK_KEY)}"
)


def first_whole_week(day: int) -> int:
    """The first week that does not begin before `day`."""
    return -(-day // WEEK)


def closed_weeks(db: sqlite3.Connection, sites: Sequence[str], span: Span) -> list[int]:
    """Returns the weeks that lie within a span and are closed for all of these sites."""
    inside = (first_whole_week(span.first), (span.last + 1) // WEEK - 1)
    named = msgspec.json.encode(list(sites)).decode()
    return [
        week
        for (week,) in db.execute(
            "SELECT week FROM weeks WHERE site IN (SELECT value FROM json_each(?)) "
            "AND week BETWEEN ? AND ? AND days = ? GROUP BY week HAVING COUNT(*) = ? ORDER BY week",
            (named, *inside, WEEK, len(sites)),
        )
    ]


def close_days(db: sqlite3.Connection, sites: Iterable[str], oldest: int, today: int) -> bool:
    """Adds up days of weeks that are over, inside the caller's transaction; `False` when none is
    left.

    :param oldest: the first day that is kept.
    :param today: the first day that is not over.
    """
    added = 0
    for site, week, done in _due(db, sites, range(first_whole_week(oldest), today // WEEK)):
        if not done:
            db.execute(f"DELETE FROM {PAGE_WEEK} WHERE site = ? AND week = ?", (site, week))  # noqa: S608
        for days in range(done + 1, WEEK + 1):
            day = {"site": site, "week": week, "day": week * WEEK + days - 1}
            added += db.execute(_ADD_DAY, day).rowcount
            if days == WEEK or added >= ENOUGH:
                db.execute("INSERT OR REPLACE INTO weeks VALUES (?, ?, ?)", (site, week, days))
            if added >= ENOUGH:
                return True
    return added > 0


def _due(
    db: sqlite3.Connection, sites: Iterable[str], weeks: range
) -> Iterator[tuple[str, int, int]]:
    """The weeks of a range that are not closed, with how many of their days were added."""
    for site in sites:
        known = "SELECT week, days FROM weeks WHERE site = ?"
        done = dict(db.execute(known, (site,)).fetchall())
        for week in reversed(weeks):
            if (days := done.get(week, 0)) < WEEK:
                yield site, week, days


def add_late(db: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Adds rows of `r_page`, as they are added there, to the weeks that their days are part of by
    now."""
    late = list(_late(db, rows))
    if late:
        db.executemany(upsert(PAGE_WEEK, WEEK_KEY), late)


def _late(
    db: sqlite3.Connection, rows: Iterable[tuple[object, ...]]
) -> Iterator[tuple[object, ...]]:
    known: dict[tuple[object, int], int] = {}
    for site, day, *rest in rows:
        week, number = divmod(int(str(day)), WEEK)
        place = (site, week)
        if place not in known:
            found = "SELECT days FROM weeks WHERE site = ? AND week = ?"
            (known[place],) = db.execute(found, place).fetchone() or (0,)
        if number < known[place]:
            yield (*place, *rest)


def forget_weeks(db: sqlite3.Connection, oldest: int) -> None:
    """Opens the weeks again that began before `oldest`, the first day that is kept: their rows are
    not read from here on."""
    db.execute("DELETE FROM weeks WHERE week < ?", (first_whole_week(oldest),))
