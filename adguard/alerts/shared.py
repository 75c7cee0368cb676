"""The book of all nodes, in ClickHouse, which has no unique keys: nodes agree by waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import astuple, fields

from adguard.alerts.book import KEEP, Entry
from adguard.ledger.clickhouse.aside import Aside
from adguard.ledger.clickhouse.link import Connect, NativeLink
from adguard.ledger.location import Address

__all__ = ["SETTLE", "ClickHouseBook"]

SETTLE = 5.0
"""Seconds between a claim and the look at all claims: more than a node takes from reading the book
to writing into it."""

_TYPES = {"episode": "UInt32", "turn": "UInt32", "at": "Int64"}


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
        self._lines = Aside(
            address,
            connect,
            "alerts",
            {field.name: _TYPES.get(field.name, "String") for field in fields(Entry)},
            key=("site", "rule", "subject", "episode"),
            dated="at",
            keep=KEEP,
        )
        self._settle = settle
        self._sleep = sleep

    def write(self, entry: Entry) -> bool:
        self._lines.put(astuple(entry), "/".join(map(str, (*entry.key, entry.node))))
        if entry.word != "open":
            return True
        self._sleep(self._settle)
        self._lines.sync()
        return any(
            found.key == entry.key and found.node == entry.node for found in self.read(entry.site)
        )

    def read(self, site: str) -> list[Entry]:
        first: dict[tuple[str | int, ...], Entry] = {}
        for row in self._lines.rows("site", site, "born, node"):
            entry = Entry(*row)
            first.setdefault(entry.key, entry)
        return list(first.values())

    def close(self) -> None:
        """Lets go of connections."""
        self._lines.close()
