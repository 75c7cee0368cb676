"""A code is taken once, whoever tries at the same moment."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import StoreError
from adguard.ledger.location import Location, locate
from adguard.ledger.sqlite import SqliteStore
from adguard.passes.code import Code
from adguard.passes.opening import open_taken
from adguard.passes.shared import ClickHouseTaken
from adguard.passes.taken import AGAIN, KEEP, LocalTaken, MemoryTaken, Taken

NOW = 1_790_000_000.0
CODE = Code(365, int(NOW) + 900, "00ff00ff00ff00ff00")
OTHER = Code(365, int(NOW) + 900, "11ff00ff00ff00ff00")


@pytest.fixture(params=["sqlite", "memory"])
def taken(request: pytest.FixtureRequest, tmp_path: Path) -> Taken:
    return LocalTaken(tmp_path / "f.sqlite3") if request.param == "sqlite" else MemoryTaken()


def test_a_code_is_taken_once(taken: Taken) -> None:
    assert taken.take(CODE, "a", NOW) == "new"
    assert taken.take(CODE, "b", NOW) == "taken"
    assert taken.take(OTHER, "b", NOW) == "new"


def test_the_same_form_may_be_sent_again_for_ten_minutes(taken: Taken) -> None:
    assert taken.take(CODE, "a", NOW) == "new"
    assert taken.take(CODE, "a", NOW + AGAIN - 1) == "again"
    assert taken.take(CODE, "a", NOW + AGAIN) == "taken"


def test_a_form_without_a_mark_of_its_own_is_like_any_other(taken: Taken) -> None:
    assert taken.take(CODE, "", NOW) == "new"
    assert taken.take(CODE, "", NOW) == "taken"


def test_of_many_threads_one_takes_it(taken: Taken) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(lambda n: taken.take(CODE, str(n), NOW), range(64)))
    assert outcomes == {"new": 1, "taken": 63}


def test_of_several_processes_one_takes_it(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from adguard.passes.code import Code\n"
        "from adguard.passes.taken import LocalTaken\n"
        "taken = LocalTaken(Path(sys.argv[1]), 30)\n"
        "print(*(taken.take(Code(1, 2, str(n)), sys.argv[2], 1.0) for n in range(50)))\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "f.sqlite3"), str(hand)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for hand in range(4)
    ]
    answers = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert [Counter(column)["new"] for column in zip(*answers, strict=True)] == [1] * 50


def test_what_is_taken_outlives_the_process_and_lies_beside_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "f.sqlite3"
    assert LocalTaken(path).take(CODE, "a", NOW) == "new"
    assert LocalTaken(path).take(CODE, "b", NOW) == "taken"
    store = SqliteStore(path)
    with store.figures() as figures:
        assert figures.sites() == []
    store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM taken").fetchall() == [
            (CODE.nonce, "a", int(NOW), CODE.until + KEEP)
        ]


def test_old_codes_are_forgotten_with_the_figures_and_no_earlier(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite3"
    assert LocalTaken(path).take(CODE, "a", NOW) == "new"
    store = SqliteStore(path)
    assert store.expire(CODE.until + KEEP) == 0
    assert LocalTaken(path).take(CODE, "b", NOW) == "taken"
    assert store.expire(CODE.until + KEEP + 1) == 1
    assert store.expire(CODE.until + KEEP + 1) == 0
    store.close()


def test_a_file_that_cannot_be_used_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite3"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="could not be taken"):
        LocalTaken(path).take(CODE, "a", NOW)
    path.unlink()
    assert LocalTaken(path).take(CODE, "a", NOW) == "new"


def test_a_file_that_another_process_holds_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite3"
    taken = LocalTaken(path, 0.05)
    assert taken.take(OTHER, "a", NOW) == "new"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            taken.take(CODE, "a", NOW)
        db.execute("ROLLBACK")
    assert taken.take(CODE, "b", NOW) == "new"


def test_memory_is_bounded_and_loses_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryTaken, "MOST", 2)
    memory = MemoryTaken()
    for nonce in ("1", "2", "3"):
        assert memory.take(Code(1, 2, nonce), "a", NOW) == "new"
    assert memory.take(Code(1, 2, "3"), "b", NOW) == "taken"
    assert memory.take(Code(1, 2, "1"), "b", NOW) == "new"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        (Location("none"), MemoryTaken),
        (Location("memory"), MemoryTaken),
        (locate("sqlite:///somewhere/f.sqlite3"), LocalTaken),
        (locate("clickhouse://host/db?journal=/somewhere/j.sqlite3"), ClickHouseTaken),
    ],
)
def test_where_there_is_a_file_it_remembers(location: Location, kind: type) -> None:
    assert type(open_taken(location)) is kind
