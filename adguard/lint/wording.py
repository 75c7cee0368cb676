"""The words and signs of a report, the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adguard.lint.findings import (
    BaitResult,
    BaitState,
    Finding,
    Level,
    ProfileResult,
    Report,
    shown,
)

HEADLINE = {
    Level.FINE: "Everything was checked, and everything holds.",
    Level.NOTE: "Everything was checked, and everything holds.",
    Level.DEGRADED: "Nothing is broken, but not all of it holds or could be checked.",
    Level.BROKEN: "Something is broken: readers are missed, or our own requests are stopped.",
}
HEADINGS = {
    Level.BROKEN: "Broken",
    Level.DEGRADED: "Degraded",
    Level.NOTE: "Good to know",
}
SOURCES = {
    "file": "file",
    "folder": "folder",
    "package": "Debian's package",
    "download": "downloaded",
    "cache": "unchanged since download",
}
LEGEND = (
    "Figures: how many rules of the blocker's default lists hit the bait. "
    "0: none. exempt: an exception lifts them. ?: not checked. –: a kind it does not filter."
)


@dataclass(frozen=True)
class Cell:
    """One bait in one blocker: what to write, and how good it is."""

    text: str
    level: Level
    hint: str


def cells(profile: ProfileResult, bait_ids: list[str]) -> Iterator[Cell]:
    """One cell for each bait of the report, in its order."""
    results = {bait.id: bait for bait in profile.baits}
    for name in bait_ids:
        bait = results.get(name)
        yield Cell("–", Level.NOTE, "a kind it does not filter") if bait is None else _cell(bait)


def _cell(bait: BaitResult) -> Cell:
    count = len(bait.rules)
    rules = f"{count} rule{'' if count == 1 else 's'}"
    return {
        BaitState.HIT: Cell(str(count), Level.FINE, f"hit by {rules}"),
        BaitState.WEAK: Cell(
            f"{count} !", Level.DEGRADED, f"hit by {rules}, fewer than {bait.min_rules}"
        ),
        BaitState.EXEMPT: Cell("exempt", Level.BROKEN, f"{rules} lifted by an exception"),
        BaitState.MISSED: Cell("0", Level.BROKEN, "hit by no rule"),
        BaitState.UNCHECKED: Cell("?", Level.DEGRADED, "not checked"),
    }[bait.state]


def bait_ids(report: Report) -> list[str]:
    """The baits of the report, in the order of the catalogue."""
    found: dict[str, None] = {}
    for profile in report.profiles:
        found |= dict.fromkeys(bait.id for bait in profile.baits)
    return sorted(found, key=lambda name: (name[0] == "c", name))


def verdict(profile: ProfileResult) -> str:
    """What to say of a blocker in a word or two."""
    if not profile.checked:
        return "not checked"
    if profile.missing:
        return {Level.BROKEN: "broken"}.get(profile.state, "in part")
    return "fine" if profile.state is Level.NOTE else profile.state.value


def by_level(report: Report) -> Iterator[tuple[Level, list[Finding]]]:
    """The findings under their headings, the worst first."""
    for level in HEADINGS:
        found = [one for one in report.findings if one.level is level]
        if found:
            yield level, found


def blockers(report: Report, finding: Finding, most: int = 4) -> str:
    """The blockers that a finding holds for, in words; empty when it is about none of them."""
    checked = [one.id for one in report.profiles]
    if finding.profiles and set(finding.profiles) == set(checked) and len(checked) > 1:
        return "all blockers"
    return shown([report.named(name) for name in finding.profiles], most)
