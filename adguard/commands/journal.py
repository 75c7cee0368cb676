"""`adguard journal`: what waits on this machine, and how to get it moving again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from adguard.ledger import StoreError, StoreURLError, open_store
from adguard.ledger.connect import explain
from adguard.ledger.location import locate
from adguard.ledger.opening import open_journal
from adguard.ledger.shipper import ship_next
from adguard.ledger.spool import Spool
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.turns import in_turn

__all__ = ["journal"]

LABELS = {
    "journal_batches": "batches in the journal",
    "journal_bytes": "bytes that wait",
    "journal_age": "seconds since the oldest of them",
    "outbox_parcels": "parcels on their way",
    "spoiled_batches": "batches that cannot be read",
    "spoiled_parcels": "parcels that were set aside",
}

_store = click.option(
    "--store", help="Where the figures are; default: ADGUARD_STORE, else the data folder."
)


@click.group()
def journal() -> None:
    """What was recorded on this machine and is not added up yet."""


@journal.command()
@_store
def status(store: str | None) -> None:
    """Print what waits, and whether the store can be reached. Changes nothing, needs no server."""
    url = _address(store)
    with _clear_errors(), closing(open_journal(url, read_only=True)) as waiting:
        lines = {"journal": waiting.node}
        for name, value in waiting.health().items():
            lines[LABELS[name]] = f"{value:,}"
        if isinstance(waiting, Spool):
            lines["the store"] = _reachable(url)
    for label, text in lines.items():
        click.echo(f"{label:<32} {text}")


@journal.command()
@_store
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another machine's journal, or another SQLite store, whose waiting events are moved.",
)
def replay(store: str | None, source: Path | None) -> None:
    """Add up or ship what waits, and try again what could not be read.

    Safe at any moment, also while the site runs, and after it was broken off: nothing is counted
    twice and nothing is lost. With --from, what waits in that file goes into the store, and the
    file is left empty of it.
    """
    url = _address(store)
    with _clear_errors(), closing(_source(url, source)) as waiting:
        restored = waiting.restore()
        if isinstance(waiting, SqliteStore):
            moved = _with_progress(waiting, partial(in_turn, waiting.fold))
            what = "batches were added up"
        else:
            with closing(open_store(url)) as target:
                target.migrate()
                moved = _with_progress(waiting, lambda: ship_next(waiting, target))
            what = "events are in the store"
    click.echo(f"{moved:,} {what}; {restored:,} that could not be read before were tried again.")


def _source(url: str | None, file: Path | None) -> SqliteStore | Spool:
    own = locate(url).path
    # Under two names of one file SQLite would keep two logs, and damage it.
    if file is not None and not (own is not None and own.exists() and file.samefile(own)):
        return Spool(file)
    with closing(open_journal(url, read_only=True)) as there:
        there.health()
    return open_journal(url)


def _address(store: str | None) -> str | None:
    return store or os.environ.get("ADGUARD_STORE")


def _reachable(url: str | None) -> str:
    try:
        with closing(open_store(url)) as store:
            told = store.health()
            if not told["replicas_down"]:
                return "answers"
            if told["replicas_down"] != told["replicas"]:
                return f"{told['replicas_down']} of {told['replicas']} replicas cannot be used now"
            # Nobody answers: asking for figures says why.
            with store.figures() as figures:
                figures.sites()
    except StoreError as error:
        return f"cannot be reached: {error}"
    return "answers"


def _left(waiting: SqliteStore | Spool) -> int:
    told = waiting.health()
    return sum(int(str(told.get(name, 0))) for name in ("journal_batches", "outbox_parcels"))


def _with_progress(waiting: SqliteStore | Spool, step: Callable[[], int]) -> int:
    moved = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replay", total=_left(waiting))
        left = _left(waiting)
        while left:
            before, done = left, step()
            moved, left = moved + done, _left(waiting)
            if not done and left >= before:
                # Another process is at it, and faster.
                break
            total = max(progress.tasks[task].total or 0, left)
            progress.update(task, total=total, completed=total - left)
    return moved


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (StoreError, StoreURLError) as error:
        raise click.ClickException(str(error)) from None
    except (sqlite3.Error, OSError) as error:
        raise click.ClickException(f"the journal: {explain(error)}") from None
