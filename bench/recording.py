"""How fast events become durable, figures, and a shipped parcel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from adguard.ledger import Batch, Event, Ledger, Span, Store
from adguard.ledger.fold import fold
from adguard.ledger.shipper import ship_next
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import VIEWS
from bench.traffic import SITE

__all__ = ["Rate", "journals", "recording", "shipping", "views"]

BACKLOG = "a backlog: journal to ClickHouse, acknowledged"
BATCH = 500


@dataclass(frozen=True)
class Rate:
    """
    :param cpu: seconds of this process.
    """

    name: str
    events: int
    wall: float
    cpu: float

    @property
    def per_second(self) -> float:
        return self.events / self.wall

    def __str__(self) -> str:
        each = 1e6 * self.cpu / self.events
        return f"| {self.name} | {self.per_second:,.0f} | {each:.2f} |"


class Clock:
    def __enter__(self) -> Clock:
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu

    def add(self, other: Clock) -> None:
        self.wall, self.cpu = self.wall + other.wall, self.cpu + other.cpu

    def rate(self, name: str, events: int) -> Rate:
        return Rate(name, events, self.wall, self.cpu)


@dataclass(frozen=True)
class Where:
    """Settings, as far as the ledger looks."""

    store: str


def views(store: Store, span: Span) -> int:
    """The views with a verdict that a store counts."""
    with store.figures() as figures:
        raw = figures.funnel(span).raw
    return sum(raw[name] for name in VIEWS)


def expected(made: Sequence[Event]) -> int:
    return sum(event.kind in {"view", "remembered"} for event in made)


def journals(store: SqliteStore | Spool, made: Sequence[Event], batch: int = BATCH) -> Clock:
    """Writes events as the recorder does, group by group."""
    store.migrate()
    with Clock() as clock:
        for i in range(0, len(made), batch):
            store.append(made[i : i + batch])
    return clock


def recording(
    folder: Path, made: Sequence[Event], shuffled: Sequence[Event], span: Span
) -> Iterator[Rate]:
    """Measures one machine's file: journal, fold, apply, and the ledger around them.

    :param made: events of one day, with ids as browsers mint them.
    :param shuffled: the same number, with wholly random ids.
    """
    count = len(made)
    store = SqliteStore(folder / "full.sqlite3")
    yield journals(store, made).rate("journal, durable (FULL), groups of 500", count)
    with Clock() as clock:
        while store.fold():
            pass
    yield clock.rate("fold the journal into the rollups", count)
    assert views(store, span) == expected(made)
    store.close()
    for name, how, batch, some in (
        ("journal, NORMAL, groups of 500", "NORMAL", BATCH, made),
        ("journal, durable, groups of 64", "FULL", 64, made[: count // 5]),
        ("journal, durable, random ids", "FULL", BATCH, shuffled),
    ):
        store = SqliteStore(
            folder / f"{name}.sqlite3", synchronous="NORMAL" if how == "NORMAL" else "FULL"
        )
        yield journals(store, some, batch).rate(name, len(some))
        store.close()
    yield from _applied(folder, made, span)
    with Clock() as clock:
        fold(made)
    yield clock.rate("fold, arithmetic only", count)
    for waiting in (64, 2000):
        url = f"sqlite://{folder}/ledger{waiting}.sqlite3"
        some = made[: min(count, 20_000)]
        yield asyncio.run(_ledger(url, some, waiting))


def _applied(folder: Path, made: Sequence[Event], span: Span) -> Iterator[Rate]:
    for batch in (BATCH, 50_000):
        store = SqliteStore(folder / f"applied{batch}.sqlite3")
        store.migrate()
        with Clock() as clock:
            for seq, i in enumerate(range(0, len(made), batch)):
                assert store.apply(Batch("bench", seq, made[i : i + batch]))
        yield clock.rate(f"apply, batches of {batch:,}", len(made))
        assert views(store, span) == expected(made)
        store.close()


async def _ledger(url: str, made: Sequence[Event], waiting: int) -> Rate:
    ledger = Ledger(Where(url))
    queue = iter(made)

    async def reader() -> None:
        for event in queue:
            assert await ledger.record(event)

    with Clock() as clock:
        await asyncio.gather(*(reader() for _ in range(waiting)))
        await ledger.aclose()
    return clock.rate(f"Ledger.record, durable, {waiting:,} waiting", len(made))


def shipping(folder: Path, made: Sequence[Event], store: Store, span: Span) -> Iterator[Rate]:
    """Measures a node's way to a store elsewhere, parcel by parcel.

    :raises StoreError: the store does not take them.
    """
    before = views(store, span)
    spool = Spool(folder / "journal.sqlite3")
    journals(spool, made)
    frozen, shipped = Clock(), Clock()
    frozen.wall = frozen.cpu = shipped.wall = shipped.cpu = 0.0
    done = 0
    while done < len(made) // 2:
        with Clock() as clock:
            assert spool.freeze(store.shards)
        frozen.add(clock)
        waiting = spool.next()
        assert waiting is not None
        with Clock() as clock:
            store.ship(waiting.parcel)
            spool.shipped(waiting.parcel)
        shipped.add(clock)
        done += waiting.events
    yield frozen.rate("freeze: journal to parcel", done)
    yield shipped.rate("ship: parcel to ClickHouse, acknowledged", done)
    left = len(made) - done
    with Clock() as clock:
        while done < len(made):
            done += ship_next(spool, store)
    yield clock.rate(BACKLOG, left)
    spool.close()
    _wait_for(store, span, before + expected(made))


def _wait_for(store: Store, span: Span, wanted: int) -> None:
    deadline = time.monotonic() + 30
    while (found := views(store, span)) != wanted:
        assert time.monotonic() < deadline, f"{found:,} views are counted, not {wanted:,}"
        time.sleep(0.05)


def packed(made: Sequence[Event]) -> float:
    """Bytes of an event in the journal."""
    return len(msgspec.msgpack.encode(made)) / len(made)


def site_span(day: int, days: int = 1) -> Span:
    return Span(day, day + days - 1, SITE)
