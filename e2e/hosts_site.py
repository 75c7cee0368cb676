"""Ad hosts on this machine: browsers find `*.localhost` names, and no `*.test` names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from e2e.client_site import Site
from e2e.harness import Server

SCRIPT = "self.ran = (self.ran || 0) + 1;"
SAYS = {
    "open": {"timing-allow-origin": "*"},
    "shared": {"access-control-allow-origin": "*"},
    "embeddable": {"cross-origin-resource-policy": "cross-origin"},
}
TAG = '<script async src="{}"></script>'


async def adverts(scope: Scope, receive: Receive, send: Send) -> None:
    """A script at every path; the first part of the path says what is wrong with it."""
    if scope["type"] != "http":
        return
    fault = Request(scope).url.path.split("/")[1]
    headers = SAYS.get(fault, {})
    if fault == "slow":
        await asyncio.sleep(3)
    if fault == "hang":
        await asyncio.sleep(30)
    answer = Response(SCRIPT, media_type="text/javascript", headers=headers)
    if fault == "portal":
        answer = HTMLResponse("<p>Please log in")
    if fault.isdigit():
        answer = Response("no", status_code=int(fault))
    await answer(scope, receive, send)


def alive(server: Server, path: str = "tag.js", *names: str) -> list[str]:
    """The same script on hosts that answer, one a name."""
    return [f"http://{name}.localhost:{server.port}/{path}" for name in names or ("one", "two")]


def gone(*names: str) -> list[str]:
    """Scripts on hosts that no resolver knows."""
    return [f"http://{name}.test/tag.js" for name in names or ("one", "two")]


def watching(urls: Iterable[str], tags: Iterable[str] | None = None, **more: Any) -> Site:
    """A site that watches `urls` and has `tags` in its page: the same, if not given."""
    urls = list(urls)
    head = "".join(map(TAG.format, urls if tags is None else tags)) + more.pop("head", "")
    return Site({"ad_urls": urls, **more.pop("options", {})}, head=head, **more)
