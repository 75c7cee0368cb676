"""The book: each line once, whoever writes it, and not lost while the file cannot be used."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adguard.alerts.book import KEEP, MOST, Entry, LocalBook
from adguard.ledger import open_store
from tests.ledger.making import address

NOW = int(time.time())
ENTRY = Entry("news", "coverage", "", 1, "firing", 0, "open", "", "", NOW, '{"text": "ü"}')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "figures.db"
    store = open_store(address(made))
    store.migrate()
    store.close()
    return made


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_a_line_is_written_once_and_read_by_site(kind: str, path: Path) -> None:
    book = LocalBook(path if kind == "file" else None)
    assert book.read("news") == []
    assert book.write(ENTRY)
    assert not book.write(replace(ENTRY, at=NOW + 5, body="other"))
    assert book.write(replace(ENTRY, word="sent", target="x", body=""))
    assert book.write(replace(ENTRY, site="sports"))
    assert book.read("news") == [ENTRY, replace(ENTRY, word="sent", target="x", body="")]


def test_of_many_who_write_the_same_line_one_has_written_it(path: Path) -> None:
    ours: list[bool] = []
    books = [LocalBook(path) for _ in range(8)]
    ready = threading.Barrier(len(books))

    def write(book: LocalBook) -> None:
        ready.wait()
        ours.append(book.write(ENTRY))

    threads = [threading.Thread(target=write, args=(book,)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ours) == [False] * 7 + [True]
    assert {tuple(book.read("news")) for book in books} == {(ENTRY,)}


def test_while_the_file_cannot_be_used_nothing_is_forgotten_and_nothing_said_twice(
    path: Path,
) -> None:
    book = LocalBook(path, busy_timeout=0.0)
    assert book.write(ENTRY)
    assert book.read("news") == [ENTRY]
    sent = replace(ENTRY, word="sent", target="x", body="")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not book.write(ENTRY)
        assert book.write(sent)
        assert not book.write(sent)
        assert book.read("news") == [ENTRY, sent]
        assert LocalBook(path).read("news") == [ENTRY]
        other.execute("ROLLBACK")
    assert book.read("news") == [ENTRY, sent]
    assert LocalBook(path).read("news") == [ENTRY, sent]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    book = LocalBook(tmp_path / "none.db")
    assert book.write(ENTRY)
    assert book.read("news") == [ENTRY]
    assert book.node == ""
    assert list(tmp_path.iterdir()) == []


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE photos (name)")
    before = path.read_bytes()
    book = LocalBook(path)
    assert book.write(ENTRY)
    assert book.read("news") == [ENTRY]
    assert path.read_bytes() == before


def test_old_episodes_go_and_the_last_of_each_rule_stays(path: Path) -> None:
    book = LocalBook(path)
    old = replace(ENTRY, at=NOW - KEEP - 10)
    last = replace(old, episode=2)
    alone = replace(old, rule="journal")
    for entry in (old, last, alone, replace(ENTRY, site="sports")):
        book.write(entry)
    assert set(LocalBook(path).read("news")) == {last, alone}


def test_all_workers_of_a_machine_go_by_one_name(path: Path) -> None:
    names = {LocalBook(path).node for _ in range(2)}
    assert len(names) == 1
    assert names != {""}
    assert LocalBook(None).node == ""


def test_in_memory_the_newest_lines_are_kept_and_no_more_than_are_needed() -> None:
    book = LocalBook(None)
    for episode in range(1, MOST + 100):
        book.write(replace(ENTRY, episode=episode, at=NOW + episode))
    kept = [entry.episode for entry in book.read("news")]
    assert MOST // 2 <= len(kept) <= MOST
    assert kept[-1] == MOST + 99
