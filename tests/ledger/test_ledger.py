from __future__ import annotations

import asyncio
import gc
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import (
    Event,
    Ledger,
    LedgerError,
    LedgerFull,
    LedgerUnavailable,
    StoreError,
    StoreURLError,
    open_store,
)
from adguard.ledger.keeper import Keeper
from adguard.ledger.location import Location
from tests.ledger.making import NOW, Where, address, counted, event, run, views


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def refused(recording: Awaitable[bool]) -> str:
    with pytest.raises(LedgerUnavailable) as caught:
        await recording
    return caught.value.reason


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
async def test_an_event_is_new_once_and_counts_once(kind: str, tmp_path: Path) -> None:
    ledger = Ledger(Where(address(tmp_path / "f.db") if kind == "sqlite" else "memory:"))
    answers = await asyncio.gather(*(ledger.record(event(n)) for n in (1, 2, 1)))
    assert answers == [True, True, False]
    assert await ledger.record(event(2)) is False
    ledger.note(event("", kind="measured", verdict=""))
    assert await ledger.flush()
    assert counted(ledger.store) == {"clear": 2, "measured": 1}
    health = ledger.health()
    assert (health["status"], health["reason"], health["kind"]) == ("ok", "", kind)
    assert (health["recorded"], health["duplicates"], health["waiting"]) == (3, 2, 0)
    await ledger.aclose()
    assert counted(ledger.store) == {"clear": 2, "measured": 1}
    assert await ledger.record(event(1)) is False
    await ledger.aclose()


async def test_an_acknowledged_event_is_readable_from_outside_at_once(tmp_path: Path) -> None:
    url = address(tmp_path / "f.db")
    ledger = Ledger(Where(url))
    for i in range(3):
        assert await ledger.record(event(i))
        assert views(open_store(url)) == i + 1
    await ledger.aclose()


async def test_it_folds_in_the_background_without_changing_a_figure(tmp_path: Path) -> None:
    url = address(tmp_path / "f.db")
    ledger = Ledger(Where(url), fold_every=0.01)
    await asyncio.gather(*(ledger.record(event(i)) for i in range(50)))
    await until(lambda: ledger.health().get("journal_batches") == 0)
    assert ledger.health()["folding"] is True
    with closing(sqlite3.connect(tmp_path / "f.db")) as db:
        assert db.execute("SELECT SUM(clear) FROM r_hour").fetchone() == (50,)
    assert views(open_store(url)) == 50
    await ledger.aclose()


async def test_one_worker_folds_for_all(tmp_path: Path) -> None:
    url = address(tmp_path / "f.db")
    first = Ledger(Where(url), fold_every=0.01)
    await first.record(event(1))
    await until(lambda: first.health().get("folding") is True)
    second = Ledger(Where(url), fold_every=0.01)
    await second.record(event(2))
    await until(lambda: "folding" in second.health())
    assert second.health()["folding"] is False
    await first.aclose()
    await until(lambda: second.health()["folding"] is True)
    await until(lambda: second.health()["journal_batches"] == 0)
    assert views(second.store) == 2
    await second.aclose()


def test_it_works_in_one_event_loop_after_another_and_leaves_no_thread(tmp_path: Path) -> None:
    ledger = Ledger(Where(address(tmp_path / "f.db")))
    before = set(threading.enumerate())

    async def life(number: int) -> None:
        ledger.open()
        assert await ledger.record(event(number))
        await ledger.aclose()

    for i in range(3):
        asyncio.run(life(i))
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    assert views(ledger.store) == 3


def test_a_ledger_that_is_dropped_writes_what_waits(tmp_path: Path) -> None:
    url = address(tmp_path / "f.db")
    ledger = Ledger(Where(url))
    ledger.note(event(1))
    del ledger
    gc.collect()
    assert views(open_store(url)) == 1


def test_what_waits_at_the_interpreters_exit_is_written(tmp_path: Path) -> None:
    url = address(tmp_path / "f.db")
    program = """
import sys
from adguard.ledger import Ledger
from tests.ledger.making import Where, event
ledger = Ledger(Where(sys.argv[1]), delay=3600)
for i in range(7):
    ledger.note(event(i))
"""
    run(program, url)
    assert views(open_store(url)) == 7


def test_a_forked_worker_records_on_its_own_and_takes_nothing_from_its_parent(
    tmp_path: Path,
) -> None:
    url = address(tmp_path / "f.db")
    program = """
import asyncio, os, sys, warnings
from adguard.ledger import Ledger
from tests.ledger.making import Where, event
warnings.simplefilter("ignore", DeprecationWarning)
ledger = Ledger(Where(sys.argv[1]), fold_every=0.001)
assert asyncio.run(ledger.record(event("before")))
for i in range(10):
    ledger.note(event(f"parent{i}"))
    child = os.fork()
    if not child:
        assert asyncio.run(ledger.record(event(f"child{i}")))
        assert not asyncio.run(ledger.record(event("before")))
        asyncio.run(ledger.aclose())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert asyncio.run(ledger.record(event(f"after{i}")))
asyncio.run(ledger.aclose())
"""
    run(program, url)
    assert views(open_store(url)) == 31


def test_figures_in_memory_stay_with_the_process_that_recorded_them() -> None:
    program = """
import asyncio, os, warnings
from adguard.ledger import Ledger
from tests.ledger.making import Where, event, views
warnings.simplefilter("ignore", DeprecationWarning)
ledger = Ledger(Where("memory:"))
assert asyncio.run(ledger.record(event(1)))
child = os.fork()
if not child:
    assert asyncio.run(ledger.record(event(1)))
    os._exit(views(ledger.store) != 1)
assert os.waitpid(child, 0)[1] == 0
assert asyncio.run(ledger.record(event(2)))
assert views(ledger.store) == 2
"""
    run(program)


def test_four_processes_share_one_file_and_count_every_event_once(tmp_path: Path) -> None:
    url = address(tmp_path / "f.db")
    program = """
import asyncio, sys
from adguard.ledger import Ledger
from tests.ledger.making import Where, event
async def main(url, start):
    ledger = Ledger(Where(url), fold_every=0.02)
    sys.stdin.readline()
    new = 0
    for i in range(start, start + 500, 50):
        new += sum(await asyncio.gather(*(ledger.record(event(n)) for n in range(i, i + 50))))
        ledger.note(event("", kind="measured", verdict=""))
    await ledger.aclose()
    print(new)
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, str(250 * k)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for k in range(4)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    new = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert sum(new) == 1250
    assert counted(open_store(url)) == {"clear": 1250, "measured": 40}


def test_an_address_that_makes_no_sense_fails_at_construction() -> None:
    with pytest.raises(StoreURLError, match="names no ClickHouse database"):
        Ledger(Where("clickhouse://localhost"))


def test_a_store_whose_extra_is_missing_names_it_at_construction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adguard.ledger.opening.find_spec", lambda name: None)
    with pytest.raises(StoreURLError, match=r"pip install 'adguard-toolkit\[clickhouse\]'"):
        Ledger(Where("clickhouse://localhost/figures"))


async def test_with_no_store_nothing_is_kept_and_nothing_fails() -> None:
    ledger = Ledger(Where("none"))
    ledger.open()
    ledger.note(event(1))
    assert await ledger.record(event(1)) is True
    assert await ledger.record(event(1)) is True
    assert ledger.health()["status"] == "ok"
    with pytest.raises(StoreError, match="nothing is recorded"):
        _ = ledger.store
    await ledger.aclose()


async def test_a_folder_that_cannot_be_written_degrades_to_memory_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    ledger = Ledger(Where(address(tmp_path / "file" / "f.db")))
    with caplog.at_level(logging.WARNING, "adguard.ledger"):
        for i in range(3):
            assert await ledger.record(event(i))
            await ledger.aclose()
    health = ledger.health()
    assert health["status"] == "degraded"
    assert "data folder cannot be used" in str(health["reason"])
    assert "memory" in str(health["reason"])
    assert str(tmp_path) not in str(health)
    assert len(caplog.records) == 1
    assert views(ledger.store) == 3


async def test_a_damaged_file_is_unavailable_and_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "f.db"
    path.write_bytes(b"precious" * 1000)
    ledger = Ledger(Where(address(path)))
    with caplog.at_level(logging.WARNING, "adguard.ledger"):
        for i in range(3):
            assert "not a database" in await refused(ledger.record(event(i)))
    ledger.note(event(""))
    await ledger.flush()
    health = ledger.health()
    assert (health["status"], health["waiting"], health["recorded"]) == ("unavailable", 1, 0)
    assert str(tmp_path) not in str(health)
    assert len(caplog.records) == 1
    await ledger.aclose()
    assert ledger.health()["lost"] == 1
    assert path.read_bytes() == b"precious" * 1000


async def test_opening_ahead_tells_trouble_by_health(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    path.write_bytes(b"precious" * 1000)
    ledger = Ledger(Where(address(path)))
    ledger.open()
    ledger.open()
    assert await ledger.flush()
    assert ledger.health()["status"] == "unavailable"
    await ledger.aclose()


async def test_a_locked_file_is_unavailable_until_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    ledger = Ledger(Where(address(path)), busy_timeout=0.05)
    assert await ledger.record(event(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in await refused(ledger.record(event(2)))
        assert ledger.health()["status"] == "unavailable"
        ledger.note(event(""))
        assert await ledger.flush()
        other.execute("ROLLBACK")
    assert await ledger.record(event(2))
    assert await ledger.flush()
    assert ledger.health()["status"] == "ok"
    assert views(ledger.store) == 3
    await ledger.aclose()


async def test_a_full_queue_refuses_reports_and_counts_lost_notes(tmp_path: Path) -> None:
    ledger = Ledger(Where(address(tmp_path / "f.db")), delay=60, capacity=2)
    waiting = [asyncio.ensure_future(ledger.record(event(i))) for i in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(LedgerFull):
        await ledger.record(event(3))
    ledger.note(event(4))
    await ledger.aclose()
    assert await asyncio.gather(*waiting) == [True, True]
    health = ledger.health()
    assert (health["refused"], health["lost"], health["waiting"]) == (2, 1, 0)


async def test_what_nobody_sends_again_is_lost_where_there_is_no_room(tmp_path: Path) -> None:
    ledger = Ledger(Where(address(tmp_path / "f.db")), delay=60, capacity=1)
    waiting = asyncio.ensure_future(ledger.record(event(1)))
    await asyncio.sleep(0)
    with pytest.raises(LedgerFull):
        await ledger.record(event("", kind="choice"))
    assert (ledger.health()["refused"], ledger.health()["lost"]) == (1, 1)
    await ledger.aclose()
    assert await waiting


async def test_an_answer_without_an_id_is_refused_and_written_later(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    ledger = Ledger(Where(address(path)), busy_timeout=0.02, fold_every=3600)
    assert await ledger.record(event(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in await refused(ledger.record(event("", kind="choice", choice="later")))
        other.execute("ROLLBACK")
    assert await ledger.record(event(2))
    await ledger.aclose()
    assert counted(ledger.store)["later"] == 1


async def test_health_says_what_waits_in_memory_while_reports_go_well(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    ledger = Ledger(Where(address(path)), busy_timeout=0.02, fold_every=3600)
    assert await ledger.record(event(1))
    late = ledger._keeper.append_late
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger.note(event(""))
        assert await ledger.flush()
        assert ledger.health()["status"] == "unavailable"

        def too_large(events: Sequence[Event]) -> None:
            other.execute("BEGIN IMMEDIATE")
            try:
                late(events)
            finally:
                other.execute("ROLLBACK")

        ledger._keeper.append_late = too_large  # type: ignore[method-assign]
        other.execute("ROLLBACK")
        assert await ledger.record(event(2))
        assert await ledger.flush()
        health = ledger.health()
        assert (health["status"], health["waiting"], health["lost"]) == ("degraded", 1, 0)
        assert "in memory" in str(health["reason"])
        ledger._keeper.append_late = late  # type: ignore[method-assign]
    await ledger.aclose()
    health = ledger.health()
    assert (health["status"], health["waiting"], health["lost"]) == ("ok", 0, 0)
    assert views(ledger.store) == 3


async def test_trouble_while_folding_is_told_and_passes(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    ledger = Ledger(Where(address(path)), busy_timeout=0.02, fold_every=0.01)
    assert await ledger.record(event(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        while True:
            other.execute("INSERT INTO journal (at, batch) VALUES (0, x'90')")
            other.execute("BEGIN IMMEDIATE")
            if other.execute("SELECT COUNT(*) FROM journal").fetchone() != (0,):
                break
            other.execute("ROLLBACK")  # folded in between: nothing to be in trouble over
        await until(lambda: ledger.health()["status"] == "unavailable")
        other.execute("ROLLBACK")
    await until(lambda: ledger.health()["status"] == "ok")
    await ledger.aclose()


def test_every_error_of_the_ledger_is_a_ledger_error() -> None:
    for error in (LedgerFull, LedgerUnavailable, StoreError, StoreURLError):
        assert issubclass(error, LedgerError)
    assert LedgerFull(7).waiting == 7
    assert LedgerUnavailable("why").reason == "why"


class TestKeeper:
    def test_it_does_not_touch_a_broken_file_again_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "f.db"
        path.write_bytes(b"precious" * 1000)
        keeper = Keeper(Location("sqlite", path))
        with pytest.raises(LedgerUnavailable):
            keeper.append([event(1)])
        path.unlink()
        with pytest.raises(LedgerUnavailable):
            keeper.append([event(1)])
        later = time.monotonic() + 2
        monkeypatch.setattr("adguard.ledger.keeper.time.monotonic", lambda: later)
        assert keeper.append([event(1)]) == set()
        keeper.dispose()

    def test_it_expires_what_is_old_an_hour_at_a_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticks = 1000.0
        monkeypatch.setattr("adguard.ledger.expiry.time.time", lambda: NOW + 4 * 86400 + ticks)
        monkeypatch.setattr("adguard.ledger.expiry.time.monotonic", lambda: ticks)
        keeper = Keeper(Location("sqlite", tmp_path / "f.db"))

        def known_after(seconds: float) -> set[int]:
            nonlocal ticks
            ticks += seconds
            while keeper.tend():
                pass
            return keeper.append([event(1)])

        assert keeper.append([event(1)]) == set()
        assert known_after(599) == {0}
        assert known_after(1) == set()
        assert known_after(3599) == {0}
        assert known_after(1) == set()
        keeper.dispose()

    def test_it_adds_up_the_weeks_that_are_over_when_it_expires(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticks = 1000.0
        monkeypatch.setattr("adguard.ledger.expiry.time.time", lambda: NOW + ticks)
        monkeypatch.setattr("adguard.ledger.expiry.time.monotonic", lambda: ticks)
        keeper = Keeper(Location("sqlite", tmp_path / "f.db"), keep_days=30)
        keeper.append([event(1, at=NOW - 14 * 86400)])

        def weeks() -> int:
            while keeper.tend():
                pass
            with closing(sqlite3.connect(tmp_path / "f.db")) as db:
                (count,) = db.execute("SELECT COUNT(*) FROM weeks").fetchone()
                return int(count)

        assert weeks() == 0
        ticks += 600
        assert weeks() in {3, 4}
        keeper.dispose()

    def test_before_anything_is_open_there_is_nothing_to_tend(self, tmp_path: Path) -> None:
        assert Keeper(Location("sqlite", tmp_path / "f.db")).tend() is False
        assert list(tmp_path.iterdir()) == []

    def test_a_surprise_is_trouble_not_a_crash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        keeper = Keeper(Location("memory"))
        broken: Event = None  # type: ignore[assignment]
        with pytest.raises(LedgerUnavailable, match=r"the store failed \(AttributeError\)"):
            keeper.append([broken])
        assert keeper.append([event(1)]) == set()
        monkeypatch.setattr(keeper.store, "fold", lambda: 1 / 0)
        assert keeper.tend() is False
        assert keeper.trouble == "the store failed (ZeroDivisionError)"
        keeper.dispose()


async def test_every_round_is_told_and_a_listener_that_fails_stops_nothing(tmp_path: Path) -> None:
    rounds: list[int] = []

    def listen() -> None:
        rounds.append(len(rounds))
        raise RuntimeError

    ledger = Ledger(Where(address(tmp_path / "f.db")), fold_every=0.01, on_round=listen)
    assert await ledger.record(event(1))
    await until(lambda: len(rounds) > 2)
    assert await ledger.record(event(2))
    await ledger.aclose()
