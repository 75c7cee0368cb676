"""The client alone in real browsers: who is found out, what it says, asks for and shows."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from adguard.baits import load
from e2e.client_site import BAITS, Site
from e2e.conftest import Open, Serve
from e2e.harness import errors_of, long_scripts_of, requests_of, shift_of, verdict_of

VECTORS = Path(__file__).parents[1] / "tests" / "vectors" / "detection.json"
SOURCES = Path(__file__).parents[1] / "snippets" / "page"
WATCH = """
addEventListener('site:verdict', event => {
  const since = performance.timing.domContentLoadedEventStart - performance.timeOrigin;
  (window.heard ||= []).push({ ...event.detail, after: performance.now() - since });
}, true);
"""
GLOBALS = "() => Object.getOwnPropertyNames(window).sort()"
HIDE = "<style>{}</style>"


@pytest.fixture
def chromium(fresh: Open) -> BrowserContext:
    return fresh()


def ours(page: Page) -> list[str]:
    return [url.partition("/_site/")[2] for url in requests_of(page) if "/_site/" in url]


def look(context: BrowserContext, url: str) -> tuple[Page, dict[str, Any]]:
    """Opens `url` and returns the page and what `site:verdict` said first."""
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url, wait_until="domcontentloaded")
    verdict = verdict_of(page)
    heard: dict[str, Any] = page.evaluate("() => window.heard[0]")
    assert heard["verdict"] == verdict
    return page, heard


def wait_for(page: Page, site: Site, count: int) -> list[dict[str, Any]]:
    """Waits until `count` reports have reached the site."""
    for _ in range(200):
        if len(site.reports) >= count:
            return site.reports
        page.wait_for_timeout(25)
    raise AssertionError(f"{len(site.reports)} reports instead of {count}")


@pytest.mark.repeat
@pytest.mark.parametrize("browser", ["open_chromium", "open_firefox"])
def test_a_browser_without_a_blocker_is_clear_in_six_requests(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    site = Site()
    server = serve(site.factory)
    page, heard = look(request.getfixturevalue(browser)(), server.url)
    assert (heard["verdict"], heard["reason"]) == ("clear", "clear")
    assert heard["signals"] == {
        **dict.fromkeys(("n1", "n2", "n3", "fetch"), "loaded"),
        **dict.fromkeys(("c1", "c2", "element"), "visible"),
    }
    report = wait_for(page, site, 1)[0]
    assert report["signals"] == heard["signals"]
    assert (report["kind"], report["path"], report["lang"]) == ("view", "/", "en")
    assert len(json.dumps(report)) < 2000
    page.wait_for_timeout(900)  # past the late look
    asked = [site.assets.client, "control?v=%2F", BAITS["n1"], BAITS["n2"], "report"]
    assert sorted(ours(page)) == sorted([*asked, f"{BAITS['n3']}?page=1"])
    assert len(site.reports) == 1
    assert page.locator("[data-site-row], .ad-leaderboard, #sidebar_ad").count() == 0
    assert errors_of(page) == []


@pytest.mark.repeat
def test_ublock_origin_in_firefox_is_an_extension(serve: Serve, ublock: BrowserContext) -> None:
    site = Site()
    server = serve(site.factory)
    page, heard = look(ublock, server.url)
    assert (heard["verdict"], heard["reason"]) == ("extension", "network-bait")
    wait_for(page, site, 1)
    assert len(ours(page)) <= 12, ours(page)
    assert errors_of(page) == []


def test_the_table_holds_in_a_real_browser(serve: Serve, chromium: BrowserContext) -> None:
    server = serve(Site().factory)
    page = chromium.new_page()
    page.goto(server.url)
    texts = [(SOURCES / name).read_text("utf-8") for name in ("client.js", "watch.js")]
    tables = [text[text.index("// table") : text.index("// end table")] for text in texts]
    vectors = json.loads(VECTORS.read_text("utf-8"))
    found = page.evaluate(
        """([[client, watch], { kinds, cases }]) => {
          const classify = new Function(client + '\\nreturn classify;')();
          const judge = new Function(watch + '\\nreturn judge;')();
          return cases.map(({ signals, kinds: own = kinds, brave = false, earlier = '' }) => {
            const found = classify(signals, own, brave, earlier);
            return found.reason === 'clear' && judge(signals, brave) || found;
          });
        }""",
        [tables, vectors],
    )
    keys = ("verdict", "confidence", "reason")
    assert found == [{key: case[key] for key in keys} for case in vectors["cases"]]


def test_nothing_moves_nothing_is_long_and_nothing_leaks(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    page = chromium.new_page()
    page.goto(f"{server.url}/elsewhere")
    before = page.evaluate(GLOBALS)
    page.goto(server.url)
    verdict_of(page)
    page.wait_for_timeout(900)
    assert page.evaluate(GLOBALS) == before
    assert shift_of(page) == 0
    assert long_scripts_of(page) == []


BLOCKED = {
    "all requests": tuple(BAITS.values()),
    "the script": (BAITS["n1"],),
    "the image": (BAITS["n2"],),
    "the fetch": (BAITS["n3"],),
}


@pytest.mark.parametrize("names", BLOCKED.values(), ids=BLOCKED)
def test_a_blocked_request_is_an_extension_within_nine_requests_and_a_retry_each(
    names: tuple[str, ...], serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    for name in names:
        chromium.route(f"**/{name}*", lambda route: route.abort("blockedbyclient"))
    page, heard = look(chromium, server.url)
    assert (heard["verdict"], heard["reason"]) == ("extension", "network-bait")
    report = wait_for(page, site, 1)[0]
    assert {report["signals"].get(kind) for kind in ("script", "image", "fetch")} <= {
        "loaded",
        None,
    }
    assert len(ours(page)) <= 9 + len(names), ours(page)


def test_a_stub_that_loads_is_found_by_its_missing_marker(
    serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(Site().factory)
    stub = {"status": 200, "content_type": "text/javascript", "body": "(function(){})()"}
    chromium.route(f"**/{BAITS['n1']}", lambda route: route.fulfill(**stub))
    _, heard = look(chromium, server.url)
    assert (heard["verdict"], heard["reason"]) == ("extension", "substituted")


INTO_AN_EXTENSION = """
  const own = fetch;
  window.fetch = async (url, options) => {
    if (!/delivery/.test(url)) return own(url, options);
    const into = { ok: true, status: 200, redirected: true, url: 'chrome-extension://a/noop.js' };
    const kept = { ok: false, status: 0, redirected: false, url };
    return { ...(options?.redirect === 'manual' ? kept : into), text: async () => '' };
  };
"""
"""What Chromium answers where a rule leads every request for a bait into an extension."""


def test_a_stub_to_which_an_extension_redirects_is_not_taken_for_the_servers_redirect(
    serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(Site().factory)
    stub = {"status": 200, "content_type": "text/javascript", "body": ""}
    chromium.route(f"**/{BAITS['n1']}", lambda route: route.fulfill(**stub))
    chromium.add_init_script(INTO_AN_EXTENSION)
    _, heard = look(chromium, server.url)
    assert (heard["verdict"], heard["reason"]) == ("extension", "substituted")


GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
STUBS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a script of nothing": ("n1", {"status": 204}, "network-bait|substituted"),
    "a picture of one dot": ("n2", {"content_type": "image/gif", "body": GIF}, "substituted"),
    "a picture of nothing": ("n2", {"body": ""}, "network-bait"),
    "an answer of nothing": ("n3", {"status": 204}, "substituted"),
    "an empty answer": ("n3", {"content_type": "application/json", "body": ""}, "substituted"),
    "a page for the script": ("n1", {"content_type": "text/html", "body": "<p>No"}, "faulty"),
    "a page for the image": ("n2", {"content_type": "text/html", "body": "<p>No"}, "faulty"),
    "a page for the fetch": ("n3", {"content_type": "text/html", "body": "<p>No"}, "faulty"),
    "not for legal reasons": ("n1", {"status": 451}, "faulty"),
    "not now": ("n2", {"status": 503}, "faulty"),
}
"""What filters between the browser and the site answer in the place of a bait, by their own
certificate. An error may as well be the server's, and a page a firewall's."""


def _fulfil(stub: dict[str, Any], route: Route) -> None:
    route.fulfill(**stub)


def test_what_a_filtering_proxy_answers_in_the_place_of_a_bait_is_found(
    serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(Site().factory)
    for name, (bait, stub, reasons) in STUBS.items():
        pattern = f"**/{BAITS[bait]}*"
        chromium.route(pattern, partial(_fulfil, stub))
        page, heard = look(chromium, server.url)
        assert heard["reason"] in reasons.split("|"), (name, heard)
        assert heard["verdict"] == ("unknown" if reasons == "faulty" else "extension"), name
        chromium.unroute(pattern)
        page.close()


NAMES = ", ".join(f".{name}" for bait in load().elements for name in bait.classes)
LISTED = NAMES + " { display: none !important }"
"""What a list of filters says: it knows every name."""


@pytest.mark.parametrize("engine", ["user", "author"])
def test_hidden_elements_are_an_extension_though_all_requests_pass(
    engine: str, serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(head=HIDE.format(LISTED) if engine == "author" else "")
    server = serve(site.factory)
    if engine == "author":
        _, heard = look(chromium, server.url)
        assert (heard["reason"], heard["confidence"]) == ("cosmetic-styled", 0.6)
        return
    # What no author style undoes, the way a user style holds: an animation cannot, this can.
    page = chromium.new_page()
    page.add_init_script(
        WATCH
        + """
        const height = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'offsetHeight').get;
        Object.defineProperty(HTMLElement.prototype, 'offsetHeight', { get() {
          return this.matches('.ad-leaderboard, #sidebar_ad') ? 0 : height.call(this); } });
        """
    )
    page.goto(server.url)
    assert verdict_of(page) == "extension"
    assert page.evaluate("() => window.heard[0].reason") == "cosmetic-only"


@pytest.mark.parametrize(
    "style", ["display: none", "display: none !important", "height: 0", "position: fixed"]
)
def test_a_page_that_hides_its_own_places_for_advertising_accuses_nobody(
    style: str, serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(head=HIDE.format(f".top-ad-container, .sponsored-post {{ {style} }}"))
    _, heard = look(chromium, serve(site.factory).url)
    assert (heard["verdict"], heard["reason"]) == ("unknown", "unjudged"), heard


def test_a_frame_a_foreign_origin_and_a_second_tag_stay_silent(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    page = chromium.new_page()
    page.goto(f"{server.url}/elsewhere")
    html = f'<iframe src="{server.url}/"></iframe><iframe sandbox="allow-scripts" src="/"></iframe>'
    page.evaluate("html => document.body.innerHTML = html", html)
    page.wait_for_timeout(1000)
    assert [url for url in ours(page) if not url.startswith("client-")] == []
    page.goto(f"http://127.0.0.1:{server.port}/elsewhere")
    add = "src => document.body.append(Object.assign(document.createElement('script'), { src }))"
    page.evaluate(add, f"{server.url}/_site/{site.assets.client}")
    page.wait_for_timeout(500)
    assert site.reports == []
    page.goto(server.url)
    verdict_of(page)
    page.evaluate(add, f"/_site/{site.assets.client}")
    page.wait_for_timeout(1200)
    assert len(site.reports) == 1


def test_a_saved_page_is_silent(serve: Serve, chromium: BrowserContext, tmp_path: Path) -> None:
    site = Site()
    serve(site.factory)
    client = site.assets.find(site.assets.client)
    assert client is not None
    (tmp_path / site.assets.client).write_bytes(client.identity)
    html = site.assets.snippet.plain("").decode().replace("/_site/", "")
    (tmp_path / "saved.html").write_text(f"<!doctype html><body>{html}", "utf-8")
    page = chromium.new_page()
    page.goto((tmp_path / "saved.html").as_uri())
    page.wait_for_timeout(700)
    assert page.locator("script[data-verdict]").count() == 0
    assert errors_of(page) == []


def test_off_is_silent(serve: Serve, chromium: BrowserContext) -> None:
    site = Site(mode="off")
    server = serve(site.factory)
    page = chromium.new_page()
    page.add_init_script(WATCH)
    page.goto(server.url)
    page.wait_for_timeout(1200)
    assert page.evaluate("() => window.heard") is None
    assert page.locator("script[data-verdict], [data-site-row]").count() == 0
    assert site.reports == []


def test_a_recent_clear_verdict_costs_two_requests_and_still_looks_at_the_elements(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(memory=True)
    server = serve(site.factory)
    page, _ = look(chromium, server.url)
    wait_for(page, site, 1)
    page.wait_for_timeout(100)
    before = len(ours(page))
    page.goto(f"{server.url}/second")
    assert verdict_of(page) == "clear"
    report = wait_for(page, site, 2)[1]
    assert (report["kind"], report["path"], report["token"]) == (
        "remembered",
        "/second",
        "after-view",
    )
    assert report["signals"] == {}
    assert len(ours(page)) - before <= 2
    site.head = HIDE.format(LISTED)
    page.goto(f"{server.url}/third")
    assert verdict_of(page) == "extension"
    assert wait_for(page, site, 3)[2]["kind"] == "view"


def test_a_remembered_verdict_that_the_server_no_longer_takes_is_measured_again(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(memory=True)
    server = serve(site.factory)
    page, _ = look(chromium, server.url)
    wait_for(page, site, 1)
    page.wait_for_timeout(100)
    site.faults["report"] = 403
    page.goto(f"{server.url}/second")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(e => e.name.includes('control?'))"
    )
    assert verdict_of(page) == "clear"


def test_a_report_that_met_a_broken_server_is_sent_again_with_the_same_id(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(faults={"report": 503})
    server = serve(site.factory)
    page, _ = look(chromium, f"{server.url}/first")
    page.wait_for_function("() => (sessionStorage['site-note'] || '').includes('/first')")
    site.faults.clear()
    page.goto(f"{server.url}/second")
    reports = {report["path"]: report for report in wait_for(page, site, 2)}
    assert reports["/first"]["token"] == "after-view"
    assert reports["/first"]["id"] != reports["/second"]["id"]
    assert "/first" not in page.evaluate("() => sessionStorage['site-note']")


def test_a_filter_that_starts_late_is_found_by_the_late_look(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    page, heard = look(chromium, server.url)
    assert heard["verdict"] == "clear"
    page.add_style_tag(content=LISTED)
    report = wait_for(page, site, 2)[1]
    assert (report["kind"], report["signals"]["c1"]) == ("recheck", "styled")
    assert verdict_of(page) == "extension"
    assert page.locator("[data-site-row]").count() == 0


def test_privacy_control_and_brave_are_told_and_change_no_verdict(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    chromium.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });"
        "Object.defineProperty(navigator, 'brave', { value: {} });"
    )
    page, heard = look(chromium, server.url)
    report = wait_for(page, site, 1)[0]
    assert (heard["verdict"], report["gpc"], report["brave"]) == ("clear", True, True)


def test_a_decision_shows_the_note_with_what_it_needs_and_hold_makes_it_wait(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(decision={"action": "notice", "form": "inline"})
    server = serve(site.factory)
    page, _ = look(chromium, server.url)
    page.wait_for_function("() => self.shown")
    shown = page.evaluate("() => JSON.parse(JSON.stringify(self.shown))")
    assert shown["base"] == f"{server.url}/_site/"
    assert shown["decision"]["form"] == "inline"
    assert (shown["verdict"], shown["engaged"]) == ("clear", False)
    page.evaluate("() => self.shown.report('seen')")
    seen = wait_for(page, site, 2)[1]
    assert (seen["kind"], seen["signals"], seen["token"]) == ("seen", {}, "after-view")

    page.add_init_script(
        "addEventListener('site:verdict',"
        " () => document.dispatchEvent(new Event('site:hold')), { capture: true, once: true })"
    )
    page.goto(server.url)
    wait_for(page, site, 3)
    page.wait_for_timeout(300)
    assert page.evaluate("() => self.shown") is None
    page.mouse.wheel(0, 100)
    page.keyboard.press("Shift")
    page.evaluate("() => document.dispatchEvent(new Event('site:recheck'))")
    page.wait_for_function("() => self.shown")
    assert page.evaluate("() => self.shown.engaged") is True


def test_the_gate_goes_on_when_ads_are_allowed(serve: Serve, chromium: BrowserContext) -> None:
    site = Site(to="/article?x=1")
    server = serve(site.factory)
    chromium.route("**/www/delivery/**", lambda route: route.abort())
    page, heard = look(chromium, server.url)
    assert heard["verdict"] == "extension"
    assert wait_for(page, site, 1)[0]["kind"] == "recheck"
    site.to = ""
    chromium.unroute("**/www/delivery/**")
    page.wait_for_url("**/article?x=1", timeout=8000)


def test_the_gate_reloads_its_own_address_at_most_three_times_a_minute(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(to="/")
    server = serve(site.factory)
    page = chromium.new_page()
    page.goto(server.url)
    page.wait_for_timeout(5000)
    assert len([seen for seen in server.seen if seen.path == "/"]) == 4


def test_only_the_drawn_share_is_measured(serve: Serve, chromium: BrowserContext) -> None:
    site = Site({"sample": 0.5})
    server = serve(site.factory)
    for number, measured in ((0.49, True), (0.5, False)):
        page = chromium.new_page()
        page.add_init_script(f"Math.random = () => {number}")
        page.goto(server.url)
        page.wait_for_timeout(600)
        assert ("control?v=%2F" in ours(page)) is measured
        assert page.locator("[data-site-row]").count() == 0


CONSENT = {
    "event": "document.dispatchEvent(new Event('site:agree'))",
    "tcf": "self.answer({ eventStatus: 'useractioncomplete', purpose: { consents: { 1: true } } })",
    "no law": "self.answer({ eventStatus: 'cmpuishown', gdprApplies: false })",
}


@pytest.mark.parametrize("yes", CONSENT.values(), ids=CONSENT)
def test_nothing_is_asked_or_kept_before_consent(
    yes: str, serve: Serve, chromium: BrowserContext
) -> None:
    site = Site({"consent_mode": "required"}, memory=True)
    server = serve(site.factory)
    page = chromium.new_page()
    page.add_init_script(
        "self.__tcfapi = (command, version, answer) => { self.answer = said => answer(said, true);"
        " answer({ eventStatus: 'cmpuishown', purpose: { consents: {} } }, true); }"
    )
    page.goto(server.url)
    page.wait_for_timeout(700)
    no = "self.answer({ eventStatus: 'useractioncomplete', purpose: { consents: { 1: false } } })"
    page.evaluate(no)
    page.wait_for_timeout(200)
    assert ours(page) == [site.assets.client]
    assert page.evaluate("() => Object.keys(sessionStorage)") == []
    page.evaluate(yes)
    assert verdict_of(page) == "clear"
    wait_for(page, site, 1)


def test_a_local_verdict_is_told_to_nobody_and_asks_by_the_inline_card(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site({"consent_mode": "local_only"})
    server = serve(site.factory)
    chromium.route("**/www/delivery/**", lambda route: route.abort())
    page, heard = look(chromium, server.url)
    assert heard["verdict"] == "extension"
    page.wait_for_function("() => self.shown")
    decision = page.evaluate("() => self.shown.decision")
    assert (decision["form"], decision["reason"]) == ("inline", "local-only")
    assert decision["url"] == f"{server.url}/_site/note?form=inline&verdict=extension"
    page.wait_for_timeout(300)
    assert site.reports == []
    assert page.evaluate("() => Object.keys(sessionStorage)") == []


def test_a_site_that_swaps_whole_bodies_gets_the_verdict_on_its_new_tag(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    page, _ = look(chromium, server.url)
    wait_for(page, site, 1)
    page.evaluate(
        """async () => {
          const html = await (await fetch('/second')).text();
          const fresh = new DOMParser().parseFromString(html, 'text/html');
          history.pushState(null, '', '/second');
          document.body.replaceWith(document.adoptNode(fresh.body));
          for (const old of document.querySelectorAll('script[src]')) {
            const script = document.createElement('script');
            script.src = old.src;
            old.replaceWith(script);
          }
        }"""
    )
    assert wait_for(page, site, 2)[1]["path"] == "/second"
    assert verdict_of(page) == "clear"
    assert page.locator("[data-site-row]").count() == 0
    page.wait_for_timeout(1000)
    assert len(site.reports) == 2
