"""One file that holds journal, remembered ids and rollups; any number of processes may share it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from adguard.ledger.connect import explain, open_to_read, open_to_write
from adguard.ledger.errors import StoreError
from adguard.ledger.events import (
    DAY,
    Batch,
    Event,
    decode,
    dedupe_key,
    encode,
    forgotten_before,
    tidy,
)
from adguard.ledger.reading import SqliteFigures, add

__all__ = ["KEEP_DAYS", "SqliteStore"]

KEEP_DAYS = 760
"""Days that figures are kept: two years and a month, so that every month has its twin."""

CHUNK = 5000
"""Events that one fold takes at most, and rows that one expiry removes: it holds the file's only
write lock for some ten milliseconds."""


class SqliteStore:
    """Journal and figures in one SQLite file, or in memory.

    Connections are opened when they are needed: asking for figures never writes. Writing is for
    one thread at a time; `figures` may be called from any.

    :param path: the database file; `None` keeps everything in memory.
    :param synchronous: `FULL` survives a power cut, `NORMAL` a killed process.
    :param busy_timeout: seconds to wait for another process before giving up.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout: float = 2.5,
    ) -> None:
        self._path = path
        self._synchronous = synchronous
        self._busy_timeout = busy_timeout
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self.behind = False
        """Whether the last fold stopped because it had enough, and not because it was done."""

    def migrate(self) -> None:
        with self._lock:
            self._connected()

    def append(self, events: Sequence[Event]) -> set[int]:
        """Writes events as one batch, durably, all or nothing.

        :returns: the indexes of events that were known already and so were not written.
        :raises sqlite3.Error: nothing was written.
        """
        try:
            return self._append([_without_query(event) for event in events])
        except UnicodeEncodeError:
            return self._append([tidy(event) for event in events])

    def _append(self, events: list[Event]) -> set[int]:
        keys = [dedupe_key(event) if event.id else "" for event in events]
        with self._writing() as db:
            known = _remember(db, keys)
            fresh = [e for i, e in enumerate(events) if i not in known] if known else events
            if fresh:
                db.execute(
                    "INSERT INTO journal (at, batch) VALUES (?, ?)", (fresh[0].at, encode(fresh))
                )
        return known

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
                    db.execute("INSERT INTO spoiled SELECT * FROM journal WHERE seq = ?", (seq,))
                if len(events) >= CHUNK:
                    break
            add(db, events)
            db.execute("DELETE FROM journal WHERE seq <= ?", (last,))
        self.behind = len(events) >= CHUNK
        return folded

    def apply(self, batch: Batch) -> bool:
        with self._writing() as db:
            mark = (batch.node, batch.seq, int(time.time()) // DAY)
            if not db.execute("INSERT OR IGNORE INTO applied VALUES (?, ?, ?)", mark).rowcount:
                return False
            add(db, batch.events)
        return True

    def expire(self, now: float) -> int:
        """Removes at most `CHUNK` rows a table: call it again until it returns 0."""
        oldest = int(now) // DAY - KEEP_DAYS
        removed = 0
        with self._writing() as db:
            for table, key, where, limit in (
                ("seen", "id", "id < ?", forgotten_before(now)),
                ("applied", "node, seq", "day < ?", oldest),
                (
                    "r_hour",
                    "site, hour, verdict, browser, device, variant, ppm",
                    "hour < ?",
                    oldest * 24,
                ),
                ("r_page", "site, day, path, ppm", "day < ?", oldest),
                ("r_day", "site, dimension, day, value, ppm", "day < ?", oldest),
            ):
                removed += db.execute(
                    f"DELETE FROM {table} WHERE ({key}) IN "  # noqa: S608
                    f"(SELECT {key} FROM {table} WHERE {where} LIMIT {CHUNK})",
                    (limit,),
                ).rowcount
        return removed

    def health(self) -> dict[str, object]:
        batches, oldest = self._first("SELECT COUNT(*), MIN(at) FROM journal") or (0, None)
        spoiled = self._first("SELECT COUNT(*) FROM spoiled") or (0,)
        return {
            "journal_batches": batches,
            "journal_age": 0 if oldest is None else max(0, int(time.time()) - oldest),
            "spoiled_batches": spoiled[0],
        }

    @property
    def node(self) -> str:
        """The name of this file in the identity of its batches."""
        return str((self._first("SELECT value FROM meta WHERE name = 'node'") or ("",))[0])

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

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _first(self, sql: str) -> tuple[int, ...] | None:
        with self._lock:
            row: tuple[int, ...] | None = self._connected().execute(sql).fetchone()
            return row

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            db = self._connected()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _connected(self) -> sqlite3.Connection:
        if self._db is not None and self._identity != self._identify():
            # Somebody moved or deleted the file: what we wrote there, nobody would ever read.
            self.close()
        if self._db is None:
            self._db = open_to_write(self._path, self._synchronous, self._busy_timeout)
            self._identity = self._identify()
        return self._db

    def _identify(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def _without_query(event: Event) -> Event:
    return tidy(event) if "?" in event.path or "#" in event.path else event


def _remember(db: sqlite3.Connection, keys: list[str]) -> set[int]:
    """Remembers ids; returns the indexes of those that were known (empty ids never are)."""
    named = [key for key in keys if key]
    # One statement: sqlite3 gives up the interpreter's lock at every row of an executemany, and a
    # busy event loop is slow to hand it back.
    packed = msgspec.json.encode(named).decode()
    remembered = db.execute("INSERT OR IGNORE INTO seen SELECT value FROM json_each(?)", (packed,))
    if remembered.rowcount == len(named):
        return set()
    db.execute("ROLLBACK")
    db.execute("BEGIN IMMEDIATE")
    known: set[int] = set()
    for i, key in enumerate(keys):
        if key and not db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount:
            known.add(i)
    return known


@contextmanager
def _reading(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN")
    try:
        yield db
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
