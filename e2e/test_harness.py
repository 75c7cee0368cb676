"""The harness keeps its promises, shown on a page that is not ours."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from e2e.conftest import Open, Serve
from e2e.harness import (
    BridgedUBlock,
    errors_of,
    long_scripts_of,
    requests_of,
    shift_of,
    verdict_of,
)

BAIT = "/www/delivery/adverts/adserve/ad_728.js"
NEUTRAL = "/static/site.js"
PAGE = f"""<!doctype html><html><title>news</title><body>
<div id="bait" class="ad-leaderboard ad-slot-container top-ad-container">bait</div>
<p id="text">An article.</p>
<input id="typed">
<script id="client">
  const tag = document.currentScript;
  const ask = src => new Promise(resolve => {{
    const script = document.createElement('script');
    script.onload = () => resolve(true);
    script.onerror = () => resolve(false);
    script.src = src + '?' + Math.random();
    document.head.append(script);
  }});
  window.look = async () => {{
    const [bait, neutral] = await Promise.all([ask('{BAIT}'), ask('{NEUTRAL}')]);
    const hidden = () => document.getElementById('bait').getClientRects().length === 0;
    for (let turn = 0; turn < 20 && !hidden(); turn++) await new Promise(go => setTimeout(go, 50));
    tag.dataset.hidden = hidden();
    tag.dataset.verdict = !neutral ? 'unknown' : bait ? 'clear' : 'extension';
  }};
  look();
</script></body></html>"""


def news() -> Starlette:
    async def page(request: Request) -> HTMLResponse:
        answer = HTMLResponse(PAGE)
        visits = int(request.cookies.get("visits", "0")) + 1
        answer.set_cookie("visits", str(visits))
        return answer

    async def script(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", media_type="text/javascript")

    async def echo(request: Request) -> HTMLResponse:
        return HTMLResponse(f"<pre>{json.dumps(dict(request.headers))}</pre>")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/echo", echo),
            Route(BAIT, script),
            Route(NEUTRAL, script),
        ]
    )


def hidden(page: Page) -> bool:
    return page.locator("#client").get_attribute("data-hidden") == "true"


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_browser_without_a_blocker_loads_and_shows_the_baits(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(browser)
    server = serve(news)
    page = context.new_page()
    page.goto(server.url)
    assert verdict_of(page) == "clear"
    assert not hidden(page)
    assert server.paths.count(BAIT) == 1
    assert server.paths.count(NEUTRAL) == 1
    assert any(BAIT in url for url in requests_of(page))


def test_ublock_origin_filters_from_the_first_page_on(serve: Serve, ublock: BrowserContext) -> None:
    server = serve(news)
    page = ublock.new_page()
    page.goto(server.url)
    assert verdict_of(page) == "extension"
    assert hidden(page)
    assert BAIT not in server.paths
    assert NEUTRAL in server.paths


def test_the_bridge_switches_filtering_off_for_one_site_without_a_reload(
    serve: Serve, ublock_bridge: BridgedUBlock
) -> None:
    server = serve(news)
    page = ublock_bridge.context.new_page()
    page.goto(server.url)
    assert verdict_of(page) == "extension"
    page.fill("#typed", "half a sentence")

    ublock_bridge.filtering(page, on=False)
    page.evaluate("look()")
    assert verdict_of(page) == "clear"
    assert page.input_value("#typed") == "half a sentence"
    other = ublock_bridge.context.new_page()
    other.goto(server.url.replace("news.", "other."))
    assert verdict_of(other) == "extension"

    ublock_bridge.filtering(page, on=True)
    page.evaluate("look()")
    assert verdict_of(page) == "extension"


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_cookies_outlive_a_restart_of_the_server_on_the_same_port(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(browser)
    server = serve(news)
    page = context.new_page()
    page.goto(server.url)
    server.restart()
    page.goto(server.url)
    [cookie] = context.cookies(server.url)
    assert cookie["value"] == "2"


@pytest.mark.parametrize("browser", ["open_chromium", "open_firefox"])
def test_every_profile_is_fresh(browser: str, serve: Serve, request: pytest.FixtureRequest) -> None:
    opener: Open = request.getfixturevalue(browser)
    server = serve(news)
    for _ in range(2):
        context = opener()
        context.new_page().goto(server.url)
        [cookie] = context.cookies(server.url)
        assert cookie["value"] == "1"
        context.close()


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_nothing_outside_this_machine_can_be_reached(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(browser)
    page = context.new_page()
    page.goto(serve(news).url)
    assert (
        page.evaluate("fetch('https://example.org').then(() => 'reached', () => 'refused')")
        == "refused"
    )


def test_scripts_can_be_switched_off(
    serve: Serve, chromium_without_javascript: BrowserContext
) -> None:
    server = serve(news)
    page = chromium_without_javascript.new_page()
    page.goto(server.url)
    assert page.locator("script[data-verdict]").count() == 0
    assert server.paths.count(NEUTRAL) == 0


def test_dark_right_to_left_and_phone_profiles_are_what_they_say(
    serve: Serve,
    chromium_dark: BrowserContext,
    chromium_rtl: BrowserContext,
    chromium_phone: BrowserContext,
) -> None:
    server = serve(news)
    dark, rtl, phone = (
        context.new_page() for context in (chromium_dark, chromium_rtl, chromium_phone)
    )
    dark.goto(server.url)
    assert dark.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    rtl.goto(f"{server.url}/echo")
    assert '"accept-language": "ar"' in rtl.content()
    phone.goto(server.url)
    assert phone.evaluate("screen.width") == 360


def test_layout_shift_long_scripts_and_errors_are_seen(
    serve: Serve, chromium: BrowserContext
) -> None:
    page = chromium.new_page()
    page.goto(serve(news).url)
    verdict_of(page)
    assert shift_of(page) == 0
    assert long_scripts_of(page, source="") == []
    assert errors_of(page) == []

    page.evaluate("() => { setTimeout(() => { throw new Error('ours') }) }")
    page.evaluate(
        """() => new Promise(done => requestAnimationFrame(() => {
             document.body.style.paddingTop = '200px';
             const end = performance.now() + 120;
             while (performance.now() < end);
             setTimeout(done, 200);
           }))"""
    )
    assert shift_of(page) > 0
    assert long_scripts_of(page, source="")
    assert any("ours" in error for error in errors_of(page))


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_an_uncaught_error_of_the_page_is_seen(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(browser)
    page = context.new_page()
    page.goto(serve(news).url)
    with page.expect_event("pageerror"):
        page.evaluate("() => { setTimeout(() => { throw new Error('ours') }) }")
    assert any("ours" in error for error in errors_of(page))


def test_what_is_missing_says_so_and_fails_only_in_ci(
    monkeypatch: pytest.MonkeyPatch, open_firefox: Open
) -> None:
    monkeypatch.setenv("E2E_UBLOCK", "/nowhere")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="uBlock Origin is not in /nowhere"):
        open_firefox(ublock=True)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="uBlock Origin is not in /nowhere"):
        open_firefox(ublock=True)
