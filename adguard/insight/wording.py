"""How figures are put into words; terminal, page and mail say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import isfinite

from adguard.experiment import HOLDOUT
from adguard.insight.arms import ALARM, OUTCOMES, Arm, Outcome, compare
from adguard.insight.earning import Earning
from adguard.insight.evidence import StatsMissing
from adguard.insight.experiment import Experiment, HoldOut
from adguard.insight.metrics import SMALL
from adguard.insight.report import By, Figure, Report
from adguard.insight.smallcells import FEWEST

__all__ = [
    "COMPARED",
    "NOTE",
    "REASONS",
    "SEVERAL",
    "VERDICTS",
    "between",
    "beyond",
    "change",
    "compared",
    "count",
    "days",
    "definition",
    "experiment",
    "holdout",
    "interval",
    "of",
    "outcome",
    "percent",
    "reason",
    "sentence",
    "share",
    "sizes",
    "times",
    "title",
    "unearned",
    "value",
    "variants",
    "whose",
]

COMPARED = ("views", "block_rate", "unknown_rate", "asked", "dismiss_rate", "allow_rate")
"""What is set against the days before."""

NOTE = (
    "Allowed and not now are shares of the times asked. n: observations behind a figure; "
    f"below {SMALL:,} a share shows its 95 % interval (Wilson)."
)
SEVERAL = (
    "The intervals hold however often you look, and for all arms at once; not for several outcomes."
)
LEFT_OUT = "left out"
"""Stands for a figure that would tell a smaller one."""

NOWHERE: dict[str, str] = {
    "verdict": "(before a verdict)",
    "section": "(no section)",
    "country": "(not known)",
    "variant": "(no experiment)",
    "version": "(not known)",
    "browser": "(not known)",
    "device": "(not known)",
}
VERDICTS = {
    "extension": "Content blocker in the browser",
    "network": "Filter in the network",
    "protection": "Tracking protection",
    "unknown": "Unknown",
    "clear": "Nothing blocked",
}


REASONS = {
    "": "(none given)",
    "mode-off": "Switched off",
    "mode-observe": "Only measuring: mode is observe",
    "excluded": "Path that is never asked on",
    "bot": "Robot",
    "protection": "Tracking protection alone",
    "no-consent": "Consent not given",
    "pass": "Pass from the site",
    "supporter": "Supporter",
    "supporter-unknown": "Supporter or not: no answer in time",
    "never": "Said: do not ask",
    "not-blocking": "Said: I am not blocking",
    "holdout": "Held out",
    "first-view": "First view",
    "not-yet": "Too few blocked views yet",
    "free-view": "Free view of the month",
    "not-liftable": "Filter in the network",
    "day-pass": "Open after “Not now”",
    "quiet-later": "Said “Not now” lately",
    "quiet-pressed": "Pressed “Allow ads here” lately",
    "quiet-unanswered": "Did not answer lately",
    "asked-this-visit": "Asked on this visit already",
    "cap": "Asked as often as may be",
}
"""Why a view was not asked on, as `policy.Reason` names it."""


def reason(code: str) -> str:
    """Returns a reason in words."""
    return REASONS.get(code, code)


def title(report: Report) -> str:
    """Returns whose figures these are, and of which days."""
    return f"{whose(report)} · {days(report.first, report.last)} (UTC)"


def whose(report: Report) -> str:
    return "all sites" if report.site is None else report.site


def days(first: date, last: date) -> str:
    """Writes a span of days: `17 to 23 November 2026`, with no part said twice."""
    end = f"{last:%-d %B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%-d} to {end}"
    return f"{first:%-d %B} to {end}" if first.year == last.year else f"{first:%-d %B %Y} to {end}"


def sentence(report: Report) -> str:
    """Answers an editor's question in one sentence."""
    views, blocked, allowed = report["views"], report["block_rate"], report["allow_rate"]
    text = f"Of {count(views)} page views with a verdict, {share(blocked)} were behind a blocker"
    if allowed.value is not None:
        text += f"; {share(allowed)} of those asked allowed ads"
    return text + "."


def outcome(value: str, by: By) -> str:
    """Returns the name of one value of a dimension, also where there is none."""
    return value or NOWHERE.get(by, "(none)")


def value(figure: Figure) -> str:
    """Writes a figure's value."""
    return count(figure) if figure.metric.unit == "count" else share(figure)


def share(figure: Figure) -> str:
    if figure.withheld:
        return LEFT_OUT if figure.beside else f"n < {FEWEST}"
    if figure.value is None or beyond(figure):
        return "-"
    return percent(figure.value)


def beyond(figure: Figure) -> str:
    """Returns what is said instead of a share above 1, if this one is and has such words."""
    above = figure.metric.unit == "share" and figure.value is not None and figure.value > 1
    return figure.metric.beyond if above else ""


def definition(figure: Figure) -> str:
    """Returns what a figure means, and why there is no share."""
    said = beyond(figure)
    return f"{figure.metric.definition} Here: {said}." if said else figure.metric.definition


def count(figure: Figure) -> str:
    """Writes how often something was: a count's value, a share's numerator."""
    if figure.withheld:
        return LEFT_OUT if figure.beside else f"< {FEWEST}"
    return f"{round(figure.numerator):,}"


def of(figure: Figure) -> str:
    """Writes what a share was divided by what."""
    if figure.denominator is None:
        return ""
    return f"{round(figure.numerator):,} / {round(figure.denominator):,}"


def interval(figure: Figure, dash: str = "-") -> str:
    """Writes the 95 % interval in per cent, where n is so small that it matters."""
    if figure.low is None or figure.high is None or figure.n >= SMALL:
        return ""
    return f"{100 * figure.low:.1f}{dash}{100 * figure.high:.1f}"


def change(now: Figure, then: Figure | None) -> str:
    """Writes how a figure differs from the days before: a share in points, a count in per cent;
    empty if either is not known. A change that both intervals leave room for says so."""
    if then is None or now.value is None or then.value is None:
        return ""
    if now.metric.unit == "count":
        if not then.value:
            return ""
        return _signed(f"{100 * (now.value / then.value - 1):+,.0f} %")
    text = _signed(f"{100 * (now.value - then.value):+.1f} points")
    if text[1:] == "0.0 points":
        return "unchanged"
    if None in {now.low, now.high, then.low, then.high}:
        return text
    # Not None: just looked.
    apart = (now.low or 0) > (then.high or 0) or (then.low or 0) > (now.high or 0)
    return text if apart else f"{text}, may be chance"


def _signed(text: str) -> str:
    return "unchanged" if text in {"+0 %", "-0 %"} else text.replace("-", "−")


def compared(report: Report) -> Iterator[tuple[Figure, Figure, str]]:
    """The main figures, the same in the days before, and how they differ."""
    for name in COMPARED:
        then = report.earlier(name)
        if then is not None:
            yield report[name], then, change(report[name], then)


def experiment(found: Experiment) -> list[str]:
    """Says what an experiment tells: of asking as such, and of variants of it."""
    if found.withheld:
        return [
            f"Left out: of one arm fewer than {FEWEST} readers were drawn, or came back. Terminal "
            "and dashboard show it."
        ]
    held_out = holdout(found.holdout) if found.holdout else []
    said = [*held_out, *variants(found.arms)]
    try:
        return [*sizes(found.sizes_chance()), *said] if said else []
    except StatsMissing:
        return said


def holdout(found: HoldOut) -> list[str]:
    """Says what asking changed, as far as a hold-out tells."""
    asked, alone = found.asked, found.held_out
    lines = [
        f"Of {asked.readers:,} readers who may be asked, {asked.cleared:,} came back without a "
        f"blocker; of {alone.readers:,} held out, {alone.cleared:,} did so unasked."
    ]
    net, views = found.net, found.recovered_views
    if net is None or views is None:
        return lines
    said = f"Back because they were asked: {_whole(net)} readers"
    try:
        low, high = found.net_interval() or (0.0, 0.0)
    except StatsMissing as error:
        lines.append(f"{said}; {error}.")
    else:
        lines.append(f"{said} (95 %: {_whole(low)} to {_whole(high)}, however often you look).")
    return [*lines, f"Page views recovered by that: {_whole(views)} (estimate)."]


def variants(arms: Sequence[Arm], outcome: Outcome = OUTCOMES["cleared"]) -> list[str]:
    """Says how the variants of an experiment fare against asking as the settings say; nothing
    where there are no variants."""
    found = [one for one in compare(arms, outcome) if one.arm.name != HOLDOUT]
    if not found:
        return []
    base, (_, took) = found[0].baseline, found[0].took
    lines = [f"Of {base.readers:,} readers asked as ever, {took:,} {outcome.label}."]
    for one in found:
        text = f"{one.arm.name}: of {one.arm.readers:,}, {one.took[0]:,}, {times(one.ratio)}"
        try:
            text += f" (95 %: {between(one.bounds())})"
        except StatsMissing as error:
            text += f"; {error}"
        lines.append(f"{text}.")
    return [*lines, SEVERAL]


def times(ratio: float | None) -> str:
    """Writes how much more often something is than with the baseline."""
    return "–" if ratio is None else f"{ratio:.2f} times as often"


def between(bounds: tuple[float, float]) -> str:
    """Writes the bounds of such a ratio."""
    low, high = bounds
    return f"{low:.2f} to {high:.2f}" if isfinite(high) else f"{low:.2f} or more"


def sizes(chance: float | None) -> list[str]:
    """Says whether the arms of an experiment are as large as drawn.

    :param chance: the p-value of that; `None` where the shares are not known.
    """
    if chance is None:
        return []
    if chance >= ALARM:
        return [f"The arms are as large as drawn (p = {chance:.2g})."]
    return [
        f"Do not rely on this: the arms are not as large as drawn (p = {chance:.2g}). Readers get "
        "lost in one of them, or the shares were changed; read it from that day on."
    ]


def unearned(earning: Earning) -> str:
    """Says what the blocked views would have earned."""
    return (
        f"With ads, the {round(earning.views):,} blocked page views would have earned {earning} "
        "(estimate)."
    )


def _whole(value: float) -> str:
    return f"{round(value):,}".replace("-", "−")


def percent(value: float) -> str:
    percent = 100 * value
    return f"{percent:.2f} %" if 0 < abs(percent) < 0.1 else f"{percent:.1f} %"
