"""Keeps a store in order: opens it, writes to it, folds and expires while it holds the lease."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from adguard.ledger.connect import explain, locked, passing, unwritable
from adguard.ledger.errors import LedgerUnavailable
from adguard.ledger.events import Event
from adguard.ledger.expiry import Expiry
from adguard.ledger.lease import Lease
from adguard.ledger.location import Location
from adguard.ledger.opening import open_remote
from adguard.ledger.shipper import Shipper
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import KEEP_DAYS, Store

__all__ = ["Keeper"]

logger = logging.getLogger("adguard.ledger")

RETRY_AFTER = 1.0
STOP_WITHIN = 2.0
IMPATIENT = 0.2
"""Seconds to wait for another process's transaction while it has been waited for in vain: reports
that queue behind one another, and a server that has to stop, must not wait for it each anew."""


class Keeper:
    """The only one in a process who writes. Not for several threads, `store` aside.

    :param location: a store, `none` aside.
    :param busy_timeout: seconds to wait for another process's transaction.
    :param keep_days: days that figures are kept.
    :param ship_every: seconds between two parcels to a store elsewhere.
    :raises StoreURLError: the store needs an extra that is missing.
    """

    def __init__(
        self,
        location: Location,
        busy_timeout: float = 2.5,
        *,
        keep_days: int = KEEP_DAYS,
        ship_every: float = 5.0,
    ) -> None:
        self._location = location
        self._busy_timeout = busy_timeout
        self._keep_days = keep_days
        self._ship_every = ship_every
        self._remote = None if location.address is None else open_remote(location.address)
        self._memory = self._file(None)
        self._store: SqliteStore | Spool | None = None
        self._shipper: Shipper | None = None
        self._lease = Lease(None)
        self._retry_at = 0.0
        self._expiry = Expiry()
        self._logged: set[str] = set()
        self._impatient = False
        self._facts: dict[str, object] = {}
        self.degraded = ""
        self.trouble = ""

    @property
    def store(self) -> Store:
        """Where the figures can be read; safe in any thread."""
        if self._remote is not None:
            return self._remote
        path = None if self.degraded else self._location.path
        found = self._memory if path is None else self._file(path)
        assert isinstance(found, SqliteStore)  # noqa: S101
        return found

    @property
    def waiting(self) -> str:
        """Why events wait on this node for a store elsewhere, as far as this process knows."""
        return self._shipper.trouble if self._shipper is not None else ""

    @property
    def facts(self) -> dict[str, object]:
        """What an operator should know, as of the last round of tending."""
        shipped = {} if self._shipper is None else self._shipper.facts
        return {**self._facts, **shipped}

    def append(self, events: Sequence[Event]) -> set[int]:
        """Writes events durably, all or nothing; returns the indexes of those known already.

        :raises LedgerUnavailable: nothing was written.
        """
        try:
            known = self._opened().append(events)
        except LedgerUnavailable as error:
            self.trouble = error.reason
            raise
        except Exception as error:
            raise self._fail(error) from error
        self._went_well()
        return known

    def append_late(self, events: Sequence[Event]) -> None:
        """Writes, as `append`, events that could not be written before. While the store stays open,
        trouble with them is not told as `trouble`: reports may fit where these do not.

        :raises LedgerUnavailable: nothing was written.
        """
        trouble = self.trouble
        try:
            self.append(events)
        except LedgerUnavailable:
            if self._store is not None:
                self.trouble = trouble
            raise

    def open(self) -> None:
        """Opens the store ahead of its first event; trouble is told by `trouble`, not raised."""
        try:
            self._opened()
        except LedgerUnavailable:
            pass
        except Exception as error:
            self._fail(error)

    def tend(self) -> bool:
        """Adds up or ships, and expires a little, if we hold the lease; `True` when there is more
        to do."""
        store = self._store
        if store is None:
            return False
        try:
            held = self._lease.held()
            more = held and (self._carry(store) or self._expire(store))
            if not more:
                self._facts = {**store.health(), "folding": held}
            self._went_well(store.full if isinstance(store, Spool) else "")
        except Exception as error:
            self._fail(error)
            return False
        return more

    def close(self) -> None:
        """Lets go of the file. Figures in memory live as long as the keeper."""
        if self._shipper is not None:
            self._shipper.stop(STOP_WITHIN)
            self._shipper = None
        if self._store is not None and self._store is not self._memory:
            self._store.close()
        self._store = None
        self._lease.release()

    def dispose(self) -> None:
        """Closes for good, figures in memory included."""
        self.close()
        self._memory.close()
        if self._remote is not None:
            self._remote.close()

    def forget(self) -> tuple[object, ...]:
        """Begins afresh in the child of a fork, after `close` in the parent; returns what is not
        ours to close."""
        inherited = (self._memory, self._remote)
        self._memory = self._file(None)
        if self._location.address is not None:
            self._remote = open_remote(self._location.address)
        return inherited

    def _file(self, path: Path | None) -> SqliteStore | Spool:
        where = self._location
        if where.address is None:
            return SqliteStore(path, synchronous=where.synchronous, busy_timeout=self._busy_timeout)
        return Spool(
            path,
            synchronous=where.synchronous,
            busy_timeout=self._busy_timeout,
            limit=where.journal_mb * 1_000_000,
        )

    def _opened(self) -> SqliteStore | Spool:
        if self._store is not None:
            return self._store
        if time.monotonic() < self._retry_at:
            raise LedgerUnavailable(self.trouble)
        if self._location.path is None or self.degraded:
            self._store = self._memory
            return self._store
        store = self._file(self._location.path)
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

    def _carry(self, store: SqliteStore | Spool) -> bool:
        if isinstance(store, SqliteStore):
            # Only a full chunk means more: folding what came in meanwhile, batch by batch, would
            # double what a report costs.
            return store.fold() > 0 and store.behind
        if self._shipper is None and self._location.address is not None:
            self._shipper = Shipper(
                store if store is self._memory else self._file(self._location.path),  # type: ignore[arg-type]
                partial(open_remote, self._location.address),
                every=self._ship_every,
                keep_days=self._keep_days,
            )
        return False

    def _expire(self, store: SqliteStore | Spool) -> bool:
        if not self._expiry.due():
            return False
        now = time.time()
        if store.expire(now, self._keep_days):
            return True
        if isinstance(store, SqliteStore) and store.close_days(now, self._keep_days):
            return True
        self._expiry.done()
        return False

    def _fail(self, error: Exception) -> LedgerUnavailable:
        self.trouble = explain(error)
        if self.trouble not in self._logged:
            self._logged.add(self.trouble)
            logger.error("%s: %s", self._location.path or "memory:", self.trouble)
        if self._store is None or (not passing(error) and self._store is not self._memory):
            self.close()
            self._retry_at = time.monotonic() + RETRY_AFTER
        elif locked(error):
            self._store.wait_for_others(IMPATIENT)
            self._impatient = True
        return LedgerUnavailable(self.trouble)

    def _went_well(self, trouble: str = "") -> None:
        self.trouble = trouble
        if self._impatient and self._store is not None:
            self._store.wait_for_others(self._busy_timeout)
        self._impatient = False
