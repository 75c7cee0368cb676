"""A site around the client alone: pages of any shape, baits with any fault, and a server that
answers `control` and `report` as a test wishes. No middleware, so a fault is ours or nobody's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adguard.assets import Assets
from adguard.baits import MARKER, load
from adguard.settings import Settings

PREFIX = "/_site/"
BAITS = {bait.id: bait.path[1:].partition("?")[0] for bait in load().network}
CONTROLS = ("control", "control.js", "control.png")
PAGE = "<!doctype html><html lang=en><title>A page</title>{head}<body>{body}{snippet}</body></html>"
NOTE = "export function show(context) { self.shown = context; }"


@dataclass
class Site:
    """What a test sets and reads.

    :ivar faults: path below the prefix -> what is wrong with it: a status, `html`, `hang`, `close`,
        `near` or `away` (redirects within and out of the site), or seconds to wait.
    :ivar reports: bodies posted to `report`, as sent.
    """

    options: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)
    head: str = ""
    body: str = "<article><h1>A page</h1><p>Words.</p></article>"
    headers: dict[str, str] = field(default_factory=dict)
    mode: str = "ask"
    memory: bool = False
    decision: dict[str, Any] = field(default_factory=lambda: {"action": "none"})
    nonce: str = ""
    to: str = ""
    reports: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.assets = Assets(Settings(secret_key="k" * 32, **self.options))

    def factory(self) -> ASGIApp:
        return self._app

    def fault_all(self, fault: Any, *names: str) -> None:
        self.faults |= dict.fromkeys(names or BAITS.values(), fault)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path: str = scope["path"]
        name = path.removeprefix(PREFIX)
        if not path.startswith(PREFIX):
            await self._page(path)(scope, receive, send)
            return
        fault = self.faults.get(name)
        if isinstance(fault, float):
            await asyncio.sleep(fault)
        elif fault is not None:
            await self._fail(fault, scope, receive, send)
            return
        asset = self.assets.find(name)
        if name == "report":
            await (await self._report(request))(scope, receive, send)
        elif name == "control":
            said = {"token": "first", "day": 20000, "mode": self.mode, "marker": MARKER}
            await JSONResponse(said, headers={"cache-control": "no-store"})(scope, receive, send)
        elif name.startswith("note-"):
            await Response(NOTE, media_type="text/javascript")(scope, receive, send)
        elif asset is None:
            await Response(status_code=404)(scope, receive, send)
        else:
            await self.assets.respond(asset, scope, send)

    async def _fail(self, fault: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if fault == "hang":
            await asyncio.sleep(60)
        if fault == "close":
            start = {"status": 200, "headers": [(b"content-length", b"99")]}
            await send({"type": "http.response.start", **start})
            raise ConnectionError("a connection that drops, as the test wants")
        answers: dict[Any, Callable[[], Response]] = {
            "html": lambda: HTMLResponse("<p>Please log in to this network"),
            "near": lambda: RedirectResponse("/elsewhere"),
            "away": lambda: RedirectResponse(f"http://127.0.0.1:{scope['server'][1]}/elsewhere"),
        }
        response = answers[fault]() if fault in answers else Response("no", status_code=fault)
        await response(scope, receive, send)

    async def _report(self, request: Request) -> Response:
        message = json.loads(await request.body())
        self.reports.append(message)
        return JSONResponse(
            {
                "verdict": "unknown",
                "confidence": 0,
                "decision": {"form": None, "reason": "test", "url": None, **self.decision},
                "token": f"after-{message['kind']}",
                "memory": self.memory,
            }
        )

    def _page(self, path: str) -> Response:
        if path == "/elsewhere":
            return HTMLResponse("<p>You were sent elsewhere")
        if path == "/favicon.ico":
            return Response(status_code=204)
        snippet = self.assets.snippet
        made = snippet.nonced("", self.nonce.encode()) if self.nonce else snippet.plain("")
        text = made.decode()
        if self.to:
            text = text.replace(self.assets.client, self.assets.gate)
            text = text.replace("<script async", f'<script data-to="{self.to}" async')
        html = PAGE.format(head=self.head, body=self.body, snippet=text)
        return HTMLResponse(html, headers={"cache-control": "no-cache", **self.headers})
