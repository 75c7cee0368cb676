"""Every rule as a table: what is bad, what is chance, and what says nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from adguard.alerts.readings import RECENT_HOURS, USUAL_DAYS, Readings, gather, windows
from adguard.alerts.rules import AILING, RULES, judge
from adguard.ledger import Point, Span, Totals
from adguard.ledger.fold import COUNTERS


def totals(**counts: int) -> Totals:
    raw = {**dict.fromkeys(COUNTERS, 0), **counts}
    return Totals(raw, {name: float(count) for name, count in raw.items()})


def views(n: int, blocked: float, unknown: float = 0.0) -> Totals:
    behind, lost = round(n * blocked), round(n * unknown)
    return totals(extension=behind, unknown=lost, clear=n - behind - lost)


def asked(n: int, wrong: int) -> Readings:
    return Readings(day=totals(seen=n // 2, interstitials=n - n // 2, wrong=wrong))


def decided(n: int, seen: int) -> Readings:
    return Readings(day=totals(decided=n, seen=seen))


def served(n: int, measured: int, usual: int = 8000, usually: int = 7000) -> Readings:
    return Readings(
        recent=totals(served=n, measured=measured),
        usual=totals(served=usual, measured=usually),
        day=totals(served=n),
    )


def blocked(n: int, now: float, usual: int = 20_000, before: float = 0.3, day: int = 0) -> Readings:
    return Readings(views(n, now), views(usual, before), views(day or n, now))


def unknown(n: int, share: float, day: int = 0) -> Readings:
    return Readings(views(n, 0.2, share), views(0, 0), views(day or n, 0.2, share))


TABLE: list[tuple[str, Readings, str]] = [
    # 30 % usually: a quarter of it, 7.5 points, is what matters; below 20 %, five points.
    ("block_rate", blocked(3000, 0.30), "fine"),
    ("block_rate", blocked(3000, 0.37), "fine"),
    ("block_rate", blocked(3000, 0.39), "unsure"),
    ("block_rate", blocked(3000, 0.45), "bad"),
    ("block_rate", blocked(3000, 0.15), "bad"),
    ("block_rate", blocked(3000, 0.0), "bad"),
    ("block_rate", blocked(3000, 1.0), "bad"),
    ("block_rate", blocked(3000, 0.09, before=0.05), "fine"),
    ("block_rate", blocked(3000, 0.15, before=0.05), "bad"),
    ("block_rate", blocked(3000, 0.04, before=0.0), "fine"),
    ("block_rate", blocked(350, 0.40), "unsure"),
    ("block_rate", blocked(299, 1.0), "quiet"),
    ("block_rate", blocked(299, 1.0, day=5000), "unsure"),
    ("block_rate", blocked(3000, 1.0, usual=1999), "unsure"),
    ("block_rate", Readings(), "quiet"),
    ("unknown_rate", unknown(3000, 0.10), "fine"),
    ("unknown_rate", unknown(3000, 0.11), "unsure"),
    ("unknown_rate", unknown(3000, 0.13), "bad"),
    ("unknown_rate", unknown(299, 1.0), "quiet"),
    ("unknown_rate", unknown(299, 1.0, day=300), "unsure"),
    ("unknown_rate", unknown(300, 0.14), "unsure"),
    ("unknown_rate", unknown(300, 0.25), "bad"),
    ("wrong_reports", asked(10_000, 100), "fine"),
    ("wrong_reports", asked(10_000, 110), "unsure"),
    ("wrong_reports", asked(10_000, 150), "bad"),
    ("wrong_reports", asked(300, 6), "unsure"),
    ("wrong_reports", asked(300, 13), "bad"),
    ("wrong_reports", asked(300, 400), "bad"),
    ("wrong_reports", asked(299, 299), "quiet"),
    ("render_loss", decided(1000, 400), "fine"),
    ("render_loss", decided(1000, 380), "unsure"),
    ("render_loss", decided(1000, 300), "bad"),
    ("render_loss", decided(1000, 1100), "fine"),
    ("render_loss", decided(299, 0), "quiet"),
    ("coverage", served(4000, 3500), "fine"),
    ("coverage", served(4000, 2700), "fine"),
    ("coverage", served(4000, 2600), "unsure"),
    ("coverage", served(4000, 2000), "bad"),
    ("coverage", served(4000, 0), "bad"),
    ("coverage", served(4000, 4400), "quiet"),
    ("coverage", served(4000, 100, usually=9000), "quiet"),
    ("coverage", served(999, 0), "quiet"),
    ("coverage", served(4000, 0, usual=1999, usually=1900), "unsure"),
    ("journal", Readings(), "fine"),
    ("journal", Readings(ailing=AILING - 1, reason="the disk is full"), "unsure"),
    ("journal", Readings(ailing=AILING, reason="the disk is full"), "bad"),
]


@pytest.mark.parametrize(
    ("rule", "readings", "status"),
    TABLE,
    ids=[f"{rule}-{status}-{i}" for i, (rule, _, status) in enumerate(TABLE)],
)
def test_a_rule_speaks_only_when_it_matters_and_is_no_chance(
    rule: str, readings: Readings, status: str
) -> None:
    assert RULES[rule](readings).status == status


def test_the_table_shows_each_rule_at_its_worst_and_at_its_best() -> None:
    shown = {(rule, status) for rule, _, status in TABLE}
    assert shown >= {(rule, status) for rule in RULES for status in ("bad", "fine")}


def test_a_finding_says_what_it_is_of() -> None:
    found = RULES["block_rate"](blocked(3000, 0.45))
    assert (found.rule, found.status, found.n, found.hours) == (
        "block_rate",
        "bad",
        3000,
        RECENT_HOURS,
    )
    assert (found.value, found.limit, found.usual) == pytest.approx((0.45, 0.375, 0.3))


def test_sampled_views_count_by_their_weight_and_are_sure_by_their_number() -> None:
    raw = totals(extension=100, clear=100)
    weighted = Totals(raw.raw, {**raw.weighted, "extension": 100.0, "clear": 900.0})
    finding = RULES["block_rate"](Readings(weighted, views(20_000, 0.1), raw))
    assert (finding.value, finding.n, finding.status) == (0.1, 200, "quiet")


def test_without_figures_only_the_node_is_judged() -> None:
    found = {f.rule: f.status for f in judge(Readings(known=False, ailing=AILING))}
    assert found.pop("journal") == "bad"
    assert set(found.values()) == {"unsure"}


HOUR = 3600
NOW = 500_000 * HOUR + 1800.0


def test_the_windows_are_the_last_hours_the_same_hours_before_and_the_last_day() -> None:
    points = [Point(at * HOUR, totals(clear=1)) for at in range(500_000 - 400, 500_002)]
    recent, usual, day = windows(points, NOW)
    assert (recent.raw["clear"], usual.raw["clear"], day.raw["clear"]) == (
        RECENT_HOURS,
        RECENT_HOURS * USUAL_DAYS,
        24,
    )
    only = [Point((500_000 - 24 - 3) * HOUR, totals(clear=5))]
    recent, usual, day = windows(only, NOW)
    assert (recent.raw["clear"], usual.raw["clear"], day.raw["clear"]) == (0, 5, 0)


def test_gathering_asks_for_one_site_by_the_hour_and_as_far_back_as_is_usual() -> None:
    class Asked:
        def block_rate(self, span: Span, step: str) -> list[Point]:
            assert step == "hour"
            assert span.site == "news"
            assert span.first * 24 <= 500_000 - 7 * 24 - RECENT_HOURS
            assert span.last == 500_000 // 24
            return [Point(500_000 * HOUR, totals(clear=7))]

    figures: Any = Asked()
    assert gather(figures, "news", NOW).recent.raw["clear"] == 7


@pytest.mark.parametrize("a_day", [30, 300, 3000])
def test_a_steady_site_of_any_size_is_left_alone_for_thirty_days(a_day: int) -> None:
    draw = random.Random(a_day)

    def some(n: int, share: float) -> int:
        return round(min(n, max(0.0, draw.gauss(n * share, (n * share * (1 - share)) ** 0.5))))

    points = []
    bad = []
    for hour in range(24 * 30):
        n = some(a_day // 3, 0.1 if hour % 24 >= 6 else 0.02)
        behind = some(n, 0.3)
        shown = some(behind, 0.5)
        seen = some(shown, 0.5)
        wrong = some(seen, 0.005)
        points.append(
            Point(
                hour * HOUR,
                totals(
                    extension=behind,
                    unknown=some(n, 0.05),
                    clear=n - behind,
                    decided=shown,
                    seen=seen,
                    wrong=wrong,
                    measured=n,
                    served=round(n * 1.2),
                ),
            )
        )
        recent, usual, day = windows(points[-9 * 24 :], hour * HOUR + 1800.0)
        bad += [f for f in judge(Readings(recent, usual, day)) if f.status == "bad"]
    assert bad == []
