from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.ledger import Event, LedgerUnavailable, Parcel, Span, StoreError
from adguard.ledger.fold import CAPS, COUNTERS, OTHER, Deltas, fold, merge
from adguard.ledger.shipper import ship_next
from adguard.ledger.spool import Spool, pack, unpack
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import DAY, NOW, counted, event, paths, views


@pytest.fixture(params=["file", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "j.db" if request.param == "file" else None)
    yield made
    made.close()


@pytest.fixture
def target() -> Iterator[SqliteStore]:
    made = SqliteStore(None)
    yield made
    made.close()


def drain(spool: Spool) -> list[Parcel]:
    parcels = []
    while (waiting := spool.next()) is not None:
        parcels.append(waiting.parcel)
        spool.shipped(waiting.parcel)
    return parcels


def test_a_parcel_is_what_the_oldest_batches_add_up_to(spool: Spool) -> None:
    happened = [event(i, path=f"/{i % 3}", verdict="extension") for i in range(6)]
    for i in range(0, 6, 2):
        spool.append(happened[i : i + 2])
    assert spool.freeze(1, enough=4)
    waiting = spool.next()
    assert waiting is not None
    assert waiting.events == 4
    assert (waiting.parcel.node, waiting.parcel.shard) == (spool.node, 0)
    assert waiting.parcel.deltas == fold(happened[:4])
    assert spool.freeze(1)
    assert spool.freeze(1) is False
    assert merge(parcel.deltas for parcel in drain(spool)) == fold(happened)


def test_a_parcel_stays_as_it_is_until_it_was_shipped(spool: Spool) -> None:
    spool.append([event(1)])
    spool.freeze(2)
    spool.append([event(2)])
    spool.freeze(5)
    first = spool.next()
    assert first == spool.next()
    assert len(drain(spool)) == 2
    assert spool.next() is None


def test_parcels_are_dealt_to_all_shards_and_numbers_grow_whatever_the_clock_does(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = NOW * 10**9
    monkeypatch.setattr("adguard.ledger.spool.time.time_ns", lambda: moment)
    for i in range(6):
        moment += (-86_400 if i == 3 else 1) * 10**9
        spool.append([event(i)])
        spool.freeze(3)
    parcels = drain(spool)
    assert [p.seq for p in parcels] == sorted({p.seq for p in parcels})
    assert all(p.shard == p.seq % 3 for p in parcels)
    spool.append([event(7)])
    moment -= 10**12
    spool.freeze(3)
    assert drain(spool)[0].seq == parcels[-1].seq + 1


def test_two_who_freeze_at_once_make_one_parcel(tmp_path: Path) -> None:
    one, two = Spool(tmp_path / "j.db"), Spool(tmp_path / "j.db")
    one.append([event(1), event(2)])
    admitted = two._admitted

    def overtaken(deltas: Deltas) -> dict[tuple[str, int, str], set[str]]:
        assert one.freeze(1)
        return admitted(deltas)

    two._admitted = overtaken  # type: ignore[method-assign]
    assert two.freeze(1) is False
    assert [parcel.deltas for parcel in drain(two)] == [fold([event(1), event(2)])]
    one.close()
    two.close()


def test_a_day_keeps_its_room_over_many_parcels(spool: Spool, target: SqliteStore) -> None:
    spool.append([event(f"a{i}", path=f"/{i}") for i in range(CAPS["page"])])
    spool.freeze(1)
    spool.append([event("b1", path="/new"), event("b2", path="/7"), event("b3", path="/new")])
    spool.freeze(1)
    for parcel in drain(spool):
        assert target.ship(parcel)
    assert dict(paths(target, limit=3)) == {OTHER: 2, "/7": 2, "/0": 1}
    assert views(target) == CAPS["page"] + 3


def test_a_spoiled_batch_is_set_aside_and_the_rest_is_shipped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "j.db")
    spool.append([event(1)])
    with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as db:
        db.execute("INSERT INTO journal (at, batch) VALUES (0, x'c1')")
        spool.append([event(2)])
        assert spool.freeze(1)
        assert spool.health()["spoiled_batches"] == 1
        db.execute("UPDATE outbox SET parcel = x'c1'")
        assert spool.next() is None
        assert spool.health()["spoiled_parcels"] == 1
        assert spool.restore() == 1
        db.execute("UPDATE outbox SET parcel = ?", (pack(fold([event(1), event(2)])),))
        db.execute("INSERT INTO spoiled VALUES (100, 0, x'90')")
    assert len(drain(spool)) == 1
    assert spool.restore() == 1
    assert spool.health()["spoiled_batches"] == 1
    spool.close()


def test_batches_that_count_nothing_make_no_parcel(spool: Spool) -> None:
    spool.append([event("", kind="strange", verdict="")])
    assert spool.freeze(1)
    assert spool.next() is None
    assert spool.health()["journal_batches"] == 0


def test_a_parcel_of_a_version_with_fewer_counters_is_widened() -> None:
    deltas = fold([event(1)])
    older = Deltas(
        {key: row[:21] for key, row in deltas.hours.items()},
        {key: row[:21] for key, row in deltas.days.items()},
    )
    assert unpack(pack(older)) == deltas
    assert all(len(row) == len(COUNTERS) for row in unpack(pack(older)).hours.values())


def test_what_waits_is_told_without_reading_it_all(spool: Spool) -> None:
    assert spool.health() == {
        "journal_batches": 0,
        "journal_bytes": 0,
        "journal_age": 0,
        "spoiled_batches": 0,
        "outbox_parcels": 0,
        "spoiled_parcels": 0,
    }
    for i in range(5):
        spool.append([event(i, at=1 + i)])
    told = spool.health()
    assert told["journal_batches"] == 5
    assert isinstance(told["journal_bytes"], int)
    assert 5 * 60 < told["journal_bytes"] < 5 * 200
    spool.freeze(1, enough=2)
    told = spool.health()
    assert (told["journal_batches"], told["outbox_parcels"]) == (3, 1)
    assert isinstance(told["journal_age"], int)
    assert told["journal_age"] > 1e9
    drain(spool)
    spool.freeze(1)
    drain(spool)
    assert spool.size == 0


def test_a_backlog_refuses_more_until_there_is_room_again(
    tmp_path: Path, target: SqliteStore
) -> None:
    spool = Spool(tmp_path / "j.db", limit=2000)
    taken = 0
    while not spool.full:
        spool.append([event(taken, path="/" + "x" * 100)])
        taken += 1
    assert taken > 5
    with pytest.raises(LedgerUnavailable, match="wait in the journal"):
        spool.append([event(taken)])
    assert ship_next(spool, target) == taken
    assert spool.append([event(taken)]) == set()
    assert ship_next(spool, target) == 1
    assert views(target) == taken + 1
    spool.close()


def test_ids_and_admitted_values_are_forgotten_in_time(spool: Spool) -> None:
    spool.append([event(1)])
    spool.freeze(1)
    assert spool.append([event(1)]) == {0}
    while spool.expire(NOW + 3 * 86400):
        pass
    assert spool.append([event(1)]) == set()
    assert spool._first("SELECT COUNT(*) FROM admitted") != (0,)
    while spool.expire(NOW + 60 * 86400):
        pass
    assert spool._first("SELECT COUNT(*) FROM admitted") == (0,)


class Stopped(BaseException):
    """The process is killed here."""


class Fragile:
    """A store behind a wire that breaks, before or after the store has written."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.breaks: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def ship(self, parcel: Parcel) -> bool:
        how = self.breaks.pop() if self.breaks else ""
        if how == "before":
            raise StoreError("nobody answers")
        new = self._store.ship(parcel)
        if how == "after":
            raise StoreError("the answer was lost")
        if how == "killed":
            raise Stopped
        return new


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(0, 30), min_size=1, max_size=6),
            st.sampled_from(["before", "after", "killed", "freeze", "ship"]),
        ),
        max_size=25,
    )
)
def test_whatever_breaks_between_journal_and_store_each_id_counts_once(
    steps: list[list[int] | str],
) -> None:
    spool, target = Spool(None), SqliteStore(None)
    store, met = Fragile(target), set[int]()
    for step in steps:
        if isinstance(step, list):
            spool.append([event(number) for number in step])
            met |= set(step)
        elif step == "freeze":
            spool.freeze(1, enough=3)
        else:
            store.breaks = [step]
            with contextlib.suppress(StoreError, Stopped):
                ship_next(spool, store)  # type: ignore[arg-type]
    store.breaks = []
    while ship_next(spool, store):  # type: ignore[arg-type]
        pass
    assert views(target) == len(met)
    spool.close()
    target.close()


def test_of_a_backlog_the_next_parcel_is_made_while_one_is_on_its_way(
    spool: Spool, target: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adguard.ledger.shipper.PARCEL", 3)
    waiting: list[int] = []

    class Slow(Fragile):
        def ship(self, parcel: Parcel) -> bool:
            deadline = time.monotonic() + 30
            while spool.parcels < 2 and time.monotonic() < deadline:
                time.sleep(0.001)
            waiting.append(spool.parcels)
            return super().ship(parcel)

    for number in range(5):
        spool.append([event(number)])
    spool.freeze(1, enough=3)
    store = Slow(target)
    store.breaks = ["before"]
    with pytest.raises(StoreError):
        ship_next(spool, store)  # type: ignore[arg-type]
    spool.append([event(5)])
    assert ship_next(spool, store) == 3  # type: ignore[arg-type]
    assert waiting == [2, 2]
    assert ship_next(spool, target) == 2
    assert ship_next(spool, target) == 1
    assert views(target) == 6


def test_a_spool_that_was_let_go_of_for_good_touches_its_file_no_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "j.db")
    spool.append([event(1)])
    spool.retire()
    with pytest.raises(StoreError, match="was closed"):
        spool.freeze(1)
    assert not os.path.exists(tmp_path / "j.db-wal")


def test_events_of_many_days_and_sites_arrive_as_they_happened(
    spool: Spool, target: SqliteStore
) -> None:
    happened: list[Event] = [
        event(i, at=NOW - 86400 * (i % 3), site=f"s{i % 2}", sample=1 / (1 + i % 2), kind=kind)
        for i, kind in enumerate(["view", "measured", "seen", "recheck"] * 5)
    ]
    direct = SqliteStore(None)
    direct.append(happened)
    spool.append(happened)
    assert ship_next(spool, target) == 20
    for store in (direct, target):
        assert sum(counted(store).values()) > 0
    with direct.figures() as a, target.figures() as b:
        span = Span(DAY - 5, DAY)
        assert a.block_rate(span, "hour") == b.block_rate(span, "hour")
        assert a.breakdown(span, "verdict") == b.breakdown(span, "verdict")
        assert a.sites() == b.sites() == ["s0", "s1"]
    direct.close()
