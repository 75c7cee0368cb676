"""Questions to one moment of a SQLite store: its rollups plus what waits in the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from adguard.ledger.events import HOUR, Event, decode
from adguard.ledger.fold import COUNTERS, DIMENSIONS, Deltas, admit, fold
from adguard.ledger.schema import ROLLUPS, temp, upsert
from adguard.ledger.store import VIEWS, Point, Row, Span, Step, Totals, total

__all__ = ["SqliteFigures", "add", "admitted"]

_VIEWS = " + ".join(VIEWS)
_Sums = list[tuple[str, int, tuple[int, ...]]]


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


def add(db: sqlite3.Connection, events: Iterable[Event], prefix: str = "") -> None:
    """Folds events and adds them to the rollups, or to their live twins in `temp.live_…`."""
    deltas = fold(events)
    deltas = admit(deltas, admitted(db, deltas))
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in ROLLUPS}
    for hour, counters in deltas.hours.items():
        rows["r_hour"].append((*hour, *counters))
    for (site, dimension, day, value, ppm), counters in deltas.days.items():
        if dimension == "page":
            rows["r_page"].append((site, day, value, ppm, *counters))
        else:
            rows["r_day"].append((site, dimension, day, value, ppm, *counters))
    for name, key in ROLLUPS.items():
        db.executemany(upsert(f"{prefix}{name}", key), rows[name])


class SqliteFigures:
    """The figures of one moment; made inside a read transaction and valid while it lasts."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        for statement in temp():
            db.execute(statement)
        events: list[Event] = []
        for (packed,) in db.execute("SELECT batch FROM journal ORDER BY seq"):
            try:
                events += decode(packed)
            except msgspec.DecodeError:
                continue
        if events:
            add(db, events, "temp.live_")

    def funnel(self, span: Span) -> Totals:
        rows = self._sums("r_day", "dimension", span, where="dimension = 'verdict'")
        return total((ppm, row) for _, ppm, row in rows)

    def block_rate(self, span: Span, step: Step = "day") -> list[Point]:
        label = "hour" if step == "hour" else "hour / 24 * 24"
        rows = self._sums("r_hour", label, span)
        return [Point(int(str(r.value)) * HOUR, r.totals) for r in _grouped(rows)]

    def breakdown(self, span: Span, dimension: str) -> list[Row]:
        if dimension not in DIMENSIONS:
            raise ValueError(f"{dimension!r} is not one of {', '.join(DIMENSIONS)}")
        rows = self._sums(
            "r_day", "value", span, where="dimension = :dimension", dimension=dimension
        )
        found = _grouped(rows)
        return sorted(found, key=_most_views_first)

    def top_pages(self, span: Span, limit: int = 20) -> list[Row]:
        found = _grouped(self._sums("r_page", "path", span, limit=limit))
        return sorted(found, key=_most_views_first)

    def _sums(
        self,
        table: str,
        label: str,
        span: Span,
        *,
        where: str = "1",
        dimension: str = "",
        limit: int = -1,
    ) -> _Sums:
        hourly = table == "r_hour"
        if span.site is not None:
            where += " AND site = :site"
        part = (
            f"SELECT {label} AS label, ppm, {', '.join(COUNTERS)} FROM {{}} "  # noqa: S608
            f"WHERE {where} AND {'hour' if hourly else 'day'} BETWEEN :first AND :last"
        )
        sql = (
            f"WITH found AS ({part.format(table)} UNION ALL "  # noqa: S608
            f"{part.format(f'temp.live_{table}')}), "
            "best AS (SELECT label FROM found GROUP BY label "
            f"ORDER BY SUM(({_VIEWS}) * 1.0 / ppm) DESC, label LIMIT :limit) "
            f"SELECT label, ppm, {', '.join(f'SUM({c})' for c in COUNTERS)} FROM found "
            "WHERE label IN best GROUP BY label, ppm ORDER BY label, ppm"
        )
        values = {
            "site": span.site,
            "first": span.first * 24 if hourly else span.first,
            "last": span.last * 24 + 23 if hourly else span.last,
            "dimension": dimension,
            "limit": limit,
        }
        return [(label, ppm, tuple(row)) for label, ppm, *row in self._db.execute(sql, values)]


def _grouped(rows: _Sums) -> list[Row]:
    groups: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
    for label, ppm, row in rows:
        groups.setdefault(label, []).append((ppm, row))
    return [Row(label, total(group)) for label, group in groups.items()]


def _most_views_first(row: Row) -> tuple[float, str]:
    return (-row.totals.views, row.value)
