"""
What can go wrong while recording.

    LedgerError
    ├── LedgerFull           the queue is full: answer 503 with Retry-After
    ├── LedgerUnavailable    the store cannot take the event now: answer 503 with Retry-After
    └── StoreError           a store that cannot be opened or read; the message says what to do
        ├── DoubtfulError    nobody can tell any more whether a parcel was added
        └── StoreURLError    a store address that makes no sense; also a ValueError
"""

from __future__ import annotations

__all__ = [
    "DoubtfulError",
    "LedgerError",
    "LedgerFull",
    "LedgerUnavailable",
    "StoreError",
    "StoreURLError",
]


class LedgerError(Exception):
    """The root of every error the ledger raises."""


class LedgerFull(LedgerError):  # noqa: N818
    """Too many events wait for the disk. Nothing of this one was kept.

    :param waiting: how many events were waiting.
    """

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} events wait to be recorded, which is as many as we keep")
        self.waiting = waiting


class LedgerUnavailable(LedgerError):  # noqa: N818
    """The store could not take the event. If it has an id, nothing of it was kept, and sending it
    again is safe.

    :param reason: one short sentence, without any path of the machine.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreError(LedgerError):
    """A store cannot be opened or read."""


class DoubtfulError(StoreError):
    """A part of a parcel may have been added, so long ago that the store has forgotten which."""


class StoreURLError(StoreError, ValueError):
    """A store address that cannot be understood or is not supported."""
