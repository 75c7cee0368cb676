"""How fast recording is: `python bench/store.py [EVENTS]`, in a temporary folder of this disk.

Synthetic events: 200 pages, 5 verdicts, 7 browsers, 3 devices. Prints machine and date, because
absolutes wander from machine to machine.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from adguard.insight import build_report
from adguard.ledger import Batch, Event, Ledger, Span
from adguard.ledger.fold import fold
from adguard.ledger.sqlite import SqliteStore

BATCH = 500
NOW = int(time.time())
DAY = NOW // 86400


@dataclass(frozen=True)
class Where:
    store: str


def events(count: int, seed: int, *, ordered: bool = True) -> list[Event]:
    """Ids begin with the moment they were minted, within a second, or are wholly random."""
    pick = random.Random(seed)
    browsers = ["chrome", "firefox", "safari", "edge", "opera", "samsung", "other"]
    verdicts = ["clear"] * 12 + ["extension"] * 5 + ["network", "protection", "unknown"]
    made = []
    for i in range(count):
        moment = f"{40_000_000 + i + pick.randrange(1000)}" if ordered else ""
        verdict = pick.choice(verdicts)
        made.append(
            Event(
                id=f"{DAY}-{moment}{pick.getrandbits(128):032x}"[:28],
                site="default",
                at=NOW - pick.randrange(3600),
                kind="view",
                verdict=verdict,
                reason="clear" if verdict == "clear" else "first-view",
                action="none",
                path=f"/section/article-{pick.randrange(200)}",
                section="section",
                browser=pick.choice(browsers),
                device=pick.choice(["desktop", "phone", "tablet"]),
                version="0.1.0",
            )
        )
    return made


def show(name: str, count: int, wall: float, cpu: float) -> None:
    print(f"{name:<44} {count / wall:>11,.0f} /s  {1e6 * cpu / count:>7.2f} µs CPU each")


class Clock:
    def __enter__(self) -> Clock:
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu


def journal(name: str, store: SqliteStore, made: list[Event], batch: int = BATCH) -> None:
    store.migrate()
    with Clock() as clock:
        for i in range(0, len(made), batch):
            store.append(made[i : i + batch])
    show(f"journal, batches of {batch}, {name}", len(made), clock.wall, clock.cpu)


def report(name: str, store: SqliteStore, expected: int) -> None:
    with Clock() as clock:
        found = build_report(store, since=NOW - 3600, until=NOW, by="page")
    print(f"{name:<44} {1e3 * clock.wall:>11,.1f} ms")
    assert found["views"].n == expected


def journal_and_fold(folder: Path, made: list[Event]) -> None:
    store = SqliteStore(folder / "full.sqlite3")
    journal("FULL", store, made)
    report("report on the journal, nothing folded", store, len(made))
    with Clock() as clock:
        while store.fold():
            pass
    show("fold the journal into the rollups", len(made), clock.wall, clock.cpu)
    report("report on the rollups", store, len(made))
    store.close()
    for name, batch, some in (
        ("NORMAL", BATCH, made),
        ("FULL", 64, made[: len(made) // 5]),
        ("FULL, random ids", BATCH, events(len(made), 2, ordered=False)),
    ):
        store = SqliteStore(
            folder / f"{name}{batch}.sqlite3", synchronous="NORMAL" if name == "NORMAL" else "FULL"
        )
        journal(name, store, some, batch)
        store.close()


def apply(folder: Path, made: list[Event]) -> None:
    store = SqliteStore(folder / "applied.sqlite3")
    store.migrate()
    with Clock() as clock:
        for seq, i in enumerate(range(0, len(made), BATCH)):
            assert store.apply(Batch("bench", seq, made[i : i + BATCH]))
    show(f"apply, batches of {BATCH}", len(made), clock.wall, clock.cpu)
    with store.figures() as figures:
        assert figures.funnel(Span(DAY - 1, DAY)).views == len(made)
    store.close()


def pure(made: list[Event]) -> None:
    packed = msgspec.msgpack.encode(made)
    with Clock() as clock:
        fold(made)
    show("fold, arithmetic only", len(made), clock.wall, clock.cpu)
    print(f"{'journal bytes an event':<44} {len(packed) / len(made):>11.0f}")


async def ledger(folder: Path, made: list[Event], url: str, waiters: int) -> None:
    keeper = Ledger(Where(url))
    queue = iter(made)

    async def reader() -> None:
        for event in queue:
            assert await keeper.record(event)

    with Clock() as clock:
        await asyncio.gather(*(reader() for _ in range(waiters)))
        await keeper.aclose()
    name = "durable" if url.startswith("sqlite") else url
    show(f"Ledger.record, {waiters} waiting, {name}", len(made), clock.wall, clock.cpu)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    made = events(count, 1)
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores · Python {platform.python_version()} · "
        f"SQLite {sqlite3.sqlite_version} · {count:,} events"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pure(made)
        journal_and_fold(folder, made)
        apply(folder, made)
        few = made[: min(count, 20_000)]
        for waiters in (64, 2000):
            asyncio.run(ledger(folder, few, f"sqlite://{folder}/l{waiters}.sqlite3", waiters))
        asyncio.run(ledger(folder, few, "none", 64))


if __name__ == "__main__":
    main()
