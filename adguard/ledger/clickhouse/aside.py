"""A small table beside the figures, by which nodes agree: made when needed, and kept short."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from adguard.ledger.clickhouse.link import Connect, Link, Refusal, literal
from adguard.ledger.clickhouse.servers import Servers
from adguard.ledger.clickhouse.tables import SPAN
from adguard.ledger.errors import StoreError
from adguard.ledger.events import DAY
from adguard.ledger.location import Address, Host

__all__ = ["SHARD", "Aside"]

SHARD = 0
"""All rows stand on one shard, so that one server's answer is the whole table."""


class Aside:
    """A table of `columns`, and `born`: the servers' clock to the second.

    :param columns: what each column is, by name.
    :param key: by what rows are found.
    :param dated: the column in Unix seconds that says how old a row is.
    :param keep: seconds by which `dated` may lie back.
    """

    def __init__(
        self,
        address: Address,
        connect: Connect,
        name: str,
        columns: Mapping[str, str],
        *,
        key: Sequence[str],
        dated: str,
        keep: int,
    ) -> None:
        self._address = address
        self._name = name
        self._table = f"`{address.database}`.{name}"
        self._columns = columns
        self._key = key
        self._dated = dated
        self._keep = keep
        self.servers = Servers(address, connect)
        self.ready: set[Host] = set()

    def put(self, row: Sequence[Any], token: str) -> None:
        """Inserts a row; the same again, by the same token, is none where the server can tell.

        :raises StoreError: it is not known whether it was.
        """

        def put(host: Host, link: Link) -> None:
            self._prepare(host, link)
            link.put(self._table, tuple(self._columns), [row], token)

        self.servers.of(SHARD, put)

    def rows(self, column: str, value: str, order: str) -> list[tuple[Any, ...]]:
        """Returns the rows in which a column holds a value.

        :raises StoreError: they cannot be read.
        """

        def ask(host: Host, link: Link) -> list[tuple[Any, ...]]:
            self._prepare(host, link)
            return link.ask(
                f"SELECT {', '.join(self._columns)} FROM {self._table} "
                f"WHERE {column} = {literal(value)} ORDER BY {order}"
            )

        return self.servers.of(SHARD, ask)

    def sync(self) -> None:
        """Waits for what another replica took before now; without an answer, does nothing."""
        if self._address.cluster:
            with suppress(StoreError):
                self.servers.of(
                    SHARD, lambda _, link: link.ask(f"SYSTEM SYNC REPLICA {self._table}")
                )

    def close(self) -> None:
        """Lets go of connections."""
        self.servers.close()

    def _prepare(self, host: Host, link: Link) -> None:
        """Makes the table on the server at hand and, the first time, on the other replicas that
        answer: a replica without it would know nothing when it is needed."""
        if host in self.ready:
            return
        first = not self.ready
        self._make(host, link)
        if first:
            for other in self.servers.shards()[SHARD]:
                if other != host:
                    with suppress(StoreError):
                        self.servers.on(other, self._make)

    def _make(self, host: Host, link: Link) -> None:
        columns = [f"{name} {kind}" for name, kind in self._columns.items()]
        engine = "MergeTree()"
        if self._address.cluster:
            place = f"/clickhouse/tables/{{shard}}/{self._address.database}/{self._name}"
            engine = f"ReplicatedMergeTree('{place}', '{{replica}}')"
        link.ask(
            f"CREATE TABLE IF NOT EXISTS {self._table} "
            f"({', '.join(columns)}, born DateTime DEFAULT now()) ENGINE = {engine} "
            f"PARTITION BY intDiv({self._dated}, {SPAN * DAY}) ORDER BY ({', '.join(self._key)})"
        )
        oldest = (int(time.time()) - self._keep) // (SPAN * DAY)
        database, table = literal(self._address.database), literal(self._name)
        cuts = link.ask(
            "SELECT DISTINCT partition FROM system.parts "
            f"WHERE active AND database = {database} AND table = {table}"
        )
        for (cut,) in cuts:
            if int(cut) < oldest:
                # In a cluster of 18.16 only the shard's leader may; it does when it is asked.
                with suppress(Refusal):
                    link.ask(f"ALTER TABLE {self._table} DROP PARTITION ID {literal(cut)}")
        self.ready.add(host)
