"""Says why a decision is as it is: every check in its order, with the facts it rests on, and until
when the answer stands. Pure, and for publishers: in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from adguard.policy import (
    NEVER_DAYS,
    NOT_BLOCKING_DAYS,
    Decision,
    Moment,
    Reason,
    Situation,
    checks_of,
    decide,
    is_blocking,
)
from adguard.reader import LIFETIME_DAYS

__all__ = ["FACTS", "Explanation", "Step", "explain", "written"]

EPOCH = date(1970, 1, 1)


class Step(msgspec.Struct, frozen=True):
    """One check of a decision.

    :param decides: whether it held; the checks after it were not asked.
    :param fact: what it rests on.
    """

    reason: Reason
    decides: bool
    fact: str


class Explanation(msgspec.Struct, frozen=True):
    """Why a decision is as it is.

    :param steps: the checks in their order; the last one decides.
    :param until: the first day (UTC day number) on which another check would decide if nothing
        happened in between and the verdict were the same; `None` where time alone changes nothing.
    :param following: the check that would decide then.
    :param views: how many blocked views more on the same day bring another check to decide; `None`
        where they change nothing.
    :param reached: the check that would decide then.
    """

    moment: Moment
    decision: Decision
    steps: tuple[Step, ...]
    until: int | None = None
    following: Reason | None = None
    views: int | None = None
    reached: Reason | None = None


def explain(situation: Situation, moment: Moment) -> Explanation:
    """Returns the explanation of what `decide` says of `situation` at `moment`."""
    decision = decide(situation, moment)
    steps: list[Step] = []
    for reason, _ in checks_of(moment, walled=situation.policy.form == "interstitial"):
        decides = reason is decision.reason
        fact = FACTS[reason](situation)
        if moment is Moment.NAVIGATION and situation.policy.form != "interstitial":
            fact = f"no page is withheld where the form is {situation.policy.form!r} (form)"
        steps.append(Step(reason, decides, fact))
        if decides:
            break
    until, following = _next(decision, moment, _days_after(situation))
    views, reached = _next(decision, moment, _views_after(situation))
    return Explanation(moment, decision, tuple(steps), until, following, views, reached)


Later = Iterator[tuple[int, Situation]]


def _next(decision: Decision, moment: Moment, later: Later) -> tuple[int | None, Reason | None]:
    """Returns where `decision` first changes, and the check that decides there."""
    for place, situation in later:
        reason = decide(situation, moment).reason
        if reason is not decision.reason:
            return place, reason
    return None, None


def _days_after(situation: Situation) -> Later:
    for day in range(situation.today + 1, situation.today + LIFETIME_DAYS + 1):
        yield day, replace(situation, today=day)


def _views_after(situation: Situation) -> Later:
    verdict, policy, state = situation.verdict, situation.policy, situation.state
    if not is_blocking(verdict, protection_blocks=situation.protection_blocks):
        return
    for views in range(1, max(policy.first_ask, policy.free_views) + 2):
        state = state.with_view(verdict, blocking=True, today=situation.today)
        yield views, replace(situation, state=state)


def written(day: int) -> str:
    """Returns a UTC day number as a date: `2026-11-27`."""
    return (EPOCH + timedelta(days=day)).isoformat()


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _times(number: int) -> str:
    return {0: "never", 1: "once"}.get(number, f"{number} times")


def _answered(what: str, day: int, days: int) -> str:
    if not day:
        return f"{what}: no, or too long ago to count"
    return f"{what} on {written(day)}; counts for {_days(days)}"


def _mode(s: Situation) -> str:
    return f"the mode is {s.mode!r}"


def _verdict(s: Situation) -> str:
    return f"the verdict is {s.verdict.value!r}"


def _protection(s: Situation) -> str:
    counts = "counts" if s.protection_blocks else "does not count"
    return f"{_verdict(s)}; tracking protection {counts} as blocking (option protection_blocks)"


def _supporter(s: Situation) -> str:
    said = {True: "yes", False: "no, or was not asked", None: "nothing: it failed or does not know"}
    return f"the hook is_supporter said {said[s.supporter]}"


def _not_blocking(s: Situation) -> str:
    if s.state.not_blocking_count > 1:
        return "“I am not blocking ads” was answered twice; the second time counts for good"
    day = s.state.not_blocking_day
    return _answered("“I am not blocking ads” answered", day, NOT_BLOCKING_DAYS)


def _not_yet(s: Situation) -> str:
    policy = s.invitation
    where = "of this visit" if policy.first_ask_in_visit else "in all"
    return (
        f"{s.counted_views} blocked views {where}; the first ask is at view {policy.first_ask} "
        f"(first_ask, first_ask_in_visit)"
    )


def _free_view(s: Situation) -> str:
    return (
        f"{s.month_views} blocked views in this UTC month; {s.policy.free_views} are free "
        "(free_views)"
    )


def _liftable(s: Situation) -> str:
    can = "can lift it" if s.liftable else "cannot lift it, so there is no wall (network_wall)"
    return f"{_verdict(s)}: the reader {can}"


def _quiet_later(s: Situation) -> str:
    state = s.state
    if not state.later_count:
        return "“Not now”: never answered"
    times = _times(state.later_count)
    if not state.later_day:
        return f"“Not now” answered {times}, too long ago to count"
    return (
        f"“Not now” answered {times}, last on {written(state.later_day)}; the quiet after that "
        f"is {_days(s.quiet_days)} (quiet_days)"
    )


def _pressed(s: Situation) -> str:
    what = "“Allow ads here” or “Support another way” pressed"
    days = s.invitation.unanswered_days
    return f"{_answered(what, s.state.pressed_day, days)} (unanswered_days)"


def _asked_this_visit(s: Situation) -> str:
    most = s.invitation.visit_asks
    cap = "no cap" if most is None else f"at most {most}"
    return f"asked {_times(s.state.asks.count(s.today))} on {written(s.today)}; {cap} (visit_asks)"


def _unanswered(s: Situation) -> str:
    days = s.invitation.unanswered_days
    if not s.state.asks or not s.state.open_ask:
        return "no ask is left unanswered"
    last = written(s.state.asks[-1])
    return f"asked on {last}, left unanswered; the quiet is {_days(days)} (unanswered_days)"


def _cap(s: Situation) -> str:
    policy = s.invitation
    cap = "no cap" if policy.max_asks is None else f"at most {policy.max_asks}"
    return (
        f"asked {_times(s.recent_asks)} within {_days(policy.window_days)}; {cap} "
        "(max_asks, window_days)"
    )


def _ask(s: Situation) -> str:
    if s.liftable:
        return f"nothing stands against asking; the form is {s.policy.form!r} (form)"
    return (
        f"nothing stands against asking; {_verdict(s)}, which a reader often cannot lift, so it is "
        "the inline card at most (network_wall)"
    )


FACTS: Mapping[Reason, Callable[[Situation], str]] = {
    Reason.MODE_OFF: _mode,
    Reason.MODE_OBSERVE: _mode,
    Reason.EXCLUDED: lambda s: f"the path is {'' if s.excluded else 'not '}excluded (exclude)",
    Reason.BOT: lambda s: f"the User-Agent {'is' if s.bot else 'is not'} a crawler's or a tool's",
    Reason.THANKS: lambda s: (
        "this report is the first clear one after “Allow ads here”"
        if s.proven
        else "no “Allow ads here” has just come true"
    ),
    Reason.RECHECK: lambda s: "a re-check of an open page never asks",
    Reason.CLEAR: _verdict,
    Reason.UNKNOWN: lambda s: f"{_verdict(s)}; a stored one counts today and the day after",
    Reason.PROTECTION: _protection,
    Reason.NO_CONSENT: lambda s: (
        "consent is given or not required" if s.consent else "consent is required and not given"
    ),
    Reason.PASS: lambda s: f"the reader has {'a' if s.has_pass else 'no'} supporter's pass",
    Reason.SUPPORTER_UNKNOWN: _supporter,
    Reason.SUPPORTER: _supporter,
    Reason.NEVER: lambda s: _answered(
        "“Don't ask for six months” answered", s.state.never_day, NEVER_DAYS
    ),
    Reason.NOT_BLOCKING: _not_blocking,
    Reason.HOLDOUT: lambda s: (
        f"the reader is {'' if s.holdout else 'not '}in the hold-out (holdout)"
    ),
    Reason.FIRST_VIEW: lambda s: (
        f"{s.state.views} blocked views are remembered; nobody is asked on the first"
    ),
    Reason.DAY_PASS: lambda s: (
        _answered("“Continue without” pressed", s.state.pass_day, s.policy.pass_days + 1)
        + " (pass_days)"
    ),
    Reason.FREE_VIEW: _free_view,
    Reason.NOT_LIFTABLE: _liftable,
    Reason.STAND_IN: _liftable,
    Reason.WALL: lambda s: "nothing stands against the interstitial",
    Reason.QUIET_LATER: _quiet_later,
    Reason.QUIET_PRESSED: _pressed,
    Reason.ASKED_THIS_VISIT: _asked_this_visit,
    Reason.QUIET_UNANSWERED: _unanswered,
    Reason.CAP: _cap,
    Reason.NOT_YET: _not_yet,
    Reason.ASK: _ask,
}
"""What each check rests on, in words that are true whether it holds or not."""
