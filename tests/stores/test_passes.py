"""Machines agree on who took a code, through the real cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import StoreError, open_store
from adguard.ledger.clickhouse.aside import SHARD
from adguard.ledger.location import Host, locate
from adguard.passes.code import Code
from adguard.passes.shared import ClickHouseTaken
from tests.stores.cluster import Cluster
from tests.stores.engines import address_of

NOW = time.time()

pytestmark = pytest.mark.xdist_group("clickhouse")


def code(nonce: str) -> Code:
    return Code(365, int(NOW) + 900, nonce)


@pytest.fixture
def machines(cluster: Cluster, tmp_path: Path) -> Iterator[list[ClickHouseTaken]]:
    """Two machines, which speak to different replicas of the first shard."""
    with closing(open_store(cluster.url)) as store:
        store.migrate()
    made = [ClickHouseTaken(tmp_path / f"{n}.db", address_of(cluster.url)) for n in range(2)]
    for number, machine in enumerate(made, 1):
        replica = Host("127.0.0.1", cluster.replica(1, number).port)
        machine._claims.servers._last[SHARD] = replica
    yield made
    for machine in made:
        machine.close()


def test_a_code_that_was_taken_on_one_machine_is_taken_on_all(
    machines: list[ClickHouseTaken], cluster: Cluster
) -> None:
    # Either way round, and within one second of the servers' clock: their names must not decide.
    for nonce, (one, other) in (("a", machines), ("b", machines[::-1])):
        assert one.take(code(nonce), "x", NOW) == "new"
        cluster.settle()
        assert other.take(code(nonce), "y", NOW) == "taken"
        assert one.take(code(nonce), "x", NOW) == "again"


def test_while_the_cluster_is_away_nothing_is_used_up(
    tmp_path: Path, machines: list[ClickHouseTaken]
) -> None:
    nowhere = locate(f"clickhouse://127.0.0.1:1/db?journal={tmp_path}/0.db")
    assert nowhere.path is not None
    assert nowhere.address is not None
    away = ClickHouseTaken(nowhere.path, nowhere.address)
    with pytest.raises(StoreError):
        away.take(code("c"), "x", NOW)
    assert away.taken_at(code("c")) is None
    assert machines[0].take(code("c"), "y", NOW) == "new"
    assert away.take(code("c"), "x", NOW) == "taken"


def test_while_a_replica_is_dead_another_remembers(
    machines: list[ClickHouseTaken], cluster: Cluster
) -> None:
    assert machines[0].take(code("d"), "x", NOW) == "new"
    cluster.settle()
    cluster.kill_replica(1, 1)
    try:
        assert machines[0].take(code("e"), "x", NOW) == "new"
        assert machines[1].take(code("d"), "y", NOW) == "taken"
        assert machines[1].take(code("e"), "y", NOW) == "taken"
    finally:
        cluster.restart_replica(1, 1)
