"""The servers of a ClickHouse store: which there are, which answer, and connections to them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from adguard.ledger.clickhouse.link import Connect, Link
from adguard.ledger.errors import StoreError
from adguard.ledger.location import Address, Host

__all__ = ["Servers"]

_T = TypeVar("_T")
IDLE = 4
"""Connections to one server that are kept for the next who asks."""


class Servers:
    """Connections to the replicas of every shard. For any number of threads."""

    def __init__(self, address: Address, connect: Connect) -> None:
        self._address = address
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: dict[Host, list[Link]] = {}
        self._owner = os.getpid()
        self._shards: list[list[Host]] | None = None
        self._last: dict[int | None, Host] = {}

    def shards(self) -> list[list[Host]]:
        """The replicas of each shard, as the cluster describes itself; asked once.

        :raises StoreError: nobody answers, or there is no such cluster.
        """
        if self._shards is None:
            if self._address.cluster:
                self._shards = self._first(None, self._address.hosts, self._describe)
            else:
                self._shards = [list(self._address.hosts)]
        return self._shards

    def of(self, shard: int, action: Callable[[Host, Link], _T]) -> _T:
        """Does something on the first replica of a shard that can.

        :param shard: from 0; one that is not there any more stands for one that is.
        :raises StoreError: none could; the message says why.
        """
        shards = self.shards()
        number = shard % len(shards)
        try:
            return self._first(number, shards[number], action)
        except StoreError as error:
            self._shards = None
            if len(shards) == 1:
                raise
            raise StoreError(f"shard {number + 1} takes nothing: {error}") from error

    def any(self, action: Callable[[Host, Link], _T]) -> _T:
        """Does something on the first server that can."""
        if not self._address.cluster:
            return self.of(0, action)
        return self._first(None, [host for shard in self.shards() for host in shard], action)

    def on(self, host: Host, action: Callable[[Host, Link], _T]) -> _T:
        """Does something on one server.

        :raises StoreError: it cannot.
        """
        link = self._take(host)
        try:
            outcome = action(host, link)
        except BaseException:
            # Its state is not known: an answer to this question may still come.
            link.close()
            raise
        with self._lock:
            idle = self._idle.setdefault(host, [])
            if len(idle) < IDLE:
                idle.append(link)
                return outcome
        link.close()
        return outcome

    def close(self) -> None:
        """Closes what is idle; the next who asks connects anew."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for links in idle.values():
            for link in links:
                link.close()

    def _first(
        self, place: int | None, hosts: Iterable[Host], action: Callable[[Host, Link], _T]
    ) -> _T:
        last = self._last.get(place)
        reasons: list[str] = []
        for host in sorted(hosts, key=lambda host: host != last):
            try:
                outcome = self.on(host, action)
            except StoreError as error:
                if str(error) not in reasons:
                    reasons.append(str(error))
            else:
                self._last[place] = host
                return outcome
        raise StoreError("; ".join(reasons))

    def _take(self, host: Host) -> Link:
        with self._lock:
            if self._owner != os.getpid():
                # After a fork: these connections are the parent's.
                self._owner, self._idle = os.getpid(), {}
            idle = self._idle.get(host)
            if idle:
                return idle.pop()
        return self._connect(self._address, host)

    def _describe(self, host: Host, link: Link) -> list[list[Host]]:
        name = self._address.cluster
        found = link.ask(
            "SELECT shard_num, host_name, port FROM system.clusters "
            f"WHERE cluster = '{name}' ORDER BY shard_num, replica_num"
        )
        if not found:
            others = link.ask("SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster")
            known = ", ".join(other for (other,) in others) or "none"
            raise StoreError(f"{host} knows no cluster {name!r}; it knows: {known}")
        shards: dict[int, list[Host]] = {}
        for shard, server, port in found:
            shards.setdefault(shard, []).append(Host(server, port))
        return list(shards.values())
