"""The ClickHouse store: figures of many nodes in one place, every parcel counted once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import Any

from adguard.ledger.clickhouse.link import Connect, Link, NativeLink, Unreachable, literal
from adguard.ledger.clickhouse.migrations import check_version, migrate
from adguard.ledger.clickhouse.reading import ClickHouseFigures, admitted
from adguard.ledger.clickhouse.servers import Servers
from adguard.ledger.clickhouse.tables import (
    APPLIED,
    BEGUN,
    ROLLUPS,
    SPAN,
    WINDOW,
    Tables,
    partition,
    sorted_rows,
)
from adguard.ledger.derived import Values
from adguard.ledger.errors import DoubtfulError, StoreError
from adguard.ledger.events import DAY, Batch
from adguard.ledger.fold import COUNTERS, admit, fold
from adguard.ledger.location import Address, Host
from adguard.ledger.store import KEEP_DAYS, Parcel

__all__ = ["ClickHouseStore"]


class ClickHouseStore:
    """Figures in ClickHouse. For any number of threads and nodes at once.

    Nothing is asked of a server before it is needed, and the tables are made, on every server that
    answers, when the first parcel is shipped. A replica that was away then gets them when it is
    first written to.

    :param address: where, and as whom; see `Address.parse`.
    :param connect: makes a connection.
    """

    def __init__(self, address: Address, connect: Connect = NativeLink) -> None:
        self.address = address
        self._tables = Tables(address.database, address.cluster)
        self._servers = Servers(address, connect)
        self._ready: set[Host] = set()

    @property
    def shards(self) -> int:
        return len(self._servers.shards())

    def migrate(self) -> None:
        """Makes or changes the tables of every server that answers; one that is away has it done
        when it is back and written to.

        :raises StoreError: a server refuses, or none of a shard answers.
        """
        shards = self._servers.shards()
        with ThreadPoolExecutor(sum(map(len, shards))) as pool:
            begun = [[pool.submit(self._try, host) for host in shard] for shard in shards]
        for number, outcomes in enumerate(begun):
            away = [error for outcome in outcomes if (error := outcome.result()) is not None]
            if len(away) == len(outcomes):
                reasons = "; ".join(map(str, away))
                raise StoreError(f"no replica of shard {number + 1} answers: {reasons}")

    def apply(self, batch: Batch) -> bool:
        """Folds a batch and adds it once. Its values are admitted as of now: where nodes fill one
        day's names at the same moment, a batch that failed half-way may be admitted otherwise
        when it is repeated. The recorder therefore ships parcels, which never change."""
        shard = batch.seq % self.shards
        if self._servers.of(shard, partial(self._applied, batch.node, batch.seq)):
            return False
        deltas = fold(batch.events)
        deltas = admit(deltas, admitted(self._ask, self._tables, deltas))
        return self.ship(Parcel(batch.node, batch.seq, shard, deltas))

    def ship(self, parcel: Parcel) -> bool:
        """Adds a parcel once, all of it, to one replica of its shard, the others of which follow;
        `False` when it had been added before.

        Every insert is one block in one partition that says whose it is, so a server drops one
        that it has, whichever replica got it first. What was added wholly is noted in `applied`,
        for the time after blocks are forgotten; what is not there by then, but in `begun`, may
        have been added in part.
        """
        added = self._servers.of(parcel.shard, partial(self._insert, parcel))
        if added is None:
            raise DoubtfulError(
                "it was begun and not finished, and the servers have taken so much since that they "
                "could not tell what of it they have"
            )
        return added

    @contextmanager
    def figures(self) -> Iterator[ClickHouseFigures]:
        """Opens the figures for asking: every answer is from the moment it is asked for, and from
        any replica that answers.

        :raises StoreError: there is nothing to read, or it cannot be read.
        """
        self._servers.any(lambda host, link: check_version(link, self._tables))
        yield ClickHouseFigures(self._ask, self._tables)

    def expire(self, now: float, keep_days: int = KEEP_DAYS) -> int:
        """Removes the partitions (28 days each) of which every day is too old; returns how many
        rows went."""
        oldest = (int(now) // DAY - keep_days) // SPAN
        removed = 0
        for shard in range(self.shards):
            for table in (*ROLLUPS, APPLIED, BEGUN):
                removed += self._servers.of(shard, partial(self._drop, table, oldest))
        return removed

    def health(self) -> dict[str, object]:
        """Returns `shards`, `replicas`, and how many of the replicas cannot be used now
        (`replicas_down`)."""
        shards = self._servers.shards()
        down = 0
        for shard in shards:
            for host in shard:
                try:
                    self._servers.on(host, lambda host, link: link.ask("SELECT 1"))
                except StoreError:
                    down += 1
        return {"shards": len(shards), "replicas": sum(map(len, shards)), "replicas_down": down}

    def close(self) -> None:
        self._servers.close()
        self._ready.clear()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._servers.any(lambda host, link: link.ask(sql))

    def _try(self, host: Host) -> Unreachable | None:
        try:
            self._servers.on(host, self._prepare)
        except Unreachable as error:
            return error
        return None

    def _prepare(self, host: Host, link: Link) -> None:
        migrate(link, self._tables)
        self._ready.add(host)

    def _applied(self, node: str, seq: int, host: Host, link: Link) -> bool:
        if host not in self._ready:
            self._prepare(host, link)
        found = link.ask(
            f"SELECT count() FROM {self._tables.kept(APPLIED)} "
            f"WHERE node = {literal(node)} AND seq = {seq}"
        )
        return found != [(0,)]

    def _insert(self, parcel: Parcel, host: Host, link: Link) -> bool | None:
        """Adds a parcel, unless it was (`False`) or may have been, in part (`None`)."""
        name = f"{parcel.node}/{parcel.seq}"
        blocks = [
            (table, cut, [(*row, name) for row in block])
            for table, rows in sorted_rows(parcel.deltas).items()
            for cut, block in _by_partition(table, rows)
        ]
        most = max(Counter(table for table, _, _ in blocks).values(), default=0)
        today = int(time.time()) // DAY
        try:
            if self._applied(parcel.node, parcel.seq, host, link):
                return False
            if not self._begin(parcel, today, most, link):
                return None
            for table, cut, block in blocks:
                columns = (*ROLLUPS[table], *COUNTERS, "parcel")
                link.put(self._tables.kept(table), columns, block, f"{name}/{cut}")
            mark = (parcel.node, parcel.seq, today)
            link.put(self._tables.kept(APPLIED), ("node", "seq", "day"), [mark], name)
        except StoreError:
            # A table may be gone, or the server another one: look again before the next parcel.
            self._ready.discard(host)
            raise
        return True

    def _begin(self, parcel: Parcel, today: int, blocks: int, link: Link) -> bool:
        """Notes that a parcel is begun; `False` when it was before, and since then any table may
        have got more blocks than its server remembers."""
        begun = self._tables.kept(BEGUN)
        this = f"FROM {begun} WHERE node = {literal(parcel.node)} AND seq = {parcel.seq}"
        if link.ask(f"SELECT count() {this}") == [(0,)]:
            mark = (parcel.node, parcel.seq, today, blocks)
            link.put(begun, ("node", "seq", "day", "blocks"), [mark], f"{parcel.node}/{parcel.seq}")
            return True
        ((since,),) = link.ask(
            f"SELECT sum(blocks) FROM {begun} WHERE born >= (SELECT min(born) {this})"
        )
        return int(since) <= WINDOW

    def _drop(self, table: str, oldest: int, _host: Host, link: Link) -> int:
        """Drops partitions. In a cluster of 18.16 only the shard's leader can."""
        found = link.ask(
            "SELECT partition, sum(rows) FROM system.parts WHERE active "
            f"AND database = {literal(self._tables.database)} "
            f"AND table = {literal(self._tables.kept_name(table))} GROUP BY partition"
        )
        removed = 0
        for cut, rows in found:
            if int(cut) < oldest:
                link.ask(f"ALTER TABLE {self._tables.kept(table)} DROP PARTITION ID {literal(cut)}")
                removed += rows
        return removed


def _by_partition(table: str, rows: list[Values]) -> Iterator[tuple[int, list[Values]]]:
    cut = partial(partition, table)
    for number, block in groupby(sorted(rows, key=cut), key=cut):
        yield number, list(block)
