"""A ledger whose store is elsewhere. The store here is a SQLite file behind a wire that can break;
tests/stores/ do the same with ClickHouse."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adguard.ledger import Ledger, LedgerUnavailable, Parcel, Span, Store, StoreError
from adguard.ledger.location import Address
from adguard.ledger.shipper import Shipper
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import NOW, Where, event, run, views


class Wire(SqliteStore):
    """A store that can be out of reach, or hang.

    :param path: where its figures are.
    """

    down = ""
    hangs = threading.Event()
    hung = threading.Event()

    @property
    def shards(self) -> int:  # type: ignore[override]
        if Wire.down:
            raise StoreError(Wire.down)
        return 1

    def ship(self, parcel: Parcel) -> bool:
        if Wire.hangs.is_set():
            Wire.hung.set()
            while Wire.hangs.is_set():
                time.sleep(0.005)
        if Wire.down:
            raise StoreError(Wire.down)
        return super().ship(parcel)


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    """The figures elsewhere, as somebody else reads them."""
    path = tmp_path / "elsewhere.db"

    def connect(address: Address) -> Store:
        assert address.database == "figures"
        return Wire(path)

    monkeypatch.setattr("adguard.ledger.keeper.open_remote", connect)
    monkeypatch.setattr("adguard.ledger.shipper.LONGEST_PAUSE", 0.01)
    Wire.down = ""
    Wire.hangs.clear()
    Wire.hung.clear()
    made = SqliteStore(path)
    made.migrate()
    yield made
    Wire.hangs.clear()
    made.close()


def url(tmp_path: Path, options: str = "") -> str:
    return f"clickhouse://user:hunter2@db.internal/figures?journal={tmp_path}/j.db{options}"


def ledger(tmp_path: Path, options: str = "") -> Ledger:
    return Ledger(Where(url(tmp_path, options)), fold_every=0.01)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_what_is_recorded_here_is_counted_there_once(
    tmp_path: Path, target: SqliteStore
) -> None:
    here = ledger(tmp_path)
    assert await here.record(event(1))
    assert not await here.record(event(1))
    for i in range(2, 20):
        assert await here.record(event(i))
    await until(lambda: views(target) == 19)
    await until(lambda: here.health()["journal_batches"] == 0)
    await until(lambda: here.health().get("shipped_events") == 19)
    told = here.health()
    assert (told["status"], told["kind"], told["shipping"]) == ("ok", "clickhouse", "ok")
    assert views(here.store) == 19
    await here.aclose()
    assert await here.record(event(20))
    await until(lambda: views(target) == 20)
    await here.aclose()


async def test_a_store_out_of_reach_costs_no_report_and_is_told_without_its_name(
    tmp_path: Path, target: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    Wire.down = "db.internal:9000 does not answer"
    caplog.set_level(logging.INFO, logger="adguard.ledger")
    here = ledger(tmp_path)
    for i in range(10):
        assert await here.record(event(i))
    await until(lambda: here.health()["status"] == "degraded")
    await until(lambda: here.health()["journal_batches"] == 10)
    told = here.health()
    assert told["shipping"] == "waiting"
    assert "db.internal" not in str(told)
    assert "hunter2" not in str(told)
    Wire.down = ""
    await until(lambda: views(target) == 10)
    await until(lambda: here.health()["status"] == "ok")
    await here.aclose()
    said = [record.message for record in caplog.records]
    assert said.count("Events wait in the journal: db.internal:9000 does not answer") == 1
    assert said.count("The store takes events again.") == 1


async def test_a_store_that_hangs_holds_up_neither_reports_nor_the_end(
    tmp_path: Path, target: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adguard.ledger.keeper.STOP_WITHIN", 0.05)
    Wire.hangs.set()
    here = ledger(tmp_path)
    assert await here.record(event(1))
    await asyncio.to_thread(Wire.hung.wait, 20)
    assert await here.record(event(2))
    await here.aclose()
    assert Wire.hangs.is_set()
    again = ledger(tmp_path)
    assert await again.record(event(3))
    # Neither the lease nor the file is held by whoever hangs.
    await until(lambda: again.health().get("folding") is True)
    assert Wire.hangs.is_set()
    Wire.hangs.clear()
    await until(lambda: views(target) == 3)
    await again.aclose()


async def test_of_many_workers_one_ships(tmp_path: Path, target: SqliteStore) -> None:
    workers = [ledger(tmp_path) for _ in range(3)]
    for i, worker in enumerate(workers * 5):
        assert await worker.record(event(i))
    await until(lambda: views(target) == 15)
    await until(lambda: all("folding" in worker.health() for worker in workers))
    holders = [worker for worker in workers if "shipping" in worker.health()]
    assert len(holders) == 1
    await holders[0].aclose()
    others = [worker for worker in workers if worker is not holders[0]]
    assert await others[0].record(event(15))
    await until(lambda: views(target) == 16)
    for worker in others:
        await worker.aclose()


async def test_a_backlog_answers_503_until_the_store_takes_it(
    tmp_path: Path, target: SqliteStore
) -> None:
    Wire.down = "away"
    here = ledger(tmp_path, "&journal_mb=1")
    long = "/" + "x" * 500
    sent = 0

    async def some() -> list[bool | BaseException]:
        nonlocal sent
        sent += 500
        return await asyncio.gather(
            *(here.record(event(i, path=long)) for i in range(sent - 500, sent)),
            return_exceptions=True,
        )

    taken, answers = 0, await some()
    while all(answer is True for answer in answers):
        taken += 500
        answers = await some()
    taken += answers.count(True)
    refused = [answer for answer in answers if answer is not True]
    assert all(isinstance(answer, LedgerUnavailable) for answer in refused)
    assert "1 MB wait in the journal" in str(refused[0])
    await until(lambda: here.health()["status"] == "unavailable")
    Wire.down = ""
    await until(lambda: here.health()["status"] == "ok")
    assert await here.record(event(sent))
    await until(lambda: views(target) == taken + 1)
    await here.aclose()


async def test_a_journal_that_cannot_be_written_degrades_to_memory_and_still_ships(
    tmp_path: Path, target: SqliteStore
) -> None:
    (tmp_path / "file").touch()
    here = Ledger(Where(f"clickhouse://db/figures?journal={tmp_path}/file/j.db"), fold_every=0.01)
    assert await here.record(event(1))
    await until(lambda: views(target) == 1)
    assert here.health()["status"] == "degraded"
    assert "in memory" in str(here.health()["reason"])
    await here.aclose()
    assert await here.record(event(2))
    await until(lambda: views(target) == 2)
    await here.aclose()


def test_forks_share_the_journal_and_ship_everything_once(tmp_path: Path) -> None:
    program = """
import asyncio, os, sys, warnings
from pathlib import Path
from adguard.ledger import Ledger, keeper
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import Where, event
warnings.simplefilter("ignore", DeprecationWarning)
keeper.open_remote = lambda address: SqliteStore(Path(sys.argv[2]))
ledger = Ledger(Where(sys.argv[1]), fold_every=0.001)
assert asyncio.run(ledger.record(event("before")))
for i in range(8):
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
    run(program, url(tmp_path), str(tmp_path / "elsewhere.db"))
    target, rest = SqliteStore(tmp_path / "elsewhere.db"), Spool(tmp_path / "j.db")
    while rest.freeze(1):
        pass
    while (waiting := rest.next()) is not None:
        target.ship(waiting.parcel)
        rest.shipped(waiting.parcel)
    assert views(target) == 25
    target.close()
    rest.close()


def test_pauses_grow_while_the_store_is_away_and_end_at_a_minute(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "j.db")
    tried: list[float] = []
    enough = threading.Event()

    def connect() -> Store:
        tried.append(0)
        enough.set()
        raise StoreError("away")

    shipper = Shipper(spool, connect, every=1, keep_days=1)
    assert enough.wait(20)
    pauses = [shipper._failed(StoreError("away")) for _ in range(12)]
    assert shipper.stop(20)
    assert all(0.5 * least <= pause for pause, least in zip(pauses, (2, 4, 8, 16), strict=False))
    assert max(pauses) <= 60
    assert min(pauses[6:]) >= 30


async def test_old_figures_are_expired_elsewhere_too(
    tmp_path: Path, target: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adguard.ledger.expiry.FIRST", 0)
    here = Ledger(Where(url(tmp_path)), fold_every=0.01, keep_days=30)
    old = NOW - 40 * 86400
    target.append([event("old", at=old)])
    target.fold()
    assert await here.record(event(1))
    await until(lambda: views(target) == 1)
    span = Span(old // 86400, NOW // 86400)
    await until(lambda: views(target, span) == 1)
    await here.aclose()
