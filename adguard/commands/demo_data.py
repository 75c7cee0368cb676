"""`adguard demo-data`: a store full of invented figures."""

from __future__ import annotations

import os
import sqlite3
import time

import click
from rich.console import Console
from rich.progress import track

from adguard.dashboard.invented import SITE, invent_day
from adguard.ledger import Batch, StoreError, StoreURLError, open_store
from adguard.ledger.connect import explain
from adguard.ledger.events import DAY

__all__ = ["demo_data"]


@click.command()
@click.option("--days", type=click.IntRange(1, 760), default=60, show_default=True)
@click.option("--store", help="Where they go; default: ADGUARD_STORE, else the data folder.")
@click.option("--seed", type=int, default=1, show_default=True, help="Other figures.")
@click.option("--yes", is_flag=True, help="Also into a store that holds figures of real sites.")
def demo_data(days: int, store: str | None, seed: int, yes: bool) -> None:
    """Fill a store with invented figures, under the site "demo", to look at the dashboard with.

    The days up to yesterday, and today so far. A second run adds only what is not there yet.
    """
    now = time.time()
    today = int(now // DAY)
    try:
        opened = open_store(store or os.environ.get("ADGUARD_STORE"))
        opened.migrate()
        with opened.figures() as figures:
            real = [site for site in figures.sites() if site != SITE]
        if real and not yes:
            raise click.ClickException(
                f"This store holds figures of {', '.join(real)}. Invented ones would stand beside "
                "them: choose another --store, or say --yes."
            )
        new = 0
        console = Console(stderr=True)
        span = range(today - days + 1, today + 1)
        for day in track(span, "Inventing", console=console, disable=not console.is_terminal):
            # Today is cut off where it is now: a day that is added once is never added again.
            events = invent_day(day, seed, int(now) if day == today else None)
            new += len(events) if opened.apply(Batch(f"demo-{seed}", day, events)) else 0
        opened.close()
    except (StoreError, StoreURLError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except (sqlite3.Error, OSError) as error:
        raise click.ClickException(f"the store cannot be filled: {explain(error)}") from None
    click.echo(f"{new:,} invented events of {days} days are in the store, under the site {SITE!r}.")
