"""`adguard guides`: what readers are told, what it rests on, and how old that is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from adguard.support import FRESH, GUIDES, Guide
from adguard.texts import Texts

__all__ = ["guides"]


@click.command()
@click.option(
    "--stale", is_flag=True, help="Only those that were not checked for a year, or never."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def guides(stale: bool, as_json: bool) -> None:
    """List the guides for readers who want to allow ads, with the day they were checked.

    A guide that nobody checked for a year is a warning, never an error.
    """
    today = datetime.now(UTC).date()
    shown = [guide for guide in GUIDES if not stale or guide.is_stale(today)]
    old = sum(guide.is_stale(today) for guide in GUIDES)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([_row(g, today) for g in shown])))
    elif shown:
        Console().print(_table(shown, today))
    if old:
        click.echo(
            f"Warning: {old} of {len(GUIDES)} guides were not compared with what their makers "
            f"publish within {FRESH.days} days.",
            err=True,
        )


def _row(guide: Guide, today: date) -> dict[str, Any]:
    speech = Texts().speak()
    return {
        "slug": guide.slug,
        "name": speech(guide.name),
        "steps": [speech(key) for key in guide.keys],
        "source": guide.source,
        "verified": guide.verified,
        "stale": guide.is_stale(today),
        "basis": guide.basis,
    }


def _table(shown: list[Guide], today: date) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("slug", "tool", "checked", "what it rests on"):
        table.add_column(column, overflow="fold")
    speech = Texts().speak()
    for guide in shown:
        day = "never" if guide.source else "-"
        if guide.verified:
            day = guide.verified.isoformat() + (" (stale)" if guide.is_stale(today) else "")
        table.add_row(guide.slug, speech(guide.name), day, guide.basis)
    return table
