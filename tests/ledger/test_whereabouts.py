"""Somebody moves, replaces or deletes files of a store that is in use."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from adguard.ledger.errors import StoreError
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.whereabouts import find, remove_log
from tests.ledger.making import event, views

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT COUNT(*) FROM journal").fetchone()[0], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figures.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """Three events, none of which is anywhere but in the log."""
    store = SqliteStore(path, busy_timeout=0.05)
    for number in range(3):
        store.append([event(number)])
    yield store
    store.close()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has the file open, and notices nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"3\n"
        yield
        holder.communicate(b"")


def counted(path: Path) -> float:
    return views(SqliteStore(path, read_only=True))


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def test_a_file_that_was_moved_has_all_that_was_answered_and_the_next_one_the_rest(
    store: SqliteStore, path: Path
) -> None:
    moved = path.with_name("moved.db")
    with held(path):
        path.rename(moved)
        store.append([event(3), event(4)])
        assert counted(moved) == 3
        assert counted(path) == 2
    store.append([event(5)])
    assert counted(path) == 3


def test_a_backup_that_is_put_in_place_is_not_damaged_by_the_log_of_the_file_before(
    store: SqliteStore, path: Path
) -> None:
    backup = path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM INTO ?", (str(backup),))
    for number in range(3, 40):
        store.append([event(number)])
    while store.fold():
        pass
    os.replace(backup, path)
    store.append([event(0), event(50)])
    assert counted(path) == 4
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_another_programs_file_that_is_put_in_place_stays_as_it_is(
    store: SqliteStore, path: Path
) -> None:
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as db:
        db.executescript("CREATE TABLE letters (a); INSERT INTO letters VALUES ('x')")
    before = other.read_bytes()
    os.replace(other, path)
    with pytest.raises(StoreError, match="another program"):
        store.append([event(9)])
    assert path.read_bytes() == before
    assert not log_of(path).exists()


def test_a_log_that_was_deleted_is_written_anew_and_nothing_of_it_is_missing(
    store: SqliteStore, path: Path
) -> None:
    with held(path):
        log_of(path).unlink()
        path.with_name(f"{path.name}-shm").unlink()
        store.append([event(3)])
        assert counted(path) == 4


def test_only_the_log_that_is_meant_is_removed(store: SqliteStore, path: Path) -> None:
    known = find(path).log
    assert known is not None
    remove_log(path, (known[0], known[1] + 1))
    assert log_of(path).exists()
    remove_log(path, known)
    assert not log_of(path).exists()
    remove_log(path, known)
    remove_log(path, None)
