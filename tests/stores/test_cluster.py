"""The real cluster, with servers killed under it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from clickhouse_driver.errors import Error

from adguard.ledger.clickhouse import ClickHouseStore
from adguard.ledger.clickhouse.link import NativeLink
from adguard.ledger.clickhouse.tables import ROLLUPS, Tables
from adguard.ledger.errors import StoreError
from adguard.ledger.events import DAY, Event
from adguard.ledger.fold import COUNTERS, fold
from adguard.ledger.location import Address, Host
from adguard.ledger.opening import open_store
from adguard.ledger.store import Parcel, Span
from tests.stores.cluster import CLUSTER, DATABASE, PASSWORD, USER, Cluster, Replica, wait_for
from tests.stores.engines import address_of

pytestmark = pytest.mark.xdist_group("clickhouse")


def views(day: int, count: int, **fields: Any) -> list[Event]:
    one = Event(id="", site="news", at=day * DAY, kind="view", verdict="clear", path="/", **fields)
    return [one] * count


def counted(store: ClickHouseStore, day: int) -> int:
    with store.figures() as figures:
        return figures.funnel(Span(day, day)).raw["clear"]


def held(replica: Replica, day: int, table: str = "r_cube") -> int:
    """What one replica itself holds of a day."""
    ((found,),) = replica.ask(f"SELECT sum(clear) FROM {table}_local WHERE day = {day}")
    return int(found)


def dropped(cluster: Cluster, table: str, day: int) -> bool:
    """Whether shard 1 drops a day's partition. Only its leader can, and who that is changes with
    every fault; until the keeper has noticed one, nobody is."""
    for number in (1, 2):
        with suppress(Error):
            cluster.replica(1, number).ask(f"ALTER TABLE {table}_local DROP PARTITION {day // 28}")
            return True
    return False


class Only:
    """Connections to some of the replicas; to the others they fail as if those were away."""

    def __init__(self, *replicas: Replica) -> None:
        self._ports = {replica.port for replica in replicas}

    def __call__(self, address: Address, host: Host) -> NativeLink:
        # Port 1 of loopback refuses.
        return NativeLink(address, host if host.port in self._ports else Host(host.name, 1))


class KillBefore:
    """Connections that run something once, right before the insert of a number."""

    def __init__(self, number: int, action: Callable[[], None]) -> None:
        self._left = number
        self._action = action

    def __call__(self, address: Address, host: Host) -> NativeLink:
        owner = self

        class Link(NativeLink):
            def put(
                self,
                table: str,
                columns: Sequence[str],
                rows: Sequence[Sequence[Any]],
                token: str,
            ) -> None:
                owner._left -= 1
                if owner._left == 0:
                    owner._action()
                super().put(table, columns, rows, token)

        return Link(address, host)


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """The cluster's address; afterwards everybody is back."""
    yield cluster.url
    for replica in cluster.replicas:
        if not replica.program.running:
            cluster.restart_replica(replica.shard, replica.number)


@pytest.fixture
def store(url: str) -> Iterator[ClickHouseStore]:
    made = ClickHouseStore(address_of(url))
    made.migrate()
    yield made
    made.close()


def fresh(cluster: Cluster, name: str) -> str:
    """The address of a database that is not there."""
    for replica in cluster.replicas:
        replica.ask(f"DROP DATABASE IF EXISTS {name}", "default")
    return cluster.url_of(name)


def test_an_address_opens_the_cluster_with_all_its_shards(url: str) -> None:
    store = open_store(url)
    assert isinstance(store, ClickHouseStore)
    assert store.shards == 2
    store.close()


def test_parcels_go_to_their_shard_and_to_every_replica_of_it(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int
) -> None:
    store.ship(Parcel(node, 1, 0, fold(views(day, 3))))
    store.ship(Parcel(node, 2, 1, fold(views(day, 4))))
    cluster.settle()
    assert [held(replica, day) for replica in cluster.replicas] == [3, 3, 4, 4]
    assert counted(store, day) == 7


def test_a_parcel_that_another_replica_gets_too_counts_once(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int
) -> None:
    parcel = Parcel(node, 1, 0, fold(views(day, 3) + views(day + 40, 2)))
    for number in (1, 2, 1):
        one = ClickHouseStore(address_of(cluster.url), Only(cluster.replica(1, number)))
        one.ship(parcel)
        one.close()
    cluster.settle()
    assert [held(replica, day) for replica in cluster.replicas] == [3, 3, 0, 0]
    assert counted(store, day + 40) == 2


def test_what_the_servers_forgot_is_still_known_as_applied(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int
) -> None:
    parcel = Parcel(node, 1, 0, fold(views(day, 3)))
    assert store.ship(parcel) is True
    cluster.settle()
    # Dropping a partition makes the servers forget its blocks, as time does.
    for table in ROLLUPS:
        wait_for(partial(dropped, cluster, table, day), f"shard 1 drops from {table}")
    cluster.settle()
    assert counted(store, day) == 0
    assert store.ship(parcel) is False
    cluster.settle()
    assert counted(store, day) == 0


@pytest.mark.parametrize("insert", [2, 5])
def test_a_replica_killed_in_the_middle_of_a_parcel_costs_and_doubles_nothing(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int, insert: int
) -> None:
    parcel = Parcel(node, 1, 0, fold(views(day, 5)))
    kill = KillBefore(insert, lambda: cluster.kill_replica(1, 1))
    one = ClickHouseStore(address_of(cluster.url), kill)
    assert one.ship(parcel) is True
    assert one.ship(parcel) is False
    one.close()
    cluster.restart_replica(1, 1)
    cluster.settle()
    for table in ("r_cube", "r_page"):
        assert [held(replica, day, table) for replica in cluster.replicas] == [5, 5, 0, 0]
    assert store.ship(parcel) is False
    assert counted(store, day) == 5


def test_with_a_replica_away_shipping_and_reading_go_on_and_it_catches_up(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int
) -> None:
    cluster.kill_replica(2, 1)
    shipped = 0
    for seq in range(1, 9):
        shipped += seq
        assert store.ship(Parcel(node, seq, seq % 2, fold(views(day, seq))))
    cluster.settle()
    assert counted(store, day) == shipped
    assert store.health()["replicas_down"] == 1
    cluster.restart_replica(2, 1)
    cluster.settle()
    assert held(cluster.replica(2, 1), day) == held(cluster.replica(2, 2), day) > 0
    assert counted(store, day) == shipped
    assert store.health() == {"shards": 2, "replicas": 4, "replicas_down": 0}


def test_with_a_shard_away_its_parcels_wait_and_figures_are_refused(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int
) -> None:
    parcel = Parcel(node, 1, 1, fold(views(day, 2)))
    for number in (1, 2):
        cluster.kill_replica(2, number)
    with pytest.raises(StoreError, match=r"^shard 2 takes nothing: .*refused"):
        store.ship(parcel)
    # The other shard's views alone would be wrong figures.
    with pytest.raises(StoreError, match="no replica of one of the shards can be reached"):
        counted(store, day)
    assert store.ship(Parcel(node, 2, 0, fold(views(day, 1))))
    for number in (1, 2):
        cluster.restart_replica(2, number)
    assert store.ship(parcel) is True
    cluster.settle()
    assert counted(store, day) == 3


def test_a_seeded_row_of_kills_loses_and_doubles_nothing(
    cluster: Cluster, store: ClickHouseStore, node: str, day: int
) -> None:
    draw = random.Random(5)
    down: Replica | None = None
    for seq in range(1, 19):
        if seq % 6 == 3:
            if down is not None:
                cluster.restart_replica(down.shard, down.number)
            down = draw.choice(cluster.replicas)
            cluster.kill_replica(down.shard, down.number)
        parcel = Parcel(node, seq, seq % 2, fold(views(day, seq)))
        for _ in range(draw.choice((1, 1, 2))):
            store.ship(parcel)
    assert down is not None
    cluster.restart_replica(down.shard, down.number)
    cluster.settle()
    assert counted(store, day) == sum(range(1, 19))


def test_tables_of_fewer_counters_get_the_others_and_keep_their_rows(
    cluster: Cluster, node: str, day: int
) -> None:
    url = fresh(cluster, "earlier")
    store = ClickHouseStore(address_of(url))
    store.migrate()
    store.ship(Parcel(node, 1, 0, fold(views(day, 3))))
    cluster.settle("earlier")
    lost = COUNTERS[-1]
    for table in ROLLUPS:
        cluster.replica(1, 2).ask(f"ALTER TABLE {table}_local DROP COLUMN {lost}", "earlier")
        cluster.replica(2, 1).ask(f"ALTER TABLE {table}_local DROP COLUMN {lost}", "earlier")
        for replica in cluster.replicas:
            replica.ask(f"ALTER TABLE {table} DROP COLUMN {lost}", "earlier")
    with pytest.raises(StoreError, match="lacks a column"):
        counted(store, day)
    store.migrate()
    store.ship(Parcel(node, 2, 1, fold(views(day, 4))))
    cluster.settle("earlier")
    assert counted(store, day) == 7
    store.close()


def test_a_replica_that_was_away_when_tables_were_made_gets_them_later(
    cluster: Cluster, url: str, node: str, day: int
) -> None:
    url = fresh(cluster, "later")
    cluster.kill_replica(1, 2)
    store = ClickHouseStore(address_of(url))
    store.migrate()
    store.ship(Parcel(node, 1, 0, fold(views(day, 3))))
    cluster.restart_replica(1, 2)
    store.migrate()
    cluster.settle("later")
    assert cluster.replica(1, 2).ask("SELECT sum(clear) FROM r_cube_local", "later") == [(3,)]
    store.close()


def test_a_table_that_is_missing_is_named_and_made_again(
    cluster: Cluster, node: str, day: int
) -> None:
    store = ClickHouseStore(address_of(fresh(cluster, "torn")))
    store.migrate()
    for number in (1, 2):
        cluster.replica(1, number).ask("DROP TABLE r_page_local", "torn")
    parcel = Parcel(node, 1, 0, fold(views(day, 3)))
    with pytest.raises(StoreError, match=r"a table is missing \(Table torn\.r_page_local"):
        store.ship(parcel)
    assert store.ship(parcel) is True
    cluster.settle("torn")
    assert counted(store, day) == 3
    with store.figures() as figures:
        assert [row.totals.raw["clear"] for row in figures.top_pages(Span(day, day))] == [3]
    store.close()


def test_figures_of_a_database_without_tables_are_an_error_and_make_none(cluster: Cluster) -> None:
    url = fresh(cluster, "nothing")
    with (
        pytest.raises(StoreError, match="'nothing' holds no figures yet"),
        open_store(url).figures(),
    ):
        pass
    assert ("nothing",) not in cluster.replicas[0].ask("SHOW DATABASES", "default")


def test_tables_of_a_newer_version_are_left_alone(cluster: Cluster, node: str, day: int) -> None:
    url = fresh(cluster, "newer")
    store = ClickHouseStore(address_of(url))
    store.migrate()
    for replica in cluster.replicas:
        replica.ask("INSERT INTO versions_local SELECT 99, 0", "newer")
    store.close()
    store = ClickHouseStore(address_of(url))
    for action in (store.migrate, lambda: store.ship(Parcel(node, 1, 0, fold(views(day, 1))))):
        with pytest.raises(StoreError, match=r"newer adguard \(format 99"):
            action()
    with pytest.raises(StoreError, match="upgrade"), store.figures():
        pass
    assert cluster.replicas[0].ask("SELECT count() FROM r_day", "newer") == [(0,)]
    store.close()


def refused(url: str, day: int) -> str:
    """The message with which a store refuses a parcel, and to say figures."""
    store = ClickHouseStore(address_of(url))
    messages = []
    with pytest.raises(StoreError) as shipping:
        store.ship(Parcel("node", 1, 0, fold(views(day, 1))))
    messages.append(str(shipping.value))
    with pytest.raises(StoreError) as reading, store.figures():
        pass
    messages.append(str(reading.value))
    store.close()
    assert PASSWORD not in f"{messages}{store.address!r}{store.address}"
    assert "hidden" not in f"{messages}"
    return " ".join(messages)


def test_every_wrong_address_says_what_is_wrong_and_never_the_password(
    cluster: Cluster, day: int, caplog: pytest.LogCaptureFixture
) -> None:
    place = f"127.0.0.1:{cluster.replicas[0].port}"
    wrong = f"clickhouse://{USER}:hidden@{place}/{DATABASE}?cluster={CLUSTER}"
    assert "wrong user or password" in refused(wrong, day)
    nobody = f"clickhouse://nobody:hidden@{place}/{DATABASE}?cluster={CLUSTER}"
    assert "wrong user or password" in refused(nobody, day)
    other = cluster.url.replace(f"cluster={CLUSTER}", "cluster=other")
    assert f"knows no cluster 'other'; it knows: {CLUSTER}" in refused(other, day)
    alone = cluster.replicas[0].url.replace(f"?cluster={CLUSTER}", "")
    assert "18.16.1 cannot recognise a repeated insert" in refused(alone, day)
    dead = f"clickhouse://{USER}:hidden@127.0.0.1:1/{DATABASE}?cluster={CLUSTER}"
    assert "127.0.0.1:1 does not answer (connection refused)" in refused(dead, day)
    unencrypted = f"clickhouse://{USER}:hidden@{place}/{DATABASE}?cluster={CLUSTER}&secure=1"
    assert "does not answer" in refused(unencrypted, day)
    assert PASSWORD not in caplog.text
    assert "hidden" not in caplog.text


def test_names_of_tables_are_the_ones_that_are_documented() -> None:
    assert Tables("figures", CLUSTER).names == {
        "r_hour", "r_cube", "r_page", "r_day", "r_hour_local", "r_cube_local", "r_page_local",
        "r_day_local", "applied_local", "begun_local", "versions_local",
    }  # fmt: skip
    assert Tables("figures").names == {
        "r_hour", "r_cube", "r_page", "r_day", "applied", "begun", "versions",
    }  # fmt: skip
