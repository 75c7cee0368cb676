from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import address, event, views


def journal(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["journal", *arguments])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with two batches that wait and one that cannot be read."""
    store = SqliteStore(tmp_path / "f.db")
    store.append([event(1), event(2)])
    with closing(sqlite3.connect(tmp_path / "f.db", isolation_level=None)) as db:
        db.execute("INSERT INTO journal (at, batch) VALUES (0, x'c1')")
    store.fold()
    store.append([event(3)])
    store.append([event(4)])
    store.close()
    return tmp_path / "f.db"


def test_what_waits_is_told_and_not_touched(path: Path) -> None:
    before = path.read_bytes()
    told = journal("status", "--store", address(path))
    assert told.exit_code == 0, told.output
    lines = dict(line.rsplit(None, 1) for line in told.output.splitlines())
    assert lines["batches in the journal"] == "2"
    assert lines["batches that cannot be read"] == "1"
    assert path.read_bytes() == before


def test_the_address_comes_from_the_environment_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_STORE", address(path))
    assert journal("status").output == journal("status", "--store", address(path)).output


def test_replay_adds_up_what_waits_and_tries_again_what_could_not_be_read(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE spoiled SET batch = x'90'")
    done = journal("replay", "--store", address(path))
    assert done.exit_code == 0, done.output
    assert done.output.endswith(
        "3 batches were added up; 1 that could not be read before were tried again.\n"
    )
    store = SqliteStore(path)
    assert store.health()["journal_batches"] == store.health()["spoiled_batches"] == 0
    assert views(store) == 4
    store.close()


def test_another_machines_journal_is_moved_into_the_store_once(path: Path, tmp_path: Path) -> None:
    here = SqliteStore(tmp_path / "here.db")
    here.append([event(9)])
    for moved in (2, 0):
        done = journal("replay", "--store", address(tmp_path / "here.db"), "--from", str(path))
        assert done.exit_code == 0, done.output
        assert f"{moved} events are in the store" in done.output
    assert views(here) == 3
    rest = Spool(path, read_only=True)
    assert rest.health()["journal_batches"] == 0
    rest.close()
    here.close()


def test_a_replay_that_was_broken_off_goes_on_where_it_was(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Spool(path)
    assert lost.freeze(1)
    waiting = lost.next()
    assert waiting is not None
    here = SqliteStore(tmp_path / "here.db")
    # The store had it, and whoever shipped it was killed before he could write that down.
    assert here.ship(waiting.parcel)
    lost.close()
    done = journal("replay", "--store", address(tmp_path / "here.db"), "--from", str(path))
    assert done.exit_code == 0, done.output
    assert views(here) == 2
    here.close()


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_a_store_named_as_its_own_source_is_simply_added_up(
    path: Path, link: Callable[[Path, Path], None] | None
) -> None:
    name = path if link is None else path.with_name("other-name.db")
    if link is not None:
        link(path, name)
    done = journal("replay", "--store", address(path), "--from", str(name))
    assert "2 batches were added up" in done.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["status", "--store", "sqlite:///nowhere/f.db"], "does not exist"),
        (["replay", "--store", "sqlite:///nowhere/f.db"], "does not exist"),
        (["status", "--store", "memory:"], "inside the server only"),
        (["status", "--store", "none"], "nothing is recorded"),
        (["replay", "--store", "nonsense"], "names no store"),
        (["replay", "--store", "sqlite:///a", "--from", "/nowhere.db"], "does not exist"),
        (["status", "--store", "clickhouse://u:hunter2@h"], "names no ClickHouse database"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], why: str) -> None:
    done = journal(*arguments)
    assert done.exit_code != 0
    assert why in done.output
    assert "Traceback" not in done.output
    assert "hunter2" not in done.output


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 100)
    done = journal("replay", "--store", address(tmp_path / "here.db"), "--from", str(text))
    assert done.exit_code == 1
    assert "not a database" in done.output
    assert text.read_text() == "not a database " * 100
