"""`GET control`: the fetch bait's control, a signed token, and whether the page may go on."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

import msgspec
from starlette.types import Receive, Scope, Send

from adguard.audience import audience_in
from adguard.baits import MARKER
from adguard.endpoints.http import answer_json, headers_of
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


async def control(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    headers = headers_of(scope)
    now = services.clock()
    query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=8)
    path = page_path(query.get("p", ["/"])[0])
    ruling, mode = services.ruling(path)
    if ruling.excluded:
        mode = "off"
    head = scope["method"] == "HEAD"
    audience = audience_in(headers)
    if mode != "off" and not head and not audience.bot:
        services.ledger.note(event_of(services, scope, "measured", path, audience, now=now))
    token = services.tokens.issue(now)
    await answer_json(send, ControlAnswer(MARKER, token, day_of(now), mode), head=head)
