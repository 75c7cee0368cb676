"""From a report to what comes of it: the decision, and the state that the reader takes along."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec.structs import replace
from starlette.types import Scope

from adguard.audience import Audience
from adguard.detection import Finding, Verdict
from adguard.endpoints.asking import Decide, decide, situation_of, variant_of
from adguard.experiment import draw_bucket
from adguard.forgetting import forget
from adguard.policy import (
    Action,
    Decision,
    Reason,
    Situation,
    decide_recheck,
    decide_view,
    is_blocking,
)
from adguard.presets import PRESETS, Mode, Ruling
from adguard.reader import AllowStage, ReaderState
from adguard.services import Services

NOBODY = ReaderState(first_day=0)
"""The state of a reader without a cookie, where the decision does not depend on it."""


class Inquiry(msgspec.Struct, frozen=True):
    """One report, with what its request says.

    :param kind: `view`, `recheck`, `seen` or `remembered`.
    :param path: the reported page's, decoded.
    :param now: seconds since the epoch, UTC.
    :param today: UTC day number.
    :param before: what the reader's cookie said.
    :param gpc: whether the reader sends Global Privacy Control.
    :param consent: whether the reader has agreed, where the settings want that. A page that a
        cache has kept from before they did knows nothing of it.
    :param gate: whether the page only stands in for an article, which then says what is to be said.
    """

    kind: str
    scope: Scope
    audience: Audience
    path: str
    ruling: Ruling
    mode: Mode
    now: float
    today: int
    before: ReaderState | None
    gpc: bool
    consent: bool = True
    gate: bool = False

    @property
    def counts(self) -> bool:
        """Whether the page view belongs in the figures."""
        silent = self.mode == "off" or self.ruling.excluded or self.audience.bot
        return self.consent and not silent


class Upshot(msgspec.Struct, frozen=True):
    """What comes of one report.

    :param after: the state to write back, `None` when there is nothing to remember.
    :param choice: `verified` or `verify-failed` when this view says so of an earlier "allow".
    :param variant: the experiment's arm, empty outside of one.
    :param fresh: the first report of the day by a reader who has or gets a cookie.
    :param assigned: whether a bucket of the hold-out was drawn.
    :param cleared: the first clear view of a reader who was blocking.
    :param situation: what the decision rests on; `None` for a reader of whom nothing is known.
    """

    decision: Decision
    after: ReaderState | None = None
    choice: str = ""
    variant: str = ""
    fresh: bool = False
    assigned: bool = False
    cleared: bool = False
    situation: Situation | None = None


async def judge(services: Services, inquiry: Inquiry, finding: Finding) -> Upshot:
    """Returns what comes of a report. A reader without a blocker and without a cookie, which is
    most of them, costs no more than the decision."""
    settings, before, today = services.settings, inquiry.before, inquiry.today
    if inquiry.kind == "seen":
        silent = Decision(Action.NONE, Reason.RECHECK)
        return Upshot(silent, variant=variant_of(services.settings, before, gpc=inquiry.gpc))
    blocking = is_blocking(finding.verdict, protection_blocks=settings.protection_blocks)
    how: Decide = decide_recheck if inquiry.kind == "recheck" else decide_view
    if before is None and not blocking and inquiry.consent:
        return _nobody_asked(
            how,
            finding.verdict,
            inquiry.mode,
            inquiry.ruling.excluded,
            inquiry.audience.bot,
        )
    after = _counted(services, inquiry, finding, blocking=blocking)
    arm = variant_of(settings, after, gpc=inquiry.gpc)
    situation = situation_of(
        services,
        inquiry.scope,
        after,
        inquiry.ruling,
        inquiry.mode,
        bot=inquiry.audience.bot,
        today=today,
        arm=arm,
        verdict=finding.verdict,
        proven=_is_first_clear(before, after),
        consent=inquiry.consent,
    )
    decision = await decide(services, inquiry.scope, situation, how)
    if decision.action is Action.NOTICE:
        after = after.with_ask(today)
    decision = _where_the_page_was_cached(services, decision)
    if inquiry.mode != "ask" or not inquiry.counts:
        # What is not remembered would be new again on the next view, and belongs to no arm.
        return Upshot(decision, situation=situation)
    return Upshot(
        decision,
        forget(after, today, services.horizon),
        _proof(before, after),
        arm,
        before is None or before.verdict_day != today,
        arm != "" and _draw(before) != _draw(after),
        after.cleared and (before is None or not before.cleared),
        situation,
    )


@lru_cache(maxsize=256)
def _nobody_asked(how: Decide, verdict: Verdict, mode: Mode, excluded: bool, bot: bool) -> Upshot:
    """What comes of a report by a reader without a blocker and without a cookie: which policy is
    in force, and on which day, makes no difference."""
    policy = PRESETS["standard"]
    return Upshot(
        how(
            Situation(
                verdict=verdict,
                state=NOBODY,
                today=0,
                policy=policy,
                mode=mode,
                excluded=excluded,
                bot=bot,
            )
        )
    )


def _counted(
    services: Services, inquiry: Inquiry, finding: Finding, *, blocking: bool
) -> ReaderState:
    state = inquiry.before or ReaderState(first_day=inquiry.today)
    arms = services.settings.arms
    if arms.drawn and blocking and not inquiry.gpc:
        bucket = draw_bucket() if state.bucket is None else state.bucket
        if _draw(state) != (bucket, arms.number):
            # What became of the reader before the draw says nothing of an arm.
            state = replace(state, bucket=bucket, experiment=arms.number, cleared=False)
    if inquiry.kind == "recheck":
        return state.with_verdict(finding.verdict, inquiry.today, gate=inquiry.gate)
    return state.with_view(finding.verdict, blocking=blocking, today=inquiry.today)


def _draw(state: ReaderState | None) -> tuple[int | None, int]:
    return (None, 0) if state is None else (state.bucket, state.experiment)


def _is_first_clear(before: ReaderState | None, after: ReaderState) -> bool:
    """Whether this report is the first clear one after "allow": there is one thank-you."""
    was_pressed = before is not None and before.allow is AllowStage.PRESSED
    return was_pressed and after.allow is AllowStage.THANKED


def _where_the_page_was_cached(services: Services, decision: Decision) -> Decision:
    if decision.reason is Reason.STAND_IN and services.settings.interstitial == "redirect":
        return Decision(Action.INTERSTITIAL, Reason.WALL)
    return decision


def _proof(before: ReaderState | None, after: ReaderState) -> str:
    if before is None or before.allow is after.allow:
        return ""
    if after.allow is AllowStage.VERIFIED:
        return "verified"
    return "verify-failed" if before.allow is AllowStage.THANKED else ""
