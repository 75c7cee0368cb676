"""Carries a node's journal to its store, in a thread and on connections of its own: a store that
does not answer must not slow a report."""

from __future__ import annotations

import contextlib
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adguard.ledger.connect import explain
from adguard.ledger.errors import DoubtfulError, StoreError
from adguard.ledger.expiry import Expiry
from adguard.ledger.spool import PARCEL, Spool, Waiting
from adguard.ledger.store import Store

__all__ = ["Shipper", "ship_next"]

logger = logging.getLogger("adguard.ledger")

LONGEST_PAUSE = 60.0


def ship_next(spool: Spool, store: Store) -> int:
    """Ships the oldest parcel, made of the oldest batches if none waits; returns of how many
    events it was, 0 when nothing waits or the parcel was set aside.

    A parcel leaves the outbox after the store has acknowledged it. Whoever is killed in between
    ships it again, and the store knows it. One of which the store cannot know any more is set
    aside: told as spoiled, rather than counted twice.

    :raises StoreError: the store did not take it. It stays where it is.
    :raises sqlite3.Error: the spool cannot be read or written.
    """
    waiting = spool.next()
    if waiting is None:
        # Frozen no sooner than the store answers: its shards decide where parcels go.
        if not spool.freeze(store.shards):
            return 0
        waiting = spool.next()
    if waiting is None:
        return 0
    try:
        with _freezing_ahead(spool, store.shards, waiting):
            store.ship(waiting.parcel)
    except DoubtfulError as error:
        logger.warning("A parcel of %d events was set aside: %s", waiting.events, error)
        spool.set_aside(waiting.parcel.seq)
        return 0
    spool.shipped(waiting.parcel)
    return waiting.events


@contextmanager
def _freezing_ahead(spool: Spool, shards: int, shipped: Waiting) -> Iterator[None]:
    """Makes the next parcel while a full one is on its way: there is a backlog, and the store
    takes as long as freezing does. Never more than one, or a store that refuses would get ever
    more of them."""
    if shipped.events < PARCEL or spool.parcels > 1:
        yield
        return
    thread = threading.Thread(target=_freeze, args=(spool, shards), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _freeze(spool: Spool, shards: int) -> None:
    # What goes wrong here goes wrong again when it is the next parcel's turn, and is told then.
    with contextlib.suppress(sqlite3.Error, StoreError):
        spool.freeze(shards)


class Shipper:
    """A thread that ships until it is stopped. It starts at once and is used once.

    :param spool: what it empties.
    :param connect: makes the store; called in the thread.
    :param every: seconds between two parcels while there are few events.
    :param keep_days: days that the store keeps figures.
    """

    def __init__(
        self, spool: Spool, connect: Callable[[], Store], *, every: float, keep_days: int
    ) -> None:
        self._spool = spool
        self._connect = connect
        self._every = every
        self._keep_days = keep_days
        self._stop = threading.Event()
        self._expiry = Expiry()
        self._failures = 0
        self._logged: set[str] = set()
        self.trouble = ""
        self.shipped_events = self.shipped_parcels = 0
        self._thread = threading.Thread(target=self._run, name="adguard-shipper", daemon=True)
        self._thread.start()

    @property
    def facts(self) -> dict[str, object]:
        """What an operator should know: `shipped_parcels` and `shipped_events` since this thread
        started, `shipping` is `ok` or `waiting`."""
        return {
            "shipping": "waiting" if self.trouble else "ok",
            "shipped_parcels": self.shipped_parcels,
            "shipped_events": self.shipped_events,
        }

    def stop(self, timeout: float) -> bool:
        """Ends the thread after the step it is in; `False` when that takes longer than `timeout`
        seconds. It then ends by itself, touching the spool no more."""
        self._stop.set()
        self._thread.join(timeout)
        self._spool.retire()
        return not self._thread.is_alive()

    def _run(self) -> None:
        store: Store | None = None
        pause = 0.0
        try:
            while not self._stop.wait(pause):
                try:
                    if store is None:
                        store = self._connect()
                        store.migrate()
                    shipped = self._step(store)
                except Exception as error:
                    pause = self._failed(error)
                else:
                    self._recovered()
                    pause = 0.0 if shipped >= PARCEL else self._every
        finally:
            if store is not None:
                with contextlib.suppress(Exception):
                    store.close()

    def _step(self, store: Store) -> int:
        shipped = ship_next(self._spool, store)
        if shipped:
            self.shipped_parcels += 1
            self.shipped_events += shipped
        if self._expiry.due() and not store.expire(time.time(), self._keep_days):
            self._expiry.done()
        return shipped

    def _failed(self, error: Exception) -> float:
        if self._stop.is_set():
            return 0.0
        if isinstance(error, sqlite3.Error):
            self.trouble = explain(error)
        elif isinstance(error, StoreError):
            self.trouble = str(error)
        else:
            self.trouble = f"the store failed ({type(error).__name__})"
        if self.trouble not in self._logged:
            self._logged.add(self.trouble)
            logger.warning("Events wait in the journal: %s", self.trouble)
        self._failures += 1
        return random.uniform(0.5, 1.0) * min(LONGEST_PAUSE, 2.0 ** min(self._failures, 10))  # noqa: S311

    def _recovered(self) -> None:
        if self.trouble:
            logger.info("The store takes events again.")
        self.trouble = ""
        self._failures = 0
        self._logged.clear()
