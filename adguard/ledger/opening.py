"""Opens a store by its address, for those who read figures without recording any."""

from __future__ import annotations

from adguard.ledger.errors import StoreError
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Store, locate

__all__ = ["open_store"]


def open_store(url: str | None) -> Store:
    """Opens the store at an address (see `locate`); asking it for figures never writes.

    :raises StoreURLError: the address makes no sense.
    :raises StoreError: it names a store that only its own process can read.
    """
    location = locate(url)
    if location.kind == "memory":
        raise StoreError(
            "memory: keeps figures inside the server only; use sqlite:///absolute/path to read "
            "them from outside"
        )
    if location.kind == "none":
        raise StoreError("the store is 'none': nothing is recorded, so there is nothing to read")
    return SqliteStore(location.path, synchronous=location.synchronous)
