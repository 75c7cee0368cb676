"""The tables of the SQLite store and the statements that depend on their columns."""

from __future__ import annotations

import sqlite3

from adguard.ledger.derived import CUBE, TIME, TIMED, follow
from adguard.ledger.fold import COUNTERS, DIMENSIONS
from adguard.ledger.store import VIEWS

__all__ = [
    "APPLICATION",
    "LED_BY",
    "PAGE_VIEWS",
    "PAGE_WEEK",
    "ROLLUPS",
    "TABLES",
    "VERSION",
    "WEEK_KEY",
    "adding",
    "migrate",
    "temp",
    "twins",
    "upsert",
]

APPLICATION = 0x61646C67
"""SQLite's `application_id`: so that we never write into somebody else's database."""

VERSION = 5

HOUR_KEY = ("site", "hour", "verdict", "browser", "device", "variant", "ppm")
CUBE_KEY = ("site", "day", "verdict", "browser", "device", "variant", "ppm")
PAGE_KEY = ("site", "day", "path", "ppm")
VALUE_KEY = ("site", "dimension", "day", "value", "ppm")

TIME_KEY = ("site", "dimension", "hour", "value", "ppm")

PAGE_WEEK = "r_week"
WEEK_KEY = ("site", "week", "path", "ppm")

ROLLUPS = {
    "r_hour": HOUR_KEY,
    TIME: TIME_KEY,
    CUBE: CUBE_KEY,
    "r_page": PAGE_KEY,
    "r_day": VALUE_KEY,
}

LED_BY = {"r_day": DIMENSIONS, TIME: TIMED}
"""What can stand between the site and the time in an index."""

PAGE_VIEWS = " + ".join(VIEWS)
"""What ranks pages; a query that says the same finds it in an index."""

_NUMBERS = {"hour", "day", "week", "ppm"}


def _counter(name: str) -> str:
    return f"{name} INTEGER NOT NULL DEFAULT 0"


def _rollup(name: str, key: tuple[str, ...], prefix: str = "") -> str:
    columns = [f"{c} {'INTEGER' if c in _NUMBERS else 'TEXT'} NOT NULL" for c in key]
    columns += map(_counter, COUNTERS)
    return (
        f"CREATE {prefix} TABLE IF NOT EXISTS {name} ({', '.join(columns)}, "
        f"PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID"
    )


TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # AUTOINCREMENT: a batch's number is its identity and must not come back after a fold. `total`
    # is the size of all batches so far, so that the size of what waits is one subtraction.
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
    "at INTEGER NOT NULL, batch BLOB NOT NULL, total INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS spoiled "
    "(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, batch BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
    "shard INTEGER NOT NULL, at INTEGER NOT NULL, events INTEGER NOT NULL, parcel BLOB NOT NULL, "
    "spoiled INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS admitted (day INTEGER NOT NULL, site TEXT NOT NULL, "
    "dimension TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (day, site, dimension, value)) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY) WITHOUT ROWID",
    # Codes of supporter passes that were taken, for as long as one could be offered again.
    "CREATE TABLE IF NOT EXISTS taken (code TEXT PRIMARY KEY, hand TEXT NOT NULL, "
    "at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS taken_until ON taken (until)",
    "CREATE TABLE IF NOT EXISTS applied (node TEXT NOT NULL, seq INTEGER NOT NULL, "
    "day INTEGER NOT NULL, PRIMARY KEY (node, seq)) WITHOUT ROWID",
    *(_rollup(name, key) for name, key in ROLLUPS.items()),
    # The pages of a day, most views first: whoever wants the best need not read them all.
    f"CREATE INDEX IF NOT EXISTS r_page_rank ON r_page (site, day, ppm, ({PAGE_VIEWS}) DESC)",
    # The weeks whose pages are kept by the week as well, and how many of their days were added;
    # rows of other weeks are left-overs.
    "CREATE TABLE IF NOT EXISTS weeks (site TEXT NOT NULL, week INTEGER NOT NULL, "
    "days INTEGER NOT NULL, PRIMARY KEY (site, week)) WITHOUT ROWID",
    _rollup(PAGE_WEEK, WEEK_KEY),
    f"CREATE INDEX IF NOT EXISTS {PAGE_WEEK}_rank "
    f"ON {PAGE_WEEK} (site, week, ppm, ({PAGE_VIEWS}) DESC)",
)


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in db.execute(f"PRAGMA main.table_info({table})")}


def _add_counters(db: sqlite3.Connection, *tables: str) -> None:
    for table in tables:
        have = _columns(db, table)
        for name in COUNTERS:
            if name not in have:
                db.execute(f"ALTER TABLE {table} ADD COLUMN {_counter(name)}")


def _to_version_2(db: sqlite3.Connection) -> None:
    """Six counters, the cells by the day, the size of the journal, the outbox."""
    _add_counters(db, "r_hour", "r_page", "r_day")
    db.execute("ALTER TABLE journal ADD COLUMN total INTEGER NOT NULL DEFAULT 0")
    for statement in TABLES:
        db.execute(statement)
    db.execute(f"INSERT INTO {CUBE} {follow(CUBE, 'r_hour', COUNTERS)}")


def _to_version_3(db: sqlite3.Connection) -> None:
    """Two counters; and the codes of passes, whose table is made with the others."""
    _add_counters(db, *ROLLUPS)


def _to_version_5(db: sqlite3.Connection) -> None:
    """One value at a time by the hour, where versions 2 to 4 kept the whole only."""
    db.execute(f"DROP TABLE IF EXISTS {TIME}")
    db.execute(_rollup(TIME, TIME_KEY))
    db.execute(f"INSERT INTO {TIME} {follow(TIME, 'r_hour', COUNTERS)}")


_MIGRATIONS = {2: _to_version_2, 3: _to_version_3, 5: _to_version_5}
"""How a version's file is made of one of the version before; version 4 only brought tables."""


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Brings a database from `version` (0: empty) to `VERSION`, inside the caller's transaction."""
    for step in range(version + 1, VERSION + 1):
        if version and step in _MIGRATIONS:
            _MIGRATIONS[step](db)
    for statement in TABLES:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {VERSION}")


def twins(db: sqlite3.Connection, version: int) -> tuple[str, ...]:
    """Statements that let an older file be read as if it were of this version, without writing to
    it: temporary views stand before the tables of the same name."""
    if version >= VERSION:
        return ()
    views = []
    if version < 4:
        counters = ", ".join(f"0 AS {name}" for name in COUNTERS)
        views += [
            "CREATE TEMP VIEW weeks AS SELECT '' AS site, 0 AS week, 0 AS days WHERE 0",
            f"CREATE TEMP VIEW {PAGE_WEEK} AS "
            f"SELECT '' AS site, 0 AS week, '' AS path, 0 AS ppm, {counters} WHERE 0",
        ]
    if version < 3:
        views += [
            "CREATE TEMP VIEW taken AS SELECT '' AS code, '' AS hand, 0 AS at, 0 AS until WHERE 0"
        ]
    if version < 2:
        views += [
            "CREATE TEMP VIEW journal AS SELECT seq, at, batch, 0 AS total FROM main.journal",
            "CREATE TEMP VIEW outbox AS SELECT seq, at, batch AS parcel, 0 AS spoiled "
            "FROM main.journal WHERE 0",
        ]
    for table, key in ROLLUPS.items():
        have = _columns(db, table)
        if have and table != TIME:
            kept = (c if c in have else f"0 AS {c}" for c in COUNTERS)
            source = f"SELECT {', '.join((*key, *kept))} FROM main.{table}"  # noqa: S608
        else:
            source = follow(table, "main.r_hour", _columns(db, "r_hour"))
        views.append(f"CREATE TEMP VIEW {table} AS {source}")
    return tuple(views)


def temp() -> tuple[str, ...]:
    """Statements that make an empty `temp.live_…` table beside each rollup, and empty it."""
    made = [_rollup(f"live_{name}", key, "TEMP") for name, key in ROLLUPS.items()]
    return (*made, *(f"DELETE FROM temp.live_{name}" for name in ROLLUPS))  # noqa: S608


def upsert(table: str, key: tuple[str, ...]) -> str:
    """The statement that adds one row of counters to a rollup."""
    columns = (*key, *COUNTERS)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608
        f"VALUES ({', '.join('?' * len(columns))}) {adding(key)}"
    )


def adding(key: tuple[str, ...]) -> str:
    """The end of a statement that adds to the rows of a rollup that are there."""
    sums = ", ".join(f"{c} = {c} + excluded.{c}" for c in COUNTERS)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"
