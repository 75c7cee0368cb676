"""The real middleware around a plain page, behind a layer that spoils answers host by host."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard import AdGuardMiddleware, Rule, Settings
from adguard.assets import Assets
from adguard.baits import load
from adguard.ledger import Event
from e2e.faults.fault import PAGE, Fault

KEY = "a key for the faults of forty characters"
# One site of many hosts: storage is apart, and browsers need no new process for each.
NAME = "news.localhost"
BAITS = {bait.path[1:].partition("?")[0]: bait.id for bait in load().network}
COUNTED = ("view", "remembered")
BLOCKING = ("extension", "network", "protection")
FAULTY = ("first", "again")
"""How the names of pages begin that show the fault; all others are calm."""
HANG_SECONDS = 30
NONCE = b"abc123"
CALM = PAGE.format(head="", body="")
# Whoever is held for a blocker's user is asked at once, so that no false verdict stays unseen.
AT_ONCE = Rule("/*", preset="strict", policy={"free_views": 0})
WORKER = """
addEventListener('install', () => skipWaiting());
addEventListener('activate', event => event.waitUntil(clients.claim()));
addEventListener('fetch', event => {
  if (event.request.method !== 'GET') return;
  event.respondWith(caches.open('all').then(async cache => {
    const known = await cache.match(event.request);
    if (known) return known;
    const answer = await fetch(event.request);
    await cache.put(event.request, answer.clone());
    return answer;
  }));
});
"""


@dataclass
class Scene:
    """What one host shows, and what came of it.

    :ivar asked: parts of the site in the order in which they were asked for.
    :ivar events: what the ledger took, duplicates left out.
    """

    label: str
    fault: Fault | None = None
    asked: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    kept: dict[str, tuple[Message, bytes]] = field(default_factory=dict)

    def lift(self) -> None:
        """Ends the fault."""
        self.fault = None

    def counted(self, path: str) -> int:
        """How many page views at `path` the ledger holds."""
        return sum(event.path == path and event.kind in COUNTED for event in self.events)

    @property
    def accused(self) -> list[str]:
        return [event.verdict for event in self.events if event.verdict in BLOCKING]


class Paper:
    """An ASGI application. Every host is a scene of its own, and its pages stand below the scene's
    label, by which the ledger's events find back to it.

    :param adverts: scripts of other hosts that every page has; all but the last are watched.
    """

    def __init__(self, adverts: Sequence[str] = ()) -> None:
        self._watched = {"ad_urls": list(adverts[:-1])} if adverts else {}
        self._tags = "".join(f'<script async src="{url}"></script>' for url in adverts)
        self._mounted: dict[str, AdGuardMiddleware] = {}
        self._scenes: dict[str, Scene] = {}
        self._labels: dict[str, Scene] = {}
        self.assets: Assets = self._middleware(Fault("")).services.assets

    def factory(self) -> ASGIApp:
        return self

    def stage(self, label: str, fault: Fault | None, host: str = "") -> Scene:
        """Makes the scene of `host`, else of `<label>.news.localhost`."""
        scene = Scene(label, fault)
        self._labels[label] = self._scenes[host or f"{label}.{NAME}"] = scene
        return scene

    def totals(self) -> dict[str, int]:
        """What the ledger of the plain mount has counted, read from its store."""
        from adguard.ledger.store import Span

        now = time.time()
        with self._middleware(Fault("")).services.ledger.store.figures() as figures:
            return figures.funnel(Span.of(now - 86_400, now)).raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._middleware(Fault(""))(scope, receive, send)
            return
        host = dict(scope["headers"]).get(b"host", b"").decode().rpartition(":")[0]
        scene = self._scenes.get(host) or Scene("")
        fault = scene.fault
        mount = self._middleware(fault or Fault(""))
        root = fault.root if fault else ""
        if root and scope["path"].startswith(root):
            scope = {**scope, "root_path": root}
        prefix = root + mount.services.settings.prefix
        part = _part(scope["path"], prefix)
        scene.asked.append(part)
        scope["scene"] = scene
        scope["tags"] = self._tags
        snippet = mount.services.assets.snippet
        scope["written"] = {
            "{snippet}": snippet.plain(root),
            "{nonced}": snippet.nonced(root, NONCE),
        }
        wrong = fault.troubled.get(part) if fault else None
        if isinstance(wrong, tuple):
            first, times, *then = wrong
            scene.hits[scope["path"]] += 1
            within = scene.hits[scope["path"]] <= times
            wrong = first if within else then[0] if then else None
        if isinstance(wrong, float):
            await asyncio.sleep(wrong)
            wrong = None
        await self._answer(wrong, scene, mount, scope, receive, send)

    async def _answer(
        self,
        wrong: Any,
        scene: Scene,
        mount: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if wrong is None:
            await mount(scope, receive, send)
        elif wrong == "hang":
            for _ in range(HANG_SECONDS * 10):
                if scene.fault is None:
                    break
                await asyncio.sleep(0.1)
            await _drop(send)
        elif wrong == "drop":
            await _drop(send)
        elif wrong in ("near", "away", "html") or isinstance(wrong, int):
            address = f"http://127.0.0.1:{scope['server'][1]}/elsewhere"
            response: Response = {
                "near": RedirectResponse("/elsewhere"),
                "away": RedirectResponse(address),
                "html": HTMLResponse("<!doctype html><title>Log in</title>Accept our terms."),
            }.get(wrong) or Response("no", status_code=wrong)
            await response(scope, receive, send)
        elif wrong == "shared":
            await _shared(scene, mount, scope, receive, send)
        else:
            await mount(scope, receive, _spoilt(wrong, send))

    def _middleware(self, fault: Fault) -> AdGuardMiddleware:
        key = repr(fault.options)
        made = self._mounted.get(key)
        if made is None:
            settings = Settings(
                **{
                    "secret_key": KEY,
                    "store": "memory:",
                    "rules": [AT_ONCE],
                    **self._watched,
                    **fault.options,
                }
            )
            made = self._mounted[key] = AdGuardMiddleware(_page, settings=settings)
            self._overhear(made)
        return made

    def _overhear(self, mount: AdGuardMiddleware) -> None:
        """Notes each event beside the path's scene once the ledger has taken it as new."""
        ledger = mount.services.ledger
        record = ledger.record

        async def overheard(event: Event) -> bool:
            new = await record(event)
            scene = self._labels.get(event.path.rpartition("/")[0].rpartition("/")[2])
            if new and scene is not None:
                scene.events.append(event)
            return new

        ledger.record = overheard  # type: ignore[method-assign]


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    request = Request(scope)
    scene: Scene = scope["scene"]
    name = request.url.path.rpartition("/")[2]
    if name == "worker.js":
        response = Response(WORKER, media_type="text/javascript")
    elif name == "elsewhere":
        response = HTMLResponse("<!doctype html><title>Elsewhere</title>You were sent elsewhere.")
        response.headers["site-note"] = "off"
    elif name in ("favicon.ico", "blank"):
        response = Response(status_code=204)
    else:
        html, headers = CALM, {"cache-control": "no-cache"}
        if scene.fault and name.startswith(FAULTY):
            html, headers = scene.fault.page, {**headers, **scene.fault.headers}
        html = html.replace("<head>", f"<head>{scope['tags']}", 1)
        for mark, snippet in scope["written"].items():
            html = html.replace(mark, snippet.decode())
        response = HTMLResponse(html, headers=headers)
    await response(scope, receive, send)


def _part(path: str, prefix: str) -> str:
    if not path.startswith(prefix + "/"):
        return "page" if path.rpartition("/")[2].startswith(FAULTY) else "other"
    name = path[len(prefix) + 1 :]
    return "client" if name.startswith("client-") else BAITS.get(name, name)


async def _drop(send: Send) -> None:
    """Closes the connection without a word, as a dying server or a broken middlebox does."""
    cycle = send.__self__  # type: ignore[attr-defined]  # uvicorn's, which has the transport
    cycle.transport.abort()
    while not cycle.disconnected:  # noqa: ASYNC110 (uvicorn's flag has no event)
        await asyncio.sleep(0)


async def _shared(scene: Scene, mount: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A cache in front of the site that keeps every answer to GET, whatever its headers say."""
    if scope["method"] != "GET":
        await mount(scope, receive, send)
        return
    key = f"{scope['path']}?{scope['query_string'].decode()}"
    if key not in scene.kept:
        start: list[Message] = []
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
            else:
                parts.append(message.get("body", b""))

        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        await mount({**scope, "headers": plain}, receive, keep)
        scene.kept[key] = (start[0], b"".join(parts))
    started, kept = scene.kept[key]
    await send(started)
    await send({"type": "http.response.body", "body": kept})


def _spoilt(wrong: str, send: Send) -> Send:
    """A `send` behind a middlebox.

    `text`: every type becomes text/plain. `empty`: the body is gone. `gzip`: says gzip, is not.
    `bare`: HTTP/1.0, no headers but the type. `kept`: browsers may cache it for a day.
    """

    async def spoilt(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            if wrong == "text":
                headers = [pair for pair in headers if pair[0] != b"content-type"]
                headers.append((b"content-type", b"text/plain"))
            elif wrong == "empty":
                headers = [pair for pair in headers if pair[0] != b"content-length"]
                headers.append((b"content-length", b"0"))
            elif wrong == "gzip":
                headers = [pair for pair in headers if pair[0] != b"content-encoding"]
                headers.append((b"content-encoding", b"gzip"))
            elif wrong == "bare":
                wanted = (b"content-type", b"content-encoding")
                headers = [pair for pair in headers if pair[0] in wanted]
                headers.append((b"connection", b"close"))
            elif wrong == "kept":
                dropped = (b"cache-control", b"cdn-cache-control")
                headers = [pair for pair in headers if pair[0] not in dropped]
                headers.append((b"cache-control", b"max-age=86400"))
            message = {**message, "headers": headers}
        elif wrong == "empty":
            message = {**message, "body": b""}
        await send(message)

    return spoilt
