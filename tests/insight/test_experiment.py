"""What a hold-out says, and that looking at it every day does no harm."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from math import log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from adguard.experiment import true_shares
from adguard.insight import wording
from adguard.insight.arms import ALARM, Arm, read_arms
from adguard.insight.earning import Earning
from adguard.insight.evidence import evidence, interval, prior_for
from adguard.insight.experiment import (
    Experiment,
    HoldOut,
    Side,
    estimate_revenue,
    holdout_of,
    needed_readers,
    read_experiment,
)
from adguard.ledger import Row, Span
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import total
from bench.experiment import peek
from tests.ledger.making import DAY, event

TWICE = HoldOut(Side(9000, 900, 20_000.0), Side(1000, 50, 1500.0), share=0.1)
counts = st.integers(0, 10**6)
scales = st.floats(0.01, 100)


def test_what_is_owed_to_asking_is_what_came_back_beyond_the_hold_out() -> None:
    assert TWICE.scale == 9
    assert TWICE.net == 900 - 50 * 9
    assert TWICE.recovered_views == 20_000 - 1500 * 9


def test_an_arm_without_readers_says_nothing() -> None:
    nobody = replace(TWICE, held_out=Side(0, 0, 0.0))
    assert (nobody.scale, nobody.net, nobody.recovered_views) == (None, None, None)
    assert (nobody.net_interval(), nobody.chance()) == (None, None)


def test_twice_as_many_returns_are_no_chance_and_as_many_are() -> None:
    chance = TWICE.chance()
    assert chance is not None
    assert chance < 0.001
    none = HoldOut(Side(9000, 450, 0.0), Side(1000, 50, 0.0)).chance()
    assert none == 1.0
    low, high = TWICE.net_interval() or (0.0, 0.0)
    assert 0 < low < 450 < high < 900


@given(counts, counts, scales, st.floats(0.001, 0.5))
@example(265_585, 100, 0.01, 0.5)
def test_an_interval_ends_where_the_evidence_does(
    asked: int, held_out: int, scale: float, alpha: float
) -> None:
    prior = prior_for(scale)
    low, high = interval(asked, held_out, prior, alpha)
    assert 0 <= low <= high <= 1
    if asked + held_out:
        assert low <= asked / (asked + held_out) <= high
    for bound in (low, high):
        if 1e-9 < bound < 1 - 1e-9:
            found = float(evidence(asked, held_out, bound, prior))
            assert found == pytest.approx(-log(alpha), abs=1e-3)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 10**4), st.integers(1, 10**4))
def test_no_effect_is_within_the_interval_exactly_when_it_could_be_chance(
    back: int, back_out: int, readers: int, readers_out: int
) -> None:
    found = HoldOut(Side(readers, back, 0.0), Side(readers_out, back_out, 0.0))
    chance, bounds = found.chance(), found.net_interval()
    assert chance is not None
    assert bounds is not None
    if abs(chance - 0.05) > 1e-6:
        assert (bounds[0] <= 0 <= bounds[1]) == (chance > 0.05)


def test_nothing_back_yet_leaves_everything_open() -> None:
    assert interval(0, 0, (1.0, 1.0), 0.05) == (0.0, 1.0)
    assert HoldOut(Side(900, 0, 0.0), Side(100, 0, 0.0)).net_interval() == (0.0, 0.0)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match="is not above 0 and below 1"):
        TWICE.net_interval(confidence)


def test_the_evidence_of_equal_arms_is_that_of_the_binomial_mixture() -> None:
    # Under a uniform mixture every number of returns is as likely as any other.
    expected = log(1 / 31) - stats.binom.logpmf(20, 30, 0.5)
    assert float(evidence(20, 10, 0.5, (1.0, 1.0))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("drawn", "wrong"),
    [((90_000, 10_000), False), ((90_300, 9700), False), ((91_000, 9000), True), ((0, 0), False)],
)
def test_arms_of_another_size_than_drawn_raise_an_alarm(
    drawn: tuple[int, int], wrong: bool
) -> None:
    found = HoldOut(Side(drawn[0], 0, 0.0), Side(drawn[1], 0, 0.0), share=0.1).ratio_chance()
    assert found is not None
    assert (found < ALARM) is wrong


def test_words_say_whether_the_arms_are_as_large_as_drawn() -> None:
    arms = tuple(
        Arm(name, readers, {"cleared": 50})
        for name, readers in (("asked", 9000), ("holdout", 1000))
    )
    drawn = Experiment(arms, holdout_of(arms), {"asked": 0.9, "holdout": 0.1})
    assert wording.experiment(drawn)[0] == "The arms are as large as drawn (p = 1)."
    lost = wording.experiment(replace(drawn, shares={"asked": 0.8, "holdout": 0.2}))
    assert lost[0].startswith("Do not rely on this")
    assert sum("as large as drawn" in line for line in lost) == 1
    assert not any("drawn" in line for line in wording.experiment(replace(drawn, shares={})))
    assert wording.experiment(Experiment()) == []


@pytest.mark.parametrize(
    ("readers", "lost"), [((6000, 3000, 1000), False), ((6000, 3000, 0), True)]
)
def test_the_hold_outs_share_alone_says_nothing_of_how_variants_share_the_rest(
    readers: tuple[int, int, int], lost: bool
) -> None:
    store = SqliteStore(None)
    for arm, number in zip(("asked", "v1", "holdout"), readers, strict=True):
        store.append([event("", variant=arm, verdict="extension", assigned=True)] * number)
    with store.figures() as figures:
        found = read_experiment(figures, Span(DAY, DAY, "default"), 0.1)
    store.close()
    chance = found.sizes_chance()
    assert chance is not None
    assert (chance < ALARM) is lost
    assert wording.experiment(found)[0].startswith("Do not rely on this") is lost


@pytest.mark.parametrize("share", [None, 0.0, 1.0])
def test_without_a_share_there_is_no_size_to_expect(share: float | None) -> None:
    assert replace(TWICE, share=share).ratio_chance() is None


def test_looking_after_every_reader_who_comes_back_finds_no_effect_that_is_not_there() -> None:
    same = peek(150, 4000, holdout=0.1, alone=0.1, seed=7)
    # 5 % of 150 are 7 or 8; more than 15 would be chance once in 200 times.
    assert same.false <= 15
    assert same.naive >= 30, "the usual test is fooled, or this simulation shows nothing"


def test_an_effect_that_is_there_is_found_and_stays_within_the_interval() -> None:
    twice = peek(60, 4000, holdout=0.2, alone=0.1, asked=0.2, seed=7)
    assert twice.false >= 50
    assert twice.missed <= 9


def test_a_plan_for_one_look_is_that_of_the_textbook() -> None:
    # Two equal arms, 10 % against 15 %, 80 % power at 95 %: 1,366 readers. Counting returns alone,
    # without those who stay away, costs an eighth; whole numbers cost the rest.
    plan = needed_readers(0.10, 0.15, 0.5)
    assert 1366 < plan.once < 1366 * 1.25
    assert plan.once < plan.any_time < 4 * plan.once


def test_a_plan_that_is_followed_shows_the_effect_as_surely_as_it_says() -> None:
    plan = needed_readers(0.1, 0.2, 0.2)
    found = peek(100, plan.any_time, holdout=0.2, alone=0.1, asked=0.2, seed=3)
    assert found.false >= 72


def test_fewer_returns_through_asking_can_be_planned_for_too() -> None:
    assert needed_readers(0.2, 0.1, 0.5).any_time == pytest.approx(
        needed_readers(0.1, 0.2, 0.5).any_time, rel=0.05
    )


@pytest.mark.parametrize(
    ("alone", "asked", "share", "said"),
    [
        (0.0, 0.1, 0.1, "alone"),
        (0.1, 1.0, 0.1, "asked"),
        (0.1, 0.2, 1.5, "share"),
        (0.1, 0.1, 0.1, "no difference"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    alone: float, asked: float, share: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        needed_readers(alone, asked, share)


def test_readers_of_all_days_and_returns_of_some_are_read_from_the_store() -> None:
    store = SqliteStore(None)
    long_ago = {"at": (DAY - 30) * 86400, "verdict": "extension", "assigned": True}
    store.append(
        [event("", variant="asked", **long_ago) for _ in range(8)]
        + [event("", variant="holdout", **long_ago) for _ in range(2)]
        + [event("", variant="asked", cleared=True), event("", variant="asked", sample=0.5)]
        + [event("", variant="holdout"), event("", cleared=True)]
    )
    with store.figures() as figures:
        span = Span(DAY, DAY, "default")
        found = holdout_of(read_arms(figures, span), share=0.2)
        later = holdout_of(read_arms(figures, Span(DAY, DAY), began=DAY))
    store.close()
    assert found == HoldOut(Side(8, 1, 3.0), Side(2, 0, 1.0), 0.2)
    assert later == HoldOut(Side(0, 1, 3.0), Side(0, 0, 1.0), None)


@pytest.mark.parametrize(
    ("earlier", "scipy", "counted"),
    [
        ((900, 100), True, (500, 500)),
        ((510, 490), True, (1010, 990)),
        ((0, 0), True, (500, 500)),
        # Nothing can be tested then, and no interval is shown either.
        ((900, 100), False, (1400, 600)),
    ],
)
def test_readers_who_were_drawn_before_with_another_share_do_not_count(
    earlier: tuple[int, int],
    scipy: bool,
    counted: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not scipy:
        monkeypatch.setitem(sys.modules, "scipy", None)
    store = SqliteStore(None)
    for day, drawn in ((DAY - 30, earlier), (DAY, (500, 500))):
        for arm, number in zip(("asked", "holdout"), drawn, strict=True):
            fields = {"at": day * 86400, "variant": arm, "verdict": "extension"}
            store.append([event("", assigned=True, **fields)] * number)
    with store.figures() as figures:
        found = holdout_of(read_arms(figures, Span(DAY, DAY)))
    store.close()
    assert (found.asked.readers, found.held_out.readers) == counted


def test_an_experiment_is_one_sites_and_its_hold_out_needs_readers_on_both_sides() -> None:
    store = SqliteStore(None)
    span = Span(DAY, DAY)

    def found(
        shares: float | dict[str, dict[str, float]] | None = None, span: Span = span
    ) -> Experiment:
        with store.figures() as figures:
            return read_experiment(figures, span, shares)

    store.append([event("", assigned=True, variant="asked", site="one")])
    assert found().holdout is None
    assert [arm.name for arm in found().arms] == ["asked"]
    store.append([event("", assigned=True, variant="holdout", site="one")])
    assert found({"two": {"holdout": 0.1}}).holdout == HoldOut(
        Side(1, 0, 1.0), Side(1, 0, 1.0), None
    )
    dealt = true_shares(0.1, (), "one")
    for made in (found(0.1), found({"one": dict(dealt)})):
        assert made.holdout is not None
        assert made.holdout.share == dealt["holdout"]
        assert made.sizes_chance() == 1.0
    assert found().sizes_chance() is None
    store.append([event("", site="two")])
    assert found() == Experiment()
    assert found(span=replace(span, site="one")).holdout is not None
    store.close()


def row(section: str, views: int) -> Row:
    counters = total([])
    counters.weighted["clear"] = views
    return Row(section, counters)


@pytest.mark.parametrize(
    ("rpm", "sections", "worth"),
    [
        (8.0, (), 16.0),
        ({"sport": 20, "*": 4}, (), 8.0),
        ({"sport": 20, "*": 4}, (row("sport", 30), row("", 10)), 32.0),
        ({"sport": 20}, (row("sport", 10), row("city", 10)), 20.0),
    ],
)
def test_page_views_are_worth_what_their_sections_earn(
    rpm: float | dict[str, float], sections: tuple[Row, ...], worth: float
) -> None:
    assert estimate_revenue(2000.0, rpm, "CHF", sections) == Earning(worth, 2000.0, "CHF")


def test_without_scipy_the_sums_are_there_and_an_interval_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "from adguard.insight.evidence import *\n"
        "from adguard.insight.experiment import *\n"
        "both = HoldOut(Side(9, 3, 3.0), Side(3, 1, 1.0))\n"
        "print(both.net)\n"
        "try: both.net_interval()\n"
        "except StatsMissing as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [
        "0.0",
        "intervals and checks of experiments need SciPy: pip install 'adguard-toolkit[stats]'",
    ]
