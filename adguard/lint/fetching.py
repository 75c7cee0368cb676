"""Downloading with a progress bar on the terminal's error stream."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from adguard.lint.download import DownloadError, cache_folder, fetch
from adguard.lint.profiles import Blockers
from adguard.lint.sources import Gathered, SourceError


def fetch_with_progress(wanted: Iterable[str], blockers: Blockers, console: Console) -> Gathered:
    """Downloads the lists named, with a bar each, on `console`.

    :raises SourceError: when the cache cannot be written.
    """
    names = list(dict.fromkeys(wanted))
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), DownloadColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        whole = bars.add_task("Filter lists", total=None)
        tasks: dict[str, TaskID] = {}
        sizes: dict[str, int] = {}

        def progress(name: str, got: int, of: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(blockers.lists[name].title[:32], total=of)
            sizes[name] = got
            bars.update(tasks[name], completed=got, total=of)
            bars.update(whole, completed=sum(sizes.values()))

        def done(name: str) -> None:
            if name in tasks:
                bars.update(tasks[name], visible=False)

        try:
            gathered = fetch(
                names, blockers, folder=cache_folder(), progress=progress, finished=done
            )
        except DownloadError as error:
            raise SourceError(str(error)) from error
    console.print(f"{len(gathered.known)} of {len(names)} filter lists are at hand.", style="dim")
    return gathered
