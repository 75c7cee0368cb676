"""The page that the server serves instead of an article, where the settings are `strict`."""

from __future__ import annotations

from urllib.parse import quote

from starlette.types import Scope, Send

from adguard.audience import audience_in, prefers_privacy
from adguard.endpoints.asking import decide, situation_of, variant_of
from adguard.endpoints.http import Answer, answer_page, headers_of
from adguard.endpoints.recording import event_of
from adguard.endpoints.why import reasons
from adguard.pages import Article, Visit
from adguard.policy import Action, Moment, Reason, decide_navigation
from adguard.presets import Mode, Ruling
from adguard.reader import find_cookie
from adguard.services import Services, base_of, full_path

AS_SENT = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "\\#")
"""What stands in an address as it came; a browser percent-encodes the rest, or cuts there."""

PARTIAL = (b"hx-request", b"x-requested-with", b"x-pjax", b"turbo-frame")


def _wants_page(services: Services, scope: Scope) -> bool:
    """Whether the request is a navigation by a reader whose cookie may say blocking: not a
    prefetch, not a fragment, and with a cookie of ours."""
    if scope["method"] != "GET" or services.settings.interstitial == "redirect":
        return False
    name = services.jar.name("note", secure=services.secure(scope))
    if find_cookie(scope["headers"], name) is None:
        return False
    headers = headers_of(scope)
    purpose = headers.get(b"sec-purpose", b"") + headers.get(b"purpose", b"")
    if b"prefetch" in purpose or any(name in headers for name in PARTIAL):
        return False
    target = headers.get(b"sec-fetch-dest")
    if target is not None:
        return target == b"document"
    return b"text/html" in headers.get(b"accept", b"")


async def withhold(services: Services, scope: Scope, send: Send) -> bool:
    """Serves the interstitial if the policy says so; a fault of ours lets the page through.

    :returns: whether the request was answered.
    """
    try:
        ruling = services.settings.book.ruling(full_path(scope))
        if ruling.policy.form != "interstitial" or not _wants_page(services, scope):
            return False
        wall = await _wall(services, scope, ruling, services.switch.current(ruling.mode))
    except Exception as error:
        services.tally.count_fault("interstitial", error)
        return False
    if wall is None:
        return False
    await wall.send(send)
    return True


async def _wall(services: Services, scope: Scope, ruling: Ruling, mode: Mode) -> Answer | None:
    headers, today = headers_of(scope), services.today()
    state = services.jar.read_state(scope["headers"], secure=services.secure(scope), today=today)
    if state is None:
        return None
    audience = audience_in(headers)
    arm = variant_of(services.settings, state, gpc=prefers_privacy(headers))
    situation = situation_of(
        services, scope, state, ruling, mode, bot=audience.bot, today=today, arm=arm
    )
    decision = await decide(services, scope, situation, decide_navigation)
    if decision.action is not Action.INTERSTITIAL:
        return None
    path = full_path(scope)
    address = _address(scope, path)
    sealed = services.destinations.sign(address)
    if sealed is None:
        return None
    services.ledger.note(
        event_of(
            services,
            scope,
            "interstitial",
            path,
            audience,
            now=services.clock(),
            verdict=situation.verdict.value,
            reason=Reason.WALL.value,
            action=Action.INTERSTITIAL.value,
            variant=arm,
            sampled=False,
        )
    )
    visit = Visit(
        base=base_of(scope) + services.settings.prefix,
        accept=headers.get(b"accept-language", b"").decode("latin-1"),
        arm=arm,
    )
    article = Article(path=address, to=sealed)
    page = services.pages.interstitial(visit, article, verdict=situation.verdict.value)
    why = reasons(
        services, (ruling, mode), decision, Moment.NAVIGATION, situation=situation, arm=arm
    )
    return answer_page(page, *why)


def _address(scope: Scope, path: str) -> str:
    """Returns the request's path and query as the address bar has them. Not every client
    encodes what a browser would: raw bytes must not be a way past the wall."""
    raw: bytes | None = scope.get("raw_path")
    base = base_of(scope)
    if raw:
        address = quote(raw.partition(b"?")[0], safe=AS_SENT)
        if base and not (address == base or address.startswith(base + "/")):
            address = base + address
    else:
        address = quote(path, safe="/:@!$&'()*+,;=~")
    query: bytes = scope.get("query_string", b"")
    return f"{address}?{quote(query, safe=AS_SENT)}" if query else address
