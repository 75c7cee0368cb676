"""How many pages went out, for the coverage: what was measured, of what was served."""

from __future__ import annotations

import threading
from collections.abc import Callable

from adguard.forks import start_over_in_child
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
    :param clock: seconds since the epoch, UTC.
    """

    def __init__(
        self,
        tally: Tally,
        ledger: Ledger,
        site: str,
        version: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._tally = tally
        self._ledger = ledger
        self._site = site
        self._version = version
        self.clock = clock
        self._begin(0)
        start_over_in_child(self)

    def _begin(self, noted: int) -> None:
        self._lock = threading.Lock()
        self._noted = noted
        self._since = self.clock()

    def note_if_due(self) -> None:
        """Notes what was served since the last time, if that was a minute ago."""
        if not 0 <= self.clock() - self._since < EVERY:
            self.note()

    def note(self) -> None:
        """Notes what was served since the last time, under that time: pages of before midnight
        belong to their own day."""
        with self._lock:
            served, since = self._tally.served, self._since
            count, self._noted, self._since = served - self._noted, served, self.clock()
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

    def start_over(self) -> None:
        """Begins afresh in the child of a fork: pages of before are its parent's to note."""
        self._begin(self._tally.served)
