"""From a request to a decision: what is known of its reader, and the supporter hook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace
from starlette.requests import HTTPConnection
from starlette.types import Scope

from adguard.detection import Verdict
from adguard.experiment import HOLDOUT
from adguard.policy import Action, Decision, Situation
from adguard.presets import Mode, Ruling
from adguard.reader import ReaderState
from adguard.services import Services
from adguard.settings import Settings

SUPPORTER_SECONDS = 0.3

Decide = Callable[[Situation], Decision]

_ASKING = frozenset({Action.NOTICE, Action.INTERSTITIAL})


async def ask_supporter(services: Services, scope: Scope) -> bool | None:
    """Returns what the publisher's `is_supporter` says; `None` when it raised, took longer than
    300 ms, or does not know."""
    hook = services.settings.is_supporter
    if hook is None:
        return False
    try:
        task: asyncio.Future[bool | None] = asyncio.ensure_future(hook(HTTPConnection(scope)))
        try:
            done, _ = await asyncio.wait({task}, timeout=SUPPORTER_SECONDS)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise TimeoutError(f"no answer within {SUPPORTER_SECONDS * 1000:.0f} ms")  # noqa: TRY301
        if task.cancelled():
            raise RuntimeError("the hook was cancelled from within")  # noqa: TRY301
        answer = task.result()
    except Exception as error:
        services.tally.count_fault("is_supporter", error)
        return None
    return answer if answer is None else bool(answer)


async def decide(services: Services, scope: Scope, situation: Situation, how: Decide) -> Decision:
    """Returns the decision; the supporter hook is asked only when the reader would be."""
    decision = how(situation)
    if decision.action in _ASKING and services.settings.is_supporter is not None:
        supporter = await ask_supporter(services, scope)
        if supporter is not False:
            return how(replace(situation, supporter=supporter))
    return decision


def variant_of(settings: Settings, state: ReaderState | None, *, gpc: bool) -> str:
    """Returns the reader's arm, `asked`, `holdout` or a variant's name; empty outside of an
    experiment.

    :param gpc: whether the reader sends Global Privacy Control, and so is in no arm.
    """
    if state is None or gpc:
        return ""
    return settings.arms.of(state.bucket, state.experiment)


def situation_of(
    services: Services,
    scope: Scope,
    state: ReaderState,
    ruling: Ruling,
    mode: Mode,
    *,
    bot: bool,
    today: int,
    arm: str,
    verdict: Verdict | None = None,
    proven: bool = False,
    consent: bool = True,
) -> Situation:
    """Returns what a decision rests on, from a request's cookies and the settings.

    :param arm: the reader's, as `variant_of` names it.
    :param verdict: of this very view; without one, the state's own counts, if it is recent.
    """
    settings = services.settings
    return Situation(
        verdict=state.verdict_on(today) if verdict is None else verdict,
        state=state,
        today=today,
        policy=settings.arms.policy(arm, ruling.policy),
        mode=mode,
        excluded=ruling.excluded,
        bot=bot,
        consent=consent,
        has_pass=services.jar.read_pass(
            scope["headers"], secure=services.secure(scope), today=today
        ),
        holdout=arm == HOLDOUT,
        proven=proven,
        protection_blocks=settings.protection_blocks,
        network_wall=settings.network_wall,
    )
