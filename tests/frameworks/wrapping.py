"""A pytest plugin for another project's tests: every app their TestClient gets is wrapped first.

`ADGUARD_WRAP` names the wrapper, a function of this module; `ADGUARD_FAILED` the file that gets the
tests that failed, one a line. With `ADGUARD_UNDO` set, what was added to a body is taken out again
before the test sees it, and Content-Length and Last-Modified are the app's own: a test that fails
without and passes with it differs in nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import adguard.middleware
from adguard import AdGuardMiddleware, Settings
from adguard.injection import Injector
from adguard.services import Services

SECRET = "s" * 32
# Made once: a suite makes a thousand apps, and the assets take longer than its tests.
SERVICES = Services(Settings(secret_key=SECRET, store="none"))
SNIPPET = SERVICES.assets.snippet


def _nothing(*_: Any) -> None:
    pass


def bare(app: ASGIApp) -> ASGIApp:
    """The app as it is."""
    return app


def injector(app: ASGIApp) -> ASGIApp:
    """The app behind the Injector alone, with a real snippet."""
    return Injector(app, SNIPPET, on_skip=_nothing, on_inject=_nothing)


def middleware(app: ASGIApp) -> ASGIApp:
    """The app behind everything a publisher mounts, recording nothing."""
    return AdGuardMiddleware(app, secret_key=SECRET)


WRAPPERS = {made.__name__: made for made in (bare, injector, middleware)}
KEPT = "frameworks.headers"


def undoing(wrap: Callable[[ASGIApp], ASGIApp], app: ASGIApp) -> ASGIApp:
    """Wraps the app, and takes out of its answers what that put in."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope[KEPT] += message.get("headers", [])
            await send(message)

        await app(scope, receive, keep if scope["type"] == "http" else send)

    wrapped = wrap(inner)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await wrapped(scope, receive, send)
            return
        own = scope[KEPT] = []
        snippet = SNIPPET.plain(scope.get("root_path") or "")
        held: list[Message] = []

        async def take_out(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            if snippet in message.get("body", b""):
                message = {**message, "body": message["body"].replace(snippet, b"")}
                held[:] = [_own_length_and_date(start, own) for start in held]
            for start in held:
                await send(start)
            held.clear()
            await send(message)

        await wrapped(scope, receive, take_out)

    return outer


def _own_length_and_date(start: Message, own: list[Any]) -> Message:
    names = {b"content-length", b"last-modified"}
    headers = [field for field in start["headers"] if field[0].lower() not in names]
    return {**start, "headers": headers + [field for field in own if field[0].lower() in names]}


_make_client = TestClient.__init__


def _make_wrapped(self: TestClient, *given: Any, **named: Any) -> None:
    _make_client(self, *given, **named)
    wrap = WRAPPERS[os.environ["ADGUARD_WRAP"]]
    app: Any = undoing(wrap, self.app) if os.environ.get("ADGUARD_UNDO") else wrap(self.app)
    self.app = app
    self._transport.app = app


TestClient.__init__ = _make_wrapped  # type: ignore[method-assign]
vars(adguard.middleware)["Services"] = lambda _: SERVICES


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        with Path(os.environ["ADGUARD_FAILED"]).open("a") as file:
            file.write(report.nodeid + "\n")
