"""What the stores that the suite runs on have in common, and how each is interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from adguard.ledger.clickhouse import ClickHouseStore
from adguard.ledger.clickhouse.link import Connect, Link, NativeLink, Unreachable
from adguard.ledger.location import Address, Host, locate
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Store
from tests.stores.cluster import Cluster
from tests.stores.embedded import Embedded, EmbeddedLink

__all__ = ["ClusterEngine", "EmbeddedEngine", "Engine", "SqliteEngine", "address_of"]


class Engine(Protocol):
    """A kind of store with tables of its own."""

    def open(self) -> Store:
        """Another store on the same tables, as another node would open it."""

    def killed(self, store: Any, step: int) -> AbstractContextManager[None]:
        """Inside, the store's work ends after its `step`-th step, as if it had been killed."""

    def settle(self) -> None:
        """Returns when what was acknowledged can be read everywhere."""

    def close(self) -> None: ...


def address_of(url: str) -> Address:
    address = locate(url).address
    assert address is not None
    return address


class SqliteEngine:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "figures.sqlite3"
        self._opened: list[Store] = []

    def open(self) -> Store:
        store = SqliteStore(self._file)
        store.migrate()
        self._opened.append(store)
        return store

    @contextmanager
    def killed(self, store: SqliteStore, step: int) -> Iterator[None]:
        # A step is some instructions of SQLite's machine.
        db = store._connected()
        db.set_progress_handler(lambda: 1, 20 * 2**step)
        try:
            yield
        finally:
            db.set_progress_handler(None, 0)

    def settle(self) -> None:
        """What is committed can be read."""

    def close(self) -> None:
        for store in self._opened:
            store.close()


class _Breaking:
    """Connections that break right after an insert, before its acknowledgement arrives."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.left: int | None = None

    def __call__(self, address: Address, host: Host) -> Link:
        if self.left is not None and self.left < 0:
            raise Unreachable("the node is dead")
        return _BreakingLink(self._connect(address, host), self)


class _BreakingLink:
    def __init__(self, link: Link, owner: _Breaking) -> None:
        self._link = link
        self._owner = owner

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        self._check()
        return self._link.ask(sql)

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        self._check()
        self._link.put(table, columns, rows, token)
        if self._owner.left is not None:
            self._owner.left -= 1
            self._check()

    def _check(self) -> None:
        if self._owner.left is not None and self._owner.left < 0:
            raise Unreachable("the node is dead")

    def close(self) -> None:
        self._link.close()


class ClickHouseEngine:
    """Any ClickHouse."""

    def __init__(self, address: Address, connect: Connect) -> None:
        self._address = address
        self._connect = connect
        self._opened: list[ClickHouseStore] = []
        self._breaking: dict[ClickHouseStore, _Breaking] = {}

    def open(self) -> ClickHouseStore:
        breaking = _Breaking(self._connect)
        store = ClickHouseStore(self._address, breaking)
        self._breaking[store] = breaking
        return store

    @contextmanager
    def killed(self, store: ClickHouseStore, step: int) -> Iterator[None]:
        self._breaking[store].left = step
        try:
            yield
        finally:
            self._breaking[store].left = None

    def close(self) -> None:
        for store in self._breaking:
            store.close()


class ClusterEngine(ClickHouseEngine):
    """The cluster on loopback."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(address_of(cluster.url), NativeLink)
        self._cluster = cluster

    def settle(self) -> None:
        self._cluster.settle()


class EmbeddedEngine(ClickHouseEngine):
    """chdb: a single server of today. Its process is killed, too."""

    def __init__(self, process: Embedded) -> None:
        super().__init__(
            address_of("clickhouse://embedded/figures"), lambda *_: EmbeddedLink(process)
        )
        self._process = process

    @contextmanager
    def killed(self, store: ClickHouseStore, step: int) -> Iterator[None]:
        with super().killed(store, step):
            yield
        self._process.kill()

    def settle(self) -> None:
        """There is one server."""
