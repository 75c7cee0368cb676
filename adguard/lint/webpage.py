"""A report as one HTML file that asks for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adguard._version import __version__
from adguard.lint import wording
from adguard.lint.findings import Level, Report
from adguard.templating import fill


def to_html(report: Report, now: datetime | None = None) -> str:
    """Returns the page.

    :param now: when the lists were looked at; default: now.
    """
    names = wording.bait_ids(report)
    return fill(
        Path(__file__).parent,
        "report.html",
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
