"""How many pages went out, for the coverage: what was measured, of what was served."""

from __future__ import annotations

import threading
from collections.abc import Callable

from adguard.ledger import Event, Ledger
from adguard.tally import Tally

EVERY = 60.0
"""Seconds: a process notes what it served at most once a minute."""


class PagesServed:
    """Notes the pages of one process in the ledger, many in one event.

    Pages themselves pay nothing: the tally counts them anyway, and what is new there since the last
    time is noted in the background.

    :param site: the name under which figures are kept.
    :param version: says what is in force.
    :param now: seconds since the epoch, UTC.
    """

    def __init__(
        self, tally: Tally, ledger: Ledger, site: str, version: Callable[[], str], now: float
    ) -> None:
        self._tally = tally
        self._ledger = ledger
        self._site = site
        self._version = version
        self._lock = threading.Lock()
        self._noted = 0
        self._since = now

    def note_if_due(self, now: float) -> None:
        """Notes what was served since the last time, if that was a minute ago."""
        if not 0 <= now - self._since < EVERY:
            self.note(now)

    def note(self, now: float) -> None:
        """Notes what was served since the last time, under that time: pages of before midnight
        belong to their own day."""
        with self._lock:
            served, since = self._tally.served, self._since
            count, self._noted, self._since = served - self._noted, served, now
        if count > 0:
            self._ledger.note(
                Event(
                    id="",
                    site=self._site,
                    at=int(since),
                    kind="served",
                    version=self._version(),
                    count=count,
                )
            )
