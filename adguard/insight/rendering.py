"""A report for the terminal; everything fits into 80 columns."""

from __future__ import annotations

from rich import box
from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adguard.insight import wording
from adguard.insight.report import By, Figure, Report
from adguard.insight.report import Table as Split

__all__ = ["render"]

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


def render(report: Report) -> RenderableType:
    """Returns the report as a rich renderable: every figure with its definition."""
    head = Text.assemble(("adguard report", "bold"), f" · {wording.title(report)}")
    if report.empty:
        return Stack(head, Text("Nothing was recorded in these days."))
    parts: list[RenderableType] = [head, Text(f"\n{wording.sentence(report)}\n"), _overall(report)]
    if report.before is not None:
        parts.append(_compared(report))
    if report.unearned is not None:
        parts.append(Text(f"{wording.unearned(report.unearned)}\n"))
    if lines := wording.experiment(report.experiment):
        parts.append(_experiment(lines))
    if report.marks:
        parts.append(_marks(report))
    parts += [_groups(table) for table in report.tables if table.groups]
    if report.suppressed:
        parts.append(_suppressed(report))
    parts.append(Text(wording.NOTE, style="dim"))
    return Stack(*parts)


def columns(by: By) -> dict[str, str]:
    """The figures that a table shows, with their short names."""
    return VERDICT_COLUMNS if by == "verdict" else COLUMNS


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
        said = (wording.value(figure), wording.of(figure), f"{figure.n:,}")
        parts += [
            _line(figure.metric.label, *said, wording.interval(figure)),
            Padding(Text(wording.definition(figure), style="dim"), (0, 0, 0, 2)),
        ]
    return Padding(Stack(*parts), (0, 0, 1, 0))


def _compared(report: Report) -> Table:
    length = (report.last - report.first).days + 1
    table = _table(
        "Compared with " + ("the day" if length == 1 else f"the {length} days") + " before"
    )
    for header in ("figure", "now", "before", "change"):
        table.add_column(header, justify="left" if header == "figure" else "right", no_wrap=True)
    for now, then, change in wording.compared(report):
        table.add_row(now.metric.label, wording.value(now), wording.value(then), change)
    if report.running:
        table.caption = "The last day is not over: counts are of less time than those before."
        table.caption_justify = "left"
    return table


def _experiment(lines: list[str]) -> RenderableType:
    return Stack(
        Text("What asking changed", style="bold"),
        *(Padding(Text(line), (0, 0, 0, 1)) for line in lines),
        Text(""),
    )


def _marks(report: Report) -> Table:
    table = _table("Changed on our side")
    table.add_column("day")
    table.add_column("what", overflow="fold")
    for mark in report.marks:
        table.add_row(f"{mark.day:%-d %B %Y}", Text(mark.text))
    return table


def _groups(split: Split) -> Table:
    table = _table(f"By {split.by}")
    table.add_column(split.by, overflow="fold", max_width=40)
    shown = columns(split.by)
    for header in shown.values():
        table.add_column(header, justify="right", no_wrap=True)
    for group in split.groups:
        name = Text(wording.outcome(group.value, split.by))
        table.add_row(name, *(_cell(group[figure]) for figure in shown))
    return table


def _suppressed(report: Report) -> Table:
    table = _table("Not asked, by reason")
    table.add_column("reason")
    table.add_column("views", justify="right")
    for entry in report.suppressed:
        table.add_row(Text(entry.reason or "(none given)"), f"{round(entry.count):,}")
    return table


def _cell(figure: Figure) -> str:
    text = wording.value(figure)
    interval = wording.interval(figure)
    return f"{text}\n{interval}" if interval else text
