"""What a reader did away from a page view, counted in passing."""

from __future__ import annotations

from starlette.types import Scope

from adguard.audience import audience_in, prefers_privacy
from adguard.endpoints.asking import variant_of
from adguard.endpoints.http import headers_of
from adguard.endpoints.recording import event_of
from adguard.services import Services


def note_reader(
    services: Services,
    scope: Scope,
    kind: str,
    path: str,
    *,
    choice: str = "",
    sampled: bool = False,
) -> None:
    """Notes an event about the page at `path`, unless a bot did it or nothing is counted there.

    :param choice: with one, the last verdict is kept beside it.
    :param sampled: whether only readers of measured views can do it.
    """
    headers = headers_of(scope)
    audience = audience_in(headers)
    _, mode = services.ruling(path)
    if mode == "off" or audience.bot:
        return
    today = services.today()
    state = services.jar.read_state(scope["headers"], secure=services.secure(scope), today=today)
    event = event_of(
        services,
        scope,
        kind,
        path,
        audience,
        now=services.clock(),
        verdict=state.verdict_on(today).value if choice and state is not None else "",
        choice=choice,
        variant=variant_of(services.settings, state, gpc=prefers_privacy(headers)),
        sampled=sampled,
    )
    services.ledger.note(event)
