"""`adguard dashboard`: the figures of a store in a browser of this machine."""

from __future__ import annotations

import os
import secrets

import click

from adguard.dashboard import Dashboard, Gate
from adguard.insight.earning import read_rates
from adguard.ledger import StoreError, StoreURLError, open_store

__all__ = ["dashboard"]

SHORTEST = 12


@click.command()
@click.option("--store", help="Where figures are; default: ADGUARD_STORE, else the data folder.")
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True)
@click.option("--rpm", help='What a thousand views earn: 2.40, or {"news": 2.4, "*": 1.1}.')
@click.option("--currency", default="EUR", show_default=True)
def dashboard(store: str | None, port: int, rpm: str | None, currency: str) -> None:
    """Show the figures in a browser of this machine, and to nobody outside it.

    Asks for ADGUARD_DASHBOARD_PASSWORD, or for one made for this run.
    """
    password = os.environ.get("ADGUARD_DASHBOARD_PASSWORD", "")
    if 0 < len(password) < SHORTEST:
        raise click.ClickException(
            f"ADGUARD_DASHBOARD_PASSWORD is shorter than {SHORTEST} characters."
        )
    made = password or secrets.token_urlsafe(12)
    try:
        import uvicorn  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError:
        raise click.ClickException(
            "A server is missing: pip install 'adguard-toolkit[server]'"
        ) from None
    url = store or os.environ.get("ADGUARD_STORE")
    asked = rpm or os.environ.get("ADGUARD_RPM")
    try:
        rates = read_rates(asked) if asked else None
        opened = open_store(url)
    except (StoreError, StoreURLError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    app = Dashboard(
        lambda: opened,
        Gate(password=made, keys=(secrets.token_urlsafe(32),)),
        rpm=rates,
        currency=currency,
    )
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    )
    sock = server.config.bind_socket()
    sock.listen()  # whoever reads the address may come before the server does
    click.echo(f"The figures are at http://127.0.0.1:{sock.getsockname()[1]}/; Ctrl-C stops it.")
    if not password:
        click.echo(f"The password of this run is {made}")
    server.run(sockets=[sock])
