"""`adguard report`: the figures in the terminal, in files, and by mail."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from adguard.commands.files import write
from adguard.commands.ranges import Between
from adguard.insight import BY, build_report, parse_since, parse_until, render, withhold
from adguard.insight.earning import read_rates
from adguard.insight.exports import to_csv, to_json, to_jsonl
from adguard.insight.mail import MailError, compose, preview, read_post, send
from adguard.insight.periods import last_week
from adguard.insight.reconciling import (
    RequestsError,
    read_requests,
    reconcile,
    without_small,
)
from adguard.insight.reconciling import to_csv as lines_to_csv
from adguard.insight.report import By, Report
from adguard.insight.webpage import SPLITS, to_html
from adguard.ledger import Store, StoreError, StoreURLError, open_store

__all__ = ["report"]

FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.command()
@click.option(
    "--store", help="Where the figures are; default: ADGUARD_STORE, else the data folder."
)
@click.option("--since", help="Days (7d), weeks (4w), or a date (2026-11-01).  [default: 7d]")
@click.option("--until", help="The last day: a date, today or yesterday.  [default: today]")
@click.option("--by", type=click.Choice(BY), default="verdict", show_default=True)
@click.option("--site", help="One site's name; default: all sites of the store.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
@click.option("--html", type=FILE, help="Write one page with charts; needs nothing else.")
@click.option("--csv", "as_csv", type=FILE, help="Write CSV, a row for each value of --by.")
@click.option("--jsonl", type=FILE, help="Write JSON Lines.")
@click.option("--ad-server", type=FILE, help="Write CSV to lay beside an ad server's figures.")
@click.option(
    "--requests",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --ad-server: its figures, CSV with day, requests and perhaps section.",
)
@click.option(
    "--slots",
    type=Between(min=0, min_open=True, max=1000),
    default=1.0,
    show_default=True,
    help="With --ad-server: ad requests that one page view makes.",
)
@click.option(
    "--rpm",
    envvar="ADGUARD_RPM",
    help='What a thousand views earn: 2.40, or {"news": 2.4, "*": 1.1}; default: ADGUARD_RPM.',
)
@click.option("--currency", envvar="ADGUARD_CURRENCY", default="EUR", show_default=True)
@click.option(
    "--share",
    type=Between(0, 1),
    envvar="ADGUARD_HOLDOUT",
    help="The option `holdout`, to check the arms' sizes; default: ADGUARD_HOLDOUT.",
)
@click.option("--exact", is_flag=True, help="Keep figures from fewer than 10 views in files.")
@click.option("--weekly", is_flag=True, help="Mail the report of last week, Monday to Sunday.")
@click.option("--dry-run", is_flag=True, help="With --weekly: print the mail and send nothing.")
def report(
    *,
    store: str | None,
    since: str | None,
    until: str | None,
    by: By,
    site: str | None,
    as_json: bool,
    html: Path | None,
    as_csv: Path | None,
    jsonl: Path | None,
    ad_server: Path | None,
    requests: Path | None,
    slots: float,
    rpm: str | None,
    currency: str,
    share: float | None,
    exact: bool,
    weekly: bool,
    dry_run: bool,
) -> None:
    """Print the figures with their definitions. Exact at any moment, also while the site runs.

    FILE may be - for the standard output. Files leave out figures from fewer than 10 observations;
    terminal and --json show everything. --weekly reads ADGUARD_SMTP, ADGUARD_MAIL_FROM and
    ADGUARD_MAIL_TO; docs/report.md has examples.
    """
    now = time.time()
    if dry_run and not weekly:
        raise click.UsageError("--dry-run goes with --weekly: the other options send nothing.")
    if weekly and any((since, until, as_json, html, as_csv, jsonl, ad_server)):
        raise click.UsageError("--weekly stands alone, but for --store, --site and --dry-run.")
    if requests is not None and ad_server is None:
        raise click.UsageError("--requests goes with --ad-server.")
    _refuse_a_mixture(as_json, html, as_csv, jsonl, ad_server)
    try:
        opened = open_store(store or os.environ.get("ADGUARD_STORE"))
        ask = partial(
            build_report,
            opened,
            site=site,
            rpm=None if rpm is None else read_rates(rpm),
            currency=currency,
            share=share,
        )
        if weekly:
            since_week, end = last_week(now)
            made = ask(since=since_week, until=end, by=SPLITS)
            _mail(made if exact else withhold(made), dry_run=dry_run)
            return
        end = parse_until(until, now)
        start = parse_since(since or "7d", end)
        if ad_server is not None:
            known = {} if requests is None else read_requests(_text(requests))
            lines = reconcile(opened, since=start, until=end, site=site, requests=known)
            write(ad_server, lines_to_csv(lines if exact else without_small(lines), slots))
        splits = (by, *(one for one in SPLITS if one != by)) if html else (by,)
        made = ask(since=start, until=end, by=splits)
    except RequestsError as error:
        raise click.ClickException(f"{requests}: {error}.") from None
    except (MailError, StoreError, StoreURLError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    passed_on = made if exact else withhold(made)
    asked_for = replace(passed_on, tables=passed_on.tables[:1])
    for path, text, what in (
        (html, to_html, passed_on),
        (as_csv, to_csv, asked_for),
        (jsonl, to_jsonl, asked_for),
    ):
        if path is not None:
            write(path, text(what))
    if as_json:
        click.echo(to_json(made))
    elif not any((html, as_csv, jsonl, ad_server)):
        Console().print(render(made))
        if made.empty:
            _hint(opened, site)


def _refuse_a_mixture(as_json: bool, *files: Path | None) -> None:
    if as_json + sum(str(file) == "-" for file in files) > 1:
        raise click.UsageError("Only one of them can be the standard output.")


def _hint(store: Store, site: str | None) -> None:
    with store.figures() as figures:
        sites = figures.sites()
    if site is not None and site not in sites:
        click.echo(f"The store holds figures of {', '.join(sites) or 'no site at all'}.")


def _mail(report: Report, *, dry_run: bool) -> None:
    post = read_post(os.environ)
    message = compose(report, post)
    if dry_run:
        click.echo(preview(message))
    else:
        send(message, post)
        click.echo(f"Mailed to {', '.join(post.recipients)}.")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestsError("it is not in UTF-8") from None
    except OSError as error:
        raise RequestsError(f"it cannot be read ({error.strerror})") from None
