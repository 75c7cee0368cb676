"""Forgets what no decision can use any more, so that a reader's note stays a small one."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from adguard.detection import Verdict
from adguard.policy import NEVER_DAYS, NOT_BLOCKING_DAYS
from adguard.presets import PRESETS
from adguard.reader import AllowStage, ReaderState, month_of
from adguard.settings import Settings

__all__ = ["Horizon", "forget", "horizon_of"]


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """How far back the settings in force look, over all paths and variants.

    :param views: the highest count of views that is asked about.
    :param asks: how many asks are asked about.
    :param window: for how many days an ask matters.
    :param laters: after how many a further "not now" changes nothing.
    :param later: for how many days a "not now" matters.
    :param pressed: for how many days "allow" or "support" matters.
    :param day_pass: for how many days "continue without" matters.
    """

    views: int
    asks: int
    window: int
    laters: int
    later: int
    pressed: int
    day_pass: int


def horizon_of(settings: Settings) -> Horizon:
    """Returns the horizon of `settings`."""
    arms, book = settings.arms, settings.book
    policies = [
        arms.policy(arm, policy) for policy in book.policies for arm in ("", *arms.variants)
    ]
    walls = [policy for policy in policies if policy.form == "interstitial"]
    timed = [policy for policy in policies if policy.form != "interstitial"]
    if walls:
        # Where a wall would not be fair, `standard` times the card that stands in for it.
        timed.append(PRESETS["standard"])
    return Horizon(
        views=max(
            *(policy.first_ask for policy in timed),
            *(policy.free_views + 1 for policy in walls),
            2,
        ),
        asks=max(max(policy.max_asks or 1, policy.visit_asks or 1) for policy in timed),
        window=max(
            max(policy.window_days if policy.max_asks else 1, policy.unanswered_days, 1)
            for policy in timed
        ),
        laters=max(len(policy.quiet_days) for policy in timed),
        later=max(max(policy.quiet_days) for policy in timed),
        pressed=max(policy.unanswered_days for policy in timed),
        day_pass=max((policy.pass_days + 1 for policy in walls), default=0),
    )


def forget(state: ReaderState, today: int, horizon: Horizon) -> ReaderState:
    """Returns `state` with only what can still matter: a silence that is over stays over, and
    nobody is counted further than the settings ask."""

    def still(day: int, days: int) -> int:
        return day if day and today - day < days else 0

    asks = tuple(day for day in state.asks if today - day < horizon.window)[-horizon.asks :]
    visit, month = state.visit_day == today, state.month == month_of(today)
    pressed = still(state.pressed_day, horizon.pressed)
    denied, for_good = (
        still(state.not_blocking_day, NOT_BLOCKING_DAYS),
        state.not_blocking_count > 1,
    )
    return replace(
        state,
        views=min(state.views, horizon.views),
        visit_day=state.visit_day if visit else 0,
        visit_views=min(state.visit_views, horizon.views) if visit else 0,
        month=state.month if month else 0,
        month_views=min(state.month_views, horizon.views) if month else 0,
        asks=asks,
        open_ask=state.open_ask and bool(asks),
        later_count=min(state.later_count, horizon.laters),
        later_day=still(state.later_day, horizon.later),
        never_day=still(state.never_day, NEVER_DAYS),
        not_blocking_count=min(state.not_blocking_count, 2),
        # The preferences page says on which day something was answered, for as long as it counts.
        not_blocking_day=state.not_blocking_day if for_good else denied,
        pressed_day=pressed if state.allow is AllowStage.NONE else state.pressed_day,
        pass_day=still(state.pass_day, horizon.day_pass),
    )


def essence(state: ReaderState, today: int, horizon: Horizon, *, arm: str) -> ReaderState:
    """Returns what decisions of `today` rest on and nothing else: two readers with one essence
    are treated alike on every page.

    `first_day` is today, the bucket is not in it, and neither is what a silence for every page
    (an answer that still counts, the hold-out) makes irrelevant.
    """
    kept = forget(state, today, horizon)
    verdict = kept.verdict_on(today)
    bare = ReaderState(
        first_day=today,
        verdict=verdict,
        verdict_day=0 if verdict is Verdict.UNKNOWN else kept.verdict_day,
    )
    if kept.never_day:
        return replace(bare, never_day=kept.never_day)
    denials = {
        "not_blocking_count": kept.not_blocking_count,
        "not_blocking_day": 0 if kept.not_blocking_count > 1 else kept.not_blocking_day,
    }
    if kept.not_blocking_count > 1 or kept.not_blocking_day:
        return replace(bare, **denials)
    if arm == "holdout":
        return bare
    pressed = today - kept.pressed_day < horizon.pressed
    return replace(
        kept,
        first_day=bare.first_day,
        bucket=None,
        experiment=0,
        verdict=verdict,
        verdict_day=bare.verdict_day,
        pressed_day=kept.pressed_day if pressed else 0,
        allow=kept.allow if kept.allow is AllowStage.PRESSED else AllowStage.NONE,
        cleared=False,
        **denials,
    )
