"""Apps that answer as told, and a server that keeps every message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard.injection import Injector

PAGE = b"<!doctype html><html><head><title>x</title></head><body><p>one</p></body></html>"
HTML = (b"content-type", b"text/html; charset=utf-8")
NAVIGATION = (b"sec-fetch-dest", b"document")
Fields = Sequence[tuple[bytes, bytes]]


class TestSnippet:
    """Stands in for the one `assets` makes."""

    __test__ = False
    version = "v1"

    def plain(self, root_path: str) -> bytes:
        script = b'<script async src="%b/_site/client.js"></script>' % root_path.encode()
        return b'<span hidden data-site-row="1"><i></i></span>' + script

    def nonced(self, root_path: str, nonce: bytes) -> bytes:
        return self.plain(root_path).replace(b"<script", b'<script nonce="%b"' % nonce)


SNIPPET = TestSnippet().plain("")


@dataclass
class Heard:
    """What reached the server, and what the Injector told."""

    messages: list[Message] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    injected: int = 0
    error: BaseException | None = None

    @property
    def start(self) -> Message:
        (start,) = [m for m in self.messages if m["type"] == "http.response.start"]
        return start

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(name, value) for name, value in self.start.get("headers", ())]

    @property
    def body(self) -> bytes:
        bodies = [m.get("body", b"") for m in self.messages if m["type"] == "http.response.body"]
        return b"".join(bytes(body) for body in bodies)

    @property
    def kinds(self) -> list[str]:
        return [m["type"].rpartition(".")[2] for m in self.messages]

    def get(self, name: bytes) -> bytes | None:
        values = [value for key, value in self.headers if key.lower() == name]
        assert len(values) < 2, f"{name!r} stands {len(values)} times"
        return values[0] if values else None

    def count(self) -> None:
        self.injected += 1


def start(status: int = 200, headers: Iterable[Any] = (HTML,), **more: Any) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers, **more}


def body(content: Any = b"", *, more: bool = False, **rest: Any) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more, **rest}


def says(*messages: Message | BaseException) -> ASGIApp:
    """An app that sends these messages; an exception among them is raised instead."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            if isinstance(message, BaseException):
                raise message
            await send(message)

    return app


def page(*extra: tuple[bytes, bytes], content: bytes = PAGE, status: int = 200) -> ASGIApp:
    """An app that answers with one page and its length."""
    length = (b"content-length", b"%d" % len(content))
    return says(start(status, [HTML, length, *extra]), body(content))


def request(
    headers: Fields = (NAVIGATION,), method: str = "GET", root_path: str = "", **more: Any
) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": "/article",
        "root_path": root_path,
        "headers": list(headers),
        **more,
    }


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def inject(app: ASGIApp, heard: Heard, snippet: Any = None) -> Injector:
    return Injector(
        app, snippet or TestSnippet(), on_skip=heard.skipped.append, on_inject=heard.count
    )


async def heard_from(app: ASGIApp, scope: Scope, heard: Heard) -> None:
    async def send(message: Message) -> None:
        heard.messages.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        heard.error = error


def ask(
    app: ASGIApp,
    headers: Fields = (NAVIGATION,),
    *,
    snippet: Any = None,
    scope: dict[str, Any] | None = None,
    **more: Any,
) -> Heard:
    """Sends one request through an Injector around the app."""
    heard = Heard()
    scope = request(headers, **more) if scope is None else scope
    asyncio.run(heard_from(inject(app, heard, snippet), scope, heard))
    return heard


def raw(app: ASGIApp, headers: Fields = (NAVIGATION,), **more: Any) -> Heard:
    """Sends one request to the app itself."""
    heard = Heard()
    asyncio.run(heard_from(app, request(headers, **more), heard))
    return heard
