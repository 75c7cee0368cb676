"""Every combination of the matrix N times, on fresh profiles: `./dev matrix [N=10]`.

Prints a table, writes docs/blockers.md from this run, and exits with 1 when a reader was misjudged,
a verdict came too late, or a combination is not on this machine (then nothing is written).
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Playwright, sync_playwright
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from e2e.blockers.blocker import reading
from e2e.blockers.matrix import MATRIX, Row
from e2e.blockers.sighting import Sighting, sight
from e2e.harness import MissingError

DOCUMENT = Path(__file__).parents[1] / "docs" / "blockers.md"
# Milliseconds from DOMContentLoaded. What was stopped tells at once; where nothing was, elements
# must be given the 300 ms that filters take to hide them.
BLOCKED_MEDIAN, BLOCKED_WORST, OTHER_WORST = 250, 600, 700

TEXT = """# Blockers

What each blocker makes of a page with adguard and ads, seen in real browsers. Written by
`./dev matrix N={times}` on {date}, with {machine};
`./dev test` runs the same once.

A reader with a fresh profile opens two pages of a site that shows ads of two networks. The time is
that of the first page, from DOMContentLoaded to the verdict in milliseconds{rounds}. "Asked" says
whether the notice stood on the second page, with the settings as they come.

| combination | verdict | reason | asked | median | worst |
| --- | --- | --- | --- | --- | --- |
{rows}

Targets, in milliseconds: for readers behind a blocker {blocked_median} at the median and
{blocked_worst} at worst; for all others, whose pages give filters time to hide elements,
{other_worst} at worst.

What is not seen, and what is not told from an accident: [where a blocker and an accident look
alike](decisions/doubt.md).

## Versions

| combination | programs and lists |
| --- | --- |
{versions}

The ad hosts bear the names of real ones, which every list knows; a server of the test answers for
them, and no request leaves the machine. A blocker counts as started when a known ad request no
longer reaches the server and, if it hides elements, a known ad slot is hidden.

## What is simulated

{simulated}
"""


@dataclass
class Run:
    """What was seen so far: blocker's id -> one sighting a round, versions, complaints."""

    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    versions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def look(self, playwright: Playwright, row: Row) -> None:
        """Adds one sighting of `row`, with a profile of its own."""
        name = row.blocker.id
        try:
            self.versions[name] = row.blocker.versions(playwright)
            with (
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
                reading(row.blocker, playwright, Path(folder) / "profile") as reader,
            ):
                seen = sight(reader, row.verdict, asks=row.asks)
        except MissingError as missing:
            self.missing[name] = str(missing)
        except (AssertionError, BrowserError) as error:
            self.complaints.append(f"{name}: {error}")
        else:
            self.sightings.setdefault(name, []).append(seen)
            self.complaints += (f"{name}: {complaint}" for complaint in row.complaints(seen))

    def late(self) -> Iterator[str]:
        """Combinations that miss their target, each with its figures."""
        for row in MATRIX:
            times = [seen.milliseconds for seen in self.sightings.get(row.blocker.id, ())]
            if not times:
                continue
            limits = (BLOCKED_MEDIAN, BLOCKED_WORST) if row.blocked else (OTHER_WORST, OTHER_WORST)
            found = (median(times), max(times))
            for name, limit, value in zip(("median", "worst"), limits, found, strict=True):
                if value > limit:
                    yield f"{row.blocker.id}: {name} {value:.0f} ms, the target is {limit} ms"


def table_of(run: Run) -> Table:
    made = Table(box=SIMPLE)
    for heading in ("combination", "verdict", "asked", "median", "worst", "runs"):
        made.add_column(heading, no_wrap=True)
    for row in MATRIX:
        name = row.blocker.id
        if seen := run.sightings.get(name):
            verdict = _each(found.verdict for found in seen)
            made.add_row(name, verdict, _asked(seen), *_times(seen), str(len(seen)))
        else:
            made.add_row(name, "missing" if name in run.missing else "not seen")
    return made


def _versions(run: Run, row: Row) -> str:
    return ", ".join(f"{key} {value}" for key, value in run.versions[row.blocker.id].items())


def document_of(run: Run, times: int) -> str:
    """The text of docs/blockers.md; every combination has been seen."""
    rows, versions, simulated = [], [], []
    for row in MATRIX:
        name, seen = row.blocker.name, run.sightings[row.blocker.id]
        reason = _each(found.reason for found in seen)
        cells = (name, _each(found.verdict for found in seen), reason, _asked(seen), *_times(seen))
        rows.append(f"| {' | '.join(cells)} |")
        versions.append(f"| {name} | {_versions(run, row)} |")
        if row.blocker.simulated:
            simulated.append(f"- **{name}.** {row.blocker.simulated}")
    return TEXT.format(
        times=times,
        date=datetime.now(UTC).strftime("%-d %B %Y"),
        machine=_machine(),
        rounds=f", over {times} rounds" if times > 1 else "",
        rows="\n".join(rows),
        blocked_median=BLOCKED_MEDIAN,
        blocked_worst=BLOCKED_WORST,
        other_worst=OTHER_WORST,
        versions="\n".join(versions),
        simulated="\n".join(simulated),
    )


def conclude(run: Run, times: int, console: Console) -> int:
    """Prints the table, writes the document, and returns the exit status."""
    console.print(table_of(run))
    for row in MATRIX:
        if row.blocker.id in run.versions:
            line = f"{row.blocker.id}: {_versions(run, row)}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    faults = [*run.complaints, *run.late()]
    for fault in faults:
        console.print(fault, style="red", highlight=False, markup=False)
    for name, reason in run.missing.items():
        console.print(f"{name}: {reason}", style="yellow", highlight=False, markup=False)
    if not faults and all(row.blocker.id in run.sightings for row in MATRIX):
        DOCUMENT.write_text(document_of(run, times), "utf-8")
        console.print(f"Wrote {DOCUMENT.relative_to(Path.cwd())}")
    return int(bool(faults or run.missing))


def main(arguments: Sequence[str]) -> int:
    times = int(arguments[0])
    console, run = Console(), Run()
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with sync_playwright() as playwright, Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=times * len(MATRIX))
        for _ in range(times):
            for row in MATRIX:
                progress.update(task, description=row.blocker.id)
                run.look(playwright, row)
                progress.advance(task)
    return conclude(run, times, console)


def _machine() -> str:
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    return f"{os.cpu_count()} cores under {system}"


def _each(values: Iterator[str]) -> str:
    return ", ".join(sorted(set(values)))


def _asked(seen: Sequence[Sighting]) -> str:
    return _each("yes" if found.asked else "no" for found in seen)


def _times(seen: Sequence[Sighting]) -> tuple[str, str]:
    times = [found.milliseconds for found in seen]
    return f"{median(times):.0f}", f"{max(times):.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
