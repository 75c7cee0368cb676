"""`adguard expire`: figures that are older than they may be."""

from __future__ import annotations

import os
import sqlite3
import time
from functools import partial

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from adguard.insight.periods import date_of
from adguard.insight.wording import days
from adguard.ledger import Point, Span, Store, StoreError, StoreURLError, open_store
from adguard.ledger.connect import explain
from adguard.ledger.events import DAY
from adguard.ledger.store import KEEP_DAYS
from adguard.ledger.turns import in_turn

__all__ = ["expire"]


@click.command()
@click.option(
    "--store", help="Where the figures are; default: ADGUARD_STORE, else the data folder."
)
@click.option(
    "--keep-days",
    type=click.IntRange(1, 36_500),
    envvar="ADGUARD_RETENTION_DAYS",
    default=KEEP_DAYS,
    show_default=True,
    help="Days that are kept, not counting today; default: ADGUARD_RETENTION_DAYS.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
def expire(store: str | None, keep_days: int, dry_run: bool, yes: bool) -> None:
    """Remove figures that are older than they may be.

    A running server does so by itself; this is for another number of days, and for a store that no
    server writes to any more. It may be stopped and started again at any time.
    """
    now = time.time()
    try:
        opened = open_store(store or os.environ.get("ADGUARD_STORE"))
        # Reading first: a file that is not there is an error here, and not made.
        old = _old(opened, int(now // DAY) - keep_days)
        click.echo(_said(old, keep_days, dry_run=dry_run))
        if dry_run:
            return
        if old and not yes:
            click.confirm("Remove them for good?", abort=True)
        removed = _remove(opened, now, keep_days)
        opened.close()
    except (StoreError, StoreURLError) as error:
        raise click.ClickException(str(error)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"the figures cannot be removed: {explain(error)}") from None
    click.echo(f"Removed {removed:,} rows.")


def _old(store: Store, first_kept: int) -> list[Point]:
    with store.figures() as figures:
        return figures.block_rate(Span(0, first_kept - 1))


def _said(old: list[Point], keep_days: int, *, dry_run: bool) -> str:
    if not old:
        return f"No figures are older than {keep_days:,} days."
    views = round(sum(point.totals.views for point in old))
    span = days(date_of(old[0].at // DAY), date_of(old[-1].at // DAY))
    verb = "would go" if dry_run else "go"
    return (
        f"Older than {keep_days:,} days are {len(old):,} days, {span}, with {views:,} page views; "
        f"they {verb}."
    )


def _remove(store: Store, now: float, keep_days: int) -> int:
    """Removes all there is, a little at a time so that a running server can write in between."""
    removed = 0
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("Removing", total=None)
        while gone := in_turn(partial(store.expire, now, keep_days)):
            removed += gone
            progress.update(task, completed=removed)
    return removed
