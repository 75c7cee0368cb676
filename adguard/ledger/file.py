"""One SQLite file that holds a journal: events written durably, once each, by any number of
processes."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from adguard.ledger.connect import open_to_read, open_to_write
from adguard.ledger.errors import StoreError
from adguard.ledger.events import Event, decode, dedupe_key, encode, forgotten_before, tidy
from adguard.ledger.whereabouts import Whereabouts, find, remove_log

__all__ = ["CHUNK", "JournalFile"]

CHUNK = 5000
"""Rows that one round of expiry removes: it holds the file's only write lock for some ten
milliseconds."""

_SIZE = (
    "SELECT COALESCE((SELECT total FROM journal ORDER BY seq DESC LIMIT 1) - "
    "(SELECT total - LENGTH(batch) FROM journal ORDER BY seq LIMIT 1), 0)"
)


class JournalFile:
    """A journal in one SQLite file, or in memory.

    Connections are opened when they are needed. Writing is for one thread at a time.

    :param path: the database file; `None` keeps everything in memory.
    :param synchronous: `FULL` survives a power cut, `NORMAL` a killed process.
    :param busy_timeout: seconds to wait for another process before giving up.
    :param read_only: look, but neither write nor make anything.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout: float = 2.5,
        read_only: bool = False,
    ) -> None:
        self._path = path
        self._read_only = read_only
        self._synchronous = synchronous
        self._busy_timeout = busy_timeout
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._opened: Whereabouts | None = None
        self._retired = False

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
                _write(db, fresh[0].at, encode(fresh))
        return known

    def restore(self) -> int:
        """Puts the spoiled batches that can be read by now back into the journal; returns how
        many. The others stay where they are."""
        restored = 0
        with self._writing() as db:
            for seq, at, packed in db.execute("SELECT seq, at, batch FROM spoiled").fetchall():
                try:
                    decode(packed)
                except msgspec.DecodeError:
                    continue
                _write(db, at, packed)
                db.execute("DELETE FROM spoiled WHERE seq = ?", (seq,))
                restored += 1
        return restored

    def expire(self, now: float) -> int:
        """Forgets ids after 48 hours, and codes that were taken when they are worthless; at most
        `CHUNK` of each at a time: call it again until it returns 0."""
        with self._writing() as db:
            removed = remove(db, "seen", "id", "id < ?", forgotten_before(now))
            return removed + remove(db, "taken", "code", "until < ?", int(now))

    def health(self) -> dict[str, object]:
        """Returns `journal_batches`, `journal_bytes` and `journal_age` (seconds) of what waits,
        and `spoiled_batches`. Costs the same however much waits."""
        first = self._first("SELECT seq, at FROM journal ORDER BY seq LIMIT 1")
        last = self._first("SELECT seq FROM journal ORDER BY seq DESC LIMIT 1")
        (spoiled,) = self._first("SELECT COUNT(*) FROM spoiled") or (0,)
        return {
            "journal_batches": 0 if first is None or last is None else last[0] - first[0] + 1,
            "journal_bytes": self.size,
            "journal_age": 0 if first is None else max(0, int(time.time()) - first[1]),
            "spoiled_batches": spoiled,
        }

    @property
    def size(self) -> int:
        """Bytes of the batches that wait."""
        return max(0, (self._first(_SIZE) or (0,))[0])

    @property
    def node(self) -> str:
        """The name of this file in the identity of its batches and parcels."""
        return str((self._first("SELECT value FROM meta WHERE name = 'node'") or ("",))[0])

    def wait_for_others(self, seconds: float) -> None:
        """Says how long to wait for another process's transaction, until the file is let go of."""
        with self._lock:
            if self._db is not None:
                self._db.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")

    def close(self) -> None:
        """Lets go of the file; the next use opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def retire(self) -> None:
        """Lets go of the file for good, after a transaction under way in another thread. What is
        kept in memory stays."""
        with self._lock:
            if self._path is None:
                return
            self._retired = True
            self.close()

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
        if self._retired:
            raise StoreError("the journal was closed")
        if self._db is not None and self._opened != self._find():
            self._abandon()
        if self._db is None:
            if self._read_only and self._path is not None:
                self._db = open_to_read(self._path, self._busy_timeout)
            else:
                self._db = open_to_write(self._path, self._synchronous, self._busy_timeout)
            self._opened = self._find()
        return self._db

    def _find(self) -> Whereabouts | None:
        return None if self._path is None else find(self._path)

    def _abandon(self) -> None:
        """Lets go of a file that is not where it was, or whose log is not: what we wrote there,
        nobody would ever read. What only the log has goes into it first."""
        before, now = self._opened, self._find()
        if self._db is not None and not self._read_only:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        if self._path is not None and before and now and before.database != now.database:
            remove_log(self._path, before.log)


def remove(db: sqlite3.Connection, table: str, key: str, where: str, limit: object) -> int:
    """Removes at most `CHUNK` rows; returns how many went."""
    return db.execute(
        f"DELETE FROM {table} WHERE ({key}) IN "  # noqa: S608
        f"(SELECT {key} FROM {table} WHERE {where} LIMIT {CHUNK})",
        (limit,),
    ).rowcount


def _write(db: sqlite3.Connection, at: int, packed: bytes) -> None:
    db.execute(
        "INSERT INTO journal (at, batch, total) VALUES (?, ?, ? + COALESCE("
        "(SELECT total FROM journal ORDER BY seq DESC LIMIT 1), 0))",
        (at, packed, len(packed)),
    )


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
