"""Arms of an experiment, however many, each against one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight import wording
from adguard.insight.arms import (
    ALARM,
    OUTCOMES,
    Arm,
    Versus,
    compare,
    read_arms,
    sizes_chance,
)
from adguard.insight.drawing import draw_arms
from adguard.insight.evidence import evidence, size_evidence
from adguard.ledger import Span
from adguard.ledger.fold import COUNTERS, OTHER
from adguard.ledger.sqlite import SqliteStore
from bench.experiment import peek_arms
from tests.ledger.making import DAY, event


def arm(name: str, readers: int, **counted: int) -> Arm:
    return Arm(name, readers, {**dict.fromkeys(COUNTERS, 0), **counted})


ASKED = arm("asked", 4000, cleared=100, verified=90)
SHORT = arm("copy-short", 2000, cleared=100, verified=45)
LATE = arm("late", 2000, cleared=50, verified=0)
ALONE = arm("holdout", 1000, cleared=10)
FOUR = (ASKED, SHORT, LATE, ALONE)


def names(found: Sequence[Versus]) -> list[str]:
    return [one.arm.name for one in found]


def test_every_arm_is_held_against_the_one_that_is_asked_as_ever() -> None:
    found = compare(FOUR)
    assert names(found) == ["copy-short", "late", "holdout"]
    assert [one.ratio for one in found] == [2.0, 1.0, pytest.approx(0.4)]
    assert names(compare(FOUR, baseline="late")) == ["asked", "copy-short", "holdout"]


def test_who_is_never_asked_is_left_out_of_what_only_the_asked_can_do() -> None:
    found = compare(FOUR, OUTCOMES["verified"])
    assert names(found) == ["copy-short", "late"]
    assert [one.ratio for one in found] == [1.0, 0.0]


def test_twice_as_often_is_no_chance_and_as_often_is() -> None:
    twice, same, _ = compare(FOUR)
    assert twice.chance() < 0.01
    assert same.chance() == 1.0
    low, high = twice.bounds()
    assert 1 < low < 2 < high < 4


def test_arms_without_readers_are_not_compared_and_without_a_baseline_nothing_is() -> None:
    assert names(compare((ASKED, arm("late", 0), SHORT))) == ["copy-short"]
    assert compare((arm("asked", 0), SHORT)) == []
    assert compare(()) == []


def test_an_arm_nobody_of_whom_took_the_step_leaves_one_side_open() -> None:
    (none,) = compare((arm("asked", 100), arm("late", 100, cleared=9)))
    assert none.ratio is None
    low, high = none.bounds()
    assert low > 1
    assert high == inf
    assert wording.between((low, high)).endswith(" or more")
    assert wording.times(none.ratio) == "–"


@given(
    st.integers(0, 300), st.integers(0, 300), st.integers(1, 9999), st.integers(1, 9999),
    st.integers(1, 9),
)  # fmt: skip
def test_no_difference_is_within_the_bounds_exactly_when_it_could_be_chance(
    took: int, took_ever: int, readers: int, readers_ever: int, others: int
) -> None:
    one = Versus(
        OUTCOMES["cleared"],
        arm("late", readers, cleared=took),
        arm("asked", readers_ever, cleared=took_ever),
        others,
    )
    (low, high), chance = one.bounds(), one.chance()
    if abs(chance - 0.05) > 1e-6:
        assert (low <= 1 <= high) == (chance > 0.05)


def test_the_more_arms_the_wider_each_interval() -> None:
    alone = compare((ASKED, SHORT))[0].bounds()
    among = compare(FOUR)[0].bounds()
    assert among[0] < alone[0] < alone[1] < among[1]


def test_looking_at_four_arms_after_every_return_finds_no_difference_that_is_not_there() -> None:
    same = peek_arms(100, 3000, arms=4, rate=0.1, seed=3)
    # 5 % of 100 are 5; more than 13 would be chance once in a thousand times.
    assert same.false <= 13
    assert same.naive >= 40, "the usual test is fooled, or this simulation shows nothing"


def test_an_arm_that_is_better_is_found() -> None:
    assert peek_arms(30, 4000, arms=4, rate=0.1, better=0.25, seed=3).false >= 27


def test_arms_of_another_size_than_dealt_raise_an_alarm() -> None:
    shares = {"asked": 0.45, "copy-short": 0.225, "late": 0.225, "holdout": 0.1, "off": 0.0}

    def chance(*readers: int) -> float:
        found = sizes_chance([arm(n, r) for n, r in zip(shares, readers, strict=False)], shares)
        assert found is not None
        return found

    assert chance(45_100, 22_400, 22_600, 9900) == 1.0
    assert chance(45_100, 22_400, 21_400, 9900) < ALARM
    assert chance(45_100, 22_400, 22_600) < ALARM, "an arm that lost all its readers"
    assert sizes_chance(FOUR, {"asked": 1.0}) is None


def test_the_evidence_of_two_sizes_is_that_of_two_shares() -> None:
    weight = 100 * 0.9 / 0.1
    two = float(evidence(880, 120, 0.9, (weight * 0.9, weight * 0.1)))
    assert size_evidence([880, 120], [0.9, 0.1]) == pytest.approx(two)


def filled(*draws: tuple[int, str, int]) -> SqliteStore:
    """A store in which so many readers were drawn for an arm, so many days ago."""
    store = SqliteStore(None)
    for ago, name, readers in draws:
        fields = {"at": (DAY - ago) * 86400, "variant": name, "verdict": "extension"}
        store.append([event("", assigned=True, **fields)] * readers)
    return store


def drawn(store: SqliteStore) -> dict[str, int]:
    with store.figures() as figures:
        found = read_arms(figures, Span(DAY, DAY))
    store.close()
    return {one.name: one.readers for one in found}


def test_arms_are_read_in_order_with_all_that_they_counted() -> None:
    store = filled((0, "holdout", 1), (0, "late", 2), (0, "asked", 3), (0, "", 4), (0, OTHER, 5))
    store.append([event("", variant="late", sample=0.5), event("", variant="late", cleared=True)])
    with store.figures() as figures:
        asked, late, holdout = read_arms(figures, Span(DAY, DAY))
    store.close()
    assert (asked.name, late.name, holdout.name) == ("asked", "late", "holdout")
    assert (late.readers, late.counted["cleared"], late.clear_views) == (2, 1, 3.0)
    assert late.counted["extension"] == 2


def test_readers_drawn_before_count_while_the_arms_are_dealt_alike() -> None:
    assert drawn(
        filled((9, "asked", 400), (9, "late", 600), (0, "asked", 40), (0, "late", 60))
    ) == {
        "asked": 440,
        "late": 660,
    }


def test_a_new_arm_begins_a_new_experiment() -> None:
    before = ((9, "asked", 900), (9, "holdout", 100), (9, "ended", 500))
    now = ((0, "asked", 45), (0, "late", 45), (0, "holdout", 10))
    assert drawn(filled(*before, *now)) == {"asked": 45, "late": 45, "holdout": 10}


def test_variants_are_told_against_asking_as_ever() -> None:
    first, short, late, last = wording.variants(FOUR)
    assert first == "Of 4,000 readers asked as ever, 100 came back without a blocker."
    assert short.startswith("copy-short: of 2,000, 100, 2.00 times as often (95 %: 1.2")
    assert late.startswith("late: of 2,000, 50, 1.00 times as often (95 %: ")
    assert "for all arms at once" in last
    assert wording.variants((ASKED, ALONE)) == []


def test_without_scipy_variants_are_told_without_their_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    said = wording.variants(FOUR)[1]
    assert said.startswith("copy-short: of 2,000, 100, 2.00 times as often; intervals and checks")


def test_a_chart_has_a_row_for_each_arm_and_none_for_one_alone() -> None:
    chart = draw_arms(FOUR)
    assert chart is not None
    for name in ("asked: 4,000", "copy-short: 2,000", "late: 2,000", "held out: 1,000"):
        assert f"{name} readers" in chart
    assert draw_arms((ASKED, arm("late", 0))) is None
