"""`./dev soak`: page views without a blocker under a seeded mix of the faults; none may be accused.

    ./dev soak faults N=1000 SEED=7 BROWSER=chromium SECONDS=1800 HOSTS=1

N page views for each browser, faulty ones and those afterwards; with HOSTS, the pages have
advertising from two other hosts, which the site watches. The seed fixes who meets what; how
far a page gets before its reader leaves is up to the machine. Ends with 1 after a wrong verdict.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from e2e.faults import ALL, Fault, crew, has_ipv6
from e2e.faults.crew import Crew
from e2e.faults.fault import BOTH
from e2e.faults.paper import BLOCKING
from e2e.faults.visit import HEAR, LATE_LOOK_SECONDS, Visit, witness
from e2e.harness import MissingError

AT_ONCE = 6
LONGEST_WALK = 6
LINGERING = 0.3
MOST_BROKEN = 0.01
"""The share of views that may end in a trouble of the browser or of this machine."""
SPECIAL = 0.25
CALM = Fault("none")
LATE = 4.0


@dataclass
class Tour:
    """One reader: either a walk through several faults on one host, or one fault that needs a
    browser context, a setting or a hand of its own, and the view after it.

    :ivar lingers: at which views the reader stays for the late look.
    """

    number: int
    faults: list[Fault]
    lingers: list[bool]

    @property
    def views(self) -> int:
        return len(self.faults) if self.faults[0].ordinary else 2


@dataclass
class Tally:
    """What came of the views of one browser."""

    verdicts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    views: int = 0


def plan(browser: str, seed: int, views: int) -> Iterator[Tour]:
    """The readers of `browser`, until they make `views` page views; the same for the same seed."""
    rng = random.Random(f"{seed} {browser}")
    known = [one for one in ALL if browser in one.browsers and (has_ipv6() or not one.host)]
    walks = [one for one in known if one.ordinary and not one.host] + [CALM] * 8
    special = [one for one in known if not one.ordinary]
    number = 0
    while views > 0:
        if rng.random() < SPECIAL and views > 1:
            faults = [rng.choice(special)]
        else:
            faults = rng.choices(walks, k=min(views, rng.randint(1, LONGEST_WALK)))
        tour = Tour(number, faults, [rng.random() < LINGERING for _ in faults])
        views -= tour.views
        number += 1
        yield tour


async def walk(hands: Crew, tour: Tour, tally: Tally) -> None:
    """One reader on one host, one fault after the other, in one tab and one storage."""
    async with hands.stable.page(CALM, HEAR) as page:
        visit = Visit(hands.stable, hands.paper, hands.port, CALM, page)
        for step, (fault, lingers) in enumerate(zip(tour.faults, tour.lingers, strict=True)):
            visit.scene.fault = fault if fault is not CALM else None
            visit.scene.hits.clear()
            heard = []
            try:
                await visit.goto(f"first-{step}")
                if await visit.verdict(LATE if "silent" in fault.reasons else 25):
                    if lingers:
                        await asyncio.sleep(LATE_LOOK_SECONDS)
                    heard = await visit.heard()
                if await visit.notice():
                    tally.wrong.append(f"{fault.name}: a notice ({heard}, reader {tour.number})")
            except Exception as error:
                tally.broken.append(f"{fault.name}: {error}")
            note(tally, tour, fault, [one["verdict"] for one in heard], heard)
        accused(tally, tour, visit.scene.accused)
        visit.scene.lift()


async def special(hands: Crew, tour: Tour, tally: Tally) -> None:
    fault = tour.faults[0]
    told = await witness(hands.stable, hands.paper, hands.port, fault)
    note(tally, tour, fault, [one["verdict"] for one in told.heard], told.heard)
    note(tally, tour, CALM, [told.after or "none"], told)
    accused(tally, tour, told.accused)
    if told.broke:
        tally.broken.append(f"{fault.name}: {told.broke}")
    if told.notice:
        tally.wrong.append(f"{fault.name}: a notice ({told})")


def note(tally: Tally, tour: Tour, fault: Fault, verdicts: list[str], signals: object) -> None:
    tally.views += 1
    tally.verdicts[fault.name][verdicts[0] if verdicts else "none"] += 1
    if set(verdicts) & set(BLOCKING):
        walked = [one.name for one in tour.faults]
        tally.wrong.append(f"{fault.name}: {signals}; reader {tour.number} met {walked}")


def accused(tally: Tally, tour: Tour, verdicts: list[str]) -> None:
    if verdicts:
        walked = [one.name for one in tour.faults]
        tally.wrong.append(f"the ledger took {verdicts}; reader {tour.number} met {walked}")


@dataclass(frozen=True)
class Asked:
    """What the command was asked for."""

    views: int
    seed: int
    browsers: tuple[str, ...]
    seconds: float
    hosts: bool


async def soak(browser: str, asked: Asked, folder: Path, progress: Progress) -> Tally:
    """Sends all readers of a browser on their way."""
    tally = Tally()
    task = progress.add_task(browser, total=asked.views)
    tours = plan(browser, asked.seed, asked.views)
    async with crew(browser, folder, hosts=asked.hosts) as hands:

        async def hand() -> None:
            for tour in tours:
                go = walk if tour.faults[0].ordinary else special
                await go(hands, tour, tally)
                progress.update(task, completed=tally.views)

        await asyncio.gather(*(hand() for _ in range(AT_ONCE)))
        sums = hands.paper.totals()
    for verdict in BLOCKING:
        if sums[verdict]:
            tally.wrong.append(f"the ledger's sums hold {sums[verdict]} x {verdict}")
    return tally


def show(console: Console, tallies: dict[str, Tally]) -> None:
    table = Table("fault", box=SIMPLE, padding=0)
    for name in tallies:
        for word in ("clear", "unknown", "none"):
            table.add_column(f"{name}\n{word}", justify="right", no_wrap=True)
    names = sorted({name for tally in tallies.values() for name in tally.verdicts})
    for name in names:
        cells = []
        for tally in tallies.values():
            found = tally.verdicts[name]
            other = sum(found.values()) - found["clear"] - found["unknown"]
            cells += [str(number or "") for number in (found["clear"], found["unknown"], other)]
        table.add_row(name, *cells)
    console.print(table)


def read(arguments: list[str]) -> Asked:
    """What `arguments` ask for.

    :raises SystemExit: an argument is not understood.
    """
    given = dict(one.partition("=")[::2] for one in arguments)
    try:
        views = int(given.pop("N", "1000"))
        seed = int(given.pop("SEED", "") or random.randrange(1_000_000))
        chosen = given.pop("BROWSER", "")
        seconds = float(given.pop("SECONDS", "3600"))
        hosts = bool(int(given.pop("HOSTS", "0")))
    except ValueError as error:
        sys.exit(f"soak: {error}; try N=1000 SEED=7 BROWSER=chromium SECONDS=3600 HOSTS=1")
    if given or chosen not in ("", *BOTH) or views < 1:
        known = "N=1000 SEED=7 BROWSER=chromium|firefox SECONDS=3600 HOSTS=1"
        sys.exit(f"soak: only {known} are understood")
    return Asked(views, seed, (chosen,) if chosen else BOTH, seconds, hosts)


def main() -> None:
    asked = read(sys.argv[1:])
    views, seed, names = asked.views, asked.seed, asked.browsers
    console = Console()
    hosts = ", ad hosts watched" if asked.hosts else ""
    console.print(f"{views} page views in {' and in '.join(names)}, SEED={seed}{hosts}")
    tallies: dict[str, Tally] = {}
    begun = time.monotonic()
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory() as folder, Progress(*columns, console=console) as progress:
        for name in names:
            left = asked.seconds - (time.monotonic() - begun)
            try:
                job = asyncio.wait_for(soak(name, asked, Path(folder), progress), left)
                tallies[name] = asyncio.run(job)
            except MissingError as missing:
                sys.exit(f"soak: {missing}")
            except TimeoutError:
                late = f"soak: not through in {asked.seconds:.0f} s"
                sys.exit(f"{late}; give it more with SECONDS=, or ask less with N=")
    show(console, tallies)
    wrong = [f"{name}: {one}" for name, tally in tallies.items() for one in tally.wrong]
    seen = sum(tally.views for tally in tallies.values())
    took = time.monotonic() - begun
    broken = [f"{name}: {one}" for name, tally in tallies.items() for one in tally.broken]
    for one in broken:
        console.print(f"BROKEN {one}", markup=False)
    if len(broken) > MOST_BROKEN * seen:
        wrong.append(f"{len(broken)} views could not be watched to their end")
    said = f"{seen} page views, {len(wrong)} wrong, {len(broken)} not watched to their end"
    console.print(f"{said}, {took:.0f} s, SEED={seed}")
    for one in wrong:
        console.print(f"WRONG (SEED={seed}) {one}", markup=False)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
