"""`adguard preview`: what readers would meet, in a browser of this machine."""

from __future__ import annotations

import click

from adguard.commands.publisher import settings_of
from adguard.preview import Preview, pictures_of
from adguard.settings import SettingsError

__all__ = ["preview"]


@click.command()
@click.option("--app", help="Whose settings: module:name of your app; else the environment's.")
@click.option("--port", type=click.IntRange(0, 65535), default=8091, show_default=True)
def preview(app: str | None, port: int) -> None:
    """Show every state in every form, language, theme and scheme, to nobody outside this machine.

    Your texts, templates, theme and ways to support; nothing is recorded, every answer forgotten.
    """
    try:
        import uvicorn  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError:
        raise click.ClickException(
            "A server is missing: pip install 'adguard-toolkit[server]'"
        ) from None
    settings = settings_of(app)
    try:
        shown = Preview(settings)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    server = uvicorn.Server(
        uvicorn.Config(
            shown,
            host="127.0.0.1",
            port=port,
            lifespan="off",
            log_level="warning",
            access_log=False,
        )
    )
    sock = server.config.bind_socket()
    count = sum(1 for _ in pictures_of(shown.states, shown.languages, shown.themes))
    click.echo(
        f"{count:,} pictures ({len(shown.states)} states, {len(shown.languages)} languages, "
        f"{len(shown.themes)} themes) at http://127.0.0.1:{sock.getsockname()[1]}/; "
        "Ctrl-C stops it."
    )
    server.run(sockets=[sock])
