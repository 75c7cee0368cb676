"""The life of a page: history, tabs, caches, workers, policies, and ads allowed on the way."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Route

from e2e.conftest import Shared
from e2e.faults.fault import BOTH, Fault, head
from e2e.faults.paper import NAME, Paper, Scene
from e2e.faults.visit import HEAR
from e2e.harness import (
    BridgedUBlock,
    MissingError,
    Server,
    browsers,
    errors_of,
    skip_or_fail,
    verdict_of,
    watch,
)

POLL_MILLISECONDS = 25
PATIENCE = 400  # polls
# Longer than a client takes to speak, or to look again.
SILENCE_MILLISECONDS = 900

# Asked so after `history.back()`: Playwright waits in Firefox for a navigation that never ends.
VERDICT = "() => document.querySelector('script[data-verdict]')?.dataset.verdict"
COVER = """() => {
  Object.defineProperty(document, 'hidden', { get: () => self.covered, configurable: true });
  self.cover = covered => {
    self.covered = covered;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  self.cover(true);
}"""

_labels = (f"life{number}" for number in count(1))


class House:
    """A site with the real middleware, and one reader's host on it."""

    def __init__(self, paper: Paper, server: Server) -> None:
        self.paper = paper
        self.label = next(_labels)
        self.scene: Scene = paper.stage(self.label, None)
        self.origin = f"http://{self.label}.{NAME}:{server.port}"

    def url(self, name: str) -> str:
        return f"{self.origin}/{self.label}/{name}"

    def path(self, name: str) -> str:
        return f"/{self.label}/{name}"

    def shows(self, **values: Any) -> None:
        """Pages whose name begins with `first` are of this kind from now on; nobody is asked on
        them before the second blocked view."""
        self.scene.fault = Fault("", options={"rules": []}, **values)

    def views(self) -> list[str]:
        """The names of the pages that the ledger counted a view of, in order."""
        events = [event for event in self.scene.events if event.kind in ("view", "remembered")]
        return [event.path.rpartition("/")[2] for event in events]

    def until(self, page: Page, holds: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            if holds():
                return
            page.wait_for_timeout(POLL_MILLISECONDS)
        raise AssertionError(f"views {self.views()}, asked {self.scene.asked}")

    def visit(self, page: Page, name: str) -> str:
        """Opens a page and returns its verdict once the ledger has one view more."""
        before = len(self.views())
        page.goto(self.url(name), wait_until="commit")
        verdict = verdict_of(page)
        self.until(page, lambda: len(self.views()) > before)
        return verdict


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Paper, Server]]:
    paper = Paper()
    server = Server(paper.factory)
    yield paper, server
    server.stop()


@pytest.fixture
def house(site: tuple[Paper, Server]) -> House:
    return House(*site)


@pytest.fixture(params=BOTH)
def browser(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def context(browser: str, shared: Shared) -> Iterator[BrowserContext]:
    made = shared(browser).new_context()
    made.add_init_script(HEAR)
    yield watch(made)
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def test_a_new_address_in_the_page_is_a_new_view_and_another_name_for_it_is_none(
    house: House, page: Page
) -> None:
    assert house.visit(page, "one") == "clear"
    page.evaluate("() => history.replaceState(null, '', 'canonical')")
    page.evaluate("() => history.pushState(null, '', 'two')")
    house.until(page, lambda: len(house.views()) == 2)
    page.evaluate("() => history.pushState(null, '', 'two#part')")
    page.evaluate("() => history.pushState(null, '', 'two?page=2')")
    for _ in range(3):
        page.evaluate("() => history.back()")
        page.wait_for_timeout(100)
    house.until(page, lambda: len(house.views()) == 3)
    page.evaluate("() => history.forward()")
    house.until(page, lambda: len(house.views()) == 4)
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.views() == ["one", "two", "canonical", "two"]
    assert verdict_of(page) == "clear"
    assert errors_of(page) == []


def test_the_navigation_interface_is_heard(house: House, page: Page) -> None:
    house.visit(page, "one")
    if not page.evaluate("() => 'navigation' in self"):
        pytest.skip("this browser has no Navigation API; history.pushState is what it has")
    page.evaluate(
        "() => { navigation.addEventListener('navigate', event => event.intercept());"
        " navigation.navigate('two'); }"
    )
    house.until(page, lambda: house.views() == ["one", "two"])


def test_addresses_that_rush_by_are_counted_at_most_once_and_the_last_one_is(
    house: House, page: Page
) -> None:
    house.visit(page, "one")
    asked = house.scene.asked.count("control")
    page.evaluate("() => { for (const name of 'abcde') history.pushState(null, '', name); }")
    house.until(page, lambda: "e" in house.views())
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.views() == ["one", "e"]
    assert house.scene.asked.count("control") - asked <= 1
    assert verdict_of(page) == "clear"


def test_addresses_that_rush_by_before_the_first_verdict_are_counted_at_most_once(
    house: House, page: Page
) -> None:
    house.shows(trouble={"baits": 0.3})
    page.goto(house.url("first"), wait_until="commit")
    house.until(page, lambda: "n1" in house.scene.asked)
    page.evaluate("() => { for (const name of 'abc') history.pushState(null, '', name); }")
    house.until(page, lambda: "c" in house.views())
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.views() == ["c"]


def test_coming_back_from_the_back_forward_cache_is_a_new_view(house: House, page: Page) -> None:
    house.visit(page, "one")
    page.evaluate("() => addEventListener('pageshow', event => { self.kept = event.persisted })")
    page.goto(house.url("elsewhere"))
    page.evaluate("() => history.back()")
    page.wait_for_function("() => self.kept === true")
    house.until(page, lambda: len(house.views()) == 2)
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.views() == ["one", "one"]
    assert page.evaluate(VERDICT) == "clear"


def test_a_page_put_away_while_it_measures_starts_anew_when_it_comes_back(
    house: House, page: Page
) -> None:
    house.shows(trouble={"baits": 0.5})
    page.goto(house.url("first"), wait_until="load")
    house.until(page, lambda: "n1" in house.scene.asked)
    page.goto(house.url("elsewhere"), wait_until="commit")
    house.scene.lift()
    page.evaluate("() => history.back()")
    house.until(page, lambda: bool(house.views()))
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert page.evaluate(VERDICT) == "clear"
    assert set(house.views()) == {"first"}
    assert house.scene.accused == []


def test_a_hidden_tab_waits_until_it_is_seen(house: House, shared: Shared) -> None:
    # In Firefox, because a tab of Chromium cannot be hidden by a test: it has a window of its own.
    context = watch(shared("firefox").new_context())
    page = context.new_page()
    page.goto(house.url("elsewhere"))
    with context.expect_page() as opened:
        page.evaluate("url => { self.front = window.open(url); }", house.url("elsewhere"))
    page.wait_for_function("() => document.hidden", polling=POLL_MILLISECONDS)
    page.goto(house.url("one"), wait_until="commit")
    page.wait_for_selector("script[src*=client]", state="attached")
    assert page.evaluate("() => document.hidden")
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert "control" not in house.scene.asked
    page.evaluate("() => { for (const name of 'ab') history.pushState(null, '', name); }")
    page.wait_for_timeout(100)
    opened.value.close()
    assert verdict_of(page) == "clear"
    house.until(page, lambda: bool(house.views()))
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.views() == ["b"]
    assert house.scene.asked.count("control") == 1
    context.close()


def test_a_new_address_in_a_covered_tab_waits_until_it_is_seen(house: House, page: Page) -> None:
    house.visit(page, "one")
    page.evaluate(COVER)
    asked = house.scene.asked.count("report")
    page.evaluate("() => { for (const name of 'ab') history.pushState(null, '', name); }")
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.scene.asked.count("report") == asked
    assert house.scene.asked.count("control") == 1
    page.evaluate("() => self.cover(false)")
    house.until(page, lambda: "b" in house.views())
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert house.views() == ["one", "b"]


def test_several_tabs_are_counted_once_each(house: House, context: BrowserContext) -> None:
    pages = [context.new_page() for _ in range(3)]
    names = ["one", "two", "three"]
    for page, name in zip(pages, names, strict=True):
        page.goto(house.url(name), wait_until="commit")
    assert [verdict_of(page) for page in pages] == ["clear"] * 3
    house.until(pages[0], lambda: len(house.views()) == 3)
    assert sorted(house.views()) == sorted(names)
    assert [errors_of(page) for page in pages] == [[]] * 3


def test_a_report_that_was_kept_is_counted_once_though_two_tabs_know_it(
    house: House, page: Page
) -> None:
    house.shows(trouble={"report": 503})
    page.goto(house.url("first"), wait_until="commit")
    page.wait_for_function("() => (sessionStorage['site-note'] || '').includes('/first')")
    house.scene.lift()
    # A tab that the page opens starts with a copy of its storage.
    with page.context.expect_page() as opened:
        page.evaluate("url => { self.front = window.open(url); }", house.url("two"))
    other = opened.value
    house.until(other, lambda: {"first", "two"} <= set(house.views()))
    other.close()
    page.goto(house.url("three"), wait_until="commit")
    house.until(page, lambda: "three" in house.views())
    page.wait_for_timeout(SILENCE_MILLISECONDS)
    assert sorted(house.views()) == ["first", "three", "two"]


PRERENDER = """<script>
  const rules = document.createElement('script');
  rules.type = 'speculationrules';
  rules.textContent = JSON.stringify(
    { prerender: [{ source: 'list', urls: ['next'], eagerness: 'immediate' }] });
  document.head.append(rules);
  setTimeout(async () => { await fetch('moving'); location.href = 'next'; }, 3500);
</script>"""


def test_a_prerendered_page_is_not_counted_until_it_is_looked_at(
    house: House, site: tuple[Paper, Server], playwright: Playwright, tmp_path: Path
) -> None:
    # Without Playwright, because whoever debugs a tab forbids its prerendering.
    try:
        program = browsers.find_chromium(playwright)
    except MissingError as missing:
        skip_or_fail(missing)
    house.shows(page=head(PRERENDER))
    command = [str(program), "--headless=new", f"--user-data-dir={tmp_path}"]
    command += [*browsers.CHROMIUM_ARGUMENTS, "--no-first-run", "--no-sandbox"]
    with subprocess.Popen(
        [*command, house.url("first")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while "next" not in house.views() and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.terminate()
    seen = [one for one in site[1].seen if one.headers["host"] in house.origin]
    pages = [one for one in seen if one.path == house.path("next")]
    assert [one.headers.get("sec-purpose", "") for one in pages] == ["prefetch;prerender"]
    moving = [one.path for one in seen].index(house.path("moving"))
    reports = [index for index, one in enumerate(seen) if one.path == "/_site/report"]
    assert [index > moving for index in reports] == [False, True]
    assert house.views() == ["first", "next"]


def test_a_service_worker_counts_and_accuses_as_little_before_as_after_it_starts(
    house: House, page: Page
) -> None:
    assert house.visit(page, "one") == "clear"
    page.evaluate(
        "async () => { await navigator.serviceWorker.register('worker.js');"
        " await navigator.serviceWorker.ready; }"
    )
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.evaluate("() => history.pushState(null, '', 'two')")
    house.until(page, lambda: house.views() == ["one", "two"])
    for name in ("three", "four", "three"):
        page.evaluate("() => sessionStorage.clear()")
        assert house.visit(page, name) == "clear"
    assert house.views() == ["one", "two", "three", "four", "three"]
    assert house.scene.accused == []


NONCE = "script-src 'nonce-abc123'"
TYPES = "require-trusted-types-for 'script'"
POLICIES = {
    "nonce and strict-dynamic": f"default-src 'self'; {NONCE} 'strict-dynamic'",
    "Trusted Types, our policy allowed": f"{TYPES}; trusted-types site-note",
    "Trusted Types, our policy forbidden": f"{TYPES}; trusted-types other",
    "no images": "default-src 'self'; img-src 'none'",
}


def stop_baits(context: BrowserContext) -> Callable[[], None]:
    """Blocks the baits as an extension does, until the function that it returns is called."""
    kept = ("**/www/delivery/**", "**/adbanners/**", "**/banner/static/**")

    def stop(route: Route) -> None:
        route.abort("blockedbyclient")

    for pattern in kept:
        context.route(pattern, stop)

    def allow() -> None:
        for pattern in kept:
            context.unroute(pattern, stop)

    return allow


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_strict_policy_hides_no_blocker(
    policy: str, house: House, context: BrowserContext
) -> None:
    stop_baits(context)
    house.shows(headers={"content-security-policy": policy})
    assert house.visit(context.new_page(), "first") == "extension"


def test_a_policy_in_meta_hides_no_blocker(house: House, context: BrowserContext) -> None:
    stop_baits(context)
    policy = "default-src 'self'; img-src 'none'"
    house.shows(page=head(f'<meta http-equiv="content-security-policy" content="{policy}">'))
    assert house.visit(context.new_page(), "first") == "extension"


def test_ads_allowed_are_seen_without_a_reload_at_most_six_times_though_elements_stay_hidden(
    house: House, context: BrowserContext
) -> None:
    allow = stop_baits(context)
    hidden = ".ad-leaderboard, #sidebar_ad { display: none !important }"
    house.shows(page=head(f"<style>{hidden}</style>"))
    page = context.new_page()
    assert house.visit(page, "first") == "extension"
    allow()
    asked = []
    for _ in range(8):
        page.evaluate("() => document.dispatchEvent(new Event('site:recheck'))")
        page.wait_for_timeout(POLL_MILLISECONDS)
        assert verdict_of(page) == "clear"
        asked.append(house.scene.asked.count("n1"))
    assert asked[5] > asked[4]
    assert asked[7] == asked[5]
    assert house.views() == ["first"]


def test_ads_allowed_in_the_real_ublock_origin_are_seen_while_the_page_stays(
    house: House, ublock_bridge: BridgedUBlock
) -> None:
    page = ublock_bridge.context.new_page()
    page.add_init_script(HEAR)
    house.shows(page=head("<style>body { height: 4000px }</style>"))
    assert house.visit(page, "first") == "extension"
    page.evaluate(
        "() => { document.body.prepend(document.createElement('input')); scrollTo(0, 500);"
        " document.querySelector('input').value = 'a letter, half written'; }"
    )
    ublock_bridge.filtering(page, on=False)
    page.evaluate("() => document.dispatchEvent(new Event('site:recheck'))")
    page.wait_for_selector("script[data-verdict=clear]", state="attached")
    assert page.evaluate("() => [scrollY, document.querySelector('input').value]") == [
        500,
        "a letter, half written",
    ]
    assert house.visit(page, "first-again") == "clear"
    ublock_bridge.filtering(page, on=True)
    assert house.visit(page, "first-later") == "extension"
    assert house.views() == ["first", "first-again", "first-later"]
