"""`POST choice`: a reader's answer, from a script or from a plain form."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from starlette.types import Receive, Scope

from adguard.audience import audience_in, prefers_privacy
from adguard.endpoints.asking import variant_of
from adguard.endpoints.control import page_path
from adguard.endpoints.http import (
    Answer,
    Header,
    Refusal,
    answer_json,
    headers_of,
    read_form,
    redirect,
    referer_of,
)
from adguard.endpoints.recording import check_id, event_of
from adguard.forgetting import forget
from adguard.ledger import LedgerError
from adguard.reader import Choice, ReaderState
from adguard.services import Services, base_of

FORGET = "forget"


class ChoiceAnswer(msgspec.Struct):
    """
    :param reason: the choice as it was understood.
    :param next: where a reader without a script would have been sent.
    """

    ok: bool
    reason: str
    next: str


async def choice(services: Services, scope: Scope, receive: Receive) -> Answer:
    """Writes the answer into the state cookie; sends scripts JSON, everybody else on their way.
    What is chosen in a preview is neither remembered nor counted."""
    headers = headers_of(scope)
    form = await read_form(services, scope, headers, receive)
    name = form.get("choice", "")
    if name != FORGET and name not in set(Choice):
        raise Refusal(400, f"There is no choice {name[:40]!r}.")
    to: str | None = None
    if form.get("to"):
        to = services.destinations.open(form["to"])
        if to is None:
            raise Refusal(400, "The way back was not made by this site.")
    cookies: list[Header] = []
    if "preview" not in form:
        page = _page(form, headers, to)
        if name == FORGET:
            gone = services.jar.forget_all(secure=services.secure(scope))
            cookies = [(b"set-cookie", cookie) for cookie in gone]
        else:
            chosen, wall = Choice(name), to is not None
            cookies = [(b"set-cookie", _cookie(services, scope, headers, chosen, page))]
            await _record(
                services,
                scope,
                headers,
                chosen,
                page,
                id=_id(services, form),
                on_interstitial=wall,
            )
    onward = _onward(services, scope, name, form, to)
    if b"application/json" in headers.get(b"accept", b""):
        return answer_json(ChoiceAnswer(True, name, onward), *cookies)
    return redirect(onward, *cookies)


def _page(form: dict[str, str], headers: dict[bytes, bytes], to: str | None) -> str:
    """Returns the path of the page that the answer is about, decoded."""
    address = to or form.get("path", "")
    if not address:
        address, _ = referer_of(headers)
    return page_path(address)


def _id(services: Services, form: dict[str, str]) -> str:
    """Returns the id by which an answer that is sent again is known; empty without a good one, for
    an answer must not fail because of it."""
    try:
        check_id(form.get("id", ""), services.today())
    except ValueError:
        return ""
    return form["id"]


def _cookie(
    services: Services,
    scope: Scope,
    headers: dict[bytes, bytes],
    chosen: Choice,
    page: str,
) -> bytes:
    today, secure = services.today(), services.secure(scope)
    if not secure:
        services.warn_plain(headers.get(b"host", b"").decode("latin-1"))
    state = services.jar.read_state(scope["headers"], secure=secure, today=today)
    ruling, _ = services.ruling(page)
    after = (state or ReaderState(first_day=today)).with_choice(
        chosen, today, on_interstitial=ruling.policy.form == "interstitial"
    )
    kept = forget(after, today, services.horizon)
    return services.jar.write_state(kept, secure=secure, today=today)


async def _record(
    services: Services,
    scope: Scope,
    headers: dict[bytes, bytes],
    chosen: Choice,
    path: str,
    *,
    id: str,  # noqa: A002
    on_interstitial: bool,
) -> None:
    """Keeps the answer in the figures. The reader's own memory of it must not depend on that."""
    _, mode = services.ruling(path)
    audience = audience_in(headers)
    if mode == "off" or audience.bot:
        return
    state = services.jar.read_state(
        scope["headers"], secure=services.secure(scope), today=services.today()
    )
    event = event_of(
        services,
        scope,
        "choice",
        path,
        audience,
        now=services.clock(),
        id=id,
        verdict=state.verdict.value if state is not None else "",
        choice=chosen.value,
        variant=variant_of(services.settings, state, gpc=prefers_privacy(headers)),
        sampled=not on_interstitial,
    )
    try:
        await services.ledger.record(event)
    except LedgerError as error:
        services.tally.count_fault("ledger", error)


def _onward(
    services: Services, scope: Scope, name: str, form: dict[str, str], to: str | None
) -> str:
    base = base_of(scope) + services.settings.prefix
    query = {"to": form["to"]} if to is not None else {}
    if form.get("lang"):
        query["lang"] = form["lang"][:35]
    if name in {Choice.ALLOW, Choice.SUPPORT}:
        page = "help" if name == Choice.ALLOW else "support"
        return f"{base}/{page}" + (f"?{urlencode(query)}" if query else "")
    if to is not None and name != FORGET:
        return to
    return f"{base}/preferences" + (f"?{urlencode(query)}" if query else "")
