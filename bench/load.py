"""`./dev load [MINUTES=30] [RATE=500]`: one site under the load of a busy newspaper.

A real server (uvicorn, two workers, one SQLite file), two processes full of readers that send RATE
reports a second between them, and somebody who watches the dashboard all the while. Prints what
happened minute by minute and ends with 1 after any error, when 1 % of the reports took 50 ms or
longer, when a worker grew by 20 MB or more after warming up, or when a view is not counted once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from adguard.ledger import Span, open_store
from adguard.reader import day_of
from bench.machine import end_with_servers, headline
from bench.nodes import ROOT, Node, NodeError
from bench.readers import BUCKET, Minute
from bench.watcher import PASSWORD, Watcher

__all__ = ["Load", "Memory", "Pace", "load", "quantile"]

MB = 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
READERS, WORKERS = 2, 2


@dataclass(frozen=True)
class Pace:
    """How long, and how hard.

    :param rate: reports a second.
    :param watch_every: seconds between two looks at the dashboard.
    """

    seconds: float = 1800.0
    rate: float = 500.0
    watch_every: float = 2.0
    p99: float = 0.05
    growth: int = 20 * MB
    late: float = 1.0
    """Seconds: readers that fall further behind are no load any more; that run proves nothing."""

    @property
    def warm(self) -> float:
        """Seconds of warming up: a fifth of the run, at most five minutes."""
        return min(self.seconds / 5, 300.0)


@dataclass
class Memory:
    """The resident memory of one process over time.

    :param samples: seconds since the start, and bytes.
    """

    pid: int
    samples: list[tuple[float, int]] = field(default_factory=list)

    def sample(self, at: float) -> None:
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/statm") as file:
            self.samples.append((at, int(file.read().split()[1]) * PAGE))

    def around(self, since: float, until: float) -> int:
        """The median between two moments; 0 when nothing was measured."""
        found = [size for at, size in self.samples if since <= at <= until]
        return int(statistics.median(found)) if found else 0

    def growth(self, pace: Pace) -> int:
        """Bytes gained from the end of the warm-up to the end of the run."""
        tenth = pace.seconds / 10
        last = self.around(pace.seconds - tenth, pace.seconds)
        return last - self.around(pace.warm, pace.warm + tenth)


@dataclass
class Load:
    """What became of a site under load.

    :param minutes: what readers and watcher saw, by minute.
    :param counted: views and measured views in the store at the end.
    """

    pace: Pace
    minutes: dict[int, Minute] = field(default_factory=dict)
    memories: list[Memory] = field(default_factory=list)
    watched: list[tuple[float, float]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    counted: tuple[int, int] = (0, 0)

    def add(self, told: Minute) -> None:
        mine = self.minutes.setdefault(told.number, Minute(told.number))
        mine.reports += told.reports
        mine.views += told.views
        mine.measured += told.measured
        mine.late = max(mine.late, told.late)
        for bucket, times in told.times.items():
            mine.times[bucket] = mine.times.get(bucket, 0) + times
        self.errors.update(told.errors)

    @property
    def acknowledged(self) -> tuple[int, int]:
        """Views and measured views that readers know of."""
        minutes = self.minutes.values()
        return sum(m.views for m in minutes), sum(m.measured for m in minutes)

    @property
    def times(self) -> Counter[int]:
        found: Counter[int] = Counter()
        for minute in self.minutes.values():
            found.update(minute.times)
        return found

    def verdicts(self) -> list[tuple[str, bool]]:
        """What was asked for, and whether it was so."""
        reports = sum(minute.reports for minute in self.minutes.values())
        p99 = quantile(self.times, 0.99)
        grown = max((memory.growth(self.pace) for memory in self.memories), default=0)
        late = max((minute.late for minute in self.minutes.values()), default=0.0)
        rate = reports / self.pace.seconds
        return [
            (f"errors: {self.errors.total()}, must be 0", not self.errors),
            (
                f"p99 of {reports:,} reports: {p99 * 1e3:.1f} ms, must be under "
                f"{self.pace.p99 * 1e3:.0f}",
                p99 < self.pace.p99,
            ),
            (
                f"growth of a worker after {self.pace.warm / 60:.1f} minutes: {grown / MB:.1f} MB, "
                f"must be under {self.pace.growth / MB:.0f}",
                grown < self.pace.growth,
            ),
            (
                "counted views and measured views: {:,} and {:,}, must be {:,} and {:,}".format(
                    *self.counted, *self.acknowledged
                ),
                self.counted == self.acknowledged,
            ),
            (
                f"reports a second: {rate:.0f}, never more than {late:.2f} s behind, must be "
                f"{self.pace.rate:.0f} and at most {self.pace.late:g}",
                late <= self.pace.late and rate >= 0.98 * self.pace.rate,
            ),
        ]


def quantile(times: Mapping[int, int], share: float) -> float:
    """The seconds in which this share of the answers came; 0 without any."""
    left = share * sum(times.values())
    for bucket in sorted(times):
        left -= times[bucket]
        if left <= 0:
            return (bucket + 1) * BUCKET
    return 0.0


async def load(folder: Path, pace: Pace, show: Callable[[str], None]) -> Load:
    """Runs the site, its readers and its watcher.

    :raises NodeError: the site did not start or stop, or readers gave up.
    """
    today = day_of(time.time())
    url = f"sqlite://{folder}/figures.sqlite3"
    node = Node(folder / "site", {"store": url, "dashboard_password": PASSWORD}, workers=WORKERS)
    made = Load(pace)
    try:
        await node.start()
        made.memories = [Memory(pid) for pid in node.pids]
        watcher = Watcher(node.port, pace.watch_every)
        watching = asyncio.create_task(watcher.watch())
        sampling = asyncio.create_task(_sample(made.memories, min(1.0, pace.seconds / 100)))
        await asyncio.gather(
            *(_readers(node, made, f"{today} {number}", show) for number in range(READERS))
        )
        watching.cancel()
        sampling.cancel()
        made.errors.update(watcher.errors)
        made.watched = watcher.times
        if node.pids != [memory.pid for memory in made.memories]:
            made.errors["a worker died"] += 1
    finally:
        await node.stop()
    store = open_store(url)
    with store.figures() as figures:
        found = figures.funnel(Span(today, today + 1))
    store.close()
    made.counted = round(found.views), found.raw["measured"]
    return made


async def _sample(memories: Iterable[Memory], every: float) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        for memory in memories:
            memory.sample(loop.time() - began)
        await asyncio.sleep(every)


async def _readers(node: Node, made: Load, seed: str, show: Callable[[str], None]) -> None:
    pace = made.pace
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.readers",
        str(node.port), str(pace.rate / READERS), str(pace.seconds), seed,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            told = msgspec.json.decode(line, type=Minute)
            first = told.number not in made.minutes
            made.add(told)
            if not first:
                show(row(made, told.number))
    except BaseException:
        process.kill()
        raise
    if await process.wait():
        raise NodeError("a process full of readers gave up; the server said: " + node.said())


# --- the command ------------------------------------------------------------------------------


def head() -> str:
    return f"{'minute':>6}{'reports':>9}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'late s':>8}  MB"


def row(made: Load, number: int) -> str:
    minute = made.minutes[number]
    times = [quantile(minute.times, share) * 1e3 for share in (0.5, 0.99, 1.0)]
    since = number * 60.0
    sizes = [memory.around(since, since + 60.0) / MB for memory in made.memories]
    return (
        f"{number + 1:>6}{minute.reports:>9,}"
        + "".join(f"{one:>8.1f}" for one in times)
        + f"{minute.late:>8.2f}  {' '.join(f'{size:.1f}' for size in sizes)}"
    )


def read(arguments: Iterable[str]) -> Pace:
    """Understands `MINUTES=…` and `RATE=…`; ends the program at anything else."""
    asked = {"MINUTES": 30.0, "RATE": 500.0}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in asked or not re.fullmatch(r"\d{1,6}(\.\d+)?", value) or not float(value):
            sys.exit(f"./dev load: {argument!r} is not understood: ./dev load MINUTES=30 RATE=500")
        asked[name] = float(value)
    return Pace(seconds=60 * asked["MINUTES"], rate=asked["RATE"])


def main() -> None:
    pace = read(sys.argv[1:])
    print(
        f"{headline()}\n{pace.seconds / 60:g} minutes, {pace.rate:g} reports a second, "
        f"{WORKERS} workers, {READERS} processes of readers\n\n{head()}",
        flush=True,
    )
    end_with_servers()
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = asyncio.run(load(Path(folder), pace, partial(print, flush=True)))
        except NodeError as error:
            sys.exit(f"./dev load: {error}")
    seconds = sorted(taken for _, taken in made.watched)
    if seconds:
        print(
            f"\ndashboard: {len(seconds)} pages, median {statistics.median(seconds) * 1e3:.0f} ms, "
            f"slowest {seconds[-1] * 1e3:.0f} ms"
        )
    for what, times in made.errors.most_common():
        print(f"error, {times} times: {what}")
    print()
    verdicts = made.verdicts()
    for text, fine in verdicts:
        print(f"{'met    ' if fine else 'NOT MET'}  {text}")
    sys.exit(not all(fine for _, fine in verdicts))


if __name__ == "__main__":
    main()
