"""Opens a store by its address, for those who read figures without recording any."""

from __future__ import annotations

from importlib.util import find_spec

from adguard.ledger.errors import StoreError, StoreURLError
from adguard.ledger.location import Address, Location, locate
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Store

__all__ = ["open_journal", "open_remote", "open_store"]


def open_store(url: str | None) -> Store:
    """Opens the store at an address (see `locate`); asking it for figures never writes.

    :raises StoreURLError: the address makes no sense, or needs an extra that is missing.
    :raises StoreError: it names a store that only its own process can read.
    """
    location = locate(url)
    if location.address is not None:
        return open_remote(location.address)
    _refuse_invisible(location)
    return SqliteStore(location.path, synchronous=location.synchronous)


def open_journal(url: str | None, *, read_only: bool = False) -> SqliteStore | Spool:
    """Opens the file in which this machine's events wait: a SQLite store, or a node's spool.

    :param read_only: look, but neither write nor make anything.
    :raises StoreURLError: the address makes no sense.
    :raises StoreError: there is no such file for others to see.
    """
    location = locate(url)
    _refuse_invisible(location)
    kind = SqliteStore if location.address is None else Spool
    return kind(location.path, synchronous=location.synchronous, read_only=read_only)


def open_remote(address: Address) -> Store:
    """Makes a ClickHouse store, without reaching for it yet.

    :raises StoreURLError: what it needs is not installed.
    """
    if find_spec("clickhouse_driver") is None:
        raise StoreURLError(
            "a clickhouse:// store needs clickhouse-driver, which is an extra: "
            "pip install 'adguard-toolkit[clickhouse]'"
        )
    # Not at the top: who keeps figures in a file pays nothing for it.
    from adguard.ledger.clickhouse import ClickHouseStore  # noqa: PLC0415

    return ClickHouseStore(address)


def _refuse_invisible(location: Location) -> None:
    if location.kind == "memory":
        raise StoreError(
            "memory: keeps figures inside the server only; use sqlite:///absolute/path to read "
            "them from outside"
        )
    if location.kind == "none":
        raise StoreError("the store is 'none': nothing is recorded, so there is nothing to read")
