"""Questions to one moment of a SQLite store: its rollups plus what waits in the journal."""

# ruff: noqa: A002 -- `slice` is the word for it, and Python's own is not used here

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from adguard.ledger.derived import CUBE, TIME, rows_of, times_of
from adguard.ledger.events import HOUR, Event, decode
from adguard.ledger.fold import COUNTERS, DIMENSIONS, VERDICTS, WHOLE, Deltas, admit, fold
from adguard.ledger.ranking import DEEPEST, best_pages
from adguard.ledger.schema import PAGE_VIEWS, PAGE_WEEK, ROLLUPS, temp, upsert
from adguard.ledger.store import (
    EVERYTHING,
    VIEWS,
    Point,
    Row,
    Slice,
    Span,
    Step,
    Totals,
    check_breakdown,
    check_step,
    total,
)
from adguard.ledger.weeks import WEEK, add_late, closed_weeks

__all__ = ["SITES", "SqliteFigures", "add", "add_deltas", "admitted"]

_Sums = list[tuple[str, int, tuple[int, ...]]]

_NEXT = {"path", "value", "verdict"}
"""Columns that follow the day, or the hour, in an index."""

MOST_STEPS = 1000
"""Days, or hours, that are looked up one by one and not read through."""

SITES = (
    "WITH RECURSIVE known(site) AS (SELECT MIN(site) FROM {0} UNION ALL "
    "SELECT (SELECT MIN(site) FROM {0} WHERE site > known.site) FROM known "
    "WHERE known.site IS NOT NULL) SELECT site FROM known WHERE site IS NOT NULL"
)
"""The sites of a table: steps from name to name through the index, where DISTINCT would read it
all."""


def admitted(db: sqlite3.Connection, deltas: Deltas) -> dict[tuple[str, int, str], set[str]]:
    """Returns the values that have a row already on the days that `deltas` touch."""
    found: dict[tuple[str, int, str], set[str]] = {}
    for site, day in deltas.places:
        for dimension in DIMENSIONS:
            rows = db.execute(
                "SELECT DISTINCT value FROM r_day WHERE site = ? AND dimension = ? AND day = ?",
                (site, dimension, day),
            )
            found[site, day, dimension] = {value for (value,) in rows}
        rows = db.execute(
            "SELECT DISTINCT path FROM r_page WHERE site = ? AND day = ?", (site, day)
        )
        found[site, day, "page"] = {path for (path,) in rows}
    return found


def add(db: sqlite3.Connection, events: Sequence[Event], prefix: str = "") -> None:
    """Folds events and adds them to the rollups, or to their live twins in `temp.live_…`."""
    deltas = fold(events)
    add_deltas(db, admit(deltas, admitted(db, deltas)), prefix)


def add_deltas(db: sqlite3.Connection, deltas: Deltas, prefix: str = "") -> None:
    """Adds what was folded and admitted to the rollups."""
    rows = {**rows_of(deltas), TIME: times_of(deltas)}
    for name, key in ROLLUPS.items():
        db.executemany(upsert(f"{prefix}{name}", key), rows[name])
    if not prefix:
        add_late(db, rows["r_page"])


class SqliteFigures:
    """The figures of one moment; made inside a read transaction and valid while it lasts."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        events: list[Event] = []
        for (packed,) in db.execute("SELECT batch FROM journal ORDER BY seq"):
            try:
                events += decode(packed)
            except msgspec.DecodeError:
                continue
        self._live = bool(events)
        if events:
            for statement in temp():
                db.execute(statement)
            add(db, events, "temp.live_")
        self._sites: list[str] | None = None

    def funnel(self, span: Span, slice: Slice = EVERYTHING) -> Totals:
        rows = self._sums(*_days(slice), "''", span)
        return total((ppm, row) for _, ppm, row in rows)

    def block_rate(self, span: Span, step: Step = "day", slice: Slice = EVERYTHING) -> list[Point]:
        check_step(step, slice)
        if step == "hour":
            rows = self._sums(*_hours(slice), "hour", span)
        else:
            rows = self._sums(*_days(slice), "day", span)
        seconds = HOUR if step == "hour" else 24 * HOUR
        return [Point(int(str(r.value)) * seconds, r.totals) for r in _grouped(rows)]

    def breakdown(self, span: Span, dimension: str, slice: Slice = EVERYTHING) -> list[Row]:
        check_breakdown(dimension, slice)
        if slice == EVERYTHING:
            rows = self._sums("r_day", {"dimension": dimension}, "value", span)
        else:
            rows = self._sums(CUBE, slice.labels, dimension, span)
        return sorted(_grouped(rows), key=_most_views_first)

    def top_pages(self, span: Span, limit: int = 20) -> list[Row]:
        return self.pages(span, self._best_pages(span, limit))[:limit]

    def pages(self, span: Span, paths: Iterable[str]) -> list[Row]:
        source, values = self._pages(span, ("path AS label", "ppm", *COUNTERS), list(paths))
        return sorted(_grouped(self._added_up(source, values)), key=_most_views_first)

    def _best_pages(self, span: Span, limit: int) -> list[str]:
        """The pages with most views, and perhaps some more."""
        if 0 < limit <= DEEPEST:
            waiting: list[tuple[str, float]] = []
            if self._live:
                where, values = self._where("r_page", {}, span)
                waiting = self._db.execute(
                    f"SELECT path, SUM(({PAGE_VIEWS}) * {WHOLE}.0 / ppm) "  # noqa: S608
                    f"FROM temp.live_r_page WHERE {where} GROUP BY path",
                    values,
                ).fetchall()
            sites = self._sites_of(span)
            weeks = closed_weeks(self._db, sites, span)
            found = best_pages(self._db, sites, span, weeks=weeks, limit=limit, waiting=waiting)
            if found is not None:
                return found
        source, values = self._pages(span, ("path", "ppm", *VIEWS))
        rows = self._db.execute(
            f"SELECT path FROM {source} GROUP BY path "  # noqa: S608
            f"ORDER BY SUM(({PAGE_VIEWS}) * 1.0 / ppm) DESC, path LIMIT :limit",
            {**values, "limit": limit},
        )
        return [path for (path,) in rows]

    def sites(self) -> list[str]:
        if self._sites is None:
            tables = ("r_day", "temp.live_r_day") if self._live else ("r_day",)
            self._sites = sorted(
                {site for table in tables for (site,) in self._db.execute(SITES.format(table))}
            )
        return list(self._sites)

    def _sites_of(self, span: Span) -> list[str]:
        return self.sites() if span.site is None else [span.site]

    def _pages(
        self, span: Span, columns: tuple[str, ...], chosen: Sequence[str] | None = None
    ) -> tuple[str, dict[str, object]]:
        """Where rows of pages come from: whole weeks as such, the other days by the day."""
        sites = self._sites_of(span)
        where = "site IN (SELECT value FROM json_each(:sites))"
        values: dict[str, object] = {"sites": _list(sites), "first": span.first, "last": span.last}
        if chosen is not None:
            where += " AND path IN (SELECT value FROM json_each(:chosen))"
            values["chosen"] = _list(chosen)
        part = f"SELECT {', '.join(columns)} FROM {{}} WHERE {where} AND {{}}"  # noqa: S608
        weeks = closed_weeks(self._db, sites, span)
        days = [day for day in range(span.first, span.last + 1) if day // WEEK not in weeks]
        between = "day BETWEEN :first AND :last"
        if len(days) < MOST_STEPS:
            values |= {"days": _list(days), "weeks": _list(weeks)}
            parts = [
                part.format("r_page", "day IN (SELECT value FROM json_each(:days))"),
                part.format(PAGE_WEEK, "week IN (SELECT value FROM json_each(:weeks))"),
            ]
        else:
            parts = [part.format("r_page", between)]
        if self._live:
            parts.append(part.format("temp.live_r_page", between))
        return _union(parts), values

    def _where(
        self, table: str, asked: dict[str, str], span: Span
    ) -> tuple[str, dict[str, object]]:
        # Every index begins with the site.
        where = "site IN (SELECT value FROM json_each(:sites))"
        for column in asked:
            where += f" AND {column} = :{column}"
        hourly = "hour" in ROLLUPS[table]
        column, scale = ("hour", 24) if hourly else ("day", 1)
        first, last = span.first * scale, span.last * scale + scale - 1
        values: dict[str, object] = {**asked, "sites": _list(self._sites_of(span))}
        next_given = not asked.keys().isdisjoint(_NEXT)
        if "browser" in asked and not next_given:
            # Between the time and the browser an index has the verdict, of which there are few.
            where += " AND verdict IN (SELECT value FROM json_each(:verdicts))"
            values["verdicts"] = _list(VERDICTS)
            next_given = True
        if next_given and last - first < MOST_STEPS:
            # Looked up one by one: so the index serves for the next column too.
            where += f" AND {column} IN (SELECT value FROM json_each(:steps))"  # noqa: S608
            values["steps"] = _list(range(first, last + 1))
        else:
            where += f" AND {column} BETWEEN :first AND :last"
            values |= {"first": first, "last": last}
        return where, values

    def _source(self, table: str, where: str, columns: tuple[str, ...]) -> str:
        part = f"SELECT {', '.join(columns)} FROM {{}} WHERE {where}"  # noqa: S608
        parts = [part.format(table)]
        if self._live:
            parts.append(part.format(f"temp.live_{table}"))
        return _union(parts)

    def _sums(self, table: str, asked: dict[str, str], label: str, span: Span) -> _Sums:
        where, values = self._where(table, asked, span)
        source = self._source(table, where, (f"{label} AS label", "ppm", *COUNTERS))
        return self._added_up(source, values)

    def _added_up(self, source: str, values: dict[str, object]) -> _Sums:
        sql = (
            f"SELECT label, ppm, {', '.join(f'SUM({c})' for c in COUNTERS)} "  # noqa: S608
            f"FROM {source} GROUP BY label, ppm ORDER BY label, ppm"
        )
        return [(label, ppm, tuple(row)) for label, ppm, *row in self._db.execute(sql, values)]


def _union(parts: Iterable[str]) -> str:
    return f"({' UNION ALL '.join(parts)})"


def _list(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _days(slice: Slice) -> tuple[str, dict[str, str]]:
    """The smallest table that answers by the day, and what to ask it for."""
    if slice.page is not None:
        return "r_page", {"path": slice.page}
    if len(slice.labels) > 1:
        return CUBE, slice.labels
    return "r_day", _one_value(slice) or {"dimension": "verdict"}


def _hours(slice: Slice) -> tuple[str, dict[str, str]]:
    """As `_days`, by the hour."""
    if len(slice.labels) > 1:
        return "r_hour", slice.labels
    return TIME, _one_value(slice) or {"dimension": ""}


def _one_value(slice: Slice) -> dict[str, str]:
    for dimension, value in slice.labels.items():
        return {"dimension": dimension, "value": value}
    return {}


def _grouped(rows: _Sums) -> list[Row]:
    groups: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
    for label, ppm, row in rows:
        groups.setdefault(label, []).append((ppm, row))
    return [Row(label, total(group)) for label, group in groups.items()]


def _most_views_first(row: Row) -> tuple[float, str]:
    return (-row.totals.views, row.value)
