"""A report for the terminal, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from rich import box
from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adguard.insight.metrics import BY_NAME, SMALL
from adguard.insight.report import Figure, Group, Report

__all__ = ["render", "to_json"]

COLUMNS = {
    "views": "views",
    "block_rate": "blocked",
    "unknown_rate": "unknown",
    "asked": "asked",
    "dismiss_rate": "not now",
    "allow_rate": "allowed",
}
VERDICT_COLUMNS = {
    "views": "views",
    "suppressed_rate": "not asked",
    "decided": "notices",
    "asked": "asked",
    "dismiss_rate": "not now",
    "allow_rate": "allowed",
}
WIDTHS = (24, 9, 21, 9, 12)
NOWHERE = {"verdict": "(before a verdict)", "section": "(no section)", "country": "(not known)"}


def render(report: Report) -> RenderableType:
    """Returns the report as a rich renderable: every figure with its definition."""
    if not report["measured"].n and not report["views"].n:
        return Stack(_title(report), Text("Nothing was recorded in these days."))
    parts: list[RenderableType] = [_title(report), _sentence(report), _overall(report)]
    if report.groups:
        parts.append(_groups(report))
    if report.suppressed:
        parts.append(_suppressed(report))
    parts.append(
        Text(
            "Allowed and not now are shares of the times asked. n: observations behind a figure; "
            f"below {SMALL:,} a share shows its 95 % interval (Wilson).",
            style="dim",
        )
    )
    return Stack(*parts)


def to_json(report: Report) -> str:
    """Returns the report as JSON: figures by name, shares as fractions of 1."""
    return json.dumps(
        {
            "first": report.first.isoformat(),
            "last": report.last.isoformat(),
            "site": report.site,
            "by": report.by,
            "figures": _figures_json(report.figures),
            "groups": [
                {
                    "value": group.value,
                    "share": group.share,
                    "figures": _figures_json(group.figures),
                }
                for group in report.groups
            ],
            "suppressed": [
                {"reason": s.reason, "count": s.count, "n": s.n} for s in report.suppressed
            ],
            "definitions": {name: metric.definition for name, metric in BY_NAME.items()},
        },
        indent=2,
    )


def _figures_json(figures: tuple[Figure, ...]) -> dict[str, dict[str, Any]]:
    return {
        figure.metric.name: {
            "value": figure.value,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "n": figure.n,
            "low": figure.low,
            "high": figure.high,
        }
        for figure in figures
    }


def _title(report: Report) -> Text:
    days = f"{report.first:%-d %B %Y}"
    if report.last != report.first:
        days += f" to {report.last:%-d %B %Y}"
    whose = "all sites" if report.site is None else report.site
    return Text.assemble(("adguard report", "bold"), f" · {whose} · {days} (UTC)")


def _sentence(report: Report) -> Text:
    views, blocked, allowed = report["views"], report["block_rate"], report["allow_rate"]
    text = f"\nOf {_count(views.numerator)} page views with a verdict, "
    text += f"{_share(blocked.value)} were behind a blocker"
    if allowed.value is not None:
        text += f"; {_share(allowed.value)} of those asked allowed ads"
    return Text(text + ".\n")


def _table(title: str) -> Table:
    return Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False
    )


def _line(*cells: str, style: str = "") -> Table:
    line = Table.grid(padding=(0, 1, 0, 0))
    for i, width in enumerate(WIDTHS):
        line.add_column(width=width, justify="right" if i else "left", no_wrap=True, style=style)
    line.add_row(*cells)
    return line


def _overall(report: Report) -> RenderableType:
    parts: list[RenderableType] = [_line("figure", "value", "of", "n", "95 %", style="dim")]
    for figure in report.figures:
        of = ""
        if figure.denominator is not None:
            of = f"{_count(figure.numerator)} / {_count(figure.denominator)}"
        parts += [
            _line(figure.metric.label, _value(figure), of, f"{figure.n:,}", _interval(figure)),
            Padding(Text(figure.metric.definition, style="dim"), (0, 0, 0, 2)),
        ]
    return Padding(Stack(*parts), (0, 0, 1, 0))


def _groups(report: Report) -> Table:
    table = _table(f"By {report.by}")
    table.add_column(report.by, overflow="fold", max_width=40)
    columns = VERDICT_COLUMNS if report.by == "verdict" else COLUMNS
    for header in columns.values():
        table.add_column(header, justify="right", no_wrap=True)
    for group in report.groups:
        table.add_row(_name(group, report.by), *(_cell(group[name]) for name in columns))
    return table


def _suppressed(report: Report) -> Table:
    table = _table("Not asked, by reason")
    table.add_column("reason")
    table.add_column("views", justify="right")
    for entry in report.suppressed:
        table.add_row(Text(entry.reason or "(none given)"), _count(entry.count))
    return table


def _name(group: Group, by: str) -> Text:
    return Text(group.value or NOWHERE.get(by, "(none)"))


def _cell(figure: Figure) -> str:
    text = _value(figure)
    interval = _interval(figure)
    return f"{text}\n{interval}" if interval else text


def _value(figure: Figure) -> str:
    if figure.denominator is None:
        return _count(figure.numerator)
    return _share(figure.value)


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None or figure.n >= SMALL:
        return ""
    return f"{100 * figure.low:.1f}-{100 * figure.high:.1f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _count(value: float) -> str:
    return f"{round(value):,}"
