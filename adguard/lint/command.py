"""`adguard lint`: the options, and where each answer goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from adguard import baits as bait_data
from adguard.baits import BaitError
from adguard.lint.findings import Finding, to_json
from adguard.lint.inspection import Order, inspect
from adguard.lint.profiles import Blockers, Profile, ProfileError, load
from adguard.lint.sources import Gathered, SourceError, from_package, from_paths, written
from adguard.lint.terminal import render
from adguard.lint.webpage import to_html
from adguard.settings import Settings, SettingsError

NOWHERE = "https://www.example.org"
NO_LISTS = (
    "No filter lists are at hand. Name files or folders with --lists, let --download fetch them "
    "from their makers, or install Debian's package webext-ublock-origin-firefox (or -chromium)."
)
LINT_EXTRA = "--download needs httpx, which is not installed: pip install 'adguard-toolkit[lint]'."
LIVE_EXTRA = (
    "--live needs Playwright, which is not installed: pip install 'adguard-toolkit[live]', then "
    "playwright install chromium."
)


class _Command(click.Command):
    """Exit codes 0, 1 and 2 speak of the site; a wrong question counts as 1, not as click's 2."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            raise _Wrong(error.message, error.ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _Wrong(error.message, error.ctx or ctx) from None


class _Wrong(click.UsageError):
    exit_code = 1


@click.command(cls=_Command)
@click.option(
    "--origin", envvar="ADGUARD_ORIGIN", help="The site, such as https://www.example.org."
)
@click.option("--prefix", help="Where adguard lives on it; default: ADGUARD_PREFIX, else /_site.")
@click.option("--baits", help="A bait set of your own; default: ADGUARD_BAITS, else the release's.")
@click.option(
    "--lists",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE…",
    help="Filter lists, several after one --lists; default: those of Debian's uBlock Origin.",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="")
@click.option("--download", is_flag=True, help="Fetch the lists from their makers; keeps a cache.")
@click.option(
    "--profile", "names", multiple=True, metavar="ID", help="One blocker; may be given again."
)
@click.option("--catalogue", is_flag=True, help="Prove every entry of the bait catalogue, too.")
@click.option("--live", metavar="URL", help="Also open this page in a browser and look around.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
@click.option(
    "--html", "html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page."
)
def lint(
    *,
    origin: str | None,
    prefix: str | None,
    baits: str | None,
    lists: tuple[Path, ...],
    more: tuple[Path, ...],
    download: bool,
    names: tuple[str, ...],
    catalogue: bool,
    live: str | None,
    as_json: bool,
    html: Path | None,
) -> None:
    """Prove against filter lists that each blocker still hits our baits and nothing else of ours.

    Exit code 0: all is fine. 1: something is broken, or the question was wrong. 2: degraded, or not
    all of it could be checked.
    """
    if more and not lists:
        raise click.UsageError(f"Got an unexpected argument: {more[0]}")
    if origin is None and not catalogue:
        raise click.UsageError("--origin is missing: the site, such as https://www.example.org.")
    if html is not None and not html.parent.is_dir():
        raise click.UsageError(f"--html: there is no folder {written(html.parent)}.")
    try:
        settings = _settings(origin or NOWHERE, prefix, baits)
        bait_data.load(settings.baits)
        blockers = load()
        profiles = blockers.choose(names)
        gathered = _gather((*lists, *more), download, blockers, profiles)
        found = _look(live, settings) if live else []
        order = Order(
            settings=settings,
            blockers=blockers,
            profiles=profiles,
            gathered=gathered,
            catalogue=catalogue,
        )
        report = inspect(order, found)
        if html is not None:
            html.write_text(to_html(report), "utf-8")
    except (BaitError, ProfileError, SettingsError, SourceError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        place = written(Path(error.filename or ""))
        raise click.ClickException(f"{place}: {error.strerror}.") from None
    if as_json:
        click.echo(to_json(report))
    else:
        Console().print(render(report))
    sys.exit(report.exit_code)


def _settings(origin: str, prefix: str | None, baits: str | None) -> Settings:
    given = {"prefix": prefix, "baits": baits}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return Settings(secret_key="lint" * 8, origin=origin, **options)


def _gather(
    paths: Sequence[Path], download: bool, blockers: Blockers, profiles: Sequence[Profile]
) -> Gathered:
    """What was named comes first, then what was downloaded, then Debian's package."""
    gathered = from_paths(paths, blockers)
    if download:
        wanted = [name for profile in profiles for name in profile.lists]
        wanted += blockers.optional
        _join(
            gathered, _download([name for name in wanted if name not in gathered.known], blockers)
        )
    if not paths:
        _join(gathered, from_package(blockers), quietly=True)
    if not gathered.all and not gathered.findings:
        raise SourceError(NO_LISTS)
    return gathered


def _join(gathered: Gathered, others: Gathered, *, quietly: bool = False) -> None:
    gathered.findings += others.findings
    for source in others.all:
        if not quietly or source.id not in gathered.known:
            gathered.add(source)


def _download(wanted: list[str], blockers: Blockers) -> Gathered:
    try:
        from adguard.lint import fetching  # noqa: PLC0415 (httpx is an extra)
    except ImportError:
        raise SourceError(LINT_EXTRA) from None
    return fetching.fetch_with_progress(wanted, blockers, Console(stderr=True))


def _look(url: str, settings: Settings) -> list[Finding]:
    try:
        from adguard.lint import live  # noqa: PLC0415 (Playwright is an extra)
    except ImportError:
        raise SourceError(LIVE_EXTRA) from None
    return live.look(url, settings)
