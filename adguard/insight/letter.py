"""The main figures of a report as the body of a mail: one page that any mail reader can show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from adguard.insight import wording
from adguard.insight.report import Figure, Report
from adguard.templating import fill

__all__ = ["letter_of"]

PAGES = 8
MOST_DAYS = 14


def letter_of(report: Report) -> str:
    """Returns the figures as HTML without script, picture or anything to fetch."""
    pages = next((table.groups for table in report.tables if table.by == "page"), ())
    page = fill(
        Path(__file__).parent,
        "mail.html",
        report=report,
        words=wording,
        compared=list(_compared(report)),
        days=list(_days(report)) if len(report.days) <= MOST_DAYS else [],
        pages=pages[:PAGES],
        tried=wording.experiment(report.experiment),
    )
    return page.strip() + "\n"


def _compared(report: Report) -> Iterator[tuple[Figure, Figure | None, str]]:
    for name in wording.COMPARED:
        now, then = report[name], report.earlier(name)
        yield now, then, wording.change(now, then)


def _days(report: Report) -> Iterator[tuple[str, str, int, str]]:
    """Each day's name, block rate, how wide its bar is in per cent, and its views."""
    rates = [group["block_rate"].value or 0.0 for group in report.days]
    highest = max(rates, default=0.0)
    for group, rate in zip(report.days, rates, strict=True):
        day = date.fromisoformat(group.value)
        wide = round(100 * rate / highest) if highest else 0
        yield (
            f"{day:%a %-d %b}",
            wording.share(group["block_rate"]),
            wide,
            wording.count(group["views"]) + ("" if group["views"].beside else " views"),
        )
