"""Keeps a store in order: opens it, writes to it, folds and expires while it holds the lease."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from adguard.ledger.connect import explain, passing, unwritable
from adguard.ledger.errors import LedgerUnavailable
from adguard.ledger.events import Event
from adguard.ledger.lease import Lease
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Location

__all__ = ["Keeper"]

logger = logging.getLogger("adguard.ledger")

RETRY_AFTER = 1.0
EXPIRE_EVERY = 3600.0


class Keeper:
    """The only one in a process who writes. Not for several threads, `store` aside.

    :param location: a `sqlite` or `memory` store.
    :param busy_timeout: seconds to wait for another process's transaction.
    """

    def __init__(self, location: Location, busy_timeout: float = 2.5) -> None:
        self._location = location
        self._busy_timeout = busy_timeout
        self._memory = SqliteStore(None)
        self._store: SqliteStore | None = None
        self._lease = Lease(None)
        self._retry_at = 0.0
        self._expire_at = 0.0
        self._logged: set[str] = set()
        self.degraded = ""
        self.trouble = ""
        self.facts: dict[str, object] = {}

    @property
    def store(self) -> SqliteStore:
        """Where the figures can be read; made for the asking, so safe in any thread."""
        if self._location.path is None or self.degraded:
            return self._memory
        return self._file_store(self._location.path)

    def append(self, events: Sequence[Event]) -> set[int]:
        """Writes events durably, all or nothing; returns the indexes of those known already.

        :raises LedgerUnavailable: nothing was written.
        """
        try:
            known = self._opened().append(events)
        except LedgerUnavailable:
            raise
        except Exception as error:
            raise self._fail(error) from error
        self.trouble = ""
        return known

    def open(self) -> None:
        """Opens the store ahead of its first event; trouble is told by `trouble`, not raised."""
        try:
            self._opened()
        except LedgerUnavailable:
            pass
        except Exception as error:
            self._fail(error)

    def tend(self) -> bool:
        """Folds and expires a little, if we hold the lease; `True` when there is more to do."""
        if self._store is None:
            return False
        try:
            held = self._lease.held()
            # Only a full chunk means more: folding what came in meanwhile, batch by batch, would
            # double what a report costs.
            folded = held and self._store.fold() > 0
            more = (folded and self._store.behind) or (held and self._expire(self._store))
            if not more:
                self.facts = {**self._store.health(), "folding": held}
        except Exception as error:
            self._fail(error)
            return False
        self.trouble = ""
        return more

    def close(self) -> None:
        """Lets go of the file. Figures in memory live as long as the keeper."""
        if self._store is not None and self._store is not self._memory:
            self._store.close()
        self._store = None
        self._lease.release()

    def dispose(self) -> None:
        """Closes for good, figures in memory included."""
        self.close()
        self._memory.close()

    def forget(self) -> tuple[object, ...]:
        """Begins afresh in the child of a fork, after `close` in the parent; returns what is not
        ours to close."""
        inherited = (self._memory,)
        self._memory = SqliteStore(None)
        return inherited

    def _file_store(self, path: Path) -> SqliteStore:
        return SqliteStore(
            path, synchronous=self._location.synchronous, busy_timeout=self._busy_timeout
        )

    def _opened(self) -> SqliteStore:
        if self._store is not None:
            return self._store
        if time.monotonic() < self._retry_at:
            raise LedgerUnavailable(self.trouble)
        if self._location.path is None or self.degraded:
            self._store = self._memory
            return self._store
        store = self._file_store(self._location.path)
        try:
            store.migrate()
        except (sqlite3.Error, OSError) as error:
            if not unwritable(error):
                raise
            self.degraded = f"{explain(error)}; figures are kept in memory until the next start"
            logger.warning("%s: %s", self._location.path, self.degraded)
            self._store = self._memory
            return self._store
        self._store = store
        self._lease = Lease(self._location.path.with_name(self._location.path.name + ".lease"))
        return store

    def _expire(self, store: SqliteStore) -> bool:
        if time.monotonic() < self._expire_at:
            return False
        if store.expire(time.time()):
            return True
        self._expire_at = time.monotonic() + EXPIRE_EVERY
        return False

    def _fail(self, error: Exception) -> LedgerUnavailable:
        self.trouble = explain(error)
        if self.trouble not in self._logged:
            self._logged.add(self.trouble)
            logger.error("%s: %s", self._location.path or "memory:", self.trouble)
        if not passing(error) and self._store is not self._memory:
            self.close()
            self._retry_at = time.monotonic() + RETRY_AFTER
        return LedgerUnavailable(self.trouble)
