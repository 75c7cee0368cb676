"""Opens the memory of taken codes that belongs to a store."""

from __future__ import annotations

from adguard.ledger.location import Location
from adguard.passes.taken import LocalTaken, MemoryTaken, Taken

__all__ = ["open_taken"]


def open_taken(location: Location) -> Taken:
    """Returns the memory that belongs to a store; nothing is opened yet."""
    if location.path is None:
        return MemoryTaken()
    if location.address is None:
        return LocalTaken(location.path)
    from adguard.passes.shared import ClickHouseTaken  # noqa: PLC0415 -- an extra

    return ClickHouseTaken(location.path, location.address)
