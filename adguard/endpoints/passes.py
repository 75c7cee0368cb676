"""`pass`: a reader with a code keeps a supporter pass. Opening the link takes nothing: programs
that look at mail open every link in it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import urlencode

import anyio.to_thread
from starlette.types import Receive, Scope

from adguard.endpoints.control import page_path
from adguard.endpoints.http import (
    Answer,
    Header,
    answer_page,
    headers_of,
    query_of,
    read_form,
    redirect,
)
from adguard.endpoints.noting import note_reader
from adguard.endpoints.readable import EPOCH, article_of, visit_of
from adguard.ledger import StoreError
from adguard.passes import Code
from adguard.services import Services, base_of

LONGEST = 200
KEPT = "kept"


async def pass_page(services: Services, scope: Scope, receive: Receive) -> Answer:
    """Answers a code with a button, and no code with a form for one."""
    if scope["method"] == "POST":
        return await _take(services, scope, receive)
    query = query_of(scope)
    if KEPT in query:
        has = services.jar.read_pass(
            scope["headers"], secure=services.secure(scope), today=services.today()
        )
        return _message(services, scope, query, "supporter" if has else "pass-unkept")
    text = query.get("code", "")[:LONGEST]
    visit, article = visit_of(services, scope, query), article_of(services, query)
    if not text:
        return answer_page(services.pages.pass_page(visit, article=article))
    code = services.pass_codes.read(text)
    if code is None or _late(services, code):
        return _unusable(services, scope, query, code)
    # On its last day the browser drops it, at the hour at which it was granted.
    until = EPOCH + timedelta(days=services.today() + code.days)
    page = services.pages.pass_page(
        visit, code=text, hand=secrets.token_urlsafe(9), until=until, article=article
    )
    return answer_page(page)


async def _take(services: Services, scope: Scope, receive: Receive) -> Answer:
    headers = headers_of(scope)
    form = await read_form(services, scope, headers, receive)
    article = article_of(services, form)
    code = services.pass_codes.read(form.get("code", "")[:LONGEST])
    if code is None or _late(services, code):
        return _unusable(services, scope, form, code)
    try:
        outcome = await anyio.to_thread.run_sync(
            services.taken.take, code, form.get("hand", "")[:40], services.clock()
        )
    except StoreError as error:
        services.tally.count_fault("pass", error)
        return _message(services, scope, form, "pass-later", 503, (b"retry-after", b"60"))
    if outcome == "taken":
        return _message(services, scope, form, "pass-used", 409)
    path = page_path(article.path) if article is not None else "/"
    cookie = grant(services, scope, code.days, path, counted=outcome == "new")
    kept = {KEPT: "1", **{name: form[name] for name in ("to", "lang") if form.get(name)}}
    base = base_of(scope) + services.settings.prefix
    return redirect(f"{base}/pass?{urlencode(kept)}", cookie)


def grant(
    services: Services, scope: Scope, days: int, path: str, *, counted: bool = True
) -> Header:
    """Returns the header that keeps a pass of `days` days, or the longer one that is there.

    :param path: of the page under which it is counted, decoded.
    :param counted: whether a supporter is counted, if there was no pass yet: log-in handlers
        grant one every time.
    """
    secure, today = services.secure(scope), services.today()
    known = services.jar.pass_until(scope["headers"], secure=secure, today=today)
    if counted and known is None:
        try:
            note_reader(services, scope, "supported", path)
        except Exception as error:
            services.tally.count_fault("grant_pass", error)
    days = max(days, (known or today) - today)
    return b"set-cookie", services.jar.write_pass(days=days, secure=secure, today=today)


def _late(services: Services, code: Code) -> bool:
    return services.clock() > code.until


def _unusable(services: Services, scope: Scope, query: dict[str, str], code: Code | None) -> Answer:
    if code is None:
        return _message(services, scope, query, "pass-unknown", 400)
    return _message(services, scope, query, "pass-expired", 410)


def _message(
    services: Services,
    scope: Scope,
    query: dict[str, str],
    name: str,
    status: int = 200,
    *headers: Header,
) -> Answer:
    """Returns a page that says what became of a code; what did not succeed is counted."""
    if status != 200:
        services.tally.count_refused(status)
    visit = visit_of(services, scope, query)
    page = services.pages.message(visit, name, article=article_of(services, query))
    shown = answer_page(page)
    return shown._replace(status=status, headers=shown.headers + headers)
