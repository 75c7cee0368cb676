"""Ad hosts, watched in real browsers: who filters them, and whom their troubles may not accuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from e2e.client_site import Site
from e2e.conftest import Open, Serve
from e2e.harness import Server, errors_of, requests_of, verdict_of
from e2e.hosts_site import SCRIPT, adverts, alive, gone, watching
from e2e.test_client import look, ours, wait_for

ALL_FAIL = ("control-failed", {"h1", "h2", "host"})
HELD = '<script type="text/plain" data-category="marketing" src="{}"></script>'
AWAITED = '<script src="{}"></script>'
"""A control that the page waits for: one on its way when the hosts have failed tells nothing."""
POLICY = "script-src 'self' {}; connect-src 'self'"


@pytest.fixture
def chromium(fresh: Open) -> BrowserContext:
    return fresh()


@pytest.fixture
def firefox(fresh: Open) -> BrowserContext:
    return fresh("firefox")


@pytest.fixture
def ads() -> Iterator[Server]:
    server = Server(lambda: adverts, name="one.localhost")
    yield server
    server.stop()


def hosts_in(signals: dict[str, str]) -> dict[str, str]:
    return {name: said for name, said in signals.items() if name[0] == "h"}


def foreign(page: Page) -> list[str]:
    return [url for url in requests_of(page) if "//news.localhost" not in url]


def innocents(ads: Server) -> dict[str, tuple[Site, str, dict[str, str]]]:
    """Name -> site, the reason that must come of it, and what is said of the hosts."""
    neutral = alive(ads, "neutral.js", "cdn")
    fine, slow, hung = alive(ads, "open/tag.js"), alive(ads, "slow/a.js"), alive(ads, "hang/b.js")
    wrong = alive(ads, "404/tag.js")
    closed = {"content-security-policy": POLICY.format(neutral[0])}
    clear = dict.fromkeys(("h1", "h2"), "loaded")
    return {
        "both answer": (watching(fine, [*fine, *neutral]), "clear", clear),
        "both answer 404": (watching(wrong, [*wrong, *neutral]), "clear", {}),
        "both answer 500": (
            watching(alive(ads, "500/"), [*alive(ads, "500/"), *neutral]),
            "clear",
            {},
        ),
        "both are slow": (watching(slow, [*slow, *neutral]), "clear", {}),
        "both hang": (watching(hung, [*hung, *neutral]), "clear", {}),
        "the page does not ask": (watching(gone(), neutral), "clear", {}),
        "the page's policy refuses": (
            watching(fine, [*fine, *neutral], headers=closed),
            "clear",
            dict.fromkeys(("h1", "h2"), "refused"),
        ),
        "one is down": (
            watching([*gone("one"), *alive(ads, "open/tag.js", "two")]),
            "one-host",
            {},
        ),
        "everything foreign is down": (watching(gone(), [*gone(), *gone("cdn")]), ALL_FAIL[0], {}),
        "there is nothing neutral": (watching(gone()), "control-failed", {}),
        "the named control is down": (
            watching(gone(), [*gone(), *neutral], options={"neutral_url": gone("cdn")[0]}),
            "control-failed",
            {},
        ),
    }


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_no_trouble_of_the_hosts_accuses(
    browser: str, ads: Server, serve: Serve, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(browser)
    for name, (site, reason, said) in innocents(ads).items():
        page, heard = look(context, serve(site.factory).url)
        assert heard["reason"] == reason, (name, heard)
        assert hosts_in(heard["signals"]).items() >= said.items(), (name, heard)
        page.close()


@pytest.mark.repeat
@pytest.mark.parametrize(
    ("browser", "verdict", "outcome"),
    [("open_chromium", "network", "blocked"), ("open_firefox", "protection", "withheld")],
)
def test_two_hosts_that_fail_beside_a_control_that_answers_are_a_filter(
    browser: str,
    verdict: str,
    outcome: str,
    ads: Server,
    serve: Serve,
    request: pytest.FixtureRequest,
) -> None:
    neutral = alive(ads, "neutral.js", "cdn")
    context: BrowserContext = request.getfixturevalue(browser)()
    for site in (
        watching(gone(), head=AWAITED.format(neutral[0])),
        watching(gone(), options={"neutral_url": neutral[0]}),
    ):
        page, heard = look(context, serve(site.factory).url)
        assert heard["verdict"] == verdict, heard
        assert hosts_in(heard["signals"]) == {"h1": outcome, "h2": outcome, "host": "loaded"}
        report = wait_for(page, site, 1)[0]
        assert report["signals"] == heard["signals"]
        assert len(json.dumps(report)) < 2000
        assert len(ours(page)) == 6
        assert errors_of(page) == []


def test_hosts_that_fail_once_and_then_answer_accuse_nobody(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    urls, neutral = alive(ads), alive(ads, "neutral.js", "cdn")
    asked: list[str] = []

    def fail_once(route: Route) -> None:
        asked.append(route.request.url)
        if asked.count(route.request.url) > 1:
            route.continue_()
        else:
            route.abort("internetdisconnected")

    for url in urls:
        chromium.route(url, fail_once)
    site = watching(urls, neutral, options={"probe_ad_urls": True, "neutral_url": neutral[0]})
    _, heard = look(chromium, serve(site.factory).url)
    assert heard["verdict"] == "clear", heard
    assert sorted(asked) == sorted(urls * 2)


def test_hosts_that_the_page_may_only_read_by_cors_accuse_nobody(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    urls, neutral = alive(ads, "shared/tag.js"), alive(ads, "embeddable/neutral.js", "cdn")
    options = {"probe_ad_urls": True, "neutral_url": neutral[0]}
    demanding = {"cross-origin-embedder-policy": "require-corp"}
    isolated = {**demanding, "cross-origin-opener-policy": "same-origin"}
    for hosts, headers in ((urls, demanding), (alive(ads, "open/tag.js"), isolated)):
        site = watching(hosts, [], options=options, headers=headers)
        page, heard = look(chromium, serve(site.factory).url)
        assert heard["verdict"] == "clear", heard
        page.close()


def test_a_browser_with_a_protection_of_its_own_is_not_taken_for_a_network_filter(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    chromium.add_init_script(
        "Object.defineProperty(navigator, 'userAgent',"
        " { value: navigator.userAgent + ' OPR/120.0.0.0' })"
    )
    neutral = alive(ads, "neutral.js", "cdn")[0]
    site = watching(gone(), head=AWAITED.format(neutral))
    _, heard = look(chromium, serve(site.factory).url)
    assert heard["verdict"] == "protection", heard


def test_a_clear_view_costs_no_request_where_the_hosts_say_how_long_they_took(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    site = watching(alive(ads, "open/tag.js"))
    page, heard = look(chromium, serve(site.factory).url)
    assert heard["reason"] == "clear"
    page.wait_for_timeout(900)  # past the late look
    assert sorted(foreign(page)) == sorted(alive(ads, "open/tag.js"))
    assert len(ours(page)) == 6


def test_a_host_that_the_page_does_not_ask_is_not_asked_unless_the_publisher_probes(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    page, _ = look(chromium, serve(watching(alive(ads), []).factory).url)
    page.wait_for_timeout(900)
    assert foreign(page) == []
    held = watching(alive(ads), [], head=HELD.format(alive(ads)[0]))
    page, heard = look(chromium, serve(held.factory).url)
    page.wait_for_timeout(900)
    assert (heard["reason"], foreign(page)) == ("clear", [])
    options: dict[str, Any] = {"probe_ad_urls": True, "consent_mode": "required"}
    page = chromium.new_page()
    page.goto(serve(watching(alive(ads), [], options=options).factory).url)
    page.wait_for_timeout(500)
    assert foreign(page) == []
    page.evaluate("() => document.dispatchEvent(new Event('site:agree'))")
    assert verdict_of(page) == "clear"
    assert sorted(foreign(page)) == alive(ads)
    assert page.evaluate("() => self.ran") is None


def test_scripts_that_come_after_the_verdict_are_heard(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    site = watching(gone(), alive(ads, "neutral.js", "cdn"))
    page, heard = look(chromium, serve(site.factory).url)
    assert heard["verdict"] == "clear"
    page.wait_for_timeout(900)
    page.evaluate(
        """urls => { for (const src of urls)
          document.head.append(Object.assign(document.createElement('script'), { src })); }""",
        gone(),
    )
    report = wait_for(page, site, 2)[1]
    assert (report["kind"], hosts_in(report["signals"])["h2"]) == ("recheck", "blocked")
    assert verdict_of(page) == "network"
    page.wait_for_timeout(900)
    assert len(site.reports) == 2


def test_brave_and_its_stand_ins_are_its_shields(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    chromium.add_init_script("Object.defineProperty(navigator, 'brave', { value: {} })")
    urls, neutral = alive(ads), alive(ads, "neutral.js", "cdn")[0]
    for url in urls:
        chromium.route(
            url,
            lambda route: (
                route.fulfill(body=SCRIPT, content_type="text/javascript")
                if route.request.resource_type == "script"
                else route.abort("blockedbyclient")
            ),
        )
    site = watching(urls, head=AWAITED.format(neutral))
    page, heard = look(chromium, serve(site.factory).url)
    assert (heard["verdict"], heard["reason"]) == ("extension", "browser-shields"), heard
    assert wait_for(page, site, 1)[0]["brave"] is True


def test_where_a_bait_is_stopped_no_host_is_asked(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    chromium.route("**/www/delivery/**", lambda route: route.abort("blockedbyclient"))
    neutral = alive(ads, "neutral.js", "cdn")
    page, heard = look(chromium, serve(watching(gone(), [*gone(), *neutral]).factory).url)
    assert heard["reason"] == "network-bait"
    page.wait_for_timeout(900)
    assert sorted(foreign(page)) == sorted([*gone(), *neutral])


def test_the_page_before_an_article_asks_the_hosts_where_a_network_filter_leads_there(
    ads: Server, serve: Serve, chromium: BrowserContext
) -> None:
    neutral = alive(ads, "neutral.js", "cdn")[0]
    options = {"network_wall": True, "neutral_url": neutral}
    site = watching(gone(), [], options=options, to="/article")
    page, heard = look(chromium, serve(site.factory).url)
    assert (heard["verdict"], heard["reason"]) == ("network", "ad-hosts")
    assert page.url.endswith("/")
