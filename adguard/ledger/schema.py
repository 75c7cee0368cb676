"""The tables of the SQLite store and the statements that depend on their columns."""

from __future__ import annotations

from adguard.ledger.fold import COUNTERS

__all__ = [
    "APPLICATION",
    "HOUR_KEY",
    "PAGE_KEY",
    "TABLES",
    "VALUE_KEY",
    "VERSION",
    "temp",
    "upsert",
]

APPLICATION = 0x61646C67
"""SQLite's `application_id`: so that we never write into somebody else's database."""

VERSION = 1

HOUR_KEY = ("site", "hour", "verdict", "browser", "device", "variant", "ppm")
PAGE_KEY = ("site", "day", "path", "ppm")
VALUE_KEY = ("site", "dimension", "day", "value", "ppm")

_NUMBERS = {"hour", "day", "ppm"}


def _rollup(name: str, key: tuple[str, ...], prefix: str = "") -> str:
    columns = [f"{c} {'INTEGER' if c in _NUMBERS else 'TEXT'} NOT NULL" for c in key]
    columns += [f"{c} INTEGER NOT NULL DEFAULT 0" for c in COUNTERS]
    return (
        f"CREATE {prefix} TABLE IF NOT EXISTS {name} ({', '.join(columns)}, "
        f"PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID"
    )


ROLLUPS = {"r_hour": HOUR_KEY, "r_page": PAGE_KEY, "r_day": VALUE_KEY}

TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # AUTOINCREMENT: a batch's number is its identity and must not come back after a fold.
    "CREATE TABLE IF NOT EXISTS journal "
    "(seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, batch BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS spoiled "
    "(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, batch BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS applied (node TEXT NOT NULL, seq INTEGER NOT NULL, "
    "day INTEGER NOT NULL, PRIMARY KEY (node, seq)) WITHOUT ROWID",
    *(_rollup(name, key) for name, key in ROLLUPS.items()),
)


def temp() -> tuple[str, ...]:
    """Statements that make an empty `temp.live_…` table beside each rollup, and empty it."""
    made = [_rollup(f"live_{name}", key, "TEMP") for name, key in ROLLUPS.items()]
    return (*made, *(f"DELETE FROM temp.live_{name}" for name in ROLLUPS))  # noqa: S608


def upsert(table: str, key: tuple[str, ...]) -> str:
    """The statement that adds one row of counters to a rollup."""
    columns = (*key, *COUNTERS)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608
        f"VALUES ({', '.join('?' * len(columns))}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET "
        + ", ".join(f"{c} = {c} + excluded.{c}" for c in COUNTERS)
    )
