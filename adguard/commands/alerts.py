"""`adguard alerts`: would anything ring, and does what rings arrive?"""

from __future__ import annotations

import os
import secrets
import socket
import time

import click
import msgspec
from rich.console import Console
from rich.table import Table

from adguard.alerts import gather, judge, post
from adguard.alerts.rules import OF_A_NODE, Finding
from adguard.alerts.webhook import host_of
from adguard.alerts.wording import ADVICE, NAMES, number
from adguard.hosts import normal_url
from adguard.ledger import StoreError, StoreURLError, open_store
from adguard.settings import SECRET_LENGTH

__all__ = ["alerts"]

STATES = {
    "bad": "wrong",
    "fine": "right",
    "unsure": "too close to tell",
    "quiet": "too little to tell",
}


@click.group()
def alerts() -> None:
    """Look at the figures as the alerts do, and send a message to try the way."""


@alerts.command()
@click.option("--url", "urls", multiple=True, help="Default: ADGUARD_ALERT_URLS.")
@click.option("--site", envvar="ADGUARD_SITE", default="default", show_default=True)
def test(urls: tuple[str, ...], site: str) -> None:
    """Send a signed message to every address. The secret is read from ADGUARD_ALERT_SECRET."""
    secret = os.environ.get("ADGUARD_ALERT_SECRET", "")
    if len(secret) < SECRET_LENGTH:
        raise click.ClickException(
            f"ADGUARD_ALERT_SECRET needs {SECRET_LENGTH} characters or more; set it to what the "
            "site signs with (`adguard keys` prints a new one)."
        )
    targets = urls or tuple(os.environ.get("ADGUARD_ALERT_URLS", "").replace(",", " ").split())
    if not targets:
        raise click.ClickException("There is no address: give --url or set ADGUARD_ALERT_URLS.")
    try:
        targets = tuple(map(normal_url, targets))
    except ValueError as error:
        raise click.ClickException(f"{error}.") from None
    now = time.time()
    name = f"{site}.test.{secrets.token_hex(4)}"
    body = msgspec.json.encode(
        {
            "version": 1,
            "id": name,
            "alert": name,
            "site": site,
            "rule": "test",
            "status": "test",
            "at": int(now),
            "value": None,
            "limit": None,
            "usual": None,
            "n": 0,
            "hours": 0,
            "text": f"{site}: a test from {socket.gethostname()}. Nothing is wrong.",
            "advice": "",
        }
    )
    failed = 0
    for url in targets:
        outcome = post(url, secret, name, body, now)
        failed += not outcome.ok
        click.echo(f"{host_of(url)}: {outcome.detail}")
    if failed:
        raise click.ClickException(f"{failed} of {len(targets)} did not take it.")


@alerts.command()
@click.option(
    "--store", help="Where the figures are; default: ADGUARD_STORE, else the data folder."
)
@click.option("--site", envvar="ADGUARD_SITE", default="default", show_default=True)
def check(store: str | None, site: str) -> None:
    """Look at the figures now, as the alerts do. Ends with 1 when something is wrong. Says nothing
    of recording: only the server knows that, see health."""
    try:
        opened = open_store(store or os.environ.get("ADGUARD_STORE"))
        with opened.figures() as figures:
            readings = gather(figures, site, time.time())
    except (StoreError, StoreURLError) as error:
        raise click.ClickException(str(error)) from None
    findings = [found for found in judge(readings) if found.rule not in OF_A_NODE]
    Console().print(_table(site, findings))
    wrong = [found for found in findings if found.status == "bad"]
    for found in wrong:
        click.echo(f"{NAMES[found.rule]}: {ADVICE[found.rule]}")
    if wrong:
        raise SystemExit(1)


def _table(site: str, findings: list[Finding]) -> Table:
    table = Table("rule", "now", "of", "usually", "limit", "hours", "verdict", title=site)
    for found in findings:
        known = found.n > 0
        table.add_row(
            found.rule,
            number(found.rule, found.value if known else None),
            f"{found.n:,}",
            "" if found.usual is None or not known else number(found.rule, found.usual),
            number(found.rule, found.limit),
            str(found.hours),
            STATES[found.status],
        )
    return table
