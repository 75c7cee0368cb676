"""`adguard report`: the figures in the terminal."""

from __future__ import annotations

import os
import time

import click
from rich.console import Console

from adguard.insight import BY, build_report, parse_since, render, to_json
from adguard.ledger import StoreError, StoreURLError, open_store

__all__ = ["report"]


@click.command()
@click.option(
    "--store", help="Where the figures are; default: ADGUARD_STORE, else the data folder."
)
@click.option("--since", default="7d", show_default=True, help="7d, 4w, or a date (2026-11-01).")
@click.option("--by", type=click.Choice(BY), default="verdict", show_default=True)
@click.option("--site", help="One site's name; default: all sites of the store.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
def report(store: str | None, since: str, by: str, site: str | None, as_json: bool) -> None:
    """Print the figures with their definitions. Exact at any moment, also while the site runs."""
    now = time.time()
    try:
        start = parse_since(since, now)
        opened = open_store(store or os.environ.get("ADGUARD_STORE"))
        made = build_report(opened, since=start, until=now, by=by, site=site)  # type: ignore[arg-type]
    except (StoreError, StoreURLError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(to_json(made))
    else:
        Console().print(render(made))
