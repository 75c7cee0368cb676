"""What the rest of the house knows of recording."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Callable
from typing import Protocol

import anyio.to_thread

from adguard.ledger.errors import LedgerFull, LedgerUnavailable, StoreError
from adguard.ledger.events import Event
from adguard.ledger.journal import Journal
from adguard.ledger.keeper import Keeper
from adguard.ledger.location import locate
from adguard.ledger.store import KEEP_DAYS, Store

__all__ = ["CLOSE_WITHIN", "Ledger"]

CLOSE_WITHIN = 5.0
"""Seconds that closing may take."""

WAITING = "the store takes nothing now; events wait in the journal"
OWED = "events that could not be written wait in memory"


class LedgerSettings(Protocol):
    """What the ledger reads of the settings."""

    @property
    def store(self) -> str | None: ...


class Ledger:
    """Records what happened, durably, in the background of any event loop.

    It opens with the first event and needs no lifespan. Several processes may share one store.

    :param settings: their `store` says where; see `adguard.ledger.store.locate`.
    :param delay: seconds a group of events waits for company.
    :param enough: events at which a group waits no longer.
    :param batch: events that a group holds at most.
    :param capacity: events that may wait to be written.
    :param fold_every: seconds between two rounds of adding up, or two parcels.
    :param busy_timeout: seconds to wait for another process's transaction.
    :param keep_days: days that figures are kept.
    :param on_round: called in the background after each round; must be quick.
    :raises StoreURLError: the store's address makes no sense, or needs an extra that is missing.
    """

    def __init__(
        self,
        settings: LedgerSettings,
        *,
        delay: float = 0.02,
        enough: int = 32,
        batch: int = 500,
        capacity: int = 10_000,
        fold_every: float = 5.0,
        busy_timeout: float = 2.5,
        keep_days: int = KEEP_DAYS,
        on_round: Callable[[], None] | None = None,
    ) -> None:
        self._location = locate(settings.store)
        self._keeper = Keeper(
            self._location, busy_timeout, keep_days=keep_days, ship_every=fold_every
        )
        self._journal = Journal(
            self._keeper,
            delay=delay,
            enough=enough,
            batch=batch,
            capacity=capacity,
            tend_every=fold_every,
            on_round=on_round,
        )
        self._off = self._location.kind == "none"
        # Runs when the ledger is dropped, and at the interpreter's exit.
        self._finalizer = weakref.finalize(self, _finish, self._journal, self._keeper)

    def open(self) -> None:
        """Begins to open the store, without waiting for it."""
        if not self._off:
            with contextlib.suppress(LedgerUnavailable):
                self._journal.open()

    async def record(self, event: Event) -> bool:
        """Records one event; returns when it is on the disk.

        An event with an id was not kept when this raises, and sending it again, with the same id,
        is right. One without an id must not be sent again: nobody would know it by then.

        :returns: `False` when an event of this id was recorded before and so this one was not.
        :raises LedgerFull: too many events are waiting. An event without an id is `lost`.
        :raises LedgerUnavailable: the store cannot take it now. An event without an id waits, as
            one that was noted does, until the store takes it.
        """
        if self._off:
            return True
        try:
            commit, index = self._journal.join(event, asyncio.get_running_loop())
        except (LedgerFull, LedgerUnavailable):
            if not event.id:
                self._journal.lost += 1
            raise
        outcome = await commit
        if outcome is None:
            return True
        if isinstance(outcome, LedgerUnavailable):
            raise LedgerUnavailable(outcome.reason)
        return index not in outcome

    def note(self, event: Event) -> None:
        """Records one event in passing: written with the next group or as soon as the store takes
        events again, never waited for, never raising. What finds no room is counted in `health`.
        Works without an event loop."""
        if self._off:
            return
        try:
            self._journal.drop_in(event)
        except (LedgerFull, LedgerUnavailable):
            self._journal.lost += 1

    async def flush(self) -> bool:
        """Waits until every event so far is written; `False` after 5 s without success."""
        return await anyio.to_thread.run_sync(self._journal.flush, CLOSE_WITHIN)

    async def aclose(self) -> None:
        """Writes what waits and closes the store, within 5 s. An event after that opens it
        again."""
        await anyio.to_thread.run_sync(self._journal.close, CLOSE_WITHIN)

    @property
    def store(self) -> Store:
        """The store, for reading figures while we record.

        :raises StoreError: there is none.
        """
        if self._off:
            raise StoreError("the store is 'none': nothing is recorded")
        return self._keeper.store

    def health(self) -> dict[str, object]:
        """Returns how recording goes, from memory, without touching the disk.

        `status` is `ok`, `degraded` (events are kept, but some or all of them only in memory, or
        only on this node) or `unavailable`, and `reason` says why. Counts are of this process
        since its start: `recorded`, `duplicates`, `refused` (the queue was full), `failed` (groups
        that could not be written), `lost` (what nobody sends again and was not kept: too many
        waited, or the process ended first). As of the last round of adding up:
        `journal_batches`, `journal_bytes`, `journal_age` (seconds), `spoiled_batches`, `folding`
        (whether this process holds the lease); with a store elsewhere also `outbox_parcels` and
        `spoiled_parcels`, and where the lease is held, `shipping` (`ok` or `waiting`),
        `shipped_parcels` and `shipped_events`.
        """
        keeper, journal = self._keeper, self._journal
        # What the store said is in the log: it may name hosts, and health is for everybody.
        kept = keeper.degraded or (keeper.waiting and WAITING) or (OWED if journal.owed else "")
        reason = keeper.trouble or kept
        return {
            "status": "unavailable" if keeper.trouble else "degraded" if reason else "ok",
            "reason": reason,
            "kind": self._location.kind,
            "waiting": journal.waiting,
            "recorded": journal.recorded,
            "duplicates": journal.duplicates,
            "refused": journal.refused,
            "failed": journal.failed,
            "lost": journal.lost,
            **keeper.facts,
        }


def _finish(journal: Journal, keeper: Keeper) -> None:
    if journal.close(CLOSE_WITHIN):
        keeper.dispose()
