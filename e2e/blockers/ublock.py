"""uBlock Origin in full, which only Firefox still runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import firefox_version, ublock_version
from e2e.harness import Server, browsers, wait_until_filtered

NAME = "Firefox with uBlock Origin"


@contextmanager
def _open(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    preferences = adverts.through_server(ads.port)
    with paged(browsers.firefox(playwright, profile, ublock=True, preferences=preferences)) as page:
        wait_until_filtered(page, NAME)
        yield page


UBLOCK = Blocker(
    id="firefox_ublock",
    name=NAME,
    open=_open,
    versions=lambda playwright: firefox_version(playwright) | ublock_version(),
)
