"""The journey, decision by decision, with a fake calendar."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from adguard.detection import Verdict
from adguard.policy import (
    Action,
    Decision,
    Reason,
    Situation,
    decide_navigation,
    decide_recheck,
    decide_view,
    is_blocking,
)
from adguard.presets import PRESETS
from adguard.reader import AllowStage, Choice, ReaderState

TODAY = 20_780  # 2026-11-23


def thanked(before: ReaderState, after: ReaderState) -> bool:
    return before.allow is AllowStage.PRESSED and after.allow is AllowStage.THANKED


class Journey:
    """A reader who comes back: each view is counted, decided and remembered as the server does."""

    def __init__(self, preset: str, verdict: Verdict = Verdict.EXTENSION) -> None:
        self.policy = PRESETS[preset]
        self.verdict = verdict
        self.today = TODAY
        self.state = ReaderState(first_day=TODAY)

    def situation(self, **changes: object) -> Situation:
        made = Situation(
            verdict=self.verdict, state=self.state, today=self.today, policy=self.policy
        )
        return replace(made, **changes)

    def view(self, **changes: object) -> Decision:
        blocking = is_blocking(self.verdict, protection_blocks=False)
        before = self.state
        self.state = self.state.with_view(self.verdict, blocking=blocking, today=self.today)
        proven = thanked(before, self.state)
        decision = decide_view(self.situation(proven=proven, **changes))
        if decision.action is Action.NOTICE:
            self.state = self.state.with_ask(self.today)
        return decision

    def navigate(self, **changes: object) -> Decision:
        verdict = self.state.verdict_on(self.today)
        return decide_navigation(self.situation(verdict=verdict, **changes))

    def choose(self, choice: Choice) -> None:
        wall = self.policy.form == "interstitial"
        self.state = self.state.with_choice(choice, self.today, on_interstitial=wall)

    def asks_in(self, days: int, views: int, answer: Choice | None) -> list[int]:
        """Views the site `views` times on each of `days` days; returns the days of the asks."""
        asked = []
        for _ in range(days):
            for _ in range(views):
                if self.view().action is Action.NOTICE:
                    asked.append(self.today - TODAY)
                    if answer is not None:
                        self.choose(answer)
            self.today += 1
        return asked


@pytest.mark.parametrize(
    ("preset", "answer", "asked"),
    [
        ("standard", Choice.LATER, [0, 14, 44]),
        ("gentle", Choice.LATER, [0, 30]),
        ("standard", None, [0, 3, 6, 9, 30, 33, 36, 39, 60, 63, 66, 69, 90, 93, 96, 99]),
        ("gentle", None, [0, 7, 30, 37, 60, 67, 90, 97]),
        ("standard", Choice.NEVER, [0]),
        ("standard", Choice.NOT_BLOCKING, [0, 30]),
        ("standard", Choice.ALLOW, [0, 3, 6, 9, 30, 33, 36, 39, 60, 63, 66, 69, 90, 93, 96, 99]),
    ],
)
def test_a_hundred_days_of_three_views_a_day_bring_exactly_these_asks(
    preset: str, answer: Choice | None, asked: list[int]
) -> None:
    assert Journey(preset).asks_in(100, 3, answer) == asked


def test_dont_ask_for_six_months_lasts_180_days() -> None:
    journey = Journey("standard")
    assert journey.asks_in(200, 2, Choice.NEVER) == [0, 180]


def test_standard_asks_on_the_second_blocked_view_and_gentle_on_the_third_of_a_visit() -> None:
    standard, gentle = Journey("standard"), Journey("gentle")
    assert standard.view() == Decision(Action.NONE, Reason.FIRST_VIEW)
    assert standard.view() == Decision(Action.NOTICE, Reason.ASK, "dialog")
    assert [gentle.view().reason for _ in range(3)] == [
        Reason.FIRST_VIEW,
        Reason.NOT_YET,
        Reason.ASK,
    ]


def test_gentle_counts_the_views_of_one_visit_only() -> None:
    journey = Journey("gentle")
    assert journey.asks_in(30, 2, None) == []


def test_nobody_is_asked_twice_in_one_visit() -> None:
    journey = Journey("standard")
    journey.view()
    journey.view()
    assert journey.view().reason is Reason.ASKED_THIS_VISIT


def test_quiet_after_not_now_is_told_apart_from_quiet_without_an_answer() -> None:
    left, dismissed = Journey("standard"), Journey("standard")
    for journey in (left, dismissed):
        journey.view()
        journey.view()
    dismissed.choose(Choice.LATER)
    left.today += 1
    dismissed.today += 1
    assert left.view().reason is Reason.QUIET_UNANSWERED
    assert dismissed.view().reason is Reason.QUIET_LATER


def test_four_unanswered_asks_in_thirty_days_are_the_cap() -> None:
    journey = Journey("standard")
    journey.asks_in(12, 2, None)
    assert journey.view().reason is Reason.CAP


def test_strict_gives_three_views_a_month_and_serves_the_interstitial_for_the_fourth() -> None:
    journey = Journey("strict")
    for _ in range(3):
        assert journey.navigate().action is Action.NONE
        assert journey.view().action is Action.NONE
    assert journey.navigate() == Decision(Action.INTERSTITIAL, Reason.WALL)


def test_strict_opens_for_today_and_tomorrow_after_continue_without() -> None:
    journey = Journey("strict")
    for _ in range(3):
        journey.view()
    journey.choose(Choice.LATER)
    assert journey.navigate().reason is Reason.DAY_PASS
    assert journey.view().reason is Reason.DAY_PASS
    journey.today += 1
    assert journey.navigate().reason is Reason.DAY_PASS
    journey.view()
    journey.today += 1
    assert journey.navigate().action is Action.INTERSTITIAL


def test_strict_starts_a_new_month_with_three_free_views() -> None:
    journey = Journey("strict")
    for _ in range(4):
        journey.view()
    journey.today += 8  # 1 December
    assert [journey.view().reason for _ in range(3)] == [Reason.FREE_VIEW] * 3


def test_a_dialog_stands_in_where_the_page_was_already_sent() -> None:
    journey = Journey("strict")
    for _ in range(3):
        journey.view()
    assert journey.view() == Decision(Action.NOTICE, Reason.STAND_IN, "dialog")


def test_a_stored_verdict_older_than_yesterday_builds_no_wall() -> None:
    journey = Journey("strict")
    for _ in range(3):
        journey.view()
    journey.today += 2
    assert journey.navigate().reason is Reason.UNKNOWN


@pytest.mark.parametrize("verdict", [Verdict.CLEAR, Verdict.UNKNOWN, Verdict.PROTECTION])
def test_readers_who_do_not_block_are_never_asked(verdict: Verdict) -> None:
    for preset in PRESETS:
        journey = Journey(preset, verdict)
        assert journey.asks_in(120, 5, None) == []
        assert journey.navigate().action is Action.NONE


def test_protection_counts_as_blocking_only_if_the_publisher_says_so() -> None:
    assert not is_blocking(Verdict.PROTECTION, protection_blocks=False)
    assert is_blocking(Verdict.PROTECTION, protection_blocks=True)
    journey = Journey("standard", Verdict.PROTECTION)
    journey.state = replace(journey.state, views=5, visit_views=5)
    assert journey.view(protection_blocks=True) == Decision(Action.NOTICE, Reason.ASK, "inline")


def test_readers_behind_a_network_filter_get_the_inline_card_at_most() -> None:
    standard, strict = Journey("standard", Verdict.NETWORK), Journey("strict", Verdict.NETWORK)
    standard.view()
    assert standard.view() == Decision(Action.NOTICE, Reason.ASK, "inline")
    for _ in range(3):
        strict.view()
    assert strict.navigate().reason is Reason.NOT_LIFTABLE
    assert strict.view() == Decision(Action.NOTICE, Reason.ASK, "inline")


def test_a_publisher_may_insist_on_a_wall_for_network_filters() -> None:
    journey = Journey("strict", Verdict.NETWORK)
    for _ in range(3):
        journey.view(network_wall=True)
    assert journey.navigate(network_wall=True).action is Action.INTERSTITIAL
    standard = Journey("standard", Verdict.NETWORK)
    standard.view()
    assert standard.view(network_wall=True).form == "dialog"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "off"}, Reason.MODE_OFF),
        ({"mode": "observe"}, Reason.MODE_OBSERVE),
        ({"excluded": True}, Reason.EXCLUDED),
        ({"bot": True}, Reason.BOT),
        ({"consent": False}, Reason.NO_CONSENT),
        ({"has_pass": True}, Reason.PASS),
        ({"supporter": True}, Reason.SUPPORTER),
        ({"supporter": None}, Reason.SUPPORTER_UNKNOWN),
        ({"holdout": True}, Reason.HOLDOUT),
    ],
)
@pytest.mark.parametrize("preset", list(PRESETS))
def test_what_silences_a_view_silences_the_interstitial_too(
    changes: dict[str, object], reason: Reason, preset: str
) -> None:
    journey = Journey(preset)
    for _ in range(6):
        assert journey.view(**changes) == Decision(Action.NONE, reason)
    if journey.policy.form == "interstitial":
        assert journey.navigate(**changes) == Decision(Action.NONE, reason)


def test_a_second_not_blocking_is_believed_for_good() -> None:
    journey = Journey("standard")
    journey.choose(Choice.NOT_BLOCKING)
    journey.choose(Choice.NOT_BLOCKING)
    assert journey.asks_in(390, 2, None) == []
    assert journey.view().reason is Reason.NOT_BLOCKING


def test_allow_is_thanked_once_when_the_recheck_is_clear_then_verified_by_the_next_view() -> None:
    journey = Journey("standard")
    journey.view()
    journey.view()
    journey.choose(Choice.ALLOW)
    assert decide_recheck(journey.situation()).reason is Reason.RECHECK
    journey.verdict = Verdict.CLEAR
    journey.state = journey.state.with_verdict(Verdict.CLEAR, TODAY)
    assert journey.state.allow == AllowStage.THANKED
    proven = journey.situation(proven=True)
    assert decide_recheck(proven) == Decision(Action.THANKS, Reason.THANKS, "inline")
    assert decide_recheck(journey.situation()).reason is Reason.RECHECK
    assert journey.view() == Decision(Action.NONE, Reason.CLEAR)
    assert journey.state.allow.value == "v"
    assert journey.view().reason is Reason.CLEAR


def test_allow_without_a_live_recheck_is_thanked_on_the_next_clear_view() -> None:
    journey = Journey("standard")
    journey.choose(Choice.ALLOW)
    journey.verdict = Verdict.CLEAR
    assert journey.view().action is Action.THANKS
    assert journey.view().action is Action.NONE
    assert journey.state.allow is AllowStage.VERIFIED


def test_a_view_blocked_again_takes_back_the_thanks() -> None:
    journey = Journey("standard")
    journey.choose(Choice.ALLOW)
    journey.state = journey.state.with_verdict(Verdict.CLEAR, TODAY)
    journey.view()
    assert journey.state.allow is AllowStage.NONE


def test_a_supporter_click_keeps_quiet_for_as_long_as_an_unanswered_ask() -> None:
    journey = Journey("standard")
    journey.view()
    journey.view()
    journey.choose(Choice.SUPPORT)
    journey.today += 1
    assert journey.view().reason is Reason.QUIET_PRESSED


def test_only_a_wall_is_decided_before_the_page_is_served() -> None:
    journey = Journey("standard")
    journey.view()
    journey.view()
    assert journey.navigate() == Decision(Action.NONE, Reason.NOT_YET)


def test_without_a_cap_only_the_quiet_days_count() -> None:
    journey = Journey("standard")
    journey.policy = PRESETS["standard"].overridden({"max_asks": None, "quiet_days": (1,)})
    assert journey.asks_in(8, 2, Choice.LATER) == list(range(8))


def test_overridden_values_apply_at_once_to_what_the_cookie_already_says() -> None:
    journey = Journey("standard")
    journey.view()
    journey.view()
    journey.choose(Choice.LATER)
    journey.today += 5
    assert journey.view().reason is Reason.QUIET_LATER
    journey.policy = PRESETS["standard"].overridden({"quiet_days": (4,)})
    assert journey.view().action is Action.NOTICE
