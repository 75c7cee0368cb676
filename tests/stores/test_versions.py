"""Servers on which a repeated parcel could be counted twice are refused. Needs no server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from adguard.ledger import StoreError
from adguard.ledger.clickhouse.migrations import check_server, migrate
from adguard.ledger.clickhouse.tables import Tables


class Server:
    """A connection to a server of some version, as far as the check asks."""

    def __init__(self, version: str, *, knows_window: bool = True) -> None:
        self.version, self.knows_window = version, knows_window
        self.asked: list[str] = []

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return [(self.version,)] if "version()" in sql else [(int(self.knows_window),)]

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        raise AssertionError("nothing may be written")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("version", ["1.1.54390", "18.14.18", "18.1.0"])
@pytest.mark.parametrize("cluster", ["news", ""])
def test_a_server_that_is_too_old_is_told_what_is_needed_and_nothing_is_made(
    version: str, cluster: str
) -> None:
    server = Server(version)
    with pytest.raises(StoreError, match=f"is ClickHouse {version}; adguard needs 18.16 or later"):
        migrate(server, Tables("figures", cluster))
    assert server.asked == ["SELECT version()"]


@pytest.mark.parametrize("version", ["18.16.1", "18.100.1", "21.8.3.44", "26.9.1.1"])
def test_a_server_that_is_new_enough_is_taken(version: str) -> None:
    check_server(Server(version), Tables("figures", "news"))
    check_server(Server(version), Tables("figures"))


def test_a_single_server_has_to_know_blocks_again() -> None:
    with pytest.raises(StoreError, match=r"use 21\.8 or later, or a cluster"):
        check_server(Server("20.3.1", knows_window=False), Tables("figures"))
    check_server(Server("20.3.1", knows_window=False), Tables("figures", "news"))
