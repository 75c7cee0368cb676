"""Charts as SVG, made on the server: no script, no style attribute, so they stand under any CSP.

Every chart is drawn with classes only; `look()` is the style sheet that gives them colours, in
light, in dark and on paper. What a chart says is said again by the table next to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor, log10
from pathlib import Path
from typing import Literal

from markupsafe import Markup

__all__ = [
    "Interval",
    "Mark",
    "Part",
    "Series",
    "bar",
    "intervals",
    "look",
    "strip",
    "trend",
    "write_share",
]

Kind = Literal["now", "before", "extension", "network", "protection", "unknown", "clear"]

WIDE, NARROW = (760, 300), (340, 260)
BADGE = 22
"""Marks nearer to one another than this share a badge."""
VOLUME = 0.16
"""The part of the height that the columns below the lines take."""


@dataclass(frozen=True)
class Series:
    """One line: a value for each step, `None` where there is none and the line breaks.

    :param kind: which of the style sheet's lines; only `now` is drawn in full strength.
    """

    name: str
    values: Sequence[float | None]
    kind: Kind = "now"


@dataclass(frozen=True)
class Mark:
    """Something happened at a step, counted from 0: a line with a number, told beside the chart."""

    step: int
    text: str


@dataclass(frozen=True)
class Part:
    """One part of a strip; `share` from 0 to 1."""

    name: str
    share: float
    kind: Kind


@dataclass(frozen=True)
class Interval:
    """A value with what it may be off by; shares, `low <= value <= high`."""

    name: str
    value: float
    low: float
    high: float
    kind: Kind = "now"


@cache
def look() -> str:
    """Returns the style sheet of everything that shows figures: charts, tables, tiles, type."""
    return (Path(__file__).parent / "look.css").read_text("utf-8")


def write_share(share: float | None) -> str:
    """Writes a share as a percentage: `31.2 %`, `0.04 %`; a dash for none."""
    if share is None:
        return "–"
    percent = 100 * share
    return f"{percent:.2f} %" if 0 < abs(percent) < 0.1 else f"{percent:.1f} %"


def trend(
    title: str,
    steps: Sequence[str],
    lines: Sequence[Series],
    *,
    short: Sequence[str] | None = None,
    marks: Sequence[Mark] = (),
    volume: Sequence[float] = (),
    volume_name: str = "views",
) -> Markup:
    """Draws shares over time, twice: for wide and for narrow places (the style sheet picks one).

    :param title: what is shown, for those who do not see it.
    :param steps: the name of each step, in full.
    :param lines: shares from 0 up; each with one value a step.
    :param short: the steps' names as the axis writes them.
    :param volume: how much stands behind each step, drawn as small columns below.
    :raises ValueError: a line or the volume is not as long as `steps`, or there are no steps.
    """
    if not steps:
        raise ValueError("a chart needs at least one step")
    for name, values in (*((line.name, line.values) for line in lines), ("volume", volume)):
        if len(values) != len(steps) and (values or name != "volume"):
            raise ValueError(f"{name!r} has {len(values)} values for {len(steps)} steps")
    axis = short or steps
    plan = _Plan(title, steps, axis, lines, marks, volume, volume_name)
    return _Trend(plan, WIDE).draw("wide") + _Trend(plan, NARROW).draw("narrow")


def bar(share: float, kind: Kind = "now") -> Markup:
    """Draws one bar of a table: `share` of its place, cut to 0 to 1. For the eye only."""
    width = _number(100 * min(1.0, max(0.0, share)))
    return Markup(
        '<svg class="bar" aria-hidden="true" focusable="false" width="100%" height="8">'
        '<rect class="bar-place" width="100%" height="8" rx="2"/>'
        '<rect class="fill-{}" width="{}%" height="8" rx="2"/></svg>'
    ).format(kind, width)


def strip(title: str, parts: Sequence[Part]) -> Markup:
    """Draws how a whole divides, as one horizontal strip; parts below 0.05 % are left out."""
    drawn, at = [], 0.0
    for part in parts:
        if part.share >= 0.0005:
            drawn.append(
                Markup(
                    '<rect class="fill-{}" x="{}%" width="{}%" height="20"><title>{}</title></rect>'
                ).format(
                    part.kind,
                    _number(100 * at),
                    _number(100 * part.share),
                    f"{part.name}: {write_share(part.share)}",
                )
            )
        at += part.share
    said = ", ".join(f"{part.name} {write_share(part.share)}" for part in parts)
    return Markup(
        '<svg class="strip" role="img" aria-label="{}" width="100%" height="20">{}</svg>'
    ).format(f"{title}: {said}", Markup("").join(drawn))


def intervals(title: str, rows: Sequence[Interval]) -> Markup:
    """Draws values with their intervals on one scale, one below the other.

    :raises ValueError: there are no rows.
    """
    if not rows:
        raise ValueError("a chart needs at least one row")
    width, gap, left, right = 340, 34, 20, 20
    least = min(0.0, *(row.low for row in rows))
    ticks = _ticks(max(row.high for row in rows), least, 4)
    low, high = ticks[0], ticks[-1]

    def x(value: float) -> str:
        return _number(left + (value - low) / (high - low) * (width - left - right))

    height = gap * len(rows) + 26
    parts = [
        Markup(
            '<line class="grid" x1="{0}" x2="{0}" y1="4" y2="{1}"/>'
            '<text class="tick" x="{0}" y="{2}" text-anchor="middle">{3}</text>'
        ).format(x(tick), height - 20, height - 5, _percent(tick, ticks))
        for tick in ticks
    ]
    for i, row in enumerate(rows):
        y = gap * i + 24
        parts.append(
            Markup(
                '<text class="name" x="{}" y="{}">{}</text>'
                '<line class="whisker line-{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<circle class="dot fill-{}" cx="{}" cy="{}" r="4"/>'
            ).format(
                *(left, y - 9, row.name, row.kind, x(row.low), x(row.high), y, y),
                *(row.kind, x(row.value), y),
            )
        )
    said = "; ".join(
        f"{row.name} {write_share(row.value)}, between {write_share(row.low)} "
        f"and {write_share(row.high)}"
        for row in rows
    )
    return Markup(
        '<svg class="chart chart-intervals" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
    ).format(f"{title}: {said}", width, height, Markup("").join(parts))


@dataclass(frozen=True)
class _Plan:
    title: str
    steps: Sequence[str]
    axis: Sequence[str]
    lines: Sequence[Series]
    marks: Sequence[Mark]
    volume: Sequence[float]
    volume_name: str

    def told(self, step: int) -> str:
        said = [f"{line.name} {write_share(line.values[step])}" for line in self.lines]
        if self.volume:
            said.append(f"{self.volume[step]:,.0f} {self.volume_name}")
        said += [mark.text for mark in self.marks if mark.step == step]
        return f"{self.steps[step]}: {'; '.join(said)}"


class _Trend:
    def __init__(self, plan: _Plan, size: tuple[int, int]) -> None:
        self.plan = plan
        self.width, self.height = size
        axis, lines, volume = plan.axis, plan.lines, plan.volume
        highest = max((v for line in lines for v in line.values if v is not None), default=0.0)
        self.ticks = _ticks(highest, 0.0, 5 if size is WIDE else 4)
        self.left, self.right, self.top, self.bottom = 48, 14, 24, 26
        self.floor = self.height - self.bottom
        self.base = self.floor - (round(self.height * VOLUME) + 8 if any(volume) else 0)
        # One step alone stands in the middle.
        self.gap = (self.width - self.left - self.right) / max(1, len(axis))

    def x(self, step: int) -> float:
        return self.left + self.gap * (step + 0.5)

    def y(self, value: float) -> float:
        return self.base - value / self.ticks[-1] * (self.base - self.top)

    def draw(self, name: str) -> Markup:
        parts = [*self._grid(), *self._columns(), *self._marks()]
        # What is spoken of now is drawn last, on top.
        parts += [
            self._line(line) for line in sorted(self.plan.lines, key=lambda s: s.kind == "now")
        ]
        parts += [*self._axis(), *self._steps()]
        return Markup(
            '<svg class="chart chart-{}" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
        ).format(name, self.plan.title, self.width, self.height, Markup("").join(parts))

    def _grid(self) -> list[Markup]:
        return [
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
            ).format(
                *(self.left, self.width - self.right, _number(self.y(t)), _number(self.y(t))),
                *(self.left - 8, _number(self.y(t) + 4), _percent(t, self.ticks)),
            )
            for t in self.ticks
        ]

    def _columns(self) -> list[Markup]:
        highest = max(self.plan.volume, default=0.0)
        if not highest:
            return []
        room = self.height * VOLUME
        wide = max(1.0, self.gap * 0.7)
        return [
            Markup('<rect class="column" x="{}" y="{}" width="{}" height="{}"/>').format(
                _number(self.x(i) - wide / 2),
                _number(self.floor - value / highest * room),
                _number(wide),
                _number(value / highest * room),
            )
            for i, value in enumerate(self.plan.volume)
        ]

    def _marks(self) -> list[Markup]:
        """A line each; numbers that would cover one another share a badge: `3–5`."""
        at = [self.x(mark.step) for mark in self.plan.marks]
        drawn = [
            Markup('<g class="mark"><line x1="{0}" x2="{0}" y1="{1}" y2="{2}"/></g>').format(
                _number(x), self.top - 2, self.floor
            )
            for x in at
        ]
        groups: list[list[int]] = []
        for i, x in enumerate(at):
            if groups and x - at[groups[-1][-1]] < BADGE:
                groups[-1].append(i)
            else:
                groups.append([i])
        for group in groups:
            first, last = group[0], group[-1]
            name = f"{first + 1}" if first == last else f"{first + 1}–{last + 1}"
            wide = 18 + 7 * (len(name) - 1)
            middle = (at[first] + at[last]) / 2
            drawn.append(
                Markup(
                    '<g class="mark"><rect x="{}" y="3" width="{}" height="18" rx="9"/>'
                    '<text x="{}" y="16" text-anchor="middle">{}</text></g>'
                ).format(_number(middle - wide / 2), wide, _number(middle), name)
            )
        return drawn

    def _line(self, line: Series) -> Markup:
        path, dots, pen = [], [], "M"
        values = list(line.values)
        for i, value in enumerate(values):
            if value is None:
                pen = "M"
                continue
            path.append(f"{pen}{_number(self.x(i))} {_number(self.y(value))}")
            around = (values[i - 1] if i else None, values[i + 1] if i + 1 < len(values) else None)
            if around == (None, None):
                dots.append(
                    Markup('<circle class="dot fill-{}" cx="{}" cy="{}" r="3"/>').format(
                        line.kind, _number(self.x(i)), _number(self.y(value))
                    )
                )
            pen = "L"
        return Markup('<path class="line line-{}" d="{}"/>{}').format(
            line.kind, "".join(path), Markup("").join(dots)
        )

    def _axis(self) -> list[Markup]:
        every = ceil(len(self.plan.axis) / (6 if self.width == WIDE[0] else 3))
        return [
            Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                _number(self.x(i)), self.height - 6, self.plan.axis[i]
            )
            for i in range(every // 2, len(self.plan.axis), every)
        ]

    def _steps(self) -> list[Markup]:
        return [
            Markup(
                '<g class="step"><rect x="{}" y="0" width="{}" height="{}"/>'
                '<line x1="{}" x2="{}" y1="{}" y2="{}"/><title>{}</title></g>'
            ).format(
                *(_number(self.x(i) - self.gap / 2), _number(self.gap), self.floor),
                *(
                    _number(self.x(i)),
                    _number(self.x(i)),
                    self.top - 2,
                    self.floor,
                    self.plan.told(i),
                ),
            )
            for i in range(len(self.plan.steps))
        ]


def _ticks(highest: float, lowest: float, wanted: int) -> list[float]:
    """Returns round numbers, evenly apart, of which the first is at most `lowest` and the last at
    least `highest`."""
    reach = highest - lowest
    if reach < 1e-6:
        highest, reach = lowest + 0.01, 0.01
    size = 10 ** floor(log10(reach / wanted))
    apart = next(size * m for m in (1, 2, 2.5, 5, 10, 20) if size * m * wanted >= reach)
    first = floor(lowest / apart + 1e-9)
    return [apart * i for i in range(first, ceil(highest / apart - 1e-9) + 1)]


def _percent(value: float, ticks: Sequence[float]) -> str:
    apart = 100 * (ticks[1] - ticks[0])
    digits = max(0, ceil(-log10(apart) - 1e-9)) + (0 if _is_round(apart) else 1)
    return f"{100 * value:.{digits}f} %"


def _is_round(apart: float) -> bool:
    scale = 10 ** floor(log10(apart) + 1e-9)
    return abs(apart / scale - round(apart / scale)) < 1e-6 or apart >= 10


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
