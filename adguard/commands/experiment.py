"""`adguard experiment`: what a hold-out says, and how long one has to run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table

from adguard.commands.ranges import Between
from adguard.environment import SettingsError
from adguard.experiment import CONTROL, true_share, true_shares
from adguard.insight.arms import OUTCOMES, Arm, Versus, compare, read_arms
from adguard.insight.earning import Earning, read_rates
from adguard.insight.evidence import StatsMissing
from adguard.insight.experiment import (
    Experiment,
    HoldOut,
    estimate_revenue,
    holdout_of,
    needed_readers,
)
from adguard.insight.periods import parse_since, parse_until
from adguard.insight.wording import SEVERAL, between, percent, sizes
from adguard.ledger import Figures, Span, StoreError, StoreURLError, open_store
from adguard.variants import Arms as Drawn
from adguard.variants import Variant

__all__ = ["experiment"]

SHARE = Between(0, 1, min_open=True, max_open=True)
T = TypeVar("T")


def _variants(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, float], ...]:
    """Reads `copy-b=0.3`, once for each variant."""
    found = []
    for value in values:
        name, _, text = value.partition("=")
        try:
            share = float(text)
        except ValueError:
            raise click.BadParameter(f"{value!r} is not a name and a share: copy-b=0.3") from None
        found.append((name, share))
    try:
        # What the option `variants` would not take was never drawn; what differs is not asked here.
        return Drawn(0.0, [Variant(name, share, form="inline") for name, share in found], "").shares
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def experiment() -> None:
    """Read a hold-out, or plan one. docs/experiments.md explains the figures."""


_store = click.option(
    "--store", help="Where the figures are; default: ADGUARD_STORE, else the data folder."
)
_site = click.option("--site", help="One site's name; needed when the store holds several.")
_since = click.option(
    "--since", help="The day it began, such as 2026-11-01.  [default: all that is kept]"
)
_until = click.option("--until", help="The last day: a date, today or yesterday.  [default: today]")


_share = click.option(
    "--share",
    type=Between(0, 1),
    envvar="ADGUARD_HOLDOUT",
    help="The option `holdout`, to check the draw.",
)


@experiment.command()
@_store
@_site
@_since
@_until
@_share
@click.option(
    "--rpm",
    envvar="ADGUARD_RPM",
    help='What a thousand page views earn: 2.40, or by section: \'{"news": 2.4, "*": 1.1}\'.',
)
@click.option("--currency", envvar="ADGUARD_CURRENCY", default="EUR", show_default=True)
def read(
    *,
    store: str | None,
    site: str | None,
    since: str | None,
    until: str | None,
    share: float | None,
    rpm: str | None,
    currency: str,
) -> None:
    """Print how many readers came back because they were asked. Look as often as you like."""
    earned: Earning | None = None
    with _clear_errors():
        rates = None if rpm is None else read_rates(rpm)
        with _asked(store, site, since, until) as (figures, span):
            arms = read_arms(figures, span, began=span.first)
            known = None if share is None else true_share(share, str(span.site))
            found = holdout_of(arms, share=known)
            if rates is not None and found.recovered_views is not None:
                sections = figures.breakdown(span, "section")
                earned = estimate_revenue(found.recovered_views, rates, currency, sections)
    console = Console()
    console.print(_arms(found, span.site))
    for line in _said(found, earned):
        console.print(line, highlight=False, soft_wrap=True)


@experiment.command()
@_store
@_site
@_since
@_until
@click.option(
    "--outcome",
    type=click.Choice(tuple(OUTCOMES)),
    default="cleared",
    show_default=True,
    help="The step that is compared. Choose it before you look.",
)
@click.option("--against", default=CONTROL, show_default=True, help="The arm to compare with.")
@_share
@click.option(
    "--variant",
    "variants",
    multiple=True,
    callback=_variants,
    metavar="NAME=SHARE",
    help="A variant's, once for each in the order of the option `variants`, to check the draw.",
)
def arms(
    *,
    store: str | None,
    site: str | None,
    since: str | None,
    until: str | None,
    outcome: str,
    against: str,
    share: float | None,
    variants: tuple[tuple[str, float], ...],
) -> None:
    """Print how the variants of an experiment fare, each against one arm."""
    with _clear_errors(), _asked(store, site, since, until) as (figures, span):
        found = read_arms(figures, span, began=span.first)
    names = [arm.name for arm in found]
    if found and against not in names:
        raise click.UsageError(f"--against: there is no arm {against!r}, only {', '.join(names)}.")
    step, site = OUTCOMES[outcome], span.site
    against_it = compare(found, step, against)
    console = Console()
    console.print(_table(found, against_it, outcome, site))
    drawn = Experiment(
        found,
        shares=true_shares(share or 0.0, variants, str(site)) if variants else {},
        share=None if share is None else true_share(share, str(site)),
    )
    for line in sizes(_with_scipy(drawn.sizes_chance)):
        console.print(line, highlight=False, soft_wrap=True)
    if not against_it:
        console.print("Nothing to compare yet: no two arms hold readers.")
        return
    console.print(
        f"Readers who {step.label}, of readers drawn; ratio to {against!r}. {SEVERAL}",
        highlight=False,
        soft_wrap=True,
    )


@experiment.command()
@click.argument("alone", type=SHARE)
@click.argument("asked", type=SHARE)
@click.option("--share", type=SHARE, default=0.1, show_default=True, help="The option `holdout`.")
def plan(alone: float, asked: float, share: float) -> None:
    """Print how many readers an effect needs to show, with a power of 80 %.

    ALONE is the share of readers held out who come back clear, ASKED that of the others: 0.03 0.05
    """
    try:
        needed = _with_scipy(lambda: needed_readers(alone, asked, share))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Readers to be drawn, {share:.1%} of them held out:")
    click.echo(f"  {needed.any_time:,} if you look whenever you like")
    click.echo(f"  {needed.once:,} if you look once, at the end")


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (StoreError, StoreURLError, ValueError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _asked(
    store: str | None, site: str | None, since: str | None, until: str | None
) -> Iterator[tuple[Figures, Span]]:
    """The figures, and the days and the one site that are asked for."""
    end = parse_until(until, time.time())
    span = Span.of(parse_since(since, end) if since else 0.0, end, site)
    with open_store(store or os.environ.get("ADGUARD_STORE")).figures() as figures:
        sites = figures.sites()
        if site is None and len(sites) > 1:
            raise click.UsageError(f"The store holds {', '.join(sites)}; name one by --site.")
        yield figures, Span(span.first, span.last, site or next(iter(sites), None))


def _table(arms: Iterable[Arm], found: list[Versus], outcome: str, site: str | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=f"Arms of {site or 'no site'}", pad_edge=False)
    table.add_column("arm", no_wrap=True)
    for header in ("drawn", outcome, "of drawn", "ratio", "95 %", "p"):
        table.add_column(header, justify="right", no_wrap=True)
    known = {one.arm.name: one for one in found}
    for arm in arms:
        took = arm.counted[outcome]
        share = percent(took / arm.readers) if arm.readers else "-"
        cells = [f"{arm.readers:,}", f"{took:,}", share]
        if one := known.get(arm.name):
            ratio, bounds = one.ratio, _with_scipy(one.bounds)
            cells += ["-" if ratio is None else f"{ratio:.2f}", between(bounds)]
            cells.append(f"{_with_scipy(one.chance):.2g}")
        table.add_row(arm.name, *cells)
    return table


def _with_scipy(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except StatsMissing as error:
        raise click.ClickException(str(error)) from None


def _arms(found: HoldOut, site: str | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=f"Hold-out of {site or 'no site'}", pad_edge=False)
    table.add_column("")
    for header in ("asked", "held out"):
        table.add_column(header, justify="right")
    asked, held_out = found.asked, found.held_out
    for label, one, other in (
        ("readers drawn", asked.readers, held_out.readers),
        ("came back clear", asked.cleared, held_out.cleared),
        ("their clear page views", asked.clear_views, held_out.clear_views),
    ):
        table.add_row(label, f"{one:,.0f}", f"{other:,.0f}")
    return table


def _said(found: HoldOut, earned: Earning | None) -> list[str]:
    net, recovered = found.net, found.recovered_views
    if net is None or recovered is None:
        return ["Nothing to compare yet: in one of the arms there is no reader."]
    low, high = _with_scipy(found.net_interval) or (0.0, 0.0)
    chance = _with_scipy(found.chance)
    lines = [
        f"Back because they were asked: {net:,.0f} readers (95 %: {low:,.0f} to {high:,.0f}, "
        f"p = {chance:.2g}; both hold however often you look).",
        f"Recovered page views: {recovered:,.0f} (estimate).",
    ]
    if earned is not None:
        lines.append(f"They earn {earned} (estimate).")
    drawn = _with_scipy(lambda: sizes(found.ratio_chance()))
    return [*lines, *(drawn or ["The sizes of the arms were not checked; give --share."])]
