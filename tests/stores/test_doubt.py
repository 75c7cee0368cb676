"""A machine that dies in the middle of a parcel, and comes back when the servers have forgotten
what they got of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adguard.ledger.clickhouse import ClickHouseStore
from adguard.ledger.clickhouse import store as store_module
from adguard.ledger.clickhouse import tables as tables_module
from adguard.ledger.errors import DoubtfulError, StoreError
from adguard.ledger.events import DAY, Event
from adguard.ledger.fold import fold
from adguard.ledger.shipper import ship_next
from adguard.ledger.spool import Spool
from adguard.ledger.store import Parcel, Span, Step
from tests.stores.cluster import Cluster
from tests.stores.embedded import Embedded, EmbeddedLink
from tests.stores.engines import ClickHouseEngine, ClusterEngine, address_of

WINDOW = 3


def views(day: int, count: int) -> list[Event]:
    one = Event(id="", site="news", at=day * DAY, kind="view", verdict="clear", path="/")
    return [one] * count


def parcel(node: str, seq: int, day: int, count: int = 1) -> Parcel:
    return Parcel(node, seq, 0, fold(views(day, count)))


def counted(store: ClickHouseStore, day: int, step: Step = "hour") -> int:
    """By the hour or by the day: other tables, of which one may hold what the other does not."""
    with store.figures() as figures:
        return sum(point.totals.raw["clear"] for point in figures.block_rate(Span(day, day), step))


class Forgetful(ClickHouseEngine):
    """A server that remembers three blocks of a table."""

    def __init__(self, process: Embedded, database: str) -> None:
        address = address_of(f"clickhouse://embedded/{database}")
        super().__init__(address, lambda *_: EmbeddedLink(process))


@pytest.fixture
def engine(embedded: Embedded, node: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forgetful]:
    for module in (store_module, tables_module):
        monkeypatch.setattr(module, "WINDOW", WINDOW)
    made = Forgetful(embedded, f"of_{node}")
    yield made
    made.close()
    embedded.ask(f"DROP DATABASE IF EXISTS of_{node}")


def begin(engine: ClickHouseEngine, it: Parcel, step: int = 1) -> None:
    dying = engine.open()
    with engine.killed(dying, step), pytest.raises(StoreError, match="the node is dead"):
        dying.ship(it)


@pytest.mark.xdist_group("chdb")
@pytest.mark.parametrize("step", [0, 1, 4])
def test_a_parcel_that_was_begun_is_finished_while_the_server_remembers(
    engine: Forgetful, node: str, day: int, step: int
) -> None:
    begin(engine, parcel(node, 1, day, 5), step)
    store = engine.open()
    for seq in range(2, 1 + WINDOW):
        assert store.ship(parcel(node, seq, day)) is True
    assert store.ship(parcel(node, 1, day, 5)) is True
    assert counted(store, day) == counted(store, day, "day") == 5 + WINDOW - 1


@pytest.mark.xdist_group("chdb")
@pytest.mark.parametrize("step", [1, 3])
def test_a_parcel_that_was_begun_too_long_ago_is_not_counted_twice(
    engine: Forgetful, node: str, day: int, step: int
) -> None:
    begin(engine, parcel(node, 1, day, 5), step)
    store = engine.open()
    for seq in range(2, 2 + WINDOW):
        assert store.ship(parcel(node, seq, day)) is True
    for _ in range(2):
        with pytest.raises(DoubtfulError, match="begun and not finished"):
            store.ship(parcel(node, 1, day, 5))
    assert counted(store, day) <= 5 + WINDOW
    assert counted(store, day, "day") <= 5 + WINDOW


@pytest.mark.xdist_group("chdb")
def test_a_parcel_that_was_never_begun_is_never_too_late(
    engine: Forgetful, node: str, day: int
) -> None:
    store = engine.open()
    for seq in range(2, 4 + WINDOW):
        assert store.ship(parcel(node, seq, day)) is True
    assert store.ship(parcel(node, 1, day, 5)) is True
    assert counted(store, day) == counted(store, day, "day") == 7 + WINDOW


@pytest.mark.xdist_group("chdb")
def test_what_is_in_doubt_is_set_aside_and_the_rest_goes_on(
    engine: Forgetful, node: str, day: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "journal.db")
    spool.append(views(day, 5))
    spool.freeze(1)
    waiting = spool.next()
    assert waiting is not None
    begin(engine, waiting.parcel)
    store = engine.open()
    for seq in range(2, 2 + WINDOW):
        assert store.ship(parcel(node, seq, day)) is True
    spool.append(views(day, 2))
    assert ship_next(spool, store) == 0
    assert "5 events was set aside" in caplog.text
    assert ship_next(spool, store) == 2
    assert spool.health()["spoiled_parcels"] == 1
    assert counted(store, day, "day") == WINDOW + 2
    assert spool.restore() == 1
    assert ship_next(spool, store) == 0
    assert spool.health()["spoiled_parcels"] == 1
    spool.close()


@pytest.mark.xdist_group("clickhouse")
def test_a_cluster_tells_what_it_may_have_forgotten(
    cluster: Cluster, node: str, day: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ClusterEngine(cluster)
    store = engine.open()
    store.migrate()
    begin(engine, parcel(node, 1, day, 5))
    for seq in range(2, 2 + WINDOW):
        assert store.ship(parcel(node, seq, day)) is True
    engine.settle()
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "WINDOW", WINDOW)
        with pytest.raises(DoubtfulError):
            store.ship(parcel(node, 1, day, 5))
    assert store.ship(parcel(node, 1, day, 5)) is True
    engine.settle()
    assert counted(store, day) == counted(store, day, "day") == 5 + WINDOW
    engine.close()
