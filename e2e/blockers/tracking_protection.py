"""Firefox's strict tracking protection: no ad blocker, though to an ad host it looks like one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import firefox_version
from e2e.harness import Server, browsers

STRICT: browsers.Preferences = {
    "browser.contentblocking.category": "strict",
    "privacy.trackingprotection.enabled": True,
    "urlclassifier.trackingTable.testEntries": ",".join(adverts.AD_HOSTS),
}


@contextmanager
def _open(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    preferences: browsers.Preferences = {**adverts.through_server(ads.port), **STRICT}
    with paged(browsers.firefox(playwright, profile, preferences=preferences)) as page:
        yield page


STRICT_FIREFOX = Blocker(
    id="firefox_strict",
    name="Firefox with strict tracking protection, its host list simulated",
    simulated="Firefox fetches its list of trackers from Mozilla, which no test reaches; a "
    "preference names the ad hosts instead. What it does to them is Firefox's own.",
    open=_open,
    versions=firefox_version,
)
