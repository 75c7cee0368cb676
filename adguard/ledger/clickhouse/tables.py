"""The tables of a ClickHouse store, in the dialect that 18.16 and today's servers share."""

from __future__ import annotations

from dataclasses import dataclass

from adguard.ledger.derived import Values, rows_of
from adguard.ledger.fold import COUNTERS, Deltas

__all__ = [
    "APPLIED",
    "BEGUN",
    "KEPT",
    "ROLLUPS",
    "VERSION",
    "VERSIONS",
    "WINDOW",
    "Tables",
    "partition",
    "sorted_rows",
]

VERSION = 1
"""Grows with every change of the tables that an older adguard could not work with."""

WINDOW = 10_000
"""Inserted blocks per table and shard that are remembered: the same one again is not added."""
WINDOW_SECONDS = 366 * 86400

SPAN = 28
"""Days of one partition: the unit that expires."""

_LABELS = ("verdict", "browser", "device", "variant")
ROLLUPS: dict[str, tuple[str, ...]] = {
    "r_hour": ("site", "hour", *_LABELS, "ppm"),
    "r_cube": ("site", "day", *_LABELS, "ppm"),
    "r_page": ("site", "day", "path", "ppm"),
    "r_day": ("site", "dimension", "day", "value", "ppm"),
}
APPLIED, BEGUN, VERSIONS = "applied", "begun", "versions"
KEPT = (*ROLLUPS, APPLIED, BEGUN, VERSIONS)
"""Every table that holds rows, by the name under which it is read or known."""

_TYPES = {"hour": "Int32", "day": "Int32", "ppm": "UInt32", "seq": "UInt64", "version": "UInt32"}


def partition(table: str, row: Values) -> int:
    """The partition of a rollup's row. One insert never spans two: each partition of an insert
    would be a block of its own, kept or dropped by itself."""
    key = ROLLUPS[table]
    days = row[key.index("hour")] if "hour" in key else row[key.index("day")]
    # As ClickHouse's intDiv does: towards zero.
    return int(int(days) / (SPAN * 24 if "hour" in key else SPAN))


def sorted_rows(deltas: Deltas) -> dict[str, list[Values]]:
    """The rows that a parcel adds to each rollup; the same parcel gives the same rows in the same
    order, so that a repeated insert is an identical block."""
    rows = rows_of(deltas)
    return {name: sorted(rows[name]) for name in ROLLUPS}


@dataclass(frozen=True)
class Tables:
    """Their names and statements.

    :param cluster: its name; empty for one server. In a cluster each rollup is kept in
        `…_local`, replicated within a shard, and read through a Distributed table over all shards.
    """

    database: str
    cluster: str = ""

    def read(self, table: str) -> str:
        """The table to ask."""
        return f"`{self.database}`.{table}"

    def kept(self, table: str) -> str:
        """The table to insert into."""
        return f"`{self.database}`.{self.kept_name(table)}"

    def kept_name(self, table: str) -> str:
        return f"{table}_local" if self.cluster else table

    @property
    def names(self) -> set[str]:
        """Every table that a server must have."""
        return {self.kept_name(table) for table in KEPT} | set(ROLLUPS)

    def create(self, name: str) -> str:
        """The statement that makes one of `names`."""
        table = name.removesuffix("_local")
        if self.cluster and name == table:
            return (
                f"CREATE TABLE IF NOT EXISTS {self.read(table)} AS {self.kept(table)} "
                f"ENGINE = Distributed('{self.cluster}', '{self.database}', '{name}_local')"
            )
        if table in ROLLUPS:
            return self._rollup(table)
        if table == APPLIED:
            columns, order = "node String, seq UInt64, day Int32", "node, seq"
        elif table == BEGUN:
            columns = (
                "node String, seq UInt64, day Int32, blocks UInt32, born DateTime DEFAULT now()"
            )
            order = "node, seq"
        else:
            columns, order = "version UInt32, day Int32", "version"
        return (
            f"CREATE TABLE IF NOT EXISTS {self.kept(table)} ({columns}) "
            f"ENGINE = {self._engine('MergeTree', table)} "
            f"PARTITION BY intDiv(day, {SPAN}) ORDER BY ({order})"
        )

    def add_counter(self, name: str, counter: str) -> str:
        """The statement that adds a column to one of `names`."""
        return f"ALTER TABLE `{self.database}`.{name} ADD COLUMN {_counter(counter)}"

    def _rollup(self, table: str) -> str:
        key = ROLLUPS[table]
        columns = [f"{column} {_TYPES.get(column, 'String')}" for column in key]
        # Outside the sorting key: it tells two parcels of equal rows apart, and goes when rows
        # are merged.
        columns += ["parcel String", *map(_counter, COUNTERS)]
        cut = f"intDiv(hour, {SPAN * 24})" if "hour" in key else f"intDiv(day, {SPAN})"
        window = (
            f"replicated_deduplication_window = {WINDOW}, "
            f"replicated_deduplication_window_seconds = {WINDOW_SECONDS}"
            if self.cluster
            else f"non_replicated_deduplication_window = {WINDOW}"
        )
        return (
            f"CREATE TABLE IF NOT EXISTS {self.kept(table)} ({', '.join(columns)}) "
            f"ENGINE = {self._engine('SummingMergeTree', table)} PARTITION BY {cut} "
            f"ORDER BY ({', '.join(key)}) SETTINGS index_granularity = 1024, {window}"
        )

    def _engine(self, engine: str, table: str) -> str:
        if not self.cluster:
            return f"{engine}()"
        place = f"/clickhouse/tables/{{shard}}/{self.database}/{table}"
        return f"Replicated{engine}('{place}', '{{replica}}')"


def _counter(name: str) -> str:
    return f"{name} UInt64 DEFAULT 0"
