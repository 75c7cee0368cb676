"""Every decision is explained, and the explanation is true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adguard.detection import Verdict
from adguard.explanation import FACTS, explain, written
from adguard.policy import Moment, Reason, Situation, checks_of, decide
from adguard.presets import MODES, PRESETS
from adguard.reader import AllowStage, Choice, ReaderState, month_of

TODAY = 20_780
recent = st.just(0) | st.integers(TODAY - 400, TODAY)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    asks = sorted(draw(st.lists(st.integers(TODAY - 40, TODAY), max_size=6)))
    state = ReaderState(
        first_day=TODAY - 300,
        views=draw(st.integers(0, 6)),
        visit_day=TODAY,
        visit_views=draw(st.integers(0, 6)),
        month=month_of(TODAY),
        month_views=draw(st.integers(0, 6)),
        asks=tuple(asks),
        open_ask=draw(st.booleans()),
        later_count=draw(st.integers(0, 4)),
        later_day=draw(recent),
        never_day=draw(st.just(0) | recent),
        not_blocking_count=draw(st.integers(0, 2)),
        not_blocking_day=draw(recent),
        pressed_day=draw(recent),
        pass_day=draw(recent),
        allow=draw(st.sampled_from(AllowStage)),
    )
    rarely = st.sampled_from([False, False, False, True])
    return Situation(
        verdict=draw(st.sampled_from([*[Verdict.EXTENSION] * 4, *Verdict])),
        state=state,
        today=TODAY,
        policy=draw(st.sampled_from(list(PRESETS.values()))),
        mode=draw(st.sampled_from([*["ask"] * 6, *MODES])),
        excluded=draw(rarely),
        bot=draw(rarely),
        consent=not draw(rarely),
        has_pass=draw(rarely),
        supporter=draw(st.sampled_from([False, False, False, True, None])),
        holdout=draw(rarely),
        proven=draw(rarely),
        protection_blocks=draw(st.booleans()),
        network_wall=draw(rarely),
    )


moments = st.sampled_from(Moment)


def test_every_reason_has_its_fact() -> None:
    assert set(FACTS) == set(Reason)


def test_every_reason_can_be_the_one_that_decides() -> None:
    deciding = {
        reason
        for moment in Moment
        for walled in (True, False)
        for reason, _ in checks_of(moment, walled=walled)
    }
    assert deciding == set(Reason)


@given(situations(), moments)
def test_the_last_step_decides_and_every_step_before_it_was_passed(
    situation: Situation, moment: Moment
) -> None:
    explained = explain(situation, moment)
    assert explained.decision == decide(situation, moment)
    assert [step.decides for step in explained.steps].count(True) == 1
    assert explained.steps[-1].decides
    assert explained.steps[-1].reason is explained.decision.reason
    order = [
        reason for reason, _ in checks_of(moment, walled=situation.policy.form == "interstitial")
    ]
    assert [step.reason for step in explained.steps] == order[: len(explained.steps)]
    assert all(len(step.fact) > 10 for step in explained.steps)


@given(situations(), moments)
def test_the_answer_stands_until_the_day_that_is_named_and_no_longer(
    situation: Situation, moment: Moment
) -> None:
    explained = explain(situation, moment)
    if explained.until is None:
        assert decide(replace(situation, today=TODAY + 395), moment).reason is (
            explained.decision.reason
        )
        return
    before, on = (replace(situation, today=explained.until - back) for back in (1, 0))
    assert decide(before, moment).reason is explained.decision.reason
    assert decide(on, moment).reason is explained.following
    assert explained.following is not explained.decision.reason


@pytest.mark.parametrize(
    ("choice", "on_interstitial", "preset", "reason", "until", "fact"),
    [
        (Choice.LATER, False, "standard", "quiet-later", 14, "once, last on 2026-11-23; the quiet"),
        (Choice.LATER, False, "gentle", "quiet-later", 30, "the quiet after that is 30 days"),
        (Choice.LATER, True, "strict", "day-pass", 2, "pressed on 2026-11-23; counts for 2 days"),
        (Choice.NEVER, False, "standard", "never", 180, "on 2026-11-23; counts for 180 days"),
        (Choice.NOT_BLOCKING, False, "strict", "not-blocking", 30, "counts for 30 days"),
        (Choice.ALLOW, False, "standard", "quiet-pressed", 3, "counts for 3 days"),
        (None, False, "gentle", "asked-this-visit", 1, "asked once on 2026-11-23; at most 1"),
    ],
)
def test_an_explanation_names_the_answer_its_day_the_value_and_the_end(
    choice: Choice | None, on_interstitial: bool, preset: str, reason: str, until: int, fact: str
) -> None:
    state = ReaderState(first_day=TODAY).with_ask(TODAY)
    for _ in range(5):
        state = state.with_view(Verdict.EXTENSION, blocking=True, today=TODAY)
    if choice is not None:
        state = state.with_choice(choice, TODAY, on_interstitial=on_interstitial)
    policy = PRESETS[preset]
    explained = explain(
        Situation(verdict=Verdict.EXTENSION, state=state, today=TODAY, policy=policy), Moment.VIEW
    )
    assert explained.decision.reason == reason
    assert explained.until is not None
    assert explained.until - TODAY == until
    assert fact in explained.steps[-1].fact


def test_a_silence_without_end_says_so_by_naming_none() -> None:
    state = ReaderState(first_day=TODAY, not_blocking_count=2, not_blocking_day=TODAY)
    explained = explain(
        Situation(verdict=Verdict.EXTENSION, state=state, today=TODAY, policy=PRESETS["standard"]),
        Moment.VIEW,
    )
    assert explained.until is None
    assert "for good" in explained.steps[-1].fact


def test_days_are_written_as_dates() -> None:
    assert written(TODAY) == "2026-11-23"
