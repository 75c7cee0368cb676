"""Firefox's strict tracking protection: no ad blocker, though to an ad host it looks like one.

Firefox takes scripts of its own for those of some ad hosts ("SmartBlock"), so that pages do not
break: the script loads, defines what the page expects, and does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from e2e.blockers import adverts
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import firefox_version
from e2e.harness import MissingError, Server, browsers

OWN_AND_PROFILE_EXTENSIONS = 5  # SmartBlock is one of Firefox's own
STRICT: browsers.Preferences = {
    "browser.contentblocking.category": "strict",
    "extensions.enabledScopes": OWN_AND_PROFILE_EXTENSIONS,
    "privacy.trackingprotection.enabled": True,
    "urlclassifier.trackingTable.testEntries": ",".join(adverts.AD_HOSTS),
}
READY_SECONDS = 30
REPLACED = "() => self.apstag !== undefined && self.served === undefined"


@contextmanager
def _open(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    preferences: browsers.Preferences = {**adverts.through_server(ads.port), **STRICT}
    with paged(browsers.firefox(playwright, profile, preferences=preferences)) as page:
        _wait_until_strict(page)
        yield page


def _wait_until_strict(page: Page) -> None:
    server = Server(_probe_app, name="ready.localhost")
    try:
        deadline = time.monotonic() + READY_SECONDS
        page.goto(server.url)
        while not page.evaluate(REPLACED):
            if time.monotonic() > deadline:
                raise MissingError(f"Firefox protected nothing in {READY_SECONDS} s")
            page.wait_for_timeout(100)
            page.goto(server.url)
    finally:
        server.stop()


def _probe_app() -> Starlette:
    async def probe(request: Request) -> HTMLResponse:
        tags = (f'<script src="{url}"></script>' for url in adverts.AD_URLS)
        return HTMLResponse(f"<!doctype html><title>ready?</title>{''.join(tags)}")

    return Starlette(routes=[Route("/", probe)])


STRICT_FIREFOX = Blocker(
    id="firefox_strict",
    name="Firefox with strict tracking protection, its host list simulated",
    simulated="Firefox fetches its list of trackers from Mozilla, which no test reaches; a "
    "preference names the ad hosts instead. What it does to them is Firefox's own.",
    open=_open,
    versions=firefox_version,
)
