"""The `adguard` command."""

from __future__ import annotations

import os
import secrets
import time

import click
from rich.console import Console

from adguard import snippets
from adguard._version import __version__
from adguard.insight import BY, build_report, parse_since, render, to_json
from adguard.ledger import StoreError, StoreURLError, open_store
from adguard.lint import lint


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="adguard-toolkit", prog_name="adguard")
def main() -> None:
    """Knows which page views happen behind an ad blocker, asks kindly, counts honestly."""


main.add_command(lint)


@main.command()
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


@main.command()
@click.argument("name", required=False)
def snippet(name: str | None) -> None:
    """Print the tested code that mounts the middleware in a framework; without NAME, list them."""
    files = {file.rpartition(".")[0]: file for file in snippets.names("mount")}
    if name is None:
        for known in files:
            click.echo(known)
        return
    if name not in files:
        raise click.ClickException(
            f"There is no snippet {name!r}. There are: {', '.join(sorted(files))}."
        )
    click.echo(snippets.read(f"mount/{files[name]}"), nl=False)


@main.command()
def keys() -> None:
    """Print a fresh secret key. To rotate, put it first and keep the old one second."""
    click.echo(secrets.token_urlsafe(32))
