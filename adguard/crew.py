"""A few threads for what may take long, and never more of them than that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from adguard.forks import start_over_in_child

__all__ = ["Crew"]

_T = TypeVar("_T")
AGAIN = 0.1
"""Seconds until somebody who was turned away asks again."""


class _BusyError(Exception):
    """Threads that nobody waits for any more are all still at work."""


class Crew:
    """Runs slow work outside of the event loop, at most `size` pieces at once; more wait.

    Whoever loses patience leaves at once, but the thread goes on, with its connection: it counts
    until it has ended. The threads of the site itself are not used.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.start_over()
        start_over_in_child(self)

    def start_over(self) -> None:
        """Begins afresh in the child of a fork: who was at work there stayed with the parent."""
        self._places = threading.BoundedSemaphore(self._size)
        self._queue: anyio.CapacityLimiter | None = None

    async def run(self, work: Callable[[], _T]) -> _T:
        """Returns what `work` returns, or raises what it raises. May be cancelled."""
        if self._queue is None:
            self._queue = anyio.CapacityLimiter(self._size)
        while True:
            try:
                return await anyio.to_thread.run_sync(
                    self._do, work, abandon_on_cancel=True, limiter=self._queue
                )
            except _BusyError:
                await anyio.sleep(AGAIN)

    def _do(self, work: Callable[[], _T]) -> _T:
        # Taken and given back by the thread itself: a limiter of anyio's forgets a thread as soon
        # as nobody waits for it.
        if not self._places.acquire(blocking=False):
            raise _BusyError
        try:
            return work()
        finally:
            self._places.release()
