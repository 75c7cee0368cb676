"""The `adguard` command."""

from __future__ import annotations

import secrets

import click

from adguard import snippets
from adguard._version import __version__
from adguard.commands.alerts import alerts
from adguard.commands.dashboard import dashboard
from adguard.commands.demo_data import demo_data
from adguard.commands.experiment import experiment
from adguard.commands.expire import expire
from adguard.commands.guides import guides
from adguard.commands.journal import journal
from adguard.commands.passes import passes
from adguard.commands.preview import preview
from adguard.commands.privacy import privacy
from adguard.commands.report import report
from adguard.commands.why import why
from adguard.lint import lint


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="adguard-toolkit", prog_name="adguard")
def main() -> None:
    """Knows which page views happen behind an ad blocker, asks kindly, counts honestly."""


main.add_command(alerts)
main.add_command(dashboard)
main.add_command(demo_data)
main.add_command(expire)
main.add_command(experiment)
main.add_command(guides)
main.add_command(journal)
main.add_command(lint)
main.add_command(preview)
main.add_command(passes)
main.add_command(privacy)
main.add_command(report)
main.add_command(why)


@main.command()
@click.argument("name", required=False)
def snippet(name: str | None) -> None:
    """Print tested code: what mounts the middleware in a framework, or hears of payments; without
    NAME, list all."""
    files = {
        file.rpartition(".")[0]: f"{kind}/{file}"
        for kind in ("mount", "webhooks")
        for file in snippets.names(kind)
    }
    if name is None:
        for known in files:
            click.echo(known)
        return
    if name not in files:
        raise click.ClickException(
            f"There is no snippet {name!r}. There are: {', '.join(sorted(files))}."
        )
    click.echo(snippets.read(files[name]), nl=False)


@main.command()
def keys() -> None:
    """Print a fresh secret key. To rotate, put it first and keep the old one second."""
    click.echo(secrets.token_urlsafe(32))
