"""`adguard privacy`: the data sheet of a site."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adguard.commands.files import write
from adguard.commands.publisher import settings_of
from adguard.datasheet import Section, Sheet, sheet_of, to_data, to_html, to_markdown
from adguard.datasheet.wording import NOTE, title

__all__ = ["privacy"]


@click.command()
@click.option(
    "--app",
    metavar="MODULE:NAME",
    help="Your app, for its settings; else ADGUARD_… of the environment.",
)
@click.option("--html", type=click.Path(path_type=Path), help="A page in one file; - prints it.")
@click.option("--markdown", is_flag=True, help="Markdown instead of text.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def privacy(*, app: str | None, html: Path | None, markdown: bool, as_json: bool) -> None:
    """Say what is stored about readers, where, for how long and why, from the settings in force.

    For your privacy policy and your record of processing: paste what you need, and print it again
    when settings change.
    """
    if markdown and as_json:
        raise click.UsageError("--markdown and --json are two ways to print; take one.")
    sheet = sheet_of(settings_of(app))
    if html is not None:
        write(html, to_html(sheet))
    if as_json:
        click.echo(json.dumps(to_data(sheet), indent=2, ensure_ascii=False))
    elif markdown:
        click.echo(to_markdown(sheet), nl=False)
    elif html is None:
        _print(sheet)


def _print(sheet: Sheet) -> None:
    console = Console(highlight=False)
    console.print(Text(title(sheet), style="bold"))
    console.print(Text(NOTE.replace("`", ""), style="dim"))
    for section in sheet.sections:
        console.print(Text(f"\n{section.title}", style="bold"))
        for sentence in section.sentences:
            console.print(Padding(Text(sentence), (0, 0, 0, 2)))
        if section.rows:
            console.print(Padding(_rows(section), (1, 0, 0, 2)))


def _rows(section: Section) -> Group | Table:
    """Two columns as a table; more as a list, which needs no width."""
    if len(section.columns) > 2:
        return Group(*(_stanza(section.columns, row) for row in section.rows))
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in section.rows:
        table.add_row(*map(Text, row))
    return table


def _stanza(columns: tuple[str, ...], row: tuple[str, ...]) -> Group:
    table = Table.grid(padding=(0, 2, 0, 2))
    for column, cell in zip(columns[1:], row[1:], strict=True):
        table.add_row(Text(column, style="dim"), Text(cell))
    return Group(Text(row[0], style="bold"), table)
