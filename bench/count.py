"""`./dev count [EVENTS]`: every event is counted once, whatever is killed.

Sends EVENTS different page views (default 200,000), every tenth of them twice, through two real
servers that share nothing but the store, and through two that share one SQLite file. Twenty times
one of the servers, what folds and ships included, gets a `kill -9`; meanwhile one replica of the
ClickHouse cluster dies and comes back. Ends with 1 unless every view is counted, once.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from adguard.ledger import Span, open_store
from adguard.reader import day_of
from bench.machine import end_with_servers, headline
from bench.nodes import Node, NodeError
from bench.stream import Books, Stream
from bench.visits import MIX

__all__ = ["Count", "Replica", "count"]

EVENTS = 200_000
KILLS = 20
SETTLED_WITHIN = 120.0
AIM_FOR = 8.0
DEAD = (0.4, 0.6)
"""From which share of all events to which one replica is dead."""


@dataclass(frozen=True)
class Replica:
    """What may die and come back while events stream in.

    :param settle: returns once all replicas hold the same again.
    """

    kill: Callable[[], None]
    start: Callable[[], None]
    settle: Callable[[], None]


@dataclass
class Count:
    """What one store made of the events.

    :param counted: views by verdict.
    :param kills: servers killed; `aimed` of them while a parcel was on its way.
    """

    store: str
    events: int
    books: Books
    counted: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    aimed: int = 0
    replicas: int = 0
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Whether every event was counted, once, under its verdict."""
        return (
            self.counted == self.books.acknowledged
            and self.counted.total() == self.books.total == self.events
        )


async def count(
    store: str,
    url: str,
    folder: Path,
    events: int,
    *,
    shared: bool,
    kills: int = KILLS,
    seed: int = 1,
    replica: Replica | None = None,
    show: Callable[[int], None] = lambda total: None,
) -> Count:
    """Sends the events through two servers, kills them, and counts.

    :param store: its name, for the table.
    :param shared: whether both servers write to one file; otherwise each has its own journal.
    :param show: told now and then how many events are acknowledged.
    """
    began = time.perf_counter()
    today = day_of(time.time())
    nodes = [Node(folder / name, {"store": url}) for name in ("one", "two")]
    stream = Stream(nodes, events, sticky=not shared, seed=seed)
    made = Count(store, events, stream.books)
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(stream, show))
            reaping = group.create_task(
                _reap(made, nodes, stream, kills, seed, replica, aim=not shared)
            )
            await stream.run()
            await reaping
            watching.cancel()
        show(made.books.total)
        await _emptied(nodes)
        if replica is not None:
            await asyncio.to_thread(replica.settle)
        made.counted = _counted(url, Span(today, today + 1))
    finally:
        await asyncio.gather(*(node.stop() for node in nodes))
    made.seconds = time.perf_counter() - began
    return made


async def _watch(stream: Stream, show: Callable[[int], None]) -> None:
    while True:
        show(stream.books.total)
        await asyncio.sleep(0.2)


async def _reap(
    made: Count,
    nodes: Sequence[Node],
    stream: Stream,
    kills: int,
    seed: int,
    replica: Replica | None,
    *,
    aim: bool,
) -> None:
    """Kills servers at seeded moments.

    :param aim: every second time wait until a parcel is on its way.
    """
    pick = random.Random(f"{seed} kills")
    deeds = [(pick.uniform(0.02, 0.95), "server") for _ in range(kills)]
    if replica is not None:
        deeds += [(DEAD[0], "kill"), (DEAD[1], "start")]
    for number, (moment, deed) in enumerate(sorted(deeds)):
        await stream.reached(int(moment * made.events))
        if replica is not None and deed != "server":
            await asyncio.to_thread(replica.kill if deed == "kill" else replica.start)
            made.replicas += deed == "kill"
            continue
        node, pause = pick.choice(nodes), pick.uniform(0, 0.1)
        if aim and number % 2:
            made.aimed += await _parcel_on_its_way(node)
        await asyncio.sleep(pause)
        await node.kill()
        made.kills += 1
        await node.start()


async def _parcel_on_its_way(node: Node) -> bool:
    """Waits for a while until a node has frozen a parcel that the store did not acknowledge yet."""
    deadline = asyncio.get_running_loop().time() + AIM_FOR
    while asyncio.get_running_loop().time() < deadline:
        if sum(_waiting(path, "outbox") for path in node.folder.glob("*.sqlite3")):
            return True
        await asyncio.sleep(0.002)
    return False


def _waiting(path: Path, table: str) -> int:
    """How many rows wait in a table of a node's journal; 0 where there is no such table yet."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
        tables = db.execute("SELECT name FROM sqlite_master").fetchall()
        if (table,) not in tables:
            return 0
        (found,) = db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        return int(found)


async def _emptied(nodes: Sequence[Node]) -> None:
    """Returns once every event of every node is in the store.

    :raises NodeError: that took too long.
    """
    deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN
    while True:
        journals = [path for node in nodes for path in node.folder.glob("*.sqlite3")]
        if not any(_waiting(path, table) for path in journals for table in ("journal", "outbox")):
            return
        if asyncio.get_running_loop().time() > deadline:
            raise NodeError(f"events still wait after {SETTLED_WITHIN:g} s: {nodes[0].said()}")
        await asyncio.sleep(0.1)


def _counted(url: str, span: Span) -> Counter[str]:
    store = open_store(url)
    try:
        with store.figures() as figures:
            raw = figures.funnel(span).raw
    finally:
        store.close()
    return Counter({verdict.value: raw[verdict.value] for verdict in MIX if raw[verdict.value]})


# --- the command ------------------------------------------------------------------------------


def table(counts: Sequence[Count]) -> Table:
    made = Table(title="Counted once, whatever was killed", title_justify="left")
    made.add_column("")
    for one in counts:
        made.add_column(one.store, justify="right")
    rows: dict[str, Callable[[Count], object]] = {
        "different events sent": lambda c: c.events,
        "acknowledged": lambda c: c.books.total,
        "sent twice": lambda c: c.books.twice,
        "not acknowledged, sent again": lambda c: c.books.again,
        "servers killed with -9": lambda c: c.kills,
        "of these with a parcel on its way": lambda c: c.aimed,
        "replicas killed and brought back": lambda c: c.replicas,
    }
    for name, of in rows.items():
        made.add_row(name, *(f"{of(one):,}" for one in counts))
    for verdict in MIX:
        made.add_row(
            f"counted, {verdict.value}",
            *(f"{c.counted[verdict]:,} of {c.books.acknowledged[verdict]:,}" for c in counts),
        )
    made.add_row(
        "[bold]counted", *(f"[bold]{one.counted.total():,}[/]" for one in counts), end_section=True
    )
    made.add_row("", *("exactly once" if one.right else "[bold red]WRONG" for one in counts))
    made.add_row("seconds", *(f"{one.seconds:.0f}" for one in counts))
    return made


def run(name: str, events: int, kills: int, seed: int, folder: Path, progress: Progress) -> Count:
    task = progress.add_task(name, total=events)

    def show(total: int) -> None:
        progress.update(task, completed=total)

    if name == "SQLite":
        url = f"sqlite://{folder}/figures.sqlite3"
        return asyncio.run(
            count(name, url, folder, events, shared=True, kills=kills, seed=seed, show=show)
        )
    from tests.stores.cluster import Cluster  # noqa: PLC0415 (needs the driver and Debian's server)

    with Cluster() as cluster:
        store = open_store(cluster.url)
        store.migrate()
        store.close()
        shard = 1 + seed % 2
        replica = Replica(
            lambda: cluster.kill_replica(shard, 1),
            lambda: cluster.restart_replica(shard, 1),
            cluster.settle,
        )
        return asyncio.run(
            count(
                name, cluster.url, folder, events,
                shared=False, kills=kills, seed=seed, replica=replica, show=show,
            )
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev count", description=__doc__)
    parser.add_argument("events", nargs="?", type=int, default=EVENTS, metavar="EVENTS")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=1, help="what is sent, and what dies when")
    parser.add_argument("--store", choices=("SQLite", "ClickHouse"), help="default: both")
    asked = parser.parse_args()
    end_with_servers()
    console = Console()
    console.print(f"{headline()}\n{asked.events:,} events, seed {asked.seed}")
    counts = []
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn())
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
    ):
        for name in [asked.store] if asked.store else ["SQLite", "ClickHouse"]:
            where = Path(folder, name.lower())
            where.mkdir()
            try:
                counts.append(run(name, asked.events, asked.kills, asked.seed, where, progress))
            except NodeError as error:
                sys.exit(f"./dev count: {name}: {error}")
    console.print(table(counts))
    sys.exit(not all(one.right for one in counts))


if __name__ == "__main__":
    main()
