"""A report as one HTML file that asks for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from adguard._version import __version__
from adguard.lint import wording
from adguard.lint.findings import Level, Report


def to_html(report: Report, now: datetime | None = None) -> str:
    """Returns the page.

    :param now: when the lists were looked at; default: now.
    """
    names = wording.bait_ids(report)
    return _template().render(
        report=report,
        state=Level.FINE if report.exit_code == 0 else report.state,
        names=names,
        rows=[
            (profile, list(wording.cells(profile, names)), wording.verdict(profile))
            for profile in report.profiles
        ],
        groups=list(wording.by_level(report)),
        blockers=lambda finding: wording.blockers(report, finding, most=len(report.profiles)),
        words=wording,
        now=(now or datetime.now(UTC)).strftime("%-d %B %Y, %H:%M UTC"),
        version=__version__,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
