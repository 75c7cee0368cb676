"""The header that tells a publisher in debug mode which rule decided."""

from __future__ import annotations

from collections.abc import Awaitable
from urllib.parse import quote

from starlette.types import Message, Scope, Send

from adguard.endpoints.http import Header
from adguard.explanation import explain, written
from adguard.policy import Decision, Moment, Situation
from adguard.presets import Mode, Ruling
from adguard.services import Services, full_path

WHY = b"site-note-why"


def telling(services: Services, scope: Scope, send: Send) -> Send:
    """Wraps a `send` so that a page carries `Site-Note-Why`, the same for every reader; without it
    after a fault."""
    try:
        why = _ruled(*services.ruling(full_path(scope))).encode("ascii")
    except Exception as error:
        services.tally.count_fault("debug", error)
        return send

    def send_on(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            fields = list(message.get("headers") or ())
            if all(name != WHY for name, _ in fields):
                fields.append((WHY, why))
            message = {**message, "headers": fields}
        return send(message)

    return send_on


def reasons(
    services: Services,
    ruled: tuple[Ruling, Mode],
    decision: Decision,
    moment: Moment,
    *,
    situation: Situation | None = None,
    arm: str = "",
) -> tuple[Header, ...]:
    """Returns the header for an answer to one reader, which no cache keeps: which rule decided,
    and until when; nothing outside of debug mode or after a fault.

    :param ruled: what the settings say of the page.
    :param situation: what the decision rests on, where that was looked at.
    """
    if not services.settings.debug:
        return ()
    try:
        said = f"{_ruled(*ruled)}; at={moment}; decided={decision.reason}"
        until = None if situation is None else explain(situation, moment).until
        said += "" if until is None else f"; until={written(until)}"
        said += f"; arm={arm}" if arm else ""
        return ((WHY, said.encode("ascii")),)
    except Exception as error:
        services.tally.count_fault("debug", error)
        return ()


def _ruled(ruling: Ruling, mode: Mode) -> str:
    """Returns what the settings say of a path."""
    pattern = quote(ruling.pattern, safe="/*:@!$&'()+,=~")
    if ruling.excluded:
        return f'excluded="{pattern}"'
    rule = f'rule="{pattern}"; ' if pattern else ""
    return f"{rule}preset={ruling.preset}; form={ruling.policy.form}; mode={mode}"
