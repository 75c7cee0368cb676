"""What a machine does to a ledger: disks fill up, files lose rights or bytes, clocks are set."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import Ledger, LedgerUnavailable, Span, open_store
from adguard.ledger.keeper import Keeper
from adguard.ledger.location import Location
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import DAY, NOW, Where, address, event, full_disk, run, views


async def test_a_full_disk_refuses_reports_and_takes_them_again_when_there_is_room(
    tmp_path: Path,
) -> None:
    ledger = Ledger(Where(address(tmp_path / "f.db")), fold_every=3600)
    acknowledged, n = 0, 0
    assert await ledger.record(event("first"))
    with full_disk(tmp_path):
        reason = ""
        while not reason:
            n += 1
            try:
                assert await ledger.record(event(n, path="/" + "x" * 400))
                acknowledged += 1
            except LedgerUnavailable as error:
                reason = error.reason
        assert reason in {"the disk is full", "the disk reported an error"}
        assert ledger.health()["status"] == "unavailable"
        assert views(open_store(address(tmp_path / "f.db"))) == 1 + acknowledged

    async def again() -> bool:
        try:
            return await ledger.record(event(n, path="/" + "x" * 400))
        except LedgerUnavailable:
            return False

    async with asyncio.timeout(20):
        while not await again():  # noqa: ASYNC110 (the keeper looks again by itself)
            await asyncio.sleep(0.05)
    assert ledger.health()["status"] == "ok"
    await ledger.aclose()
    assert views(open_store(address(tmp_path / "f.db"))) == 2 + acknowledged


@pytest.mark.parametrize("kind", [SqliteStore, Spool])
def test_a_full_disk_half_way_through_adding_up_leaves_everything_where_it_was(
    kind: type[SqliteStore | Spool], tmp_path: Path
) -> None:
    store = kind(tmp_path / "f.db", synchronous="NORMAL")
    store.append([event(i, path=f"/{i}", browser=f"b{i % 30}") for i in range(500)])
    before = store.health()["journal_batches"]
    # Everything so far goes from the log into the file: nothing is left to be overwritten.
    with closing(sqlite3.connect(tmp_path / "f.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def add_up() -> object:
        return store.fold() if isinstance(store, SqliteStore) else store.freeze(1)

    with full_disk(tmp_path):
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (20_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        )
        with pytest.raises(sqlite3.OperationalError):
            add_up()
    store.close()
    assert store.health()["journal_batches"] == before == 1
    assert add_up()
    assert store.health()["journal_batches"] == 0
    if isinstance(store, SqliteStore):
        assert views(store) == 500
    else:
        waiting = store.next()
        assert waiting is not None
        assert waiting.events == 500
    store.close()


def test_a_file_that_may_only_be_read_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    store = SqliteStore(path)
    store.append([event(1)])
    store.close()
    before = path.read_bytes()
    program = """
import asyncio, os, sys
from adguard.ledger import Ledger
from tests.ledger.making import Where, event, views
os.chmod(sys.argv[2], 0o444)
os.chmod(os.path.dirname(sys.argv[2]), 0o555)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
import logging
logging.disable()
ledger = Ledger(Where(sys.argv[1]))
assert asyncio.run(ledger.record(event(2)))
told = ledger.health()
assert told["status"] == "degraded", told
assert "read-only" in told["reason"] or "cannot be opened" in told["reason"], told
assert views(ledger.store) == 1
asyncio.run(ledger.aclose())
"""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(0o755)
    try:
        run(program, address(path), str(path))
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before


@pytest.mark.parametrize("jump", [86_400, -86_400])
def test_a_clock_that_is_set_by_a_day_and_back_costs_no_event_and_counts_none_twice(
    jump: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = NOW
    monkeypatch.setattr("adguard.ledger.keeper.time.time", lambda: clock)
    keeper = Keeper(Location("sqlite", tmp_path / "f.db"))
    recorded: set[int] = set()

    def everything_again() -> None:
        for number in sorted(recorded):
            assert keeper.append([event(number, at=clock)]) == {0}, (number, clock)

    for step, moment in enumerate((NOW, NOW + jump, NOW, NOW + jump, NOW)):
        clock = moment
        # The day in an id is the one of the server that gave it: also of a wrong one.
        assert keeper.append([event(step, id=f"{clock // 86_400}-{step:022}", at=clock)]) == set()
        assert keeper.append([event(100 + step, at=clock)]) == set()
        recorded.add(100 + step)
        everything_again()
        while keeper.tend():
            pass
        everything_again()
    assert views(keeper.store, Span(DAY - 2, DAY + 2)) == 10
    assert views(keeper.store, Span(DAY, DAY)) == 6
    keeper.dispose()
