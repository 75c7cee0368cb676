"""A small `./dev count`: real servers in front of the real cluster, and everything is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from adguard.ledger import open_store
from bench.count import Replica, count
from tests.stores.cluster import Cluster

pytestmark = pytest.mark.xdist_group("clickhouse")


async def test_views_past_killed_servers_and_a_dead_replica_count_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    url = cluster.url_of("counted")
    store = open_store(url)
    store.migrate()
    store.close()
    replica = Replica(
        lambda: cluster.kill_replica(2, 1),
        lambda: cluster.restart_replica(2, 1),
        lambda: cluster.settle("counted"),
    )
    try:
        made = await count(
            "ClickHouse", url, tmp_path, 600, shared=False, kills=2, seed=2, replica=replica
        )
    finally:
        if not cluster.replica(2, 1).program.running:
            cluster.restart_replica(2, 1)
    assert made.right
    assert made.counted.total() == 600
    assert (made.kills, made.replicas) == (2, 1)
    assert made.books.twice >= 60
