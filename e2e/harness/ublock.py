"""uBlock Origin: ready or not yet, and a copy with a bridge that can switch it off for a site."""

from __future__ import annotations

import json
import shutil
import time
from itertools import count
from pathlib import Path

from playwright.sync_api import BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from e2e.harness.browsers import find_ublock
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

BRIDGE_NAME = "uBlock Origin with a test bridge"
BRIDGE_EVENT = "site-test-filtering"
BRIDGE_ANSWER = "data-site-test-filtering"
BRIDGE_PAGE = f"""
document.addEventListener('{BRIDGE_EVENT}', event => {{
  const on = event.detail === 'on';
  browser.runtime.sendMessage({{ what: '{BRIDGE_EVENT}', url: location.href, on }})
    .then(() => document.documentElement.setAttribute('{BRIDGE_ANSWER}', event.detail));
}});
"""
BRIDGE_BACKGROUND = f"""
import µb from './background.js';
browser.runtime.onMessage.addListener(message => {{
  if (message.what !== '{BRIDGE_EVENT}') return;
  µb.toggleNetFilteringSwitch(message.url, '', message.on);
  return Promise.resolve();
}});
"""


def wait_until_ready(context: BrowserContext) -> None:
    """Returns when uBlock Origin has its lists: a known ad request does not reach the server, and a
    known ad slot is hidden.

    :raises MissingError: it filters nothing after 60 seconds.
    """
    server = Server(_probe_app, name="ready.localhost")
    page = context.new_page()
    try:
        deadline = time.monotonic() + READY_SECONDS
        for attempt in count():
            if _filters(page, server, attempt):
                return
            if time.monotonic() > deadline:
                raise MissingError(
                    f"uBlock Origin filtered nothing in {READY_SECONDS} s in this Firefox"
                )
    finally:
        page.close()
        server.stop()


def bridged_copy(folder: Path) -> Path:
    """Copies the machine's uBlock Origin into `folder` and adds the bridge; returns the copy."""
    origin = find_ublock()
    copy = folder / origin.name
    shutil.copytree(origin, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["name"] = BRIDGE_NAME
    manifest["content_scripts"].append(
        {"matches": ["http://*/*"], "js": ["/js/site-test-page.js"], "run_at": "document_start"}
    )
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (copy / "js" / "site-test-page.js").write_text(BRIDGE_PAGE, "utf-8")
    (copy / "js" / "site-test-background.js").write_text(BRIDGE_BACKGROUND, "utf-8")
    background = (copy / "background.html").read_text("utf-8")
    script = '<script src="js/site-test-background.js" type="module"></script>\n</body>'
    (copy / "background.html").write_text(background.replace("</body>", script), "utf-8")
    return copy


class BridgedUBlock:
    """Firefox having uBlock Origin with a test bridge: its `context`, and a switch for a site."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context

    def filtering(self, page: Page, *, on: bool) -> None:
        """Switches filtering on or off for the site of `page`, without a reload, as the power
        button in uBlock Origin's own window does, and returns when that is done."""
        state = "on" if on else "off"
        page.evaluate(
            "([name, detail]) => document.dispatchEvent(new CustomEvent(name, { detail }))",
            [BRIDGE_EVENT, state],
        )
        page.wait_for_selector(f"html[{BRIDGE_ANSWER}={state}]", state="attached")


def _probe_app() -> Starlette:
    async def probe(request: Request) -> HTMLResponse:
        return HTMLResponse(PROBE)

    async def script(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", media_type="text/javascript")

    return Starlette(routes=[Route("/", probe), Route(AD_PATH, script)])


def _filters(page: Page, server: Server, attempt: int) -> bool:
    page.goto(f"{server.url}/?{attempt}")
    page.evaluate("() => window.asked")
    if any(seen.path == AD_PATH and seen.query == str(attempt) for seen in server.seen):
        page.wait_for_timeout(100)
        return False
    deadline = time.monotonic() + HIDE_MILLISECONDS / 1000
    while time.monotonic() < deadline:
        if page.evaluate(HIDDEN):
            return True
        page.wait_for_timeout(50)
    return False
