"""`GET control`: the fetch bait's control, a signed token, and whether the page may go on."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
from starlette.types import Receive, Scope

from adguard.audience import audience_in
from adguard.baits import MARKER
from adguard.endpoints.http import Answer, answer_json, headers_of, query_of
from adguard.endpoints.recording import event_of
from adguard.reader import day_of
from adguard.services import Services

LONGEST_PATH = 512


class ControlAnswer(msgspec.Struct):
    """
    :param marker: proves that nothing else answered in our place.
    :param day: UTC day number, the beginning of the page's event ids.
    :param mode: `off` makes pages silent that a cache still holds.
    """

    marker: str
    token: str
    day: int
    mode: str


def page_path(text: str) -> str:
    """Returns a page's path as reported, decoded, without query, cut to 512 characters; `/` if it
    is none."""
    path = text.partition("?")[0].partition("#")[0][:LONGEST_PATH]
    if not path.startswith("/"):
        return "/"
    return unquote(path, errors="replace") if "%" in path else path


async def control(services: Services, scope: Scope, receive: Receive) -> Answer:
    headers = headers_of(scope)
    now = services.clock()
    query = query_of(scope)
    path = page_path(query.get("v") or query.get("n") or query.get("r", "/"))
    ruling, mode = services.ruling(path)
    if ruling.excluded:
        mode = "off"
    audience = audience_in(headers)
    kind = "measured" if "v" in query else "unanswered" if "n" in query else ""
    if kind and mode != "off" and scope["method"] == "GET" and not audience.bot:
        sampled = kind == "measured"
        services.ledger.note(
            event_of(services, scope, kind, path, audience, now=now, sampled=sampled)
        )
    token = services.tokens.issue(now)
    return answer_json(ControlAnswer(MARKER, token, day_of(now), mode))
