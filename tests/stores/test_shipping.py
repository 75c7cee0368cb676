"""From a node's journal to the real cluster, the way a site does it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from adguard.cli import main
from adguard.ledger import Ledger, Span, Store, open_store
from adguard.ledger.spool import Spool
from tests.ledger.making import DAY, Where, event
from tests.stores.cluster import PASSWORD, Cluster

pytestmark = pytest.mark.xdist_group("clickhouse")


def counted(store: Store, site: str) -> int:
    with store.figures() as figures:
        return figures.funnel(Span(DAY, DAY, site)).raw["clear"]


def shipped(ledger: Ledger) -> int:
    return cast("int", ledger.health().get("shipped_events", 0))


def node_of(cluster: Cluster, journal: Path) -> Ledger:
    return Ledger(Where(f"{cluster.url}&journal={quote(str(journal))}"), fold_every=0.05)


async def test_two_nodes_ship_to_the_cluster_and_a_replica_that_dies_costs_nothing(
    cluster: Cluster, node: str, tmp_path: Path
) -> None:
    store = open_store(cluster.url)
    store.migrate()
    nodes = [node_of(cluster, tmp_path / f"{n}.db") for n in range(2)]
    try:
        for number in range(300):
            if number == 100:
                cluster.kill_replica(1, 1)
            one = event(number, site=node)
            assert await nodes[number % 2].record(one)
            if number % 10 == 0:
                assert not await nodes[number % 2].record(one)
        # What only the dead replica got is counted when it is back (docs/decisions/clickhouse.md).
        async with asyncio.timeout(60):
            while sum(shipped(ledger) for ledger in nodes) < 300:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        cluster.restart_replica(1, 1)
        for ledger in nodes:
            await ledger.aclose()
    cluster.settle()
    assert counted(store, node) == 300
    for n in range(2):
        spool = Spool(tmp_path / f"{n}.db", read_only=True)
        told = spool.health()
        assert (told["journal_batches"], told["outbox_parcels"]) == (0, 0)
        spool.close()
    store.close()


def test_the_journal_of_a_lost_node_is_replayed_from_its_file_once(
    cluster: Cluster, node: str, tmp_path: Path
) -> None:
    lost = Spool(tmp_path / "lost.db")
    lost.append([event(n, site=node) for n in range(40)])
    lost.freeze(2, enough=1)
    lost.append([event(n, site=node) for n in range(35, 60)])
    lost.close()
    here = f"{cluster.url}&journal={quote(str(tmp_path / 'here.db'))}"
    replay = ["journal", "replay", "--store", here, "--from", str(tmp_path / "lost.db")]
    done = CliRunner().invoke(main, replay)
    assert done.exit_code == 0, done.output
    assert "60 events are in the store" in done.output
    again = CliRunner().invoke(main, replay)
    assert "0 events are in the store" in again.output
    store = open_store(cluster.url)
    assert counted(store, node) == 60
    store.close()


def test_the_state_of_journal_and_cluster_is_told_without_the_password(
    cluster: Cluster, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "j.db")
    spool.append([event(1)])
    spool.close()
    there = f"{cluster.url}&journal={quote(str(tmp_path / 'j.db'))}"
    told = CliRunner().invoke(main, ["journal", "status", "--store", there])
    assert told.exit_code == 0, told.output
    assert "answers" in told.output
    away = f"clickhouse://u:{quote(PASSWORD, safe='')}@127.0.0.1:1/figures?journal={tmp_path}/j.db"
    told = CliRunner().invoke(main, ["journal", "status", "--store", away])
    assert told.exit_code == 0, told.output
    assert "cannot be reached" in told.output
    assert PASSWORD not in told.output
    assert "batches in the journal" in told.output
