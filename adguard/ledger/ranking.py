"""Which pages have most views over many days, without adding up every page of every day.

Of each day, or of a whole week, a few pages are read off an index, most views first. What any
other page can have at most is then known, and so which pages cannot be among the best of the whole
time. This is the threshold algorithm without random access (Fagin, Lotem, Naor: Optimal aggregation
algorithms for middleware, 2003); its answer is exact.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from adguard.ledger.fold import WHOLE
from adguard.ledger.schema import PAGE_VIEWS, PAGE_WEEK
from adguard.ledger.store import Span
from adguard.ledger.weeks import WEEK

__all__ = ["DEEPEST", "best_pages"]

DEEPEST = 100
"""Pages of a list up to which this is quicker than adding everything up."""

_LISTS = (
    "SELECT DISTINCT day, ppm FROM r_day "
    "WHERE site = ? AND dimension = 'verdict' AND day BETWEEN ? AND ?"
)
_RANKED = (
    f"SELECT path, {PAGE_VIEWS} FROM {{}} "  # noqa: S608
    f"WHERE site = ? AND {{}} = ? AND ppm = ? ORDER BY ({PAGE_VIEWS}) DESC LIMIT ?"
)
_BY_DAY, _BY_WEEK = _RANKED.format("r_page", "day"), _RANKED.format(PAGE_WEEK, "week")
_ROUNDING = 1 - 1e-9

_List = tuple[str, str, int, int]
"""Pages of one day, or of one week, that are sampled alike: the statement that reads them, the
site, the day or week, the share."""


def best_pages(
    db: sqlite3.Connection,
    sites: Sequence[str],
    span: Span,
    *,
    weeks: Collection[int],
    limit: int,
    waiting: Iterable[tuple[str, float]],
) -> list[str] | None:
    """Returns paths among which are the `limit` with most views, and not many more.

    :param weeks: those within the span that are closed for all of the sites.
    :param waiting: paths and views that are not in `r_page` yet.
    :returns: `None` where that takes looking at everything.
    """
    lists = {
        (_BY_WEEK, site, day // WEEK, ppm) if day // WEEK in weeks else (_BY_DAY, site, day, ppm)
        for site in sites
        for day, ppm in db.execute(_LISTS, (site, span.first, span.last)).fetchall()
    }
    depth = limit
    while (depth := 2 * depth) <= 2 * DEEPEST:
        found = _within(db, lists, depth, limit, waiting)
        if found is not None:
            return found
    return None


def _within(
    db: sqlite3.Connection,
    lists: Iterable[_List],
    depth: int,
    limit: int,
    waiting: Iterable[tuple[str, float]],
) -> list[str] | None:
    least: defaultdict[str, float] = defaultdict(float, waiting)
    covered: defaultdict[str, float] = defaultdict(float)
    unseen = 0.0
    for sql, site, time, ppm in lists:
        rows = db.execute(sql, (site, time, ppm, depth)).fetchall()
        weight = WHOLE / ppm
        below = rows[-1][1] * weight if len(rows) == depth else 0.0
        unseen += below
        for path, views in rows:
            least[path] += views * weight
            covered[path] += below
    best = heapq.nlargest(limit, least.values())
    bar = best[-1] * _ROUNDING if len(best) == limit else 0.0
    if unseen and unseen >= bar:
        return None
    return [path for path, sure in least.items() if sure + unseen - covered[path] >= bar]
