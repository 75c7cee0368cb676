"""`adguard passes`: codes to mail to supporters, and what became of one."""

from __future__ import annotations

import os
import re
import sys
import time
from datetime import UTC, datetime

import click

from adguard.environment import as_words
from adguard.ledger import StoreError, StoreURLError
from adguard.ledger.location import locate
from adguard.passes import MOST_DAYS, PASS_DAYS, Codes, open_taken
from adguard.settings import SECRET_LENGTH

__all__ = ["passes"]

UNITS = {"m": 60, "h": 3600, "d": 86_400}
SITE = click.option(
    "--site", envvar="ADGUARD_SITE", default="default", show_default=True, help="The option `site`."
)


class Span(click.ParamType[int]):
    """`15m`, `12h` or `30d`, in seconds."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        found = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", str(value))
        seconds = int(found[1]) * UNITS[found[2]] if found else 0
        if not 0 < seconds <= MOST_DAYS * UNITS["d"]:
            self.fail(f"{value!r} is not like 15m, 12h or 30d, {MOST_DAYS}d at most", param, ctx)
        return seconds


@click.group()
def passes() -> None:
    """Issue codes for supporter passes, and look at one. docs/supporting.md explains them.

    The secret keys are read from ADGUARD_SECRET_KEY: those that the site signs with.
    """


@passes.command()
@click.option("--count", type=click.IntRange(1, 100_000), default=1, show_default=True)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=PASS_DAYS,
    show_default=True,
    help="For how long a pass stands, from the day on which it is taken.",
)
@click.option(
    "--valid",
    type=Span(),
    default="30d",
    show_default=True,
    help="For how long it can be taken, from now: 15m, 12h, 30d.",
)
@click.option(
    "--origin",
    envvar="ADGUARD_ORIGIN",
    help="The site, such as https://www.example.org: prints links. Without it, codes.",
)
@click.option("--prefix", envvar="ADGUARD_PREFIX", default="/_site", show_default=True)
@SITE
def issue(*, count: int, days: int, valid: int, origin: str | None, prefix: str, site: str) -> None:
    """Print codes, one a line, each for one pass. Nothing is kept of them."""
    codes = _codes(site)
    if origin is not None and not re.fullmatch(r"https?://[^\s/?#]+/?", origin):
        raise click.ClickException(f"{origin!r} is not like https://www.example.org.")
    begin = "" if origin is None else f"{origin.rstrip('/')}{prefix}/pass?code="
    until = time.time() + valid
    for _ in range(count):
        click.echo(begin + codes.issue(days=days, until=until))
    day = datetime.fromtimestamp(until, UTC)
    click.echo(f"Each can be taken once, until {day:%Y-%m-%d %H:%M} UTC.", err=True)


@passes.command()
@click.argument("code")
@click.option("--store", help="Where the figures are; default: ADGUARD_STORE.")
@SITE
def check(*, code: str, store: str | None, site: str) -> None:
    """Say what a CODE, or the link that holds it, is good for; `-` reads it from the input.

    Exit code 0: it can be taken. 1: it cannot.
    """
    text = sys.stdin.read() if code == "-" else code
    found = _codes(site).read(text.rpartition("code=")[2].partition("&")[0])
    if found is None:
        raise click.ClickException(
            "That is no code of this site: it is incomplete, or its key is no longer in use."
        )
    try:
        taken = open_taken(locate(store or os.environ.get("ADGUARD_STORE"))).taken_at(found)
    except (StoreError, StoreURLError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"A pass of {found.days} days. It can be taken until {_moment(found.until)}.")
    if taken is not None:
        raise click.ClickException(f"It was taken on {_moment(taken)}.")
    if time.time() > found.until:
        raise click.ClickException("Nobody took it, and its time is over.")
    click.echo("Nobody took it yet, as far as this machine knows.")


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _codes(site: str) -> Codes:
    keys = as_words(os.environ.get("ADGUARD_SECRET_KEY", ""))
    if not keys or any(len(key) < SECRET_LENGTH for key in keys):
        raise click.ClickException(
            f"ADGUARD_SECRET_KEY needs the site's secret keys, newest first, each of "
            f"{SECRET_LENGTH} characters or more."
        )
    return Codes(keys, site)
