"""Decides whether, how and why a reader is asked; pure, and every answer has a reason code.

A decision is the first check that holds, in the order of `checks_of`. `explanation` walks the same
order, so that what it says is what was done.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

import msgspec

from adguard.detection import Verdict
from adguard.presets import PRESETS, Form, Mode, Policy
from adguard.reader import ReaderState, month_of

NEVER_DAYS = 180
NOT_BLOCKING_DAYS = 30


class Action(StrEnum):
    """What a decision does to the page view."""

    NONE = "none"
    NOTICE = "notice"
    INTERSTITIAL = "interstitial"
    THANKS = "thanks"


class Moment(StrEnum):
    """When a decision is made."""

    VIEW = "view"
    RECHECK = "recheck"
    NAVIGATION = "navigation"
    LOCAL = "local"
    """A page that keeps its verdict for itself asks for the notice."""


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
    :param consent: whether this view may be measured and remembered, where that needs consent.
    :param supporter: what `is_supporter` said; `None` when it failed or did not know.
    :param holdout: whether this reader is in the hold-out.
    :param proven: whether this report is the first clear one after "Allow ads here".
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
    proven: bool = False
    protection_blocks: bool = False
    network_wall: bool = False

    @property
    def liftable(self) -> bool:
        """Whether the reader can lift what blocks, so that more than an inline card is fair."""
        return self.verdict is Verdict.EXTENSION or self.network_wall

    @property
    def month_views(self) -> int:
        """Blocked views counted in this UTC calendar month."""
        return self.state.month_views if self.state.month == month_of(self.today) else 0

    @property
    def invitation(self) -> Policy:
        """The values by which a notice is timed. A reader who cannot lift what blocks meets no
        interstitial, and is asked as rarely as `standard` asks."""
        return PRESETS["standard"] if self.policy.form == "interstitial" else self.policy

    @property
    def quiet_days(self) -> int:
        """Days of silence after the last "not now"; 0 where there was none."""
        count, quiet = self.state.later_count, self.invitation.quiet_days
        return quiet[min(count, len(quiet)) - 1] if count else 0

    @property
    def recent_asks(self) -> int:
        """Asks within the policy's window."""
        window, today = self.invitation.window_days, self.today
        return sum(1 for day in self.state.asks if today - day < window)

    @property
    def counted_views(self) -> int:
        """Blocked views towards `first_ask`."""
        state = self.state
        if not self.invitation.first_ask_in_visit:
            return state.views
        return state.visit_views if state.visit_day == self.today else 0


def is_blocking(verdict: Verdict, *, protection_blocks: bool) -> bool:
    """Whether `verdict` counts as blocking for the policy."""
    if verdict is Verdict.PROTECTION:
        return protection_blocks
    return verdict in {Verdict.EXTENSION, Verdict.NETWORK}


Check = tuple[Reason, Callable[[Situation], bool]]


def _since(day: int, today: int, days: int) -> bool:
    """Whether `day` (0 for never) is less than `days` ago."""
    return bool(day) and today - day < days


def _quiet_unanswered(s: Situation) -> bool:
    asks = s.state.asks
    return (
        s.state.open_ask and bool(asks) and _since(asks[-1], s.today, s.invitation.unanswered_days)
    )


def _asked_this_visit(s: Situation) -> bool:
    most = s.invitation.visit_asks
    return most is not None and s.state.asks.count(s.today) >= most


def _denied(s: Situation) -> bool:
    state = s.state
    return state.not_blocking_count > 1 or (
        state.not_blocking_count == 1 and _since(state.not_blocking_day, s.today, NOT_BLOCKING_DAYS)
    )


_SITE: tuple[Check, ...] = (
    (Reason.MODE_OFF, lambda s: s.mode == "off"),
    (Reason.MODE_OBSERVE, lambda s: s.mode == "observe"),
    (Reason.EXCLUDED, lambda s: s.excluded),
    (Reason.BOT, lambda s: s.bot),
    (Reason.NO_CONSENT, lambda s: not s.consent),
)
_THANKS: tuple[Check, ...] = ((Reason.THANKS, lambda s: s.proven and s.verdict is Verdict.CLEAR),)
_VERDICT: tuple[Check, ...] = (
    (Reason.CLEAR, lambda s: s.verdict is Verdict.CLEAR),
    (Reason.UNKNOWN, lambda s: s.verdict is Verdict.UNKNOWN),
    (
        Reason.PROTECTION,
        lambda s: s.verdict is Verdict.PROTECTION and not s.protection_blocks,
    ),
)
_READER: tuple[Check, ...] = (
    (Reason.PASS, lambda s: s.has_pass),
    (Reason.SUPPORTER_UNKNOWN, lambda s: s.supporter is None),
    (Reason.SUPPORTER, lambda s: bool(s.supporter)),
    (Reason.NEVER, lambda s: _since(s.state.never_day, s.today, NEVER_DAYS)),
    (Reason.NOT_BLOCKING, _denied),
    (Reason.HOLDOUT, lambda s: s.holdout),
)
_FIRST: tuple[Check, ...] = ((Reason.FIRST_VIEW, lambda s: s.state.views <= 1),)
_PASS: tuple[Check, ...] = (
    (
        Reason.DAY_PASS,
        lambda s: _since(s.state.pass_day, s.today, s.policy.pass_days + 1),
    ),
)
_INVITE: tuple[Check, ...] = (
    (Reason.QUIET_LATER, lambda s: _since(s.state.later_day, s.today, s.quiet_days)),
    (
        Reason.QUIET_PRESSED,
        lambda s: _since(s.state.pressed_day, s.today, s.invitation.unanswered_days),
    ),
    (Reason.ASKED_THIS_VISIT, _asked_this_visit),
    (Reason.QUIET_UNANSWERED, _quiet_unanswered),
    (
        Reason.CAP,
        lambda s: s.invitation.max_asks is not None and s.recent_asks >= s.invitation.max_asks,
    ),
    (Reason.NOT_YET, lambda s: s.counted_views < s.invitation.first_ask),
    (Reason.ASK, lambda s: True),
)
# Views are not remembered there, so none is too early.
_LOCAL: tuple[Check, ...] = tuple(check for check in _INVITE if check[0] is not Reason.NOT_YET)
_RECHECK: tuple[Check, ...] = ((Reason.RECHECK, lambda s: True),)
_WITHHELD: tuple[Check, ...] = (
    *_PASS,
    # The view that is about to begin is not in the count yet.
    (Reason.FREE_VIEW, lambda s: s.month_views < s.policy.free_views),
    (Reason.NOT_LIFTABLE, lambda s: not s.liftable),
    (Reason.WALL, lambda s: True),
)
_SENT: tuple[Check, ...] = (
    *_PASS,
    (Reason.FREE_VIEW, lambda s: s.month_views <= s.policy.free_views),
    (Reason.STAND_IN, lambda s: s.liftable),
    *_INVITE,
)
_NO_WALL: tuple[Check, ...] = ((Reason.NOT_YET, lambda s: True),)


@lru_cache(maxsize=8)
def checks_of(moment: Moment, *, walled: bool) -> tuple[Check, ...]:
    """Returns the checks of a moment in their order; the last always holds.

    :param walled: whether the policy's form is the interstitial.
    """
    if moment is Moment.RECHECK:
        return (*_SITE, *_THANKS, *_RECHECK)
    if moment is Moment.NAVIGATION:
        return (*_SITE, *_VERDICT, *_READER, *_WITHHELD) if walled else _NO_WALL
    if moment is Moment.LOCAL:
        return (*_SITE, *_VERDICT, *_READER, *_LOCAL)
    return (*_SITE, *_THANKS, *_VERDICT, *_READER, *_FIRST, *(_SENT if walled else _INVITE))


def decide(situation: Situation, moment: Moment) -> Decision:
    """Returns the decision: the first check that holds."""
    checks = checks_of(moment, walled=situation.policy.form == "interstitial")
    reason = next(reason for reason, holds in checks if holds(situation))
    if reason is Reason.ASK:
        card = moment is Moment.LOCAL or not situation.liftable
        form = "inline" if card else situation.policy.form
        return Decision(Action.NOTICE, reason, form)
    return _ANSWERS[reason]


def decide_view(situation: Situation) -> Decision:
    """Returns the decision for a reported page view; the page itself is already with the reader."""
    return decide(situation, Moment.VIEW)


def decide_recheck(situation: Situation) -> Decision:
    """Returns the decision for a re-check, which never asks: thanks at most."""
    return decide(situation, Moment.RECHECK)


def decide_navigation(situation: Situation) -> Decision:
    """Returns the decision before a page is served: an interstitial, or a reason for none."""
    return decide(situation, Moment.NAVIGATION)


def decide_local(situation: Situation) -> Decision:
    """Returns the decision where verdicts stay in the page and views are not remembered: the inline
    card, unless the mode, a pass or what the reader has chosen says no."""
    return decide(situation, Moment.LOCAL)


_ANSWERS = {
    **{reason: Decision(Action.NONE, reason) for reason in Reason},
    Reason.WALL: Decision(Action.INTERSTITIAL, Reason.WALL),
    Reason.STAND_IN: Decision(Action.NOTICE, Reason.STAND_IN, "dialog"),
    Reason.THANKS: Decision(Action.THANKS, Reason.THANKS, "inline"),
}
