"""Decides whether, how and why a reader is asked; pure, and every answer has a reason code."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from adguard.detection import Verdict
from adguard.presets import PRESETS, Form, Mode, Policy
from adguard.reader import AllowStage, ReaderState, month_of

NEVER_DAYS = 180
NOT_BLOCKING_DAYS = 30
SUPPORTED_DAYS = 365


class Action(StrEnum):
    """What a decision does to the page view."""

    NONE = "none"
    NOTICE = "notice"
    INTERSTITIAL = "interstitial"
    THANKS = "thanks"


class Reason(StrEnum):
    """Why a decision is as it is. Everything but `ask`, `wall`, `stand-in` and `thanks` is a reason
    for silence."""

    ASK = "ask"
    WALL = "wall"
    STAND_IN = "stand-in"
    THANKS = "thanks"
    MODE_OFF = "mode-off"
    MODE_OBSERVE = "mode-observe"
    EXCLUDED = "excluded"
    BOT = "bot"
    RECHECK = "recheck"
    CLEAR = "clear"
    UNKNOWN = "unknown"
    PROTECTION = "protection"
    NO_CONSENT = "no-consent"
    PASS = "pass"  # noqa: S105
    SUPPORTER = "supporter"
    SUPPORTER_UNKNOWN = "supporter-unknown"
    SUPPORTED = "supported"
    NEVER = "never"
    NOT_BLOCKING = "not-blocking"
    HOLDOUT = "holdout"
    FIRST_VIEW = "first-view"
    NOT_YET = "not-yet"
    FREE_VIEW = "free-view"
    NOT_LIFTABLE = "not-liftable"
    DAY_PASS = "day-pass"  # noqa: S105
    QUIET_LATER = "quiet-later"
    QUIET_PRESSED = "quiet-pressed"
    QUIET_UNANSWERED = "quiet-unanswered"
    ASKED_THIS_VISIT = "asked-this-visit"
    CAP = "cap"


class Decision(msgspec.Struct, frozen=True):
    """What the policy answers for one page view.

    :param form: how to ask; `None` unless `action` is `notice` or `thanks`.
    """

    action: Action
    reason: Reason
    form: Form | None = None


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision rests on.

    :param state: the reader's state; for a report, after this page view was counted in it.
    :param today: UTC day number.
    :param policy: the preset's values, with the publisher's overrides, for this path.
    :param supporter: what `is_supporter` said; `None` when it failed or did not know.
    :param holdout: whether this reader is in the hold-out.
    """

    verdict: Verdict
    state: ReaderState
    today: int
    policy: Policy
    mode: Mode = "ask"
    excluded: bool = False
    bot: bool = False
    consent: bool = True
    has_pass: bool = False
    supporter: bool | None = False
    holdout: bool = False
    protection_blocks: bool = False
    network_wall: bool = False


def is_blocking(verdict: Verdict, *, protection_blocks: bool) -> bool:
    """Whether `verdict` counts as blocking for the policy."""
    if verdict is Verdict.PROTECTION:
        return protection_blocks
    return verdict in {Verdict.EXTENSION, Verdict.NETWORK}


def decide_view(situation: Situation) -> Decision:
    """Returns the decision for a reported page view; the page itself is already with the reader."""
    return (
        _silent_always(situation)
        or _thanks(situation)
        or _silent_verdict(situation)
        or _silent_reader(situation)
        or _silent_first(situation)
        or _ask(situation, already_sent=True)
    )


def decide_recheck(situation: Situation) -> Decision:
    """Returns the decision for a re-check, which never asks: thanks at most."""
    return _silent_always(situation) or _thanks(situation) or _silent(Reason.RECHECK)


def decide_navigation(situation: Situation) -> Decision:
    """Returns the decision before a page is served: an interstitial, or a reason for none."""
    if situation.policy.form != "interstitial":
        return _silent(Reason.NOT_YET)
    return (
        _silent_always(situation)
        or _silent_verdict(situation)
        or _silent_reader(situation)
        or _wall(situation, already_sent=False)
    )


_SILENT = {reason: Decision(Action.NONE, reason) for reason in Reason}


def _silent(reason: Reason) -> Decision:
    return _SILENT[reason]


def _silent_always(s: Situation) -> Decision | None:
    if s.mode == "off":
        return _silent(Reason.MODE_OFF)
    if s.mode == "observe":
        return _silent(Reason.MODE_OBSERVE)
    if s.excluded:
        return _silent(Reason.EXCLUDED)
    if s.bot:
        return _silent(Reason.BOT)
    return None


def _thanks(s: Situation) -> Decision | None:
    if s.verdict is Verdict.CLEAR and s.state.allow is AllowStage.THANKED:
        return Decision(Action.THANKS, Reason.THANKS, "inline")
    return None


def _silent_verdict(s: Situation) -> Decision | None:
    if is_blocking(s.verdict, protection_blocks=s.protection_blocks):
        return None
    if s.verdict is Verdict.CLEAR:
        return _silent(Reason.CLEAR)
    return _silent(Reason.PROTECTION if s.verdict is Verdict.PROTECTION else Reason.UNKNOWN)


def _silent_reader(s: Situation) -> Decision | None:  # noqa: PLR0911 (one reason a line)
    state, today = s.state, s.today
    if not s.consent:
        return _silent(Reason.NO_CONSENT)
    if s.has_pass:
        return _silent(Reason.PASS)
    if state.supported_day and today - state.supported_day < SUPPORTED_DAYS:
        return _silent(Reason.SUPPORTED)
    if s.supporter is None:
        return _silent(Reason.SUPPORTER_UNKNOWN)
    if s.supporter:
        return _silent(Reason.SUPPORTER)
    if state.never_day and today - state.never_day < NEVER_DAYS:
        return _silent(Reason.NEVER)
    denials = state.not_blocking_count
    if denials > 1 or (denials and today - state.not_blocking_day < NOT_BLOCKING_DAYS):
        return _silent(Reason.NOT_BLOCKING)
    return _silent(Reason.HOLDOUT) if s.holdout else None


def _silent_first(s: Situation) -> Decision | None:
    return _silent(Reason.FIRST_VIEW) if s.state.views <= 1 else None


def _ask(s: Situation, *, already_sent: bool) -> Decision:
    if s.policy.form == "interstitial":
        return _wall(s, already_sent=already_sent)
    return _invite(s, s.policy, s.policy.form)


def _wall(s: Situation, *, already_sent: bool) -> Decision:
    state, policy = s.state, s.policy
    if state.pass_day and s.today - state.pass_day <= policy.pass_days:
        return _silent(Reason.DAY_PASS)
    counted = state.month_views if state.month == month_of(s.today) else 0
    this_view = counted if already_sent else counted + 1
    if this_view <= policy.free_views:
        return _silent(Reason.FREE_VIEW)
    liftable = s.verdict is Verdict.EXTENSION or s.network_wall
    if not liftable:
        if not already_sent:
            return _silent(Reason.NOT_LIFTABLE)
        return _invite(s, PRESETS["standard"], "inline")
    if already_sent:
        return Decision(Action.NOTICE, Reason.STAND_IN, "dialog")
    return Decision(Action.INTERSTITIAL, Reason.WALL)


def _invite(s: Situation, policy: Policy, form: Form) -> Decision:  # noqa: PLR0911 (the same)
    state, today = s.state, s.today
    asks, later = state.asks, state.later_count
    if later:
        quiet = policy.quiet_days[min(later, len(policy.quiet_days)) - 1]
        if today - state.later_day < quiet:
            return _silent(Reason.QUIET_LATER)
    if state.pressed_day and today - state.pressed_day < policy.unanswered_days:
        return _silent(Reason.QUIET_PRESSED)
    if asks:
        if policy.visit_asks is not None and asks.count(today) >= policy.visit_asks:
            return _silent(Reason.ASKED_THIS_VISIT)
        if state.open_ask and today - asks[-1] < policy.unanswered_days:
            return _silent(Reason.QUIET_UNANSWERED)
        if policy.max_asks is not None:
            recent = sum(1 for day in asks if today - day < policy.window_days)
            if recent >= policy.max_asks:
                return _silent(Reason.CAP)
    views = state.visit_views if policy.first_ask_in_visit else state.views
    if views < policy.first_ask:
        return _silent(Reason.NOT_YET)
    limited = s.verdict is not Verdict.EXTENSION and not s.network_wall
    return Decision(Action.NOTICE, Reason.ASK, "inline" if limited else form)
