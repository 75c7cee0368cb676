"""The ways to put a snippet into a page that `bench.injection` compares."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard import AdGuardMiddleware, Settings
from adguard.assets import Assets
from adguard.injection import Injector

KEY = "a key that only the benchmark knows 1234"
KB = 1000
MADE = Assets(Settings(secret_key=KEY, store="none")).snippet
SNIPPET = MADE.plain("")


def page(size: int) -> bytes:
    """An article of about `size` bytes."""
    head = b'<!doctype html>\n<html lang="en"><head><title>Harbour</title></head>\n<body><main>'
    tail = b"</main>\n</body>\n</html>\n"
    line = b"<p>The harbour wall held through the night, the keeper said on Monday.</p>\n"
    lines = (size - len(head) - len(tail)) // len(line)
    return head + line * lines + tail


def answer(
    body: bytes, chunk: int | None = None, media: bytes = b"text/html; charset=utf-8"
) -> ASGIApp:
    """An app that answers with one message, or in chunks of `chunk` bytes."""
    headers = [
        (b"content-type", media),
        (b"cache-control", b"public, max-age=60"),
        (b"vary", b"accept-language"),
        (b"etag", b'"5e1f2a"'),
        (b"x-request-id", b"0d6c1f7e"),
    ]
    if chunk is None:
        headers.insert(0, (b"content-length", b"%d" % len(body)))
        pieces = [body]
    else:
        pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    last = len(pieces) - 1

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # GZipMiddleware writes into the list it is given.
        fresh = list(headers)
        await send({"type": "http.response.start", "status": 200, "headers": fresh})
        for number, piece in enumerate(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": number < last})

    return app


def wrapped(app: ASGIApp) -> ASGIApp:
    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            await send(message)

        await app(scope, receive, send_on)

    return wrapper


def appended(app: ASGIApp) -> ASGIApp:
    """The floor: constant bytes behind the body, nothing asked."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": longer(message["headers"])}
            elif not message.get("more_body", False):
                message = {**message, "body": message["body"] + SNIPPET}
            await send(message)

        await app(scope, receive, send_on)

    return wrapper


def longer(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        (name, b"%d" % (int(value) + len(SNIPPET))) if name == b"content-length" else (name, value)
        for name, value in headers
    ]


def nothing(*_: Any) -> None:
    pass


def ours(app: ASGIApp) -> ASGIApp:
    return Injector(app, MADE, on_skip=nothing, on_inject=nothing)


def whole(app: ASGIApp) -> ASGIApp:
    return AdGuardMiddleware(app, secret_key=KEY, store="none")


async def _pass(request: Any, call_next: Callable[[Any], Awaitable[Response]]) -> Response:
    return await call_next(request)


async def _substitute(request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Response:
    response = await call_next(request)
    if "text/html" not in response.headers.get("content-type", ""):
        return response  # type: ignore[no-any-return]
    text = b"".join([piece async for piece in response.body_iterator]).decode()
    text = re.sub(r"</body>", lambda found: SNIPPET.decode() + found[0], text, flags=re.IGNORECASE)
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    return Response(text, response.status_code, headers)


def base_idle(app: ASGIApp) -> ASGIApp:
    return BaseHTTPMiddleware(app, dispatch=_pass)


def base_substitute(app: ASGIApp) -> ASGIApp:
    return BaseHTTPMiddleware(app, dispatch=_substitute)


def gzipped(app: ASGIApp) -> ASGIApp:
    return GZipMiddleware(app)


SHAPES: dict[str, Callable[[ASGIApp], ASGIApp]] = {
    "raw": lambda app: app,
    "wrap `send`, do nothing": wrapped,
    "append constant bytes (floor)": appended,
    "ours": ours,
    "ours, with the whole middleware": whole,
    "BaseHTTPMiddleware, does nothing": base_idle,
    "BaseHTTPMiddleware, decode and re": base_substitute,
    "GZipMiddleware": gzipped,
}
