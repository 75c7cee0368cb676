"""A node's journal on its way to a store elsewhere: batches become parcels, parcels wait."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from adguard.ledger.errors import LedgerUnavailable
from adguard.ledger.events import DAY, Event, decode
from adguard.ledger.file import JournalFile, remove
from adguard.ledger.fold import COUNTERS, OTHER, DayKey, Deltas, HourKey, Tally, admit
from adguard.ledger.location import JOURNAL_MB
from adguard.ledger.store import KEEP_DAYS, Parcel

__all__ = ["PARCEL", "Spool", "Waiting", "pack", "unpack"]

PARCEL = 100_000
"""Events from which on a parcel is large enough: they are counted batch by batch and not held, and
a parcel costs its insert the same whatever it stands for."""

REMEMBER_ADMITTED = 40
"""Days for which a node remembers which values have a row: longer than a backlog can be old."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(
    tuple[list[tuple[HourKey, list[int]]], list[tuple[DayKey, list[int]]]]
)


def pack(deltas: Deltas) -> bytes:
    """Packs what a parcel holds; the order of its rows is kept."""
    return _encoder.encode((list(deltas.hours.items()), list(deltas.days.items())))


def unpack(packed: bytes) -> Deltas:
    """Unpacks what `pack` packed, also in a version that had fewer counters.

    :raises msgspec.DecodeError: the bytes are no parcel.
    """
    hours, days = _decoder.decode(packed)
    return Deltas({key: _widened(row) for key, row in hours}, {key: _widened(r) for key, r in days})


def _widened(row: list[int]) -> list[int]:
    return row + [0] * (len(COUNTERS) - len(row))


@dataclass(frozen=True)
class Waiting:
    """A parcel in the outbox, and of how many events it was made."""

    parcel: Parcel
    events: int


@dataclass
class _Oldest:
    """The oldest batches of a journal: their numbers, what they add up to, when the first event
    happened, and the batches that cannot be read."""

    numbers: list[int] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    at: int = 0
    spoiled: list[tuple[int, int, bytes]] = field(default_factory=list)

    def take(self, seq: int, at: int, packed: bytes) -> None:
        self.numbers.append(seq)
        try:
            events = decode(packed)
        except msgspec.DecodeError:
            self.spoiled.append((seq, at, packed))
            return
        if events and not self.tally.events:
            self.at = events[0].at
        self.tally.add(events)


class _OvertakenError(Exception):
    """Another process froze the same batches in the meantime."""


class Spool(JournalFile):
    """Journal and outbox in one SQLite file, or in memory.

    :param limit: bytes that may wait before nothing more is taken.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout: float = 2.5,
        read_only: bool = False,
        limit: int = JOURNAL_MB * 1_000_000,
    ) -> None:
        super().__init__(
            path, synchronous=synchronous, busy_timeout=busy_timeout, read_only=read_only
        )
        self._limit = limit

    def append(self, events: Sequence[Event]) -> set[int]:
        """Writes events as one batch, durably, all or nothing.

        :raises LedgerUnavailable: as much waits as may.
        :raises sqlite3.Error: nothing was written.
        """
        if reason := self.full:
            raise LedgerUnavailable(reason)
        return super().append(events)

    @property
    def full(self) -> str:
        """Why nothing more is taken; empty while there is room."""
        if self.size < self._limit:
            return ""
        return (
            f"the store has taken too little for too long: {self._limit // 1_000_000} MB wait in "
            "the journal, which is as much as may"
        )

    def freeze(self, shards: int, enough: int = PARCEL) -> bool:
        """Takes the oldest batches off the journal and puts what they add up to into the outbox,
        in one transaction; `False` when no batch waits, or another process was faster."""
        # Outside of the transaction, so that the reports of all workers need not wait for it.
        oldest = self._oldest_batches(enough)
        if not oldest.numbers:
            return False
        deltas = oldest.tally.deltas()
        known = self._admitted(deltas)
        deltas = admit(deltas, known)
        try:
            with self._writing() as db:
                _take(db, oldest.numbers)
                db.executemany("INSERT INTO spoiled VALUES (?, ?, ?)", oldest.spoiled)
                db.executemany(
                    "INSERT OR IGNORE INTO admitted VALUES (?, ?, ?, ?)",
                    {
                        (day, site, dimension, value)
                        for site, dimension, day, value, _ in deltas.days
                        if value != OTHER and value not in known[site, day, dimension]
                    },
                )
                if deltas.days:
                    _post(db, shards, oldest.at, oldest.tally.events, pack(deltas))
        except _OvertakenError:
            return False
        return True

    def _oldest_batches(self, enough: int) -> _Oldest:
        oldest = _Oldest()
        with self._lock:
            rows = self._connected().execute("SELECT seq, at, batch FROM journal ORDER BY seq")
            for seq, at, packed in rows:
                oldest.take(seq, at, packed)
                if oldest.tally.events >= enough:
                    break
            rows.close()
        return oldest

    def _admitted(self, deltas: Deltas) -> dict[tuple[str, int, str], set[str]]:
        found = {(site, day, dimension): set[str]() for site, dimension, day, *_ in deltas.days}
        with self._lock:
            for site, day in deltas.places:
                for dimension, value in self._connected().execute(
                    "SELECT dimension, value FROM admitted WHERE day = ? AND site = ?", (day, site)
                ):
                    found.setdefault((site, day, dimension), set()).add(value)
        return found

    def next(self) -> Waiting | None:
        """Returns the oldest parcel that waits; those that cannot be read are set aside."""
        node = self.node
        while True:
            with self._lock:
                row = (
                    self._connected()
                    .execute(
                        "SELECT seq, shard, events, parcel FROM outbox WHERE NOT spoiled "
                        "ORDER BY seq LIMIT 1"
                    )
                    .fetchone()
                )
            if row is None:
                return None
            seq, shard, events, packed = row
            try:
                return Waiting(Parcel(node, seq, shard, unpack(packed)), events)
            except msgspec.DecodeError:
                self.set_aside(seq)

    def set_aside(self, seq: int) -> None:
        """Has a parcel wait until `restore`, so that those behind it are shipped."""
        with self._writing() as db:
            db.execute("UPDATE outbox SET spoiled = 1 WHERE seq = ?", (seq,))

    @property
    def parcels(self) -> int:
        """How many parcels wait."""
        (parcels,) = self._first("SELECT COUNT(*) FROM outbox WHERE NOT spoiled") or (0,)
        return parcels

    def shipped(self, parcel: Parcel) -> None:
        """Forgets a parcel that the store has acknowledged."""
        with self._writing() as db:
            db.execute("DELETE FROM outbox WHERE seq = ?", (parcel.seq,))

    def restore(self) -> int:
        """Lets spoiled batches and parcels be tried again; returns how many."""
        with self._writing() as db:
            parcels = db.execute("UPDATE outbox SET spoiled = 0 WHERE spoiled").rowcount
        return parcels + super().restore()

    def expire(self, now: float, keep_days: int = KEEP_DAYS) -> int:
        """Forgets ids and admitted values, a little at a time: call it again until it returns
        0. Figures are the store's to expire."""
        oldest = int(now) // DAY - min(REMEMBER_ADMITTED, keep_days)
        removed = super().expire(now)
        with self._writing() as db:
            return removed + remove(
                db, "admitted", "day, site, dimension, value", "day < ?", oldest
            )

    def health(self) -> dict[str, object]:
        """Returns what a journal tells, and `outbox_parcels`, `spoiled_parcels`; the age is that
        of the oldest event that the store does not have."""
        told = super().health()
        parcels, at = self._first("SELECT COUNT(*), MIN(at) FROM outbox WHERE NOT spoiled") or (
            0,
            0,
        )
        (spoiled,) = self._first("SELECT COUNT(*) FROM outbox WHERE spoiled") or (0,)
        if parcels:
            told["journal_age"] = max(0, int(time.time()) - at)
        return {**told, "outbox_parcels": parcels, "spoiled_parcels": spoiled}

    @property
    def size(self) -> int:
        """Bytes of the batches and parcels that wait."""
        (parcels,) = self._first("SELECT COALESCE(SUM(LENGTH(parcel)), 0) FROM outbox") or (0,)
        return super().size + parcels


def _take(db: sqlite3.Connection, batches: list[int]) -> None:
    took = db.execute(
        "DELETE FROM journal WHERE seq BETWEEN ? AND ?", (batches[0], batches[-1])
    ).rowcount
    if took != len(batches):
        raise _OvertakenError


def _post(db: sqlite3.Connection, shards: int, at: int, events: int, packed: bytes) -> None:
    (last,) = db.execute(
        "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
    ).fetchone()
    # The clock keeps a file that was restored from a copy from using the copy's numbers again.
    seq = max(last + 1, time.time_ns() // 1_000_000)
    db.execute(
        "INSERT INTO outbox (seq, shard, at, events, parcel) VALUES (?, ?, ?, ?, ?)",
        (seq, seq % shards, at, events, packed),
    )
