"""Two nodes agree on who rings, through the real cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adguard.alerts.book import KEEP, Entry
from adguard.alerts.shared import ClickHouseBook
from adguard.ledger import open_store
from adguard.ledger.clickhouse.aside import SHARD
from adguard.ledger.clickhouse.tables import SPAN
from adguard.ledger.events import DAY
from adguard.ledger.location import Host
from tests.alerts.conftest import receiver
from tests.alerts.receiver import Receiver
from tests.alerts.watching import NOW, Scene, fill
from tests.stores.cluster import Cluster
from tests.stores.engines import address_of

ENTRY = Entry("news", "coverage", "", 1, "firing", 0, "open", "", "a", int(NOW), "{'\\ü}")
__all__ = ["receiver"]

SETTLE = 1.1
"""More than the second to which the servers' clock is read."""

pytestmark = pytest.mark.xdist_group("clickhouse")


@pytest.fixture
def books(cluster: Cluster) -> Iterator[list[ClickHouseBook]]:
    """A book for each of two nodes, which speak to different replicas of the first shard."""
    with closing(open_store(cluster.url)) as store:
        store.migrate()
    made = [ClickHouseBook(address_of(cluster.url), settle=SETTLE) for _ in range(2)]
    for number, book in enumerate(made, 1):
        book._lines.servers._last[SHARD] = Host("127.0.0.1", cluster.replica(1, number).port)
    yield made
    for book in made:
        book.close()


def at_once(books: list[ClickHouseBook], entries: list[Entry]) -> list[bool]:
    """Writes an entry into each book at the same moment; returns who believes to have written."""
    ready = threading.Barrier(len(books))
    ours = [False] * len(books)

    def write(i: int) -> None:
        ready.wait()
        ours[i] = books[i].write(entries[i])

    threads = [threading.Thread(target=write, args=(i,)) for i in range(len(books))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ours


def test_of_two_nodes_that_claim_a_line_at_once_one_has_it(books: list[ClickHouseBook]) -> None:
    for episode in (1, 2):
        mine = replace(ENTRY, site="race", episode=episode)
        assert sum(at_once(books, [replace(mine, node="a"), replace(mine, node="b")])) == 1
    first, second = (book.read("race") for book in books)
    assert sorted(first, key=str) == sorted(second, key=str)
    assert [entry.episode for entry in sorted(first, key=str)] == [1, 2]
    assert first[0].body == ENTRY.body


def test_a_later_claim_does_not_take_a_line_away_whatever_its_clock_says(
    books: list[ClickHouseBook],
) -> None:
    mine = replace(ENTRY, rule="late")
    assert books[0].write(replace(mine, node="z"))
    assert not books[1].write(replace(mine, node="a", at=mine.at - DAY))
    assert [e.node for e in books[1].read("news") if e.rule == "late"] == ["z"]


def test_the_book_is_there_while_a_replica_is_dead_and_whole_when_it_is_back(
    books: list[ClickHouseBook], cluster: Cluster
) -> None:
    mine = replace(ENTRY, site="away", word="sent")
    assert books[0].write(mine)
    cluster.settle()
    cluster.kill_replica(1, 1)
    try:
        assert books[0].read("away") == [mine]
        sent = replace(mine, word="sent", target="x")
        assert books[0].write(sent)
    finally:
        cluster.restart_replica(1, 1)
    cluster.settle()
    books[0].close()
    books[0]._lines.servers._last[SHARD] = Host("127.0.0.1", cluster.replica(1, 1).port)
    assert set(books[0].read("away")) == {mine, sent}


def test_what_is_older_than_ninety_days_goes(books: list[ClickHouseBook]) -> None:
    new = replace(ENTRY, site="old", word="sent", episode=2)
    old = replace(new, episode=1, at=int(time.time()) - KEEP - 2 * SPAN * DAY)
    books[0].write(old)
    books[0].write(new)

    def episodes() -> list[int]:
        """As workers see it that start now: the shard's leader drops, whichever that is."""
        for book in books:
            book._lines.ready.clear()
        return [entry.episode for book in books for entry in book.read("old")]

    deadline = time.monotonic() + 30
    while episodes() != [2, 2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_nodes_tell_once_and_each_of_its_own_trouble(
    cluster: Cluster, books: list[ClickHouseBook], receiver: Receiver, tmp_path: Path
) -> None:
    with closing(open_store(cluster.url)) as store:
        fill(store, 1, NOW, clear=300, unknown=100)
        cluster.settle()
        scenes = [
            Scene(tmp_path / f"{name}.db", receiver.url, store=store, shared=book)
            for name, book in zip(("a", "b"), books, strict=True)
        ]
        for name, scene in zip(("node-a", "node-b"), scenes, strict=True):
            scene.watch._node = name
        steps = [threading.Thread(target=scene.wait, args=(0,)) for scene in scenes]
        for step in steps:
            step.start()
        for step in steps:
            step.join()
        assert receiver.ids == ["news.unknown_rate.1.firing"]
        scenes[1].ledger.told = {"status": "degraded", "reason": "the store takes nothing now"}
        fill(store, 2, NOW, clear=700)
        cluster.settle()
        for _ in range(6):
            for scene in scenes:
                scene.wait(60)
        assert receiver.ids == [
            "news.unknown_rate.1.firing",
            "news.unknown_rate.1.resolved",
            "news.journal.node-b.1.firing",
        ]
