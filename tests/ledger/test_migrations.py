from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import Slice, Span, StoreError
from adguard.ledger.connect import open_to_write
from adguard.ledger.fold import COUNTERS
from adguard.ledger.schema import ROLLUPS, TABLES, VERSION
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import event

DAY = 20_000
SPAN = Span(DAY, DAY + 1)


@pytest.fixture(params=[1, 2, 3, 4])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of an older version: two days of two sites, a journal that was not folded, a spoiled
    batch."""
    path = tmp_path / "f.db"
    made = Path(__file__).with_name(f"version{request.param}.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(made)
    return path


@pytest.fixture
def store(old: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(old)
    yield made
    made.close()


def answers(store: SqliteStore) -> list[object]:
    with store.figures() as f:
        return [
            f.funnel(SPAN),
            f.funnel(Span(DAY, DAY, "default")),
            f.funnel(SPAN, Slice(browser="chrome")),
            f.block_rate(SPAN),
            f.block_rate(SPAN, "hour"),
            f.block_rate(SPAN, "hour", Slice(verdict="extension")),
            f.block_rate(SPAN, "day", Slice(page="/article")),
            f.breakdown(SPAN, "browser"),
            f.breakdown(SPAN, "verdict", Slice(variant="holdout")),
            f.top_pages(SPAN),
            f.sites(),
        ]


def test_an_older_file_is_read_without_being_written_to(old: Path) -> None:
    before = old.read_bytes()
    store = SqliteStore(old)
    with store.figures() as figures:
        assert figures.funnel(SPAN).views == 7
        assert figures.funnel(SPAN, Slice(browser="chrome")).raw["later"] == 1
        assert figures.funnel(SPAN).raw["reader_days"] == 0
        assert figures.sites() == ["default", "other"]
        assert [(p.at, p.totals.views) for p in figures.block_rate(SPAN)] == [
            (DAY * 86400, 5),
            ((DAY + 1) * 86400, 2),
        ]
    assert old.read_bytes() == before


def test_bringing_a_file_to_this_version_changes_no_answer(store: SqliteStore) -> None:
    before = answers(store)
    store.migrate()
    assert answers(store) == before
    while store.fold():
        pass
    assert answers(store) == before
    while store.close_days((DAY + 30) * 86_400):
        pass
    assert answers(store) == before


def test_a_file_is_brought_to_this_version_in_place_and_once(old: Path) -> None:
    stores = [SqliteStore(old, busy_timeout=10) for _ in range(4)]
    threads = [threading.Thread(target=store.migrate) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].node == "9f64b3fcc94336a9"
    assert stores[0].append([event(7, id=f"{DAY}-{7:022}", at=DAY * 86400)]) == {0}
    with stores[1].figures() as figures:
        assert figures.funnel(SPAN).views == 7
        assert figures.funnel(SPAN, Slice(device="desktop")).views == 7
    assert stores[2].health()["spoiled_batches"] == 1
    for store in stores:
        store.close()
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_file_brought_to_this_version_is_like_one_made_by_it(old: Path, tmp_path: Path) -> None:
    def columns(path: Path) -> dict[str, set[str]]:
        with closing(open_to_write(path, "NORMAL", 1)) as db:
            names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            return {n: {row[1] for row in db.execute(f"PRAGMA table_info({n})")} for n in names}

    upgraded, made = columns(old), columns(tmp_path / "new.db")
    assert upgraded == made
    assert set(COUNTERS) <= upgraded["r_day"]
    assert upgraded.keys() >= {*ROLLUPS, "outbox", "admitted", "taken", "weeks"}


def test_a_new_counter_needs_a_new_version() -> None:
    assert (VERSION, len(COUNTERS), COUNTERS[21:]) == (
        5,
        29,
        (
            *("reader_days", "blocked_days", "assigned", "cleared"),
            *("supported", "served", "ways", "unanswered"),
        ),
    )


def test_an_upgrade_that_fails_half_way_leaves_the_old_file(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = answers(SqliteStore(old))

    with monkeypatch.context() as patch:
        patch.setattr("adguard.ledger.schema.TABLES", (*TABLES, "INSERT INTO full VALUES (1)"))
        store = SqliteStore(old)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.migrate()
    store = SqliteStore(old)
    assert answers(store) == before
    store.migrate()
    assert answers(store) == before
    store.close()


def test_a_folder_without_the_right_to_write_still_tells_what_waits(old: Path) -> None:
    looked = SqliteStore(old, read_only=True)
    assert looked.health()["journal_batches"] == 1
    assert looked.node == "9f64b3fcc94336a9"
    with pytest.raises((sqlite3.OperationalError, StoreError)):
        looked.append([event(1)])
    looked.close()
