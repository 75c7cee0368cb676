"""When a server may remove what is old: what is expired never comes back."""

from __future__ import annotations

import time

__all__ = ["Expiry"]

FIRST = 600.0
EVERY = 3600.0
JUMP = 600.0
"""Seconds by which the clock may be set before nothing is expired for a round."""


class Expiry:
    """Says when a round is due: ten minutes after the start, then every hour.

    A machine may start with a wrong clock and be corrected, or its clock may be set. Neither is
    believed at once: a round is left out when the clock was set since the round before.
    """

    def __init__(self) -> None:
        self._due = time.monotonic() + FIRST
        self._offset = _offset()

    def due(self) -> bool:
        """Whether to expire now; true until `done` is called."""
        if time.monotonic() < self._due:
            return False
        before, self._offset = self._offset, _offset()
        if abs(self._offset - before) < JUMP:
            return True
        self.done()
        return False

    def done(self) -> None:
        """Nothing is left to expire in this round."""
        self._due = time.monotonic() + EVERY


def _offset() -> float:
    return time.time() - time.monotonic()
