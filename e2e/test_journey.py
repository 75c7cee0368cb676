"""The main job, end to end: a publisher's paper, real readers' browsers, a real blocker."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as NoVerdictError
from starlette.types import ASGIApp

from adguard import AdGuardMiddleware, Verdict
from adguard.reader import CookieJar, ReaderState, day_of, month_of
from demo_site.app import create_app
from e2e.conftest import Serve
from e2e.harness import (
    BridgedUBlock,
    Server,
    errors_of,
    long_scripts_of,
    requests_of,
    shift_of,
    verdict_of,
)

KEY = "an end-to-end key of forty characters..."
ARTICLE = "/city/the-ferry-that-waits"
SECOND = "/culture/low-water-choir"
STRICT = "/markets/the-price-falls-at-six"


def paper(store: Path | None = None, days: float = 0, **options: Any) -> Callable[[], ASGIApp]:
    """A factory of the demo newspaper with its own key and store, `days` ahead of the clock."""

    def make() -> ASGIApp:
        where = "memory:" if store is None else f"sqlite://{store}"
        made = create_app(secret_key=KEY, store=where, **options)
        layer: Any = made.build_middleware_stack()
        made.middleware_stack = layer
        while not isinstance(layer, AdGuardMiddleware):
            layer = layer.app
        layer.services.clock = lambda: time.time() + days * 86_400
        return made

    return make


def settled(page: Page, server: Server) -> str:
    """Waits for the verdict and for the server's answer to its report."""
    verdict = verdict_of(page)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some("
        "entry => entry.name.endsWith('/report') && entry.responseEnd > 0)"
    )
    return verdict


def visit(page: Page, server: Server, path: str) -> str:
    page.goto(server.url + path)
    return settled(page, server)


def figures(store: Path) -> dict[str, Any]:
    """What `adguard report` says of the store."""
    command = [sys.executable, "-m", "adguard", "report", "--json", "--store", f"sqlite://{store}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(printed)["figures"]
    return found


def dialog(page: Page) -> Any:
    return page.get_by_role("dialog")


def ours(page: Page) -> list[str]:
    """Requests under the prefix, in order."""
    return [url for url in requests_of(page) if "/_site/" in url]


@pytest.mark.repeat
def test_chromium_without_a_blocker_is_clear_in_six_requests_and_nothing_moves(
    serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(paper())
    page = chromium.new_page()
    assert visit(page, server, ARTICLE) == "clear"
    assert len(ours(page)) <= 6, ours(page)
    assert shift_of(page) == 0
    assert long_scripts_of(page) == []
    assert errors_of(page) == []
    assert chromium.cookies() == []
    expect(page.locator("[data-site-row]")).to_have_count(0)


@pytest.mark.repeat
def test_firefox_without_a_blocker_is_clear_in_six_requests(
    serve: Serve, firefox: BrowserContext
) -> None:
    server = serve(paper())
    page = firefox.new_page()
    assert visit(page, server, ARTICLE) == "clear"
    assert len(ours(page)) <= 6, ours(page)
    assert errors_of(page) == []
    assert firefox.cookies() == []


@pytest.mark.repeat
def test_firefox_with_ublock_origin_is_an_extension_in_nine_requests_and_a_retry_each(
    serve: Serve, ublock: BrowserContext
) -> None:
    server = serve(paper())
    page = ublock.new_page()
    assert visit(page, server, ARTICLE) == "extension"
    assert len(ours(page)) <= 9 + 3, ours(page)
    assert errors_of(page) == []
    reported = [seen for seen in server.seen if seen.path == "/_site/report"]
    assert len(reported) == 1


def test_readers_without_a_blocker_never_see_anything_and_recent_views_cost_two_requests(
    serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(paper())
    page = chromium.new_page()
    visit(page, server, ARTICLE)
    before = len(ours(page))
    for path in (SECOND, STRICT, ARTICLE, STRICT, STRICT):
        assert visit(page, server, path) == "clear"
        expect(page.locator("#site-note")).to_have_count(0)
        expect(page.locator("article.story")).to_be_visible()
        assert len(ours(page)) - before <= 2
        before = len(ours(page))
    assert chromium.cookies() == []


def test_a_reader_with_ublock_origin_is_asked_on_the_second_article_and_not_now_is_remembered(
    serve: Serve, ublock: BrowserContext, tmp_path: Path
) -> None:
    store = tmp_path / "paper.sqlite3"
    server = serve(paper(store))
    page = ublock.new_page()
    assert visit(page, server, ARTICLE) == "extension"
    expect(page.locator("#site-note")).to_have_count(0)
    assert visit(page, server, SECOND) == "extension"
    expect(dialog(page)).to_be_visible()
    expect(page.get_by_role("button", name="Allow ads here")).to_be_visible()
    expect(page.get_by_role("button", name="Support another way")).to_be_visible()
    assert len([url for url in requests_of(page) if "/note" in url]) == 2
    page.wait_for_timeout(1200)  # seen means half visible for one second
    with page.expect_response("**/_site/choice"):
        page.get_by_role("button", name="Not now").click()
    expect(dialog(page)).to_have_count(0)
    assert visit(page, server, ARTICLE) == "extension"
    expect(page.locator("#site-note")).to_have_count(0)

    server.restart()
    assert visit(page, server, SECOND) == "extension"
    expect(page.locator("#site-note")).to_have_count(0)

    server.restart(paper(store, days=13))
    assert visit(page, server, ARTICLE) == "extension"
    expect(page.locator("#site-note")).to_have_count(0)

    server.restart(paper(store, days=14))
    assert visit(page, server, ARTICLE) == "extension"
    expect(dialog(page)).to_be_visible()
    with page.expect_response("**/_site/choice"):
        page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    server.stop()

    counted = figures_over(store, 30)
    assert counted["views"]["value"] == 6
    assert counted["block_rate"]["numerator"] == 6
    assert counted["decided"]["value"] == 2
    assert counted["dismiss_rate"]["numerator"] == 2
    assert errors_of(page) == []


def figures_over(store: Path, days: int) -> dict[str, Any]:
    """What the store says of the days to come as well: the fake calendar writes into them."""
    from adguard.insight import build_report, to_json
    from adguard.ledger import open_store

    now = time.time()
    made = build_report(open_store(f"sqlite://{store}"), since=now, until=now + days * 86_400)
    found: dict[str, Any] = json.loads(to_json(made))["figures"]
    return found


def test_the_report_command_agrees_with_what_happened(
    serve: Serve, ublock: BrowserContext, chromium: BrowserContext, tmp_path: Path
) -> None:
    store = tmp_path / "paper.sqlite3"
    server = serve(paper(store))
    plain, blocked = chromium.new_page(), ublock.new_page()
    for path in (ARTICLE, SECOND, ARTICLE):
        visit(plain, server, path)
    for path in (ARTICLE, SECOND):
        visit(blocked, server, path)
    expect(dialog(blocked)).to_be_visible()
    with blocked.expect_response("**/_site/choice"):
        blocked.get_by_role("button", name="Don't ask for six months").click()
    counted = figures(store)
    assert counted["measured"]["value"] == 5
    assert counted["views"]["value"] == 5
    assert counted["block_rate"]["numerator"] == 2
    assert counted["decided"]["value"] == 1
    assert counted["optout_rate"]["numerator"] == 1


def test_a_strict_section_meets_the_interstitial_which_opens_by_itself_once_ads_are_allowed(
    serve: Serve, ublock_bridge: BridgedUBlock, tmp_path: Path
) -> None:
    server = serve(paper(tmp_path / "paper.sqlite3"))
    page = ublock_bridge.context.new_page()
    for _ in range(3):
        assert visit(page, server, STRICT) == "extension"
        expect(page.locator("#site-note")).to_have_count(0)
    page.goto(server.url + STRICT + "?page=1")
    expect(page.get_by_role("heading", name="Before you read on")).to_be_visible()
    expect(page.get_by_text("The price falls at six")).to_be_visible()
    assert settled(page, server) == "extension"
    ublock_bridge.filtering(page, on=False)
    expect(page.locator("article.story")).to_be_visible(timeout=20_000)
    assert page.url == server.url + STRICT + "?page=1"
    assert figures(tmp_path / "paper.sqlite3")["interstitials"]["value"] == 1
    assert errors_of(page) == []


def test_who_allows_ads_before_an_article_is_thanked_on_it_once(
    serve: Serve, ublock_bridge: BridgedUBlock, tmp_path: Path
) -> None:
    store = tmp_path / "paper.sqlite3"
    server = serve(paper(store))
    page = ublock_bridge.context.new_page()
    for _ in range(3):
        visit(page, server, STRICT)
    page.goto(server.url + STRICT)
    page.get_by_role("button", name="Allow ads here").click()
    expect(page.get_by_role("heading", name="uBlock Origin")).to_be_visible()
    assert settled(page, server) == "extension"
    ublock_bridge.filtering(page, on=False)
    thanks = page.get_by_role("region", name="Thank you")
    expect(thanks).to_be_attached(timeout=20_000)
    assert page.url == server.url + STRICT
    assert visit(page, server, ARTICLE) == "clear"
    expect(page.locator("#site-note")).to_have_count(0)
    assert figures(store)["allow_rate"]["numerator"] == 1
    assert errors_of(page) == []


def planted(context: BrowserContext, server: Server) -> None:
    """Gives the browser the cookie of a reader who has used up the free views of this month."""
    today = day_of(time.time())
    state = ReaderState(
        first_day=today,
        verdict=Verdict.EXTENSION,
        verdict_day=today,
        views=3,
        visit_day=today,
        visit_views=3,
        month=month_of(today),
        month_views=3,
    )
    name, _, rest = CookieJar([KEY]).write_state(state, secure=False, today=today).partition(b"=")
    value = rest.partition(b";")[0].decode()
    context.add_cookies([{"name": name.decode(), "value": value, "url": server.url}])


def test_the_interstitials_form_works_without_javascript(
    serve: Serve, chromium_without_javascript: BrowserContext
) -> None:
    server = serve(paper())
    planted(chromium_without_javascript, server)
    page = chromium_without_javascript.new_page()
    page.goto(server.url + STRICT + "?page=1")
    expect(page.locator("article.story")).to_have_count(0)
    page.get_by_role("button", name="Continue without").click()
    assert page.url == server.url + STRICT + "?page=1"
    expect(page.locator("article.story")).to_be_visible()
    page.goto(server.url + STRICT)
    expect(page.locator("article.story")).to_be_visible()


@pytest.mark.parametrize(
    ("button", "address"),
    [("Allow ads here", "/_site/help"), ("Support another way", "/_site/support")],
)
def test_without_javascript_every_way_on_leads_to_a_page_and_back_to_the_article(
    serve: Serve, chromium_without_javascript: BrowserContext, button: str, address: str
) -> None:
    server = serve(paper())
    planted(chromium_without_javascript, server)
    page = chromium_without_javascript.new_page()
    page.goto(server.url + STRICT)
    page.get_by_role("button", name=button).click()
    assert page.url.startswith(server.url + address)
    expect(page.locator(f'a[href="{STRICT}"]').first).to_be_visible()


def test_a_chromium_reader_whose_cookie_is_stale_gets_the_article_back_by_itself(
    serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(paper())
    planted(chromium, server)
    page = chromium.new_page()
    page.goto(server.url + STRICT)
    expect(page.locator("article.story")).to_be_visible(timeout=10_000)
    assert page.url == server.url + STRICT


def test_behind_a_cache_the_client_goes_to_the_interstitial_and_comes_back(
    serve: Serve, ublock: BrowserContext
) -> None:
    server = serve(paper(interstitial="redirect"))
    page = ublock.new_page()
    for _ in range(3):
        visit(page, server, STRICT)
    page.goto(server.url + STRICT)
    page.wait_for_url("**/_site/note?to=*")
    page.get_by_role("button", name="Continue without").click()
    page.wait_for_url(server.url + STRICT)
    assert settled(page, server) == "extension"
    expect(page.locator("article.story")).to_be_visible()


def test_allow_ads_here_opens_the_guide_and_thanks_when_the_blocker_is_off(
    serve: Serve, ublock_bridge: BridgedUBlock, tmp_path: Path
) -> None:
    store = tmp_path / "paper.sqlite3"
    server = serve(paper(store))
    page = ublock_bridge.context.new_page()
    visit(page, server, ARTICLE)
    visit(page, server, SECOND)
    with page.expect_response("**/_site/choice"):
        page.get_by_role("button", name="Allow ads here").click()
    expect(page.get_by_role("combobox")).to_have_value("ubo")
    ublock_bridge.filtering(page, on=False)
    page.get_by_role("button", name="I have allowed ads").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=15_000)
    page.goto(server.url + ARTICLE)
    assert settled(page, server) == "clear"
    expect(page.locator("#site-note")).to_have_count(0)
    assert figures(store)["allow_rate"]["numerator"] == 1


def test_the_whole_journey_from_a_silent_first_view_to_a_verified_allow(
    serve: Serve, ublock_bridge: BridgedUBlock, tmp_path: Path
) -> None:
    store = tmp_path / "paper.sqlite3"
    server = serve(paper(store))
    context = ublock_bridge.context
    page = context.new_page()
    assert visit(page, server, ARTICLE) == "extension"
    expect(page.locator("#site-note")).to_have_count(0)

    # The reader has begun to write before the second view's notice arrives: it must not disturb.
    written = "The ferry waited for me, too."
    notice = page.expect_request("**/_site/note?*")
    page.route("**/_site/note-*", lambda route: (letter(page).fill(written), route.continue_()))
    with notice:
        page.goto(server.url + SECOND)
    card = page.get_by_role("region", name="Ads pay for The Merrow Packet")
    expect(card).to_be_attached()
    expect(dialog(page)).to_have_count(0)
    with page.expect_response("**/_site/choice"):
        card.get_by_role("button", name="Allow ads here").click()
    expect(page.get_by_role("combobox")).to_have_value("ubo")
    scrolled = page.evaluate("() => scrollY")
    assert scrolled > 0

    ublock_bridge.filtering(page, on=False)
    with context.expect_page() as elsewhere:
        page.evaluate("() => { window.open('about:blank'); }")
    elsewhere.value.close()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=15_000)
    assert letter(page).input_value() == written
    assert page.evaluate("() => scrollY") == scrolled
    page.get_by_role("button", name="Back to reading").click()
    expect(page.locator("#site-note")).to_have_count(0)

    page.goto(server.url + ARTICLE)
    assert settled(page, server) == "clear"
    expect(page.locator("#site-note")).to_have_count(0)
    counted = figures(store)
    assert counted["decided"]["value"] == 1
    assert counted["allow_rate"]["numerator"] == 1
    assert errors_of(page) == []


def letter(page: Page) -> Any:
    """Where a reader writes under an article."""
    return page.locator("textarea").first


def test_mode_off_silences_a_page_that_a_cache_still_holds(
    serve: Serve, ublock: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(paper())
    kept = httpx.get(server.address + ARTICLE, headers={"Host": server.host, "Accept": "text/html"})
    assert "/_site/client-" in kept.text
    monkeypatch.setenv("ADGUARD_MODE", "off")
    page = ublock.new_page()
    page.route(
        server.url + ARTICLE, lambda route: route.fulfill(body=kept.text, content_type="text/html")
    )
    with page.expect_response("**/_site/control*"):
        page.goto(server.url + ARTICLE)
    with pytest.raises(NoVerdictError):
        verdict_of(page, timeout=2_000)
    assert "/_site/report" not in server.paths
