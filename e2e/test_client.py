"""The client in real browsers: who is found out, and whom no fault may accuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from e2e.client_site import BAITS, CONTROLS, Site
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
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_browser_without_a_blocker_is_clear_in_six_requests(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    site = Site()
    server = serve(site.factory)
    page, heard = look(request.getfixturevalue(browser), server.url)
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


@pytest.mark.parametrize("engine", ["user", "author"])
def test_hidden_elements_are_an_extension_though_all_requests_pass(
    engine: str, serve: Serve, chromium: BrowserContext
) -> None:
    rule = ".ad-leaderboard, #sidebar_ad { display: none !important }"
    site = Site(head=HIDE.format(rule) if engine == "author" else "")
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


FAULTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "the bait paths answer 403": (dict.fromkeys(BAITS.values(), 403), {"faulty"}),
    "the bait paths answer 404": (dict.fromkeys(BAITS.values(), 404), {"faulty"}),
    "the bait paths answer 500": (dict.fromkeys(BAITS.values(), 500), {"faulty"}),
    "a firewall answers 403 to the script path": ({BAITS["n1"]: 403}, {"faulty"}),
    "the bait paths are redirected within the site": (
        dict.fromkeys(BAITS.values(), "near"),
        {"faulty"},
    ),
    "the bait paths are redirected to another site": (
        dict.fromkeys(BAITS.values(), "away"),
        {"faulty"},
    ),
    "the script path is redirected to another site": ({BAITS["n1"]: "away"}, {"faulty"}),
    "the image path is redirected to another site": ({BAITS["n2"]: "away"}, {"faulty"}),
    "the bait paths take three seconds": (dict.fromkeys(BAITS.values(), 3.0), {"clear"}),
    "the bait paths hang": (dict.fromkeys(BAITS.values(), "hang"), {"timeout"}),
    "one bait path hangs": ({BAITS["n2"]: "hang"}, {"timeout"}),
    "the control takes three seconds": ({"control": 3.0}, {"clear"}),
    "the control hangs": ({"control": "hang"}, {"control-failed"}),
    "the control answers 500": ({"control": 500}, {"control-failed"}),
    "the report endpoint is down": ({"report": 503}, {"clear"}),
    "a captive portal answers HTML to everything": (
        dict.fromkeys((*BAITS.values(), *CONTROLS), "html"),
        {"control-failed"},
    ),
    "every connection drops": (
        dict.fromkeys((*BAITS.values(), *CONTROLS), "close"),
        {"control-failed"},
    ),
}


@pytest.mark.parametrize(("faults", "reasons"), FAULTS.values(), ids=FAULTS)
def test_no_fault_of_the_server_accuses_in_chromium(
    faults: dict[str, Any], reasons: set[str], serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(Site(faults=faults).factory)
    page, heard = look(chromium, server.url)
    assert heard["verdict"] == ("clear" if reasons == {"clear"} else "unknown"), heard
    assert heard["reason"] in reasons, heard
    browsers_own = ("Unexpected token", "blocked by CORS policy")
    assert [
        error for error in errors_of(page) if not any(own in error for own in browsers_own)
    ] == []


def test_no_fault_of_the_server_accuses_in_firefox(serve: Serve, firefox: BrowserContext) -> None:
    site = Site()
    server = serve(site.factory)
    found = {}
    for name, (faults, reasons) in FAULTS.items():
        site.faults = faults
        page, heard = look(firefox, server.url)
        found[name] = (heard["verdict"], heard["reason"] in reasons or heard)
        page.close()
    assert found == {
        name: ("clear" if reasons == {"clear"} else "unknown", True)
        for name, (_, reasons) in FAULTS.items()
    }


POLICIES: dict[str, tuple[str, str]] = {
    "self only": ("default-src 'self'", "clear"),
    "nonce and strict-dynamic": (
        "default-src 'none'; script-src 'nonce-abc123' 'strict-dynamic'; img-src 'self'; "
        "connect-src 'self'",
        "clear",
    ),
    "nonce alone": (
        "default-src 'none'; script-src 'nonce-abc123'; img-src 'self'; connect-src 'self'",
        "clear",
    ),
    "nothing but the nonce": ("default-src 'none'; script-src 'nonce-abc123'", "refused"),
    "no images": ("default-src 'self'; img-src 'none'", "refused"),
    "no connections": ("default-src 'self'; connect-src 'none'", "refused"),
    "our script and no other": (
        "default-src 'self'; script-src 'self'; script-src-attr 'none'",
        "clear",
    ),
    "trusted types, our policy allowed": (
        "require-trusted-types-for 'script'; trusted-types site-note",
        "clear",
    ),
    "trusted types, our policy forbidden": (
        "require-trusted-types-for 'script'; trusted-types other",
        "control-failed",
    ),
}


@pytest.mark.parametrize("where", ["header", "meta"])
@pytest.mark.parametrize(("policy", "reason"), POLICIES.values(), ids=POLICIES)
def test_no_policy_of_the_page_accuses(
    policy: str, reason: str, where: str, serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(nonce="abc123")
    if where == "header":
        site.headers["content-security-policy"] = policy
    else:
        site.head = f'<meta http-equiv="content-security-policy" content="{policy}">'
    server = serve(site.factory)
    page, heard = look(chromium, server.url)
    assert heard["reason"] == reason, heard
    if heard["signals"]["fetch"] == "loaded":
        wait_for(page, site, 1)


def test_no_policy_of_the_page_accuses_in_firefox(serve: Serve, firefox: BrowserContext) -> None:
    site = Site(nonce="abc123")
    server = serve(site.factory)
    found = {}
    for name, (policy, _) in POLICIES.items():
        site.headers["content-security-policy"] = policy
        page, heard = look(firefox, server.url)
        found[name] = heard["reason"]
        page.close()
    assert found == {name: reason for name, (_, reason) in POLICIES.items()}


def test_a_policy_that_only_reports_changes_nothing(serve: Serve, chromium: BrowserContext) -> None:
    policy = "default-src 'none'; report-uri /elsewhere"
    site = Site(headers={"content-security-policy-report-only": policy})
    server = serve(site.factory)
    assert look(chromium, server.url)[1]["reason"] == "clear"


STYLES = {
    "div:empty { display: none }": "clear",
    "span:empty { display: none }": "control-failed",
    "[aria-hidden] { display: none !important }": "clear",
    "[hidden] { display: none !important }": "clear",
    "[id^=ad] { display: none }": "control-failed",
    "[class^=ad] { display: none !important }": "control-failed",
    "[class*='ad-'] { display: none }": "control-failed",
    "[class*=advert] { display: none }": "control-failed",
    "#sidebar_ad { display: none }": "styled",
    "body { visibility: hidden }": "clear",
    "body { display: none }": "control-failed",
    "* { opacity: 0 }": "clear",
    "span { position: absolute; height: 0 }": "control-failed",
    "body { display: flex; gap: 4rem; transform: scale(3) }": "clear",
    "@media print { span { display: none !important } }": "clear",
}


@pytest.mark.parametrize(("style", "reason"), STYLES.items(), ids=STYLES)
def test_no_style_of_the_page_accuses(
    style: str, reason: str, serve: Serve, chromium: BrowserContext
) -> None:
    server = serve(Site(head=HIDE.format(style)).factory)
    _, heard = look(chromium, server.url)
    assert heard["reason"] == reason, heard


def test_an_element_that_was_taken_out_of_the_page_proves_nothing(
    serve: Serve, chromium: BrowserContext
) -> None:
    remove = """<script>
      new MutationObserver(() => document.querySelector('#sidebar_ad')?.remove())
        .observe(document, { childList: true, subtree: true });
    </script>"""
    server = serve(Site(head=remove).factory)
    page, heard = look(chromium, server.url)
    assert (heard["verdict"], heard["reason"]) == ("unknown", "unjudged")
    assert errors_of(page) == []


def test_a_page_that_hides_itself_until_its_font_is_there_is_clear_afterwards(
    serve: Serve, chromium: BrowserContext
) -> None:
    late = "<script>setTimeout(() => document.body.style.display = 'block', 500)</script>"
    server = serve(Site(head=HIDE.format("body { display: none }") + late).factory)
    assert look(chromium, server.url)[1]["reason"] == "clear"


def test_print_zoom_forced_colours_and_reduced_motion_accuse_nobody(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(head=HIDE.format("@media print { [class*=ad] { display: none !important } }"))
    server = serve(site.factory)
    page = chromium.new_page()
    page.emulate_media(media="print", forced_colors="active", reduced_motion="reduce")
    page.goto(server.url)
    assert verdict_of(page) == "unknown"
    page.emulate_media(media="screen", forced_colors="active", reduced_motion="reduce")
    page.goto(server.url)
    assert verdict_of(page) == "clear"
    page.add_init_script("document.documentElement.style.zoom = 3")
    page.goto(server.url)
    assert verdict_of(page) == "clear"


def test_offline_after_load_is_unknown(serve: Serve, chromium: BrowserContext) -> None:
    site = Site()
    server = serve(site.factory)
    client = site.assets.find(site.assets.client)
    assert client is not None

    def cut_off(route: Route) -> None:
        chromium.set_offline(True)
        route.fulfill(content_type=client.media_type, body=client.identity)

    chromium.route("**/_site/client-*", cut_off)
    _, heard = look(chromium, server.url)
    assert (heard["verdict"], heard["reason"]) == ("unknown", "control-failed")
    assert site.reports == []


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
    site.head = HIDE.format(".ad-leaderboard, #sidebar_ad { display: none !important }")
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


def test_history_navigation_in_the_page_is_a_new_view_and_replacing_the_address_is_none(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    page, _ = look(chromium, server.url)
    wait_for(page, site, 1)
    page.evaluate("() => history.replaceState(null, '', '/canonical')")
    page.evaluate("() => history.pushState(null, '', '/second')")
    assert wait_for(page, site, 2)[1]["path"] == "/second"
    page.evaluate("() => history.pushState(null, '', '/second#part')")
    page.evaluate("() => history.back()")
    page.wait_for_timeout(300)
    page.evaluate("() => history.back()")
    assert wait_for(page, site, 3)[2]["path"] == "/canonical"
    assert [report["kind"] for report in site.reports] == ["view"] * 3
    assert verdict_of(page) == "clear"


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_coming_back_from_the_back_forward_cache_is_a_new_view(
    browser: str, serve: Serve, request: pytest.FixtureRequest
) -> None:
    site = Site(headers={"cache-control": "max-age=60"})
    server = serve(site.factory)
    page, _ = look(request.getfixturevalue(browser), server.url)
    page.evaluate("() => addEventListener('pageshow', event => self.kept = event.persisted)")
    wait_for(page, site, 1)
    page.goto(f"{server.url}/elsewhere")
    page.evaluate("() => history.back()")
    page.wait_for_function("() => self.kept === true")
    assert [report["path"] for report in wait_for(page, site, 2)] == ["/", "/"]


def test_a_hidden_tab_waits_until_it_is_seen(serve: Serve, open_firefox: Open) -> None:
    site = Site()
    server = serve(site.factory)
    page = open_firefox().new_page()
    page.add_init_script(
        "Object.defineProperty(document, 'hidden', { get: () => !window.seen, configurable: true })"
    )
    page.goto(server.url)
    page.wait_for_timeout(800)
    assert site.reports == []
    assert page.locator("script[data-verdict]").count() == 0
    page.evaluate(
        "() => { self.seen = true; document.dispatchEvent(new Event('visibilitychange')) }"
    )
    assert verdict_of(page) == "clear"


def test_a_filter_that_starts_late_is_found_by_the_late_look(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    page, heard = look(chromium, server.url)
    assert heard["verdict"] == "clear"
    page.add_style_tag(content=".ad-leaderboard, #sidebar_ad { display: none !important }")
    report = wait_for(page, site, 2)[1]
    assert (report["kind"], report["signals"]["c1"]) == ("recheck", "styled")
    assert verdict_of(page) == "extension"
    assert page.locator("[data-site-row]").count() == 0


def test_a_service_worker_that_caches_everything_accuses_nobody(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site()
    server = serve(site.factory)
    worker = """
      addEventListener('install', () => skipWaiting());
      addEventListener('activate', event => event.waitUntil(clients.claim()));
      addEventListener('fetch', event => {
        if (event.request.method !== 'GET') return;
        event.respondWith(caches.open('all').then(async cache => {
          const known = await cache.match(event.request);
          if (known) return known;
          const answer = await fetch(event.request);
          await cache.put(event.request, answer.clone());
          return answer;
        }));
      });"""
    chromium.route(
        "**/worker.js",
        lambda route: route.fulfill(content_type="text/javascript", body=worker),
    )
    page = chromium.new_page()
    page.goto(f"{server.url}/elsewhere")
    page.evaluate(
        "async () => { await navigator.serviceWorker.register('/worker.js');"
        " await navigator.serviceWorker.ready; }"
    )
    for _ in range(3):
        page.goto(server.url)
        assert verdict_of(page) == "clear"


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


def test_a_recheck_after_switching_off_ignores_elements_and_stops_at_six(
    serve: Serve, chromium: BrowserContext
) -> None:
    site = Site(head=HIDE.format(".ad-leaderboard, #sidebar_ad { display: none !important }"))
    server = serve(site.factory)
    chromium.route("**/www/delivery/**", lambda route: route.abort())
    page, heard = look(chromium, server.url)
    assert heard["reason"] == "network-bait"
    chromium.unroute("**/www/delivery/**")
    for count in range(2, 10):
        page.evaluate("() => document.dispatchEvent(new Event('site:recheck'))")
        if count <= 7:
            report = wait_for(page, site, count)[-1]
            assert (report["kind"], report["earlier"]) == ("recheck", "network-bait")
            assert verdict_of(page) == "clear"
    page.wait_for_timeout(600)
    assert len(site.reports) == 7


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
