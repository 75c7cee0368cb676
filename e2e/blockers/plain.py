"""The two browsers without a blocker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import chromium_version, firefox_version
from e2e.harness import Server, browsers


@contextmanager
def _chromium(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    hosts = adverts.to_server(ads.port)
    with paged(browsers.chromium(playwright, profile, hosts=hosts)) as page:
        yield page


@contextmanager
def _firefox(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    preferences = adverts.through_server(ads.port)
    with paged(browsers.firefox(playwright, profile, preferences=preferences)) as page:
        yield page


CHROMIUM = Blocker(
    id="chromium_plain", name="Chromium, no blocker", open=_chromium, versions=chromium_version
)
FIREFOX = Blocker(
    id="firefox_plain", name="Firefox, no blocker", open=_firefox, versions=firefox_version
)
