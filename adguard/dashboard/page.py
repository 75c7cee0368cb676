"""A sheet of figures, a log-in, a message: each as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup

from adguard._version import __version__
from adguard.dashboard.question import PERIODS, Question
from adguard.dashboard.sheet import Line, Sheet
from adguard.insight import charts, wording
from adguard.insight.arms import Arm, compare
from adguard.insight.drawing import draw_arms
from adguard.insight.evidence import StatsMissing
from adguard.insight.metrics import METRICS
from adguard.insight.report import Figure
from adguard.ledger.store import Totals
from adguard.templating import fill

__all__ = ["Place", "write_enter", "write_message", "write_sheet"]

BY_NAME = {metric.name: metric for metric in METRICS}
FUNNEL = (
    ("views", "Views with a verdict"),
    ("blocked", "behind a blocker"),
    ("asked", "asked"),
    ("guide_open_rate", "pressed “Allow ads here”"),
    ("allow_rate", "allowed ads, verified later"),
)
TILES = ("block_rate", "asked", "allow_rate")
WITHIN_VERDICT = ("views", "asked", "dismiss_rate")
ALLOWED = "allow_rate"
"""Counted on a later view, which is clear: it says nothing within the verdict of the first."""
ANSWERS = (
    *("dismiss_rate", "optout_rate", "wrong_report_rate"),
    *("guide_open_rate", "support_click_rate", "allow_rate"),
)
AFTERWARDS = ("recovered", "cleared", "support_ways", "support_confirmed")
"""What came of it, counted; on later views, so not within the verdict of the first."""
QUALITY = (
    *("measured", "coverage", "unanswered", "views", "remembered", "unknown_rate"),
    "protection_rate",
    *("render_loss", "wrong_report_rate", "verify_fail_rate", "suppressed_rate", "reader_days"),
)
VERDICTS: tuple[charts.Kind, ...] = ("clear", "extension", "network", "protection", "unknown")
COLUMNS = (
    ("views", "Views"),
    ("block_rate", "Blocked"),
    ("unknown_rate", "Unknown"),
    ("asked", "Asked"),
    ("dismiss_rate", "Not now"),
    ("allow_rate", "Allowed"),
)
ROOMY = ("unknown_rate", "dismiss_rate")
"""Columns that a phone has no room for."""
FEW_COLUMNS = (("views", "Views"), ("block_rate", "Blocked"), ("allow_rate", "Allowed"))
# Readers of an arm have blocked, or they would not have been drawn.
ARM_COLUMNS = (COLUMNS[0], *COLUMNS[3:])
# Within one verdict the share of blocked views is all or nothing.
VERDICT_COLUMNS = (COLUMNS[0], *COLUMNS[3:5])
TITLES = {
    "page": ("Pages", "Page"),
    "section": ("Sections", "Section"),
    "browser": ("Browsers", "Browser"),
    "device": ("Devices", "Device"),
    "country": ("Countries", "Country"),
    "variant": ("Experiment arms", "Arm"),
    "version": ("Versions in force", "Version, baits, settings"),
    "verdict": ("Verdicts", "Verdict"),
}
FILTERABLE = ("page", "browser", "device", "variant", "verdict")


class _Ids:
    """Numbers for elements that are named by one another."""

    last = 0

    def next(self) -> int:
        self.last += 1
        return self.last


class Place:
    """Where the pages stand: the addresses in them.

    :param base: the path of the page itself; everything else is below it.
    :param style: file name of the style sheet, `script` of the script.
    :param leave: whether there is a session to end.
    """

    def __init__(self, base: str, style: str, script: str, *, leave: bool = False) -> None:
        self.base, self.leave = base, leave
        self.style, self.script = f"{base}/{style}", f"{base}/{script}"

    @property
    def home(self) -> str:
        return self.base or "/"


def write_sheet(sheet: Sheet, place: Place, now: float, *, publisher: str = "") -> str:
    """Returns the page of figures."""
    asked = sheet.question
    verdict = asked.slice.verdict
    return _render(
        "sheet.html",
        loop_id=_Ids(),
        place=place,
        publisher=publisher,
        sheet=sheet,
        asked=asked,
        words=wording,
        title=f"{publisher or asked.span.site or 'All sites'} · {_days(asked)}",
        days=_days(asked),
        before=_before(asked),
        sentence=_sentence(sheet),
        tiles=list(_tiles(sheet)),
        trend=_trend(sheet),
        rows=_rows(sheet),
        strip=_strip(sheet),
        verdicts=list(_verdicts(sheet)),
        funnel=list(_funnel(sheet)),
        answers=[sheet.figures[name] for name in ANSWERS if verdict is None or name != ALLOWED],
        afterwards=[sheet.figures[name] for name in AFTERWARDS],
        quality=list(_quality(sheet)),
        arms=draw_arms(sheet.experiment.arms),
        tried=wording.experiment(sheet.experiment),
        versus=list(_versus(sheet)),
        metrics=BY_NAME,
        columns=COLUMNS,
        roomy=ROOMY,
        few_columns=FEW_COLUMNS,
        arm_columns=ARM_COLUMNS,
        verdict_columns=VERDICT_COLUMNS,
        titles=TITLES,
        filterable=FILTERABLE,
        periods=PERIODS,
        outcome=_outcome,
        change=_change,
        line_change=_line_change,
        share_bar=charts.bar,
        when=f"{datetime.fromtimestamp(now, UTC):%-d %B %Y, %H:%M} UTC",
        version=__version__,
    )


def write_enter(place: Place, query: str, trouble: str = "") -> str:
    """Returns the page that asks for the password.

    :param query: what to show afterwards, without `?`.
    """
    return _render("enter.html", place=place, query=query, trouble=trouble)


def write_message(place: Place, title: str, text: str, *, retry: str = "", help_: str = "") -> str:
    """Returns a page that says what is wrong and what to do."""
    return _render("message.html", place=place, title=title, text=text, retry=retry, help_=help_)


def _render(name: str, **context: Any) -> str:
    return fill(Path(__file__).parent / "templates", name, **context)


def _days(asked: Question) -> str:
    return wording.days(asked.first, asked.last)


def _before(asked: Question) -> str:
    return "the day before" if asked.length == 1 else f"the {asked.length} days before"


def _sentence(sheet: Sheet) -> str:
    """Answers an editor's question."""
    figures, part = sheet.figures, sheet.question.slice
    views = wording.count(figures["views"])
    if part.verdict is not None:
        share = figures["views"].numerator / sheet.base.views if sheet.base.views else 0.0
        name = part.verdict or "unknown"
        text = f"{views} page views, {wording.percent(share)} of all, had the verdict {name}"
    else:
        blocked = wording.share(figures["block_rate"])
        text = f"Of {views} page views, {blocked} were behind a blocker"
    if part.verdict is None and figures["allow_rate"].value is not None:
        text += f"; {wording.share(figures['allow_rate'])} of those asked allowed ads"
    return text + "."


def _tiles(sheet: Sheet) -> Iterator[tuple[Figure, Figure | None]]:
    verdict = sheet.question.slice.verdict
    for name in WITHIN_VERDICT if verdict is not None else TILES:
        yield sheet.figures[name], sheet.before[name] if sheet.before else None


def _rate(sheet: Sheet, totals: Totals | None) -> float | None:
    if totals is None or not totals.views:
        return None
    verdict = sheet.question.slice.verdict
    names = ("extension", "network") if verdict is None else (verdict or "unknown",)
    return sum(totals.weighted.get(name, 0.0) for name in names) / totals.views


def _steps(sheet: Sheet) -> list[datetime]:
    asked = sheet.question
    start = datetime.combine(asked.first, datetime.min.time(), UTC)
    step = timedelta(hours=1) if asked.step == "hour" else timedelta(days=1)
    return [start + step * i for i in range(len(sheet.points))]


def _told(asked: Question, moment: datetime) -> str:
    day = f"{moment:%A, %-d %B}"
    return f"{day}, {moment:%H:%M} UTC" if asked.step == "hour" else day


def _trend(sheet: Sheet) -> Markup | None:
    if len(sheet.points) < 2 or sheet.empty:
        return None
    asked = sheet.question
    moments = _steps(sheet)
    name = "blocked" if asked.slice.verdict is None else asked.slice.verdict or "unknown"
    lines = [charts.Series(name, [_rate(sheet, point) for point in sheet.points])]
    if sheet.before is not None:
        rates = [_rate(sheet, point) for point in sheet.points_before]
        lines.append(charts.Series(_before(asked), rates, "before"))
    hourly = asked.step == "hour"
    scale = 24 if hourly else 1
    return charts.trend(
        f"Share of views, {name}, over time; the table below says the same",
        [_told(asked, moment) for moment in moments],
        lines,
        short=[f"{m:%H:%M}" if hourly else f"{m:%-d %b}" for m in moments],
        marks=[charts.Mark((m.day - asked.first).days * scale, m.text) for m in sheet.marks],
        volume=[0.0 if point is None else point.views for point in sheet.points],
    )


def _rows(sheet: Sheet) -> list[tuple[str, float, float | None, float | None]]:
    """The curve as a table: step, views, share, share before."""
    asked = sheet.question
    earlier = sheet.points_before
    return [
        (
            _told(asked, moment),
            0.0 if point is None else point.views,
            _rate(sheet, point),
            _rate(sheet, earlier[i]),
        )
        for i, (moment, point) in enumerate(zip(_steps(sheet), sheet.points, strict=True))
    ]


def _verdicts(sheet: Sheet) -> Iterator[tuple[charts.Kind, float, float]]:
    views = sheet.base.views
    for name in VERDICTS:
        number = sheet.base.weighted[name]
        yield name, number, number / views if views else 0.0


def _strip(sheet: Sheet) -> Markup:
    parts = [charts.Part(wording.VERDICTS[n], share, n) for n, _, share in _verdicts(sheet)]
    return charts.strip("Views by verdict", parts)


def _funnel(sheet: Sheet) -> Iterator[tuple[str, Figure, float, str]]:
    """Each step's words, figure, part of the first step, and share of the step before."""
    highest, last = 0.0, 0.0
    steps = FUNNEL if sheet.question.slice.verdict is None else FUNNEL[:-1]
    for name, words in steps:
        figure = sheet.figures[name]
        number = figure.numerator
        highest = highest or number
        share = wording.percent(number / last) if last else ""
        yield words, figure, number / highest if highest else 0.0, share
        last = number


def _quality(sheet: Sheet) -> Iterator[Figure]:
    for name in QUALITY:
        figure = sheet.figures[name]
        # Only sites that ask for consent first know of tools that did not answer.
        if name != "unanswered" or figure.n:
            yield figure


def _versus(sheet: Sheet) -> Iterator[tuple[Arm, str, str, dict[str, Figure] | None]]:
    """Each arm, how much more often its readers came back than those asked as ever, the bounds of
    that, and its other figures."""
    arms = sheet.experiment.arms
    known = {one.arm.name: one for one in compare(arms)}
    lines = {line.value: line.figures for line in sheet.tables["variant"].lines} if arms else {}
    for arm in arms:
        ratio = bounds = ""
        if one := known.get(arm.name):
            ratio = "–" if one.ratio is None else f"{one.ratio:.2f} times"
            with suppress(StatsMissing):
                bounds = wording.between(one.bounds())
        yield arm, ratio, bounds, lines.get(arm.name)


def _outcome(value: str, by: str) -> str:
    if by == "verdict":
        return wording.VERDICTS.get(value, wording.outcome(value, "verdict"))
    return value or wording.NOWHERE.get(by, "(none)")


def _change(now: Figure, then: Figure | None) -> str:
    return wording.change(now, then)


def _line_change(line: Line) -> str:
    if line.before is None:
        return ""
    said = wording.change(line.figures["block_rate"], line.before["block_rate"])
    return said.partition(" points")[0].replace("unchanged", "0.0")
