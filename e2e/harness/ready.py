"""Whether a blocker has started to filter: browsers open pages before it has read its lists."""

from __future__ import annotations

import time
from itertools import count

from playwright.sync_api import BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from e2e.harness.missing import MissingError
from e2e.harness.server import Server

READY_SECONDS = 60
HIDE_MILLISECONDS = 1_500

# A path and a class that EasyList has held for years; they are not our baits, which may change.
AD_PATH = "/www/delivery/ready.js"
PROBE = f"""<!doctype html><title>ready?</title>
<div class="ad-slot-container">advertisement</div>
<script>window.asked = new Promise(resolve => {{
  const script = document.createElement('script');
  script.onload = script.onerror = resolve;
  script.src = '{AD_PATH}?' + location.search.slice(1);
  document.head.append(script);
}});</script>"""
HIDDEN = "() => document.querySelector('.ad-slot-container').getClientRects().length === 0"


def wait_until_ready(context: BrowserContext, blocker: str = "uBlock Origin") -> None:
    """Returns when `blocker` filters the pages of `context`.

    :raises MissingError: it filters nothing after 60 seconds.
    """
    page = context.new_page()
    try:
        wait_until_filtered(page, blocker)
    finally:
        page.close()


def wait_until_filtered(page: Page, blocker: str, *, elements: bool = True) -> None:
    """Returns when a known ad request of `page` does not reach the server and, where the blocker
    hides `elements`, a known ad slot is hidden.

    :raises MissingError: nothing is filtered after 60 seconds.
    """
    server = Server(_probe_app, name="ready.localhost")
    try:
        deadline = time.monotonic() + READY_SECONDS
        for attempt in count():
            if _filters(page, server, attempt, elements):
                return
            if time.monotonic() > deadline:
                raise MissingError(f"{blocker} filtered nothing in {READY_SECONDS} s")
    finally:
        server.stop()


def _probe_app() -> Starlette:
    async def probe(request: Request) -> HTMLResponse:
        return HTMLResponse(PROBE)

    async def script(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", media_type="text/javascript")

    return Starlette(routes=[Route("/", probe), Route(AD_PATH, script)])


def _filters(page: Page, server: Server, attempt: int, elements: bool) -> bool:
    page.goto(f"{server.url}/?{attempt}")
    page.evaluate("() => window.asked")
    if any(seen.path == AD_PATH and seen.query == str(attempt) for seen in server.seen):
        page.wait_for_timeout(100)
        return False
    if not elements:
        return True
    deadline = time.monotonic() + HIDE_MILLISECONDS / 1000
    while time.monotonic() < deadline:
        if page.evaluate(HIDDEN):
            return True
        page.wait_for_timeout(50)
    return False
