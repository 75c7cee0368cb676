"""A report for the terminal; everything fits into 80 columns."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adguard.lint.findings import Finding, Level, Report
from adguard.lint.wording import (
    HEADINGS,
    HEADLINE,
    LEGEND,
    SOURCES,
    bait_ids,
    blockers,
    by_level,
    cells,
    verdict,
)

STYLES = {
    Level.FINE: "green",
    Level.NOTE: "dim",
    Level.DEGRADED: "yellow",
    Level.BROKEN: "bold red",
}
MOST_CITES = 6
"""The rest is in `--json` and `--html`."""


def render(report: Report) -> RenderableType:
    """Returns the report as a rich renderable."""
    parts: list[RenderableType] = [_head(report)]
    if report.profiles:
        parts += [_baits(report), Text(LEGEND, style="dim")]
    for level, findings in by_level(report):
        parts.append(Text(f"\n{HEADINGS[level]}", style=f"bold {STYLES[level]}"))
        parts += [_finding(report, one) for one in findings]
    if report.reserve:
        parts += [Text("\nReserve", style="bold"), _reserve(report)]
    if report.lists:
        parts += [Text("\nLists", style="bold"), _lists(report)]
    return Group(*parts)


def _head(report: Report) -> Text:
    state = Level.FINE if report.exit_code == 0 else report.state
    text = Text()
    text.append(f"{report.origin}{report.prefix}", style="bold")
    text.append(f", bait set {report.catalogue}\n")
    text.append(state.value.upper(), style=STYLES[state])
    text.append(f"  {HEADLINE[state]}\n")
    return text


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")


def _baits(report: Report) -> Table:
    names = bait_ids(report)
    table = _table()
    table.add_column("Blocker", max_width=34)
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("")
    for profile in report.profiles:
        said = verdict(profile)
        level = Level.DEGRADED if said in {"in part", "not checked"} else profile.state
        table.add_row(
            profile.name,
            *(Text(cell.text, style=STYLES[cell.level]) for cell in cells(profile, names)),
            Text(said, style=STYLES[level if level is not Level.NOTE else Level.FINE]),
        )
    return table


def _finding(report: Report, finding: Finding) -> Padding:
    text = Text()
    text.append(finding.message)
    named = blockers(report, finding)
    if named:
        text.append(f" [{named}]", style="dim")
    for cite in finding.cites[:MOST_CITES]:
        text.append(f"\n  {cite.list}:{cite.line}  ", style="dim")
        text.append(cite.rule)
    more = len(finding.cites) - MOST_CITES
    if more > 0:
        text.append(f"\n  and {more} more", style="dim")
    return Padding(text, (0, 0, 0, 2))


def _reserve(report: Report) -> Table:
    table = _table()
    for name in ("Kind", "Usable", "Of", "The first of them"):
        table.add_column(name, justify="right" if name in {"Usable", "Of"} else "left")
    for entry in report.reserve:
        table.add_row(
            entry.kind, str(entry.usable), str(entry.entries), Text("  ".join(entry.proposals[:3]))
        )
    return table


def _lists(report: Report) -> Table:
    table = _table()
    table.add_column("List", ratio=1, overflow="fold")
    for name in ("Version", "From"):
        table.add_column(name, overflow="fold")
    table.add_column("Rules", justify="right")
    for one in report.lists:
        table.add_row(
            Text(one.title),
            Text(one.version or "not stated"),
            SOURCES[one.source],
            f"{one.rules:,}",
        )
    return table
