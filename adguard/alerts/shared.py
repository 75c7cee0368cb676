"""The book of all nodes, in ClickHouse, which has no unique keys: nodes agree by waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, fields

from adguard.alerts.book import KEEP, Entry
from adguard.ledger import StoreError
from adguard.ledger.clickhouse.link import Connect, Link, NativeLink, Refusal, literal
from adguard.ledger.clickhouse.servers import Servers
from adguard.ledger.clickhouse.tables import SPAN
from adguard.ledger.events import DAY
from adguard.ledger.location import Address, Host

__all__ = ["SETTLE", "ClickHouseBook"]

SETTLE = 5.0
"""Seconds between a claim and the look at all claims: more than a node takes from reading the book
to writing into it."""

SHARD = 0
"""All lines stand on one shard, so that one server's answer is the whole book."""

TABLE = "alerts"
_TYPES = {"episode": "UInt32", "turn": "UInt32", "at": "Int64"}
_COLUMNS = tuple(field.name for field in fields(Entry))


class ClickHouseBook:
    """Lines may be written twice here; read is the first, by the servers' clock to the second and
    then by the node's name. Who writes `open` waits before looking whether that is its own.

    :param settle: seconds to wait.
    """

    def __init__(
        self,
        address: Address,
        connect: Connect = NativeLink,
        *,
        settle: float = SETTLE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._servers = Servers(address, connect)
        self._table = f"`{address.database}`.{TABLE}"
        self._settle = settle
        self._sleep = sleep
        self._ready: set[Host] = set()

    def write(self, entry: Entry) -> bool:
        def put(host: Host, link: Link) -> None:
            self._prepare(host, link)
            token = "/".join(map(str, (*entry.key, entry.node)))
            link.put(self._table, _COLUMNS, [astuple(entry)], token)

        self._servers.of(SHARD, put)
        if entry.word != "open":
            return True
        self._sleep(self._settle)
        if self._address.cluster:
            # What another replica took before now is here after this; without it, most likely.
            with suppress(StoreError):
                self._servers.of(
                    SHARD, lambda _, link: link.ask(f"SYSTEM SYNC REPLICA {self._table}")
                )
        return any(
            found.key == entry.key and found.node == entry.node for found in self.read(entry.site)
        )

    def read(self, site: str) -> list[Entry]:
        def ask(host: Host, link: Link) -> list[Entry]:
            self._prepare(host, link)
            rows = link.ask(
                f"SELECT {', '.join(_COLUMNS)} FROM {self._table} "  # noqa: S608
                f"WHERE site = {literal(site)} ORDER BY born, node"
            )
            first: dict[tuple[str | int, ...], Entry] = {}
            for row in rows:
                entry = Entry(*row)
                first.setdefault(entry.key, entry)
            return list(first.values())

        return self._servers.of(SHARD, ask)

    def close(self) -> None:
        """Lets go of connections."""
        self._servers.close()

    def _prepare(self, host: Host, link: Link) -> None:
        """Makes the table on the server at hand and, the first time, on the other replicas that
        answer: a replica without it would know nothing when it is needed."""
        if host in self._ready:
            return
        first = not self._ready
        self._make(host, link)
        if first:
            for other in self._servers.shards()[SHARD]:
                if other != host:
                    with suppress(StoreError):
                        self._servers.on(other, self._make)

    def _make(self, host: Host, link: Link) -> None:
        columns = [f"{name} {_TYPES.get(name, 'String')}" for name in _COLUMNS]
        engine = "MergeTree()"
        if self._address.cluster:
            place = f"/clickhouse/tables/{{shard}}/{self._address.database}/{TABLE}"
            engine = f"ReplicatedMergeTree('{place}', '{{replica}}')"
        link.ask(
            f"CREATE TABLE IF NOT EXISTS {self._table} "
            f"({', '.join(columns)}, born DateTime DEFAULT now()) ENGINE = {engine} "
            f"PARTITION BY intDiv(at, {SPAN * DAY}) ORDER BY (site, rule, subject, episode)"
        )
        oldest = (int(time.time()) - KEEP) // (SPAN * DAY)
        database, table = literal(self._address.database), literal(TABLE)
        cuts = link.ask(
            "SELECT DISTINCT partition FROM system.parts "  # noqa: S608
            f"WHERE active AND database = {database} AND table = {table}"
        )
        for (cut,) in cuts:
            if int(cut) < oldest:
                # In a cluster of 18.16 only the shard's leader may; it does when it is asked.
                with suppress(Refusal):
                    link.ask(f"ALTER TABLE {self._table} DROP PARTITION ID {literal(cut)}")
        self._ready.add(host)
