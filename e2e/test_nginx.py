"""Real browsers on a site behind nginx, which answers HTML and baits from its cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from e2e.conftest import Open
from e2e.harness import verdict_of, wait_until_ready
from tests.proxy.site import FREE_VIEWS, Site, serving

PER_VIEW = ["/_site/control", "/_site/report"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with serving(folder) as site:
        yield site


@pytest.fixture
def ublock_over_tls(open_firefox: Open) -> BrowserContext:
    context = open_firefox(ublock=True, ignore_https_errors=True)
    wait_until_ready(context)
    return context


def view(context: BrowserContext, url: str) -> str:
    page = context.new_page()
    with page.expect_response("**/_site/report"):
        page.goto(url)
    verdict = verdict_of(page)
    page.close()
    return verdict


def test_baits_from_the_cache_still_tell_the_truth(
    site: Site, open_chromium: Open, ublock_over_tls: BrowserContext
) -> None:
    url = f"{site.nginx.url}/a"
    assert view(open_chromium(ignore_https_errors=True), url) == "clear"
    site.app.seen.clear()
    assert view(open_chromium(ignore_https_errors=True), url) == "clear"
    assert site.app.paths == PER_VIEW
    # A blocked bait makes the client ask for the bait's control, once, before the cache has it.
    assert view(ublock_over_tls, url) == "extension"
    site.app.seen.clear()
    assert view(ublock_over_tls, url) == "extension"
    assert site.app.paths[:2] == PER_VIEW


def test_a_reader_of_cached_pages_reaches_the_interstitial_and_comes_back(
    site: Site, ublock_over_tls: BrowserContext
) -> None:
    url = f"{site.nginx.url}/premium/a"
    for _ in range(FREE_VIEWS):
        assert view(ublock_over_tls, url) == "extension"
    page = ublock_over_tls.new_page()
    page.goto(url)
    page.wait_for_url("**/_site/note?to=*")
    page.click("button[value=later]")
    page.wait_for_url(url)
    assert page.locator("h1").inner_text() == "premium/a"
    [cookie] = ublock_over_tls.cookies(site.nginx.url)
    assert cookie["name"] == "__Host-site_note"
    assert cookie["secure"]
