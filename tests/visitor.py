"""A visitor's browser in a few lines: opens pages and does what the in-page client does."""

from __future__ import annotations

import re
import secrets
from typing import Any

import httpx

# A blocker's outcomes and a plain browser's, as the client reports them.
BLOCKED = {
    "script": "loaded",
    "image": "loaded",
    "fetch": "loaded",
    "element": "visible",
    "n1": "blocked",
    "n2": "blocked",
    "n3": "blocked",
    "c1": "hidden",
    "c2": "hidden",
}
CLEAR = {
    "fetch": "loaded",
    "element": "visible",
    "n1": "loaded",
    "n2": "loaded",
    "n3": "loaded",
    "c1": "visible",
    "c2": "visible",
}

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
}
FROM_OUR_PAGE = {
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
}

SCRIPT = re.compile(r'<script\b[^>]*\bsrc="([^"]*/(?:client|wait)-([^"]+)\.js)"')


class Visitor:
    """
    :param client: keeps the cookies; its `base_url` leads to the site.
    :param origin: what the address bar would show, for the Origin header.
    """

    def __init__(self, client: httpx.AsyncClient, origin: str) -> None:
        self.client = client
        self.origin = origin
        client.headers["User-Agent"] = FIREFOX

    async def open(self, path: str = "/") -> httpx.Response:
        return await self.client.get(path, headers=NAVIGATION)

    async def fetch(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=FROM_OUR_PAGE)

    async def report(
        self, page: httpx.Response, signals: dict[str, str], *, path: str = "/"
    ) -> dict[str, Any]:
        """Asks for the control that `page` names, posts `signals`, returns the answer."""
        source, digest = client_of(page)
        base = source.rpartition("/")[0]
        control = (await self.fetch(f"{base}/control?v={path}")).raise_for_status().json()
        answer = await self.client.post(
            f"{base}/report",
            json={
                "v": 1,
                "id": f"{control['day']}-{secrets.token_urlsafe(16)}",
                "token": control["token"],
                "kind": "view",
                "path": path,
                "lang": "en",
                "signals": signals,
                "brave": False,
                "gpc": False,
                "earlier": "",
                "client": digest,
            },
            headers={**FROM_OUR_PAGE, "Origin": self.origin},
        )
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read

    async def view(self, signals: dict[str, str], path: str = "/") -> dict[str, Any]:
        """Opens the page at `path` and reports `signals` for it."""
        return await self.report(await self.open(path), signals, path=path)


def client_of(page: httpx.Response) -> tuple[str, str]:
    """The path and the digest of the one client script in `page`."""
    found = SCRIPT.findall(page.text)
    assert len(found) == 1, f"{len(found)} client scripts in {page.url}"
    path, digest = found[0]
    return path, digest
