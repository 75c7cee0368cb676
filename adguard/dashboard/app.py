"""The dashboard as an ASGI app: routes, headers, sessions."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, quote, urlsplit

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from adguard.crew import Crew
from adguard.dashboard.gate import HOURS, Gate
from adguard.dashboard.page import Place, write_enter, write_message, write_sheet
from adguard.dashboard.question import Question, QuestionError, read_question
from adguard.dashboard.sheet import read_sheet
from adguard.dashboard.throttle import Throttle
from adguard.insight import charts
from adguard.insight.earning import Rates
from adguard.insight.experiment import Shares
from adguard.ledger import Store, StoreError

__all__ = ["Dashboard"]

logger = logging.getLogger("adguard.dashboard")

STATIC = Path(__file__).parent / "static"
PATIENCE = 20.0
"""Seconds a reader waits for the store."""
AT_ONCE = 2
"""Sheets that are read at the same time; more wait, so that neither the site's own threads nor the
store's connections are used up."""
LONGEST_BODY = 4096
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "cache-control": "private, no-store",
    "cdn-cache-control": "no-store",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
ALPHABET = "0123456789bcdfghjklmnpqrstvwxyz"  # no vowels: a digest never spells a word


class Dashboard:
    """Shows the figures of a store to those whom the gate admits.

    :param store: returns the store to read; asked anew for each page, in a thread.
    :param origin: scheme and host that visitors see, if they are known; else the request's.
    :param publisher: whose figures these are, in words.
    :param rpm: what a thousand page views earn, in `currency`.
    :param shares: sites with the shares of their experiment's arms, where they are known.
    :param clock: Unix seconds.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        gate: Gate,
        *,
        origin: str | None = None,
        publisher: str = "",
        rpm: Rates | None = None,
        currency: str = "EUR",
        shares: Mapping[str, Shares] = MappingProxyType({}),
        clock: Callable[[], float] = time.time,
        throttle: Throttle | None = None,
    ) -> None:
        self._store, self._gate = store, gate
        self._origin, self._publisher = origin, publisher
        self._rpm, self._currency = rpm, currency
        self._shares = shares
        self._clock = clock
        self._throttle = throttle or Throttle()
        self._readers = Crew(AT_ONCE)
        self._faults: set[str] = set()
        style = charts.look() + (STATIC / "desk.css").read_text("utf-8")
        script = (STATIC / "desk.js").read_text("utf-8")
        self._style, self._script = f"desk-{_digest(style)}.css", f"desk-{_digest(script)}.js"
        self._files = {
            self._style: (style.encode(), "text/css"),
            self._script: (script.encode(), "text/javascript"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an app of its own: mounted anywhere, or at the root of a server."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})  # nothing here speaks it; servers answer 403
            return
        root: str = (scope.get("root_path") or "").rstrip("/")
        path: str = scope["path"]
        path = path[len(root) :] if root and path.startswith(f"{root}/") else path
        if path == root:
            path = ""
        base = quote(root, safe="/:@!$&'()*+,;=~")
        await self.respond(path.strip("/"), base, scope, receive, send)

    async def respond(
        self, name: str, base: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answers the request for `name`, a path below the dashboard's own, which is `base`."""
        request = Request(scope, receive)
        place = Place(base, self._style, self._script, leave=self._gate.asks_password)
        try:
            answer = await self._answer(name, place, request)
        except ClientDisconnect:
            return
        except Exception as error:
            self._note(error)
            answer = self._message(
                place,
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Something failed on our side",
                "It has been written to the server's log. Nothing that was recorded is lost.",
            )
        await answer(scope, receive, send)

    async def _answer(self, name: str, place: Place, request: Request) -> Response:
        reading = request.method in {"GET", "HEAD"}
        if name in self._files and reading:
            return self._file(name)
        if name in {"enter", "leave"} and self._gate.asks_password:
            return await self._come_or_go(name, place, request)
        if name:
            return self._message(
                place, HTTPStatus.NOT_FOUND, "Nothing here", "This address leads to nothing."
            )
        if not reading:
            answer = self._message(
                place, HTTPStatus.METHOD_NOT_ALLOWED, "Not that way", "This page can only be read."
            )
            answer.headers["allow"] = "GET, HEAD"
            return answer
        session = request.cookies.get(self._cookie(request), "")
        if not await self._gate.admits(request, session):
            return self._refuse(place, request)
        return await self._sheet(place, request)

    async def _sheet(self, place: Place, request: Request) -> Response:
        try:
            asked = read_question(_query(request), self._clock())
        except QuestionError as error:
            return self._message(
                place, HTTPStatus.BAD_REQUEST, "That cannot be answered", str(error)
            )
        retry = place.home + asked.query()
        try:
            with anyio.fail_after(PATIENCE):
                page = await self._readers.run(partial(self._write, place, asked))
        except (StoreError, TimeoutError, OSError, sqlite3.Error) as error:
            self._note(error)
            late = isinstance(error, TimeoutError)
            reason = (
                f"The store did not answer within {PATIENCE:.0f} seconds."
                if late
                else _sentence(error)
            )
            answer = self._message(
                place,
                HTTPStatus.SERVICE_UNAVAILABLE,
                "The figures cannot be read just now",
                reason,
                retry=retry,
                help_="What readers do goes on being recorded: it waits on the disk of each "
                "server and is added as soon as the store answers.",
            )
            answer.headers["retry-after"] = "10"
            return answer
        return HTMLResponse(page, headers=HEADERS)

    def _write(self, place: Place, asked: Question) -> str:
        sheet = read_sheet(
            self._store(),
            asked,
            rpm=self._rpm,
            currency=self._currency,
            shares=self._shares,
        )
        return write_sheet(sheet, place, self._clock(), publisher=self._publisher)

    async def _come_or_go(self, name: str, place: Place, request: Request) -> Response:
        if request.method != "POST":
            return self._go(place.home)
        if not self._is_ours(request):
            return self._message(
                place,
                HTTPStatus.FORBIDDEN,
                "Not from here",
                "Only this dashboard's own pages may send this form.",
            )
        return self._leave(place, request) if name == "leave" else await self._enter(place, request)

    async def _enter(self, place: Place, request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return self._message(
                place, HTTPStatus.BAD_REQUEST, "Not understood", "The form cannot be read."
            )
        address = request.client.host if request.client else ""
        query = form.get("query", "")
        if wait := self._throttle.wait(address):
            minutes = max(1, round(wait / 60))
            trouble = (
                "There were too many wrong passwords. Try again in "
                f"{minutes} minute{'' if minutes == 1 else 's'}."
            )
            answer = self._ask(place, query, trouble, HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["retry-after"] = str(int(wait) + 1)
            return answer
        if not self._gate.is_right(form.get("password", "")):
            self._throttle.count_wrong(address)
            trouble = "That is not the password."
            return self._ask(place, query, trouble, HTTPStatus.FORBIDDEN)
        self._throttle.forget(address)
        answer = self._go(place.home + self._safe_query(query))
        self._remember(answer, place, request, self._gate.new_session(), HOURS * 3600)
        return answer

    def _leave(self, place: Place, request: Request) -> Response:
        answer = self._go(place.home)
        self._remember(answer, place, request, "", 0)
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    def _refuse(self, place: Place, request: Request) -> Response:
        if self._gate.asks_password:
            return self._ask(place, _query(request), "", HTTPStatus.UNAUTHORIZED)
        return self._message(
            place,
            HTTPStatus.FORBIDDEN,
            "These figures are not public",
            "This site did not recognise you as somebody who may read them. Log in to the site, "
            "or ask whoever runs it.",
        )

    def _ask(self, place: Place, query: str, trouble: str, status: HTTPStatus) -> Response:
        shown = Place(place.base, self._style, self._script)
        page = write_enter(shown, self._safe_query(query).removeprefix("?"), trouble)
        return HTMLResponse(page, status, headers=HEADERS)

    def _safe_query(self, query: str) -> str:
        """The address's own filters again, and nothing else that may stand in it."""
        try:
            return read_question(query, self._clock()).query()
        except QuestionError:
            return ""

    def _remember(
        self, answer: Response, place: Place, request: Request, session: str, seconds: int
    ) -> None:
        answer.set_cookie(
            self._cookie(request),
            session,
            max_age=seconds,
            path=place.home,
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def _cookie(self, request: Request) -> str:
        return "__Secure-site_desk" if self._is_secure(request) else "site_desk"

    def _is_secure(self, request: Request) -> bool:
        if self._origin is not None:
            return self._origin.startswith("https://")
        return request.scope.get("scheme") == "https"

    def _is_ours(self, request: Request) -> bool:
        """Whether a form comes from a page of ours. Every browser of today says so itself."""
        said = request.headers.get("sec-fetch-site")
        if said is not None:
            return said == "same-origin"
        origin = request.headers.get("origin", "").lower()
        if self._origin is not None:
            return origin == self._origin
        try:
            said = urlsplit(origin).netloc
        except ValueError:
            return False
        return bool(said) and said == request.headers.get("host", "").lower()

    # Answers

    def _file(self, name: str) -> Response:
        body, media_type = self._files[name]
        headers = {**HEADERS, "cache-control": "public, max-age=31536000, immutable"}
        del headers["cdn-cache-control"]
        return Response(body, headers=headers, media_type=media_type)

    def _go(self, where: str) -> Response:
        return RedirectResponse(where, HTTPStatus.SEE_OTHER, headers=HEADERS)

    def _message(
        self,
        place: Place,
        status: HTTPStatus,
        title: str,
        text: str,
        *,
        retry: str = "",
        help_: str = "",
    ) -> Response:
        shown = Place(place.base, self._style, self._script)
        page = write_message(shown, title, text, retry=retry, help_=help_)
        return HTMLResponse(page, status, headers=HEADERS)

    def _note(self, error: Exception) -> None:
        cause = f"{type(error).__name__}: {error}"
        if cause not in self._faults and len(self._faults) < 100:
            self._faults.add(cause)
            logger.error("The dashboard cannot show its figures: %s", cause, exc_info=error)


def _sentence(error: Exception) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def _query(request: Request) -> str:
    """What stands behind the `?`. Starlette's own `url` fails on bytes that are no UTF-8."""
    raw: bytes = request.scope.get("query_string", b"")
    return raw.decode("utf-8", "replace")


async def _form(request: Request) -> dict[str, str] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=8, errors="strict")
    except ValueError:
        return None
    return {name: values[-1] for name, values in fields.items()}


async def _lifespan(receive: Receive, send: Send) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})


def _digest(text: str) -> str:
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())
    letters = []
    for _ in range(8):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)
