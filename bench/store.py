"""`./dev bench-store [1M 10M]`: how fast recording is, and every question of the dashboard.

Events are made up (see `bench/traffic.py`), folded by the real fold into parcels of 50,000 and
shipped to a SQLite file and to a real ClickHouse cluster of two shards and two replicas, until they
hold the first number of events, then the next, over the same 90 days. With one number, growth is
measured from a tenth of it. SQLite files of both sizes are asked in turn, so that their ratio is
the files' and not the machine's. ClickHouse is left out where it is not installed. Ends with 1 when
a target is missed.
"""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from adguard.ledger import Event, Store, open_store
from adguard.ledger.events import DAY
from adguard.ledger.fold import OTHER, Deltas, admit, fold
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Parcel
from bench.machine import end_with_servers, headline
from bench.questions import Page, ask, pages, questions
from bench.recording import BACKLOG, Rate, packed, recording, shipping, site_span, views
from bench.traffic import Traffic

SIZES = (1_000_000, 10_000_000)
DAYS = 90
RECORDED = 200_000
SHIPPED = 1_000_000
JOURNAL, SHIP = 100_000, 200_000
SLOWEST, GROWTH = 0.02, 1.3
NOISE = 0.001
LONGEST_REST = 120.0
"""Seconds: below that, a ratio says nothing."""


class Admission:
    """What a node remembers of the values that have a row, so that each day stays bounded."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, str], set[str]] = {}

    def admit(self, deltas: Deltas) -> Deltas:
        admitted = admit(deltas, self._known)
        for site, dimension, day, value, _ in admitted.days:
            if value != OTHER:
                self._known.setdefault((site, day, dimension), set()).add(value)
        return admitted


@dataclass
class Subject:
    """One store and what it answered.

    :param size: says how many bytes it takes on the disk; in a cluster, of one replica a shard.
    :param rest: returns when it has done with what it was given.
    :param copy: keeps the store as it is, to be asked later beside a larger one.
    :param taken: seconds by question, by number of events.
    :param pages: what the dashboard's own pages asked at the largest number of events.
    :param bytes: on the disk, by number of events.
    """

    name: str
    store: Store
    size: Callable[[], int]
    rest: Callable[[], None] = lambda: None
    copy: Callable[[int], Store] | None = None
    seconds: float = 0.0
    taken: dict[int, dict[str, float]] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    bytes: dict[int, int] = field(default_factory=dict)

    def growth(self, question: str) -> float:
        """How many times longer the last number of events takes than the first; 1 where neither
        takes long enough to tell."""
        first, last = (self.taken[count][question] for count in (min(self.taken), max(self.taken)))
        return last / max(first, NOISE) if last > NOISE else 1.0


def feed(
    subjects: Sequence[Subject], batches: Iterable[Sequence[Event]], admission: Admission, node: str
) -> Iterator[int]:
    """Folds events into parcels and ships each to every store; yields how many are in."""
    done = 0
    for seq, events in enumerate(batches, 1):
        deltas = admission.admit(fold(events))
        for subject in subjects:
            parcel = Parcel(node, seq, seq % subject.store.shards, deltas)
            began = time.perf_counter()
            assert subject.store.ship(parcel)
            subject.seconds += time.perf_counter() - began
        done += len(events)
        yield done


def measure(subjects: Sequence[Subject], sizes: Sequence[int], today: int) -> None:
    """Fills the stores up to each size and asks everything there."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    admission, there, first = Admission(), 0, today - DAYS + 1
    copies: dict[str, dict[int, Store]] = {}
    asked = questions(today)
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        for size in sizes:
            traffic = Traffic(first, DAYS, seed=size).events(size - there)
            task = progress.add_task(f"making {size:,} events", total=size, completed=there)
            for done in feed(subjects, traffic, admission, f"bench-{size}"):
                progress.update(task, completed=there + done)
            there = size
            # A store that still tidies up would be measured in the answers of the other.
            for subject in subjects:
                subject.rest()
            for subject in subjects:
                subject.bytes[size] = subject.size()
                if subject.copy is not None:
                    copies.setdefault(subject.name, {})[size] = subject.copy(size)
                else:
                    progress.update(task, description=f"asking {subject.name} at {size:,}")
                    subject.taken |= ask({size: subject.store}, asked)
        for subject in subjects:
            if subject.copy is not None:
                subject.taken = ask(copies[subject.name], asked)
    for subject in subjects:
        subject.pages = pages(subject.store, time.time())
    counts = {views(subject.store, site_span(first, DAYS)) for subject in subjects}
    assert len(counts) == 1, f"the stores do not agree: {counts}"


# --- printing ---------------------------------------------------------------------------------


def show_rates(title: str, rates: Iterable[Rate]) -> dict[str, Rate]:
    print(f"\n{title}\n\n| | events/s | µs CPU each |\n| --- | ---: | ---: |", flush=True)
    found = {}
    for rate in rates:
        print(rate, flush=True)
        found[rate.name] = rate
    return found


def show_answers(subjects: Sequence[Subject], sizes: Sequence[int]) -> None:
    kinds = (*(_short(size) for size in sizes), "growth")
    columns = [f"{subject.name}, {kind}" for subject in subjects for kind in kinds]
    print("\nEvery question, median ms\n")
    print(f"| | {' | '.join(columns)} |\n| --- |{' ---: |' * len(columns)}")
    for question in subjects[0].taken[sizes[0]]:
        cells = []
        for subject in subjects:
            cells += [f"{subject.taken[size][question] * 1e3:.2f}" for size in sizes]
            cells.append(f"{subject.growth(question):.2f}")
        print(f"| {question} | {' | '.join(cells)} |")
    cells = []
    for subject in subjects:
        each = [subject.bytes[size] / size for size in sizes]
        cells += [*(f"{one:.1f}" for one in each), ""]
    print(f"| bytes an event | {' | '.join(cells)} |")
    for subject in subjects:
        rate = max(sizes) / subject.seconds
        print(f"\n{subject.name} took {rate:,.0f} events/s in parcels.", end="")
    print()


def show_pages(subjects: Sequence[Subject], size: int) -> None:
    heads = " | ".join(f"{s.name}, slowest ms | {s.name}, all ms" for s in subjects)
    print(f"\nPages of the dashboard at {_short(size)}\n\n| | queries | {heads} |")
    print(f"| --- | ---: |{' ---: |' * 2 * len(subjects)}")
    for address, page in subjects[0].pages.items():
        cells = [f"?{address}", str(page.queries)]
        for subject in subjects:
            took, name = subject.pages[address].slowest
            cells += [f"{took * 1e3:.1f} ({name})", f"{subject.pages[address].total * 1e3:.0f}"]
        print(f"| {' | '.join(cells)} |")


def target(claim: str, value: str, met: bool) -> bool:
    print(f"- {claim}: {value} — {'met' if met else 'NOT MET'}")
    return met


def targets(rates: Mapping[str, Rate], sqlite: Subject) -> bool:
    print("\nTargets\n")
    journal = rates["journal, durable (FULL), groups of 500"].per_second
    met = [target("journal, at least 100,000 events/s", f"{journal:,.0f}", journal >= JOURNAL)]
    if BACKLOG in rates:
        ship = rates[BACKLOG].per_second
        met.append(target("shipping, at least 200,000 events/s", f"{ship:,.0f}", ship >= SHIP))
    size, asked = max(sqlite.taken), sqlite.taken[max(sqlite.taken)]
    took, slowest = max(
        [
            *((seconds, name) for name, seconds in asked.items()),
            *((page.slowest[0], f"?{at} {page.slowest[1]}") for at, page in sqlite.pages.items()),
        ]
    )
    steepest = max(asked, key=sqlite.growth)
    grew = sqlite.growth(steepest)
    claim = f"SQLite at {_short(size)}, every question under 20 ms"
    met.append(target(claim, f"{took * 1e3:.1f} ms ({slowest})", took < SLOWEST))
    claim = f"SQLite, growth from {_short(min(sqlite.taken))}, at most {GROWTH} x"
    met.append(target(claim, f"{grew:.2f} x ({steepest})", grew <= GROWTH))
    return all(met)


def _short(count: int) -> str:
    return f"{count / 1e6:g}M"


def read_sizes(arguments: Sequence[str]) -> list[int]:
    """Understands `10M`, `500k` and plain numbers; ends the program at anything else."""
    sizes = []
    for argument in arguments:
        found = re.fullmatch(r"(\d{1,9})([kM]?)", argument)
        size = int(found[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[found[2]] if found else 0
        if size < 1000:
            sys.exit(f"./dev bench-store: {argument!r} is no number of events: 1M 10M, or 500k")
        sizes.append(size)
    if len(sizes) == 1:
        sizes.append(sizes[0] // 10)
    return sorted(set(sizes or SIZES))


@contextmanager
def cluster(today: int, folder: Path) -> Iterator[tuple[Subject, dict[str, Rate]] | None]:
    """Starts a ClickHouse cluster and measures shipping to it; `None` where there is none."""
    from tests.stores.cluster import Cluster, missing_programs  # noqa: PLC0415

    if missing := missing_programs():
        print(f"\nWithout ClickHouse: {', '.join(missing)} is not installed.")
        yield None
        return
    with Cluster() as running:

        def size() -> int:
            running.settle()
            parts = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active"
            firsts = [replica for replica in running.replicas if replica.number == 1]
            return sum(int(replica.ask(parts, "default")[0][0]) for replica in firsts)

        def rest() -> None:
            running.settle()
            deadline = time.monotonic() + LONGEST_REST
            merging = "SELECT count() FROM system.merges"
            while any(replica.ask(merging, "default") != [(0,)] for replica in running.replicas):
                assert time.monotonic() < deadline, "the cluster goes on merging"
                time.sleep(0.2)

        other = open_store(running.url_of("shipping"))
        other.migrate()
        made = [e for some in Traffic(today, 1, 3).events(SHIPPED, ids=True) for e in some]
        title = f"Shipping {SHIPPED:,} events to a cluster of 2 x 2"
        rates = show_rates(title, shipping(folder, made, other, site_span(today)))
        other.close()
        del made
        store = open_store(running.url)
        store.migrate()
        try:
            yield Subject("ClickHouse", store, size, rest), rates
        finally:
            store.close()


def main() -> None:
    sizes = read_sizes(sys.argv[1:])
    today = int(time.time()) // DAY
    end_with_servers()
    print(headline())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rates = show_recording(folder, today)
        path = folder / "figures.sqlite3"
        store = open_store(f"sqlite://{path}")
        store.migrate()
        subjects = [
            Subject("SQLite", store, lambda: _checkpointed(path), _close_weeks(path), _copier(path))
        ]
        with cluster(today, folder) as other:
            if other is not None:
                subjects.append(other[0])
                rates |= other[1]
            measure(subjects, sizes, today)
        show_answers(subjects, sizes)
        show_pages(subjects, sizes[-1])
        store.close()
        sys.exit(not targets(rates, subjects[0]))


def show_recording(folder: Path, today: int) -> dict[str, Rate]:
    made = [e for some in Traffic(today, 1, 1).events(RECORDED, ids=True) for e in some]
    shuffled = [structs.replace(e, id=f"{today}-{secrets.token_hex(14)}") for e in made]
    title = f"Recording {RECORDED:,} events"
    rates = show_rates(title, recording(folder, made, shuffled, site_span(today)))
    print(f"\nAn event in the journal takes {packed(made):.0f} bytes.")
    return rates


def _close_weeks(path: Path) -> Callable[[], None]:
    """What a server does in its hourly round."""

    def close() -> None:
        with closing(SqliteStore(path)) as store:
            while store.close_days(time.time()):
                pass

    return close


def _copier(path: Path) -> Callable[[int], Store]:
    def copy(size: int) -> Store:
        kept = path.with_name(f"{path.stem}-{size}{path.suffix}")
        shutil.copy(path, kept)
        return open_store(f"sqlite://{kept}")

    return copy


def _checkpointed(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


if __name__ == "__main__":
    main()
