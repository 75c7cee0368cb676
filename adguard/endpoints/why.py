"""The header that tells a publisher in debug mode which rule decided on a page."""

from __future__ import annotations

from collections.abc import Awaitable
from urllib.parse import quote

from starlette.types import Message, Scope, Send

from adguard.services import Services, full_path

WHY = b"site-note-why"


def telling(services: Services, scope: Scope, send: Send) -> Send:
    """Wraps a `send` so that the answer carries `Site-Note-Why`; without it after a fault."""
    try:
        why = _why(services, full_path(scope)).encode("ascii")
    except Exception as error:
        services.tally.count_fault("debug", error)
        return send

    def send_on(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            fields = [*(message.get("headers") or ()), (WHY, why)]
            message = {**message, "headers": fields}
        return send(message)

    return send_on


def _why(services: Services, path: str) -> str:
    """Returns what the settings say of `path`; the same for every reader."""
    ruling, mode = services.ruling(path)
    pattern = quote(ruling.pattern, safe="/*:@!$&'()+,=~")
    if ruling.excluded:
        return f'excluded="{pattern}"'
    rule = f'rule="{pattern}"; ' if pattern else ""
    return f"{rule}preset={ruling.preset}; form={ruling.policy.form}; mode={mode}"
