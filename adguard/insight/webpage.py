"""A report as one HTML file that asks for nothing: charts, tables and definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup

from adguard._version import __version__
from adguard.insight import charts, wording
from adguard.insight.drawing import draw_arms
from adguard.insight.metrics import METRICS
from adguard.insight.report import By, Figure, Group, Report
from adguard.insight.smallcells import FEW
from adguard.ledger.store import KEEP_DAYS
from adguard.templating import fill

__all__ = ["SPLITS", "to_html"]

SPLITS: tuple[By, ...] = ("page", "section", "browser", "device", "country")
"""What the page splits the figures by, where there is more than one value."""

ROWS = 12
"""Rows of a table; the other values are in the exports."""

WIDE = ("page", "version", "day")
"""Tables whose first column needs room."""

TILES = ("block_rate", "views", "asked", "allow_rate")
"""The second gives way to money where there is an RPM: the headline says it, too."""
FUNNEL = (
    ("measured", "Page views measured"),
    ("views", "with a verdict"),
    ("block_rate", "behind a blocker"),
    ("asked", "asked"),
    ("guide_open_rate", "pressed “Allow ads here”"),
    ("allow_rate", "allowed ads, verified on a later view"),
)
VERDICTS: tuple[tuple[str, charts.Kind], ...] = (
    ("extension_rate", "extension"),
    ("network_rate", "network"),
    ("protection_rate", "protection"),
    ("unknown_rate", "unknown"),
)
TITLES: dict[By, str] = {
    "page": "Pages",
    "section": "Sections",
    "browser": "Browsers",
    "device": "Devices",
    "country": "Countries",
    "verdict": "Verdicts",
    "variant": "Variants",
    "version": "Versions",
    "form": "Forms of asking",
    "day": "Days",
}
COLUMNS = (
    ("views", "views"),
    ("block_rate", "blocked"),
    ("asked", "asked"),
    ("dismiss_rate", "not now"),
    ("allow_rate", "allowed"),
)

FEW_COLUMNS = (("views", "views"), ("block_rate", "blocked"), ("allow_rate", "allowed"))
ROOMY = ("asked", "dismiss_rate")
"""Columns that a phone has no room for."""


def to_html(report: Report, now: datetime | None = None) -> str:
    """Returns the page: one file, no script, nothing to fetch, for light, dark and paper.

    :param now: when it was made; default: now.
    """
    tables = [
        (table.by, TITLES[table.by], table.groups[:ROWS], len(table.groups) - ROWS)
        for table in report.tables
        if len(table.groups) > 1 and table.by != "verdict"
    ]
    return fill(
        Path(__file__).parent,
        "report.html",
        report=report,
        words=wording,
        look=Markup(charts.look()),  # noqa: S704 -- our own file
        tiles=[_tile(report, n) for n in TILES if n != "views" or report.unearned is None],
        arms=draw_arms(report.experiment.arms),
        tried=wording.experiment(report.experiment),
        trend=_trend(report),
        strip=_strip(report),
        legend=[(number, mark) for number, mark in enumerate(report.marks, 1)],
        funnel=list(_funnel(report)),
        wide=[table for table in tables if table[0] in WIDE],
        narrow=[table for table in tables if table[0] not in WIDE],
        columns=COLUMNS,
        few_columns=FEW_COLUMNS,
        roomy=ROOMY,
        comparing=report.before is not None,
        clear=_clear(report),
        left_out=_left_out(report),
        bar=_bar,
        funnel_bar=charts.bar,
        verdicts=VERDICTS,
        change=_change,
        metrics={metric.name: metric for metric in METRICS},
        before=_length(report),
        now=f"{now or datetime.now(UTC):%-d %B %Y, %H:%M UTC}",
        version=__version__,
    )  # fmt: skip


def _tile(report: Report, name: str) -> dict[str, Any]:
    figure, then = report[name], report.earlier(name)
    return {
        "figure": figure,
        "then": then,
        "change": wording.change(figure, then),
        "label": figure.metric.label,
    }


def _left_out(report: Report) -> bool:
    groups = [*report.days, *(group for table in report.tables for group in table.groups)]
    names = [*(group.value for group in groups), *(one.reason for one in report.suppressed)]
    figures = [*report.figures, *(figure for group in groups for figure in group.figures)]
    return FEW in names or any(figure.withheld for figure in figures)


def _length(report: Report) -> str:
    length = (report.last - report.first).days + 1
    return "the day before" if length == 1 else f"the {length} days before"


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(i) for i in range((last - first).days + 1)]


def _trend(report: Report) -> Markup | None:
    if report.empty:
        return None
    length, first = report.last - report.first + timedelta(1), report.first
    if length.days > KEEP_DAYS:  # no figures are kept of most of them
        first = date.fromisoformat(report.days[0].value)
    dates = _dates(first, report.last)
    if len(dates) < 2:
        return None
    earlier = _dates(first - length, report.last - length)
    lines = [charts.Series("blocked", _rates(report.days, dates))]
    if report.before is not None:
        rates = _rates(report.days_before, earlier)
        lines.append(charts.Series(f"{_length(report)}", rates, "before"))
    known = {group.value: group["views"] for group in report.days}
    return charts.trend(
        f"Block rate by day, {wording.days(first, report.last)}; the table below says the same",
        [f"{day:%A, %-d %B}" for day in dates],
        lines,
        short=[f"{day:%-d %b}" for day in dates],
        marks=[charts.Mark((mark.day - first).days, mark.text) for mark in report.marks],
        volume=[known[d].numerator if (d := f"{day}") in known else 0.0 for day in dates],
    )


def _rates(groups: Sequence[Group], dates: Sequence[date]) -> list[float | None]:
    known = {group.value: group["block_rate"].value for group in groups}
    return [known.get(f"{day}") for day in dates]


def _strip(report: Report) -> Markup:
    clear = _clear(report)
    if clear is None:  # a strip without some of its parts would be of another whole
        return Markup("")
    parts = [charts.Part(kind, report[name].value or 0.0, kind) for name, kind in VERDICTS]
    return charts.strip("Views by verdict", [*parts, charts.Part("clear", clear, "clear")])


def _clear(report: Report) -> float | None:
    shares = [report[name].value for name, _ in VERDICTS]
    if any(share is None for share in shares):
        return None
    return max(0.0, 1 - sum(share or 0.0 for share in shares))


def _funnel(report: Report) -> Iterator[tuple[str, Figure, float, str]]:
    """Each step's words, figure, part of the first step, and part of the step before."""
    highest, last = 0.0, None
    for name, words in FUNNEL:
        figure = report[name]
        number = figure.numerator
        highest = highest or number
        part = wording.percent(number / last) if last and not figure.withheld else ""
        yield words, figure, number / highest if highest else 0.0, part
        last = number


def _bar(figure: Figure) -> Markup:
    return charts.bar(figure.value or 0.0)


def _change(group: Group) -> str:
    if group.before is None:
        return ""
    then = next(f for f in group.before if f.metric.name == "block_rate")
    said = wording.change(group["block_rate"], then).partition(" points")[0]
    return said.replace("unchanged", "0.0")
