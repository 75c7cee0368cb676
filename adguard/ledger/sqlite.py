"""Journal and figures in one file; any number of processes may share it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from adguard.ledger.connect import explain, open_to_read
from adguard.ledger.errors import StoreError
from adguard.ledger.events import DAY, Batch, Event, decode
from adguard.ledger.file import JournalFile, remove
from adguard.ledger.fold import admit, fold
from adguard.ledger.reading import SITES, SqliteFigures, add, add_deltas, admitted
from adguard.ledger.schema import LED_BY, PAGE_WEEK, ROLLUPS, WEEK_KEY
from adguard.ledger.store import KEEP_DAYS, Parcel
from adguard.ledger.weeks import close_days, first_whole_week, forget_weeks

__all__ = ["AT_ONCE", "SqliteStore"]

AT_ONCE = 1000
"""Events from which on a fold leaves the rest to the next: all reports wait while it lasts, some
thirteen milliseconds. Half as many would take almost as long."""


class SqliteStore(JournalFile):
    """Journal and figures in one SQLite file, or in memory.

    Asking for figures never writes. Writing is for one thread at a time; `figures` may be called
    from any.
    """

    shards = 1

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout: float = 2.5,
        read_only: bool = False,
    ) -> None:
        super().__init__(
            path, synchronous=synchronous, busy_timeout=busy_timeout, read_only=read_only
        )
        self.behind = False
        """Whether the last fold stopped because it had enough, and not because it was done."""

    def fold(self) -> int:
        """Adds the oldest batches of the journal to the rollups and removes them from it, in one
        transaction; returns how many batches, 0 when none waits."""
        if self._first("SELECT 1 FROM journal LIMIT 1") is None:
            return 0
        folded, events, last = 0, list[Event](), 0
        with self._writing() as db:
            for seq, packed in db.execute("SELECT seq, batch FROM journal ORDER BY seq"):
                last, folded = seq, folded + 1
                try:
                    events += decode(packed)
                except msgspec.DecodeError:
                    db.execute(
                        "INSERT INTO spoiled SELECT seq, at, batch FROM journal WHERE seq = ?",
                        (seq,),
                    )
                if len(events) >= AT_ONCE:
                    break
            add(db, events)
            db.execute("DELETE FROM journal WHERE seq <= ?", (last,))
        self.behind = len(events) >= AT_ONCE
        return folded

    def apply(self, batch: Batch) -> bool:
        with self._writing() as db:
            if not _mark(db, batch.node, batch.seq):
                return False
            deltas = fold(batch.events)
            add_deltas(db, admit(deltas, admitted(db, deltas)))
        return True

    def ship(self, parcel: Parcel) -> bool:
        try:
            with self._writing() as db:
                if not _mark(db, parcel.node, parcel.seq):
                    return False
                add_deltas(db, parcel.deltas)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the parcel could not be added: {explain(error)}") from error
        return True

    def close_days(self, now: float, keep_days: int = KEEP_DAYS) -> bool:
        """Adds up the pages of some days of weeks that are over: call it again until it returns
        `False`."""
        today = int(now) // DAY
        with self._writing() as db:
            sites = [site for (site,) in db.execute(SITES.format("r_day")).fetchall()]
            return close_days(db, sites, today - keep_days, today)

    def expire(self, now: float, keep_days: int = KEEP_DAYS) -> int:
        """Removes at most `CHUNK` rows a table: call it again until it returns 0."""
        oldest = int(now) // DAY - keep_days
        removed = super().expire(now)
        with self._writing() as db:
            removed += remove(db, "applied", "node, seq", "day < ?", oldest)
            forget_weeks(db, oldest)
            opened = f"site IN ({SITES.format(PAGE_WEEK)}) AND week < ?"
            removed += remove(db, PAGE_WEEK, ", ".join(WEEK_KEY), opened, first_whole_week(oldest))
            for table, key in ROLLUPS.items():
                column, limit = ("hour", oldest * 24) if "hour" in key else ("day", oldest)
                # Every index begins with the site, so that what stays is not read.
                where = f"site IN ({SITES.format(table)}) AND {column} < ?"
                if table in LED_BY:
                    where += f" AND dimension IN ({', '.join(map(repr, LED_BY[table]))})"
                removed += remove(db, table, ", ".join(key), where, limit)
        return removed

    @contextmanager
    def figures(self) -> Iterator[SqliteFigures]:
        """Opens a consistent view, read-only: it needs no lease, disturbs no server, and works in
        a folder that may not be written to.

        :raises StoreError: there is nothing to read, or it cannot be read.
        """
        try:
            if self._path is None:
                with self._lock, _reading(self._connected()) as db:
                    yield SqliteFigures(db)
            else:
                with (
                    closing(open_to_read(self._path, self._busy_timeout)) as db,
                    _reading(db),
                ):
                    yield SqliteFigures(db)
        except sqlite3.Error as error:
            raise StoreError(f"the figures cannot be read: {explain(error)}") from error


def _mark(db: sqlite3.Connection, node: str, seq: int) -> bool:
    mark = (node, seq, int(time.time()) // DAY)
    return bool(db.execute("INSERT OR IGNORE INTO applied VALUES (?, ?, ?)", mark).rowcount)


@contextmanager
def _reading(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN")
    try:
        yield db
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
