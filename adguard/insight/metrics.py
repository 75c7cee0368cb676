"""Every figure we publish and what exactly it means. The definitions live here and nowhere else:

python -m adguard.insight > docs/metrics.md
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from adguard.ledger.store import VIEWS

__all__ = ["METRICS", "SMALL", "Metric", "document", "wilson"]

SMALL = 1000
"""Below so many observations a rate is shown with its interval."""

BLOCKED = ("extension", "network")
ASKED = ("seen", "interstitials")


@dataclass(frozen=True)
class Metric:
    """One figure: a count, or a share with numerator and denominator.

    :param numerator: the counters that are summed.
    :param denominator: the counters it is a share of; empty for a count.
    :param complement: the share that is missing, `1 - numerator / denominator`.
    :param beyond: what is said instead of a share above 1; empty where such a share is shown.
    """

    name: str
    label: str
    definition: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...] = ()
    complement: bool = False
    beyond: str = ""

    @property
    def unit(self) -> Literal["count", "share"]:
        return "share" if self.denominator else "count"

    @property
    def sums(self) -> tuple[tuple[str, ...], ...]:
        """The sums of counters that the figure tells."""
        return (self.numerator, self.denominator) if self.denominator else (self.numerator,)


METRICS: tuple[Metric, ...] = (
    Metric(
        "measured",
        "Measured views",
        "Page views on which our client asked for its control file, plus views under a clear "
        "verdict remembered for 30 minutes. Readers without JavaScript and bots are not in it.",
        ("measured",),
    ),
    Metric(
        "served",
        "Pages served",
        "HTML pages that were opened and should be measured: no excluded paths, opt-outs, errors "
        "or downloads; bots included. Each process notes its number once a minute.",
        ("served",),
    ),
    Metric(
        "coverage",
        "Coverage",
        "Measured views, of all pages served. The rest has no JavaScript, is a bot, or stops our "
        "script. With a cache before us more is measured than we serve, and no share is shown.",
        ("measured",),
        ("served",),
        beyond="pages cached before us",
    ),
    Metric(
        "unanswered",
        "No consent tool answered",
        "Where consent is asked first: pages open for eight seconds on which no consent tool spoke "
        "for the reader (none there, or stopped by a filter list). Nothing else is known of them.",
        ("unanswered",),
    ),
    Metric(
        "views",
        "Views with a verdict",
        "Page views that reported clear, extension, network, protection or unknown; remembered "
        "clear views included.",
        VIEWS,
    ),
    Metric(
        "remembered",
        "of which remembered",
        "Views that were not tested again because a clear verdict was less than 30 minutes old.",
        ("remembered",),
        VIEWS,
    ),
    Metric(
        "blocked",
        "Blocked views",
        "Views with the verdict extension or network: pages read without their ads.",
        BLOCKED,
    ),
    Metric(
        "block_rate",
        "Block rate",
        "Views with the verdict extension or network, of all views with a verdict. Tracking "
        "protection is not in it.",
        BLOCKED,
        VIEWS,
    ),
    Metric(
        "extension_rate",
        "by extension",
        "Views with the verdict extension (a content blocker in the browser), of all views with a "
        "verdict.",
        ("extension",),
        VIEWS,
    ),
    Metric(
        "network_rate",
        "by network",
        "Views with the verdict network (a DNS filter, VPN or proxy), of all views with a verdict.",
        ("network",),
        VIEWS,
    ),
    Metric(
        "protection_rate",
        "Tracking protection",
        "Views with the verdict protection, of all views with a verdict. Not counted as blocking.",
        ("protection",),
        VIEWS,
    ),
    Metric(
        "unknown_rate",
        "Unknown",
        "Views that could not be judged, of all views with a verdict. If it jumps, something eats "
        "our own files.",
        ("unknown",),
        VIEWS,
    ),
    Metric(
        "reader_days",
        "Reader-days",
        "Readers with a cookie of ours, each counted once on a UTC day, without telling them "
        "apart. Whoever never blocked has none, so this is no audience.",
        ("reader_days",),
    ),
    Metric(
        "blocked_day_rate",
        "of which blocked",
        "Reader-days that began with the verdict extension or network, of all reader-days: how "
        "many of those who ever blocked still do.",
        ("blocked_days",),
        ("reader_days",),
    ),
    Metric(
        "suppressed_rate",
        "Not asked",
        "Views with the verdict extension, network or protection on which the policy decided not "
        "to ask, of all such views. The reasons are listed below.",
        ("suppressed",),
        (*BLOCKED, "protection"),
    ),
    Metric(
        "decided",
        "Notices decided",
        "Views on which the policy decided to show a notice on the page.",
        ("decided",),
    ),
    Metric(
        "seen",
        "Notices seen",
        "Notices of which half was visible for one second.",
        ("seen",),
    ),
    Metric(
        "render_loss",
        "Render loss",
        "1 - notices seen / notices decided: readers who left, never scrolled there, or hide "
        "notices.",
        ("seen",),
        ("decided",),
        complement=True,
    ),
    Metric(
        "interstitials",
        "Interstitials served",
        "Times the server answered with the interstitial instead of the article.",
        ("interstitials",),
    ),
    Metric(
        "asked",
        "Asked",
        "Notices seen plus interstitials served: the base of all answers below.",
        ASKED,
    ),
    Metric(
        "dismiss_rate",
        "Not now",
        '"Not now", the close button or Escape, of all times asked.',
        ("later",),
        ASKED,
    ),
    Metric(
        "optout_rate",
        "Don't ask again",
        '"Don\'t ask for six months", of all times asked.',
        ("never",),
        ASKED,
    ),
    Metric(
        "wrong_report_rate",
        "Not blocking",
        '"I am not blocking ads", of all times asked: how often we may have been wrong.',
        ("wrong",),
        ASKED,
    ),
    Metric(
        "guide_open_rate",
        "Guide opened",
        '"Allow ads here", of all times asked.',
        ("guide",),
        ASKED,
    ),
    Metric(
        "support_click_rate",
        "Support clicked",
        '"Support another way", of all times asked.',
        ("support",),
        ASKED,
    ),
    Metric(
        "support_ways",
        "Ways opened",
        "How often readers opened one of the ways on the list.",
        ("ways",),
    ),
    Metric(
        "support_confirmed",
        "Support confirmed",
        "Supporter passes that readers got who had none: the site granted one (`grant_pass`), or "
        "they took one with a code.",
        ("supported",),
    ),
    Metric(
        "allow_rate",
        "Allowed, verified",
        'Readers who pressed "Allow ads here", were clear, and were clear once more on a later '
        "view, of all times asked.",
        ("verified",),
        ASKED,
    ),
    Metric(
        "verify_fail_rate",
        "Allow not kept",
        'Readers who pressed "Allow ads here" and were thanked but blocked again on the next view, '
        "of all whose next view is known.",
        ("failed",),
        ("failed", "verified"),
    ),
    Metric(
        "recovered",
        "Clear on re-check",
        'Re-checks of an open page, after "Allow ads here" or on the interstitial, that came back '
        "clear.",
        ("recovered",),
    ),
    Metric(
        "cleared",
        "Back without a blocker",
        "Readers who blocked and came back clear, each once: the first clear page view after a "
        "blocked one. What of it is owed to asking, only a hold-out tells.",
        ("cleared",),
    ),
    Metric(
        "assigned",
        "Drawn for the hold-out",
        "Readers for whom the hold-out was drawn, at a blocked view: to be asked, or held out. "
        "Those with Global Privacy Control are not drawn.",
        ("assigned",),
    ),
)

HOLDOUT = (
    (
        "Net readers",
        "`cleared` asked - `cleared` held out x n(asked) / n(held out)",
        "Readers who came back clear because they were asked; n is `assigned`. With an interval "
        "that holds however often one looks.",
    ),
    (
        "Recovered page views",
        "`clear` asked - `clear` held out x n(asked) / n(held out)",
        "Clear page views that there would not be without asking. An estimate.",
    ),
    (
        "Earnings",
        "recovered page views x RPM / 1000",
        "What those would earn if they earn what others do. An estimate.",
    ),
)
"""What is calculated from the two arms of a hold-out, in `experiment`."""

BY_NAME = {metric.name: metric for metric in METRICS}


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Returns Wilson's 95 % interval of a share seen in `n` observations, within 0 and 1.

    :raises ValueError: no observation, or not a share.
    """
    if n < 1 or not 0 <= share <= 1:
        raise ValueError(f"a share of {share} in {n} observations has no interval")
    spread = z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _sum(names: tuple[str, ...]) -> str:
    return " + ".join(f"`{name}`" for name in names)


def document() -> str:
    """Returns the definitions as the Markdown page that is published with the package."""
    lines = [
        "# What the figures mean",
        "",
        "Made from `adguard/insight/metrics.py` by `python -m adguard.insight`; a test "
        "keeps it current.",
        "",
        "- Every figure is of whole UTC days and comes with its numerator, its denominator and n, "
        "the number of observations behind it.",
        "- With `sample` below 1 each observation counts 1/sample in numerator and denominator; n "
        "stays what was observed.",
        f"- A share with n below {SMALL:,} is shown with Wilson's 95 % interval.",
        "- Values beyond a dimension's limit on one day (1,000 pages, 100 sections, ...) stand "
        "together under `(other)`; sums are not affected. Query strings are never stored.",
        "- An event that the browser sends again is counted once if it comes within 48 hours.",
        "- What counts readers (`reader_days`, `blocked_days`, `cleared`, `assigned`) never counts "
        "1/sample: a reader is met on one of the measured views sooner or later.",
        "",
        "| figure | name | calculated as | definition |",
        "| --- | --- | --- | --- |",
    ]
    for metric in METRICS:
        formula = _sum(metric.numerator)
        if metric.denominator:
            above = f"({formula})" if len(metric.numerator) > 1 else formula
            below = _sum(metric.denominator)
            below = f"({below})" if len(metric.denominator) > 1 else below
            formula = f"{'1 - ' if metric.complement else ''}{above} / {below}"
        lines.append(f"| {metric.label} | `{metric.name}` | {formula} | {metric.definition} |")
    lines += [
        "",
        "With a hold-out, of readers in its two arms ([how to read them](experiments.md)):",
        "",
        "| figure | calculated as | definition |",
        "| --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in HOLDOUT),
    ]
    return "\n".join(lines) + "\n"
