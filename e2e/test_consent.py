"""Consent, in real browsers: a tool that asks, readers who say yes, no or nothing, and a blocker
that stops the tool."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from adguard import Rule
from adguard.ledger import Span, open_store
from e2e.conftest import Serve, Shared
from e2e.consent_site import LATE, STUB, with_tool
from e2e.harness import Server, errors_of, requests_of, verdict_of, watch

BROWSERS = ("chromium", "firefox")
KEPT = "() => Object.keys(sessionStorage)"


@pytest.fixture(params=BROWSERS)
def reader(request: pytest.FixtureRequest, shared: Shared) -> Iterator[BrowserContext]:
    """A reader without a blocker, in a fresh context of each browser."""
    context = watch(shared(request.param).new_context())
    yield context
    context.close()


def ours(page: Page) -> list[str]:
    """Requests under the prefix but for the client itself, without digests and values."""
    found = [url.partition("/_site/")[2] for url in requests_of(page) if "/_site/" in url]
    return [re.sub("=.*", "", url) for url in found if not url.startswith("client-")]


def patient(context: BrowserContext) -> Page:
    """A page with a clock of the test's, which knows when the client has asked for the answer."""
    page = context.new_page()
    page.add_init_script("addEventListener('site:ask', () => { self.heard = 1 }, true)")
    page.clock.install()
    return page


def open_patiently(page: Page, url: str) -> None:
    """Opens a page and lets the client's patience run out."""
    page.goto(url)
    run_until(page, lambda: page.evaluate("() => self.heard === 1"))
    page.clock.run_for(8_500)


def run_until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        page.clock.run_for(100)
    raise AssertionError("it did not come true")


def silent(server: Server) -> int:
    """How many pages on which nobody answered have been told to the server."""
    return sum(seen.query.startswith("n=") for seen in server.seen if "control" in seen.path)


def answered(page: Page, count: int = 1) -> None:
    """Waits until the server has answered `count` reports."""
    for _ in range(400):
        found = page.evaluate(
            "() => performance.getEntriesByType('resource').filter("
            "entry => entry.name.endsWith('/report') && entry.responseEnd > 0).length"
        )
        if found >= count:
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"fewer than {count} reports were answered")


def cookies(context: BrowserContext) -> list[str]:
    return [cookie.get("name", "") for cookie in context.cookies()]


def test_nothing_is_asked_or_kept_until_the_reader_says_yes_and_it_holds_for_the_next_page(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool())
    page = reader.new_page()
    page.goto(server.url)
    yes = page.get_by_role("button", name="yes")
    yes.wait_for()
    page.wait_for_timeout(700)
    assert ours(page) == []
    assert page.evaluate(KEPT) == []
    yes.click()
    assert verdict_of(page) == "clear"
    answered(page)
    assert page.evaluate(KEPT) == ["site-note"]
    page.goto(server.url + "/second")
    assert verdict_of(page) == "clear"
    answered(page)
    assert ours(page).count("report") == 2
    assert errors_of(page) == []


@pytest.mark.parametrize("what", ["no", "nothing"])
def test_a_reader_who_says_no_or_nothing_is_left_alone_and_not_counted(
    what: str, reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool())
    page = patient(reader)
    page.goto(server.url)
    no = page.get_by_role("button", name="no", exact=True)
    no.wait_for()
    if what == "no":
        no.click()
    page.clock.run_for(8_500)
    open_patiently(page, server.url + "/second")
    assert ours(page) == []
    assert page.evaluate(KEPT) == []
    assert cookies(reader) == []


def test_where_no_law_asks_the_page_is_measured_at_once(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool(applies="false"))
    page = reader.new_page()
    page.goto(server.url)
    assert verdict_of(page) == "clear"


def test_a_tool_that_comes_late_and_without_a_stub_is_found(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool(LATE, after=1.2))
    page = reader.new_page()
    page.goto(server.url, wait_until="commit")
    page.get_by_role("button", name="yes").click()
    assert verdict_of(page) == "clear"


SILENT = {"a stub and no tool": STUB, "no tool at all": ""}


@pytest.mark.parametrize("head", SILENT.values(), ids=SILENT)
def test_a_page_on_which_nobody_answers_is_counted_once_and_nothing_else(
    head: str, reader: BrowserContext, serve: Serve, tmp_path: Path
) -> None:
    store = f"sqlite://{tmp_path}/figures.db"
    server = serve(with_tool(head, store=store))
    page = patient(reader)
    open_patiently(page, server.url)
    run_until(page, lambda: silent(server) == 1)
    page.clock.run_for(8_500)
    assert ours(page) == ["control?n"]
    assert page.evaluate(KEPT) == []
    assert cookies(reader) == []
    server.stop()
    day = int(time.time()) // 86_400
    with closing(open_store(store)) as opened, opened.figures() as figures:
        counted = figures.funnel(Span(day - 1, day + 1)).raw
    assert (counted["unanswered"], counted["measured"], counted["unknown"]) == (1, 0, 0)


def test_where_ublock_origin_stops_the_tool_the_page_is_counted_and_nobody_asked(
    ublock: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool())
    page = patient(ublock)
    for number, path in enumerate(("/", "/second", "/third"), 1):
        open_patiently(page, server.url + path)
        run_until(page, lambda: silent(server) == number)  # noqa: B023
    assert "/vendor/sourcepoint.js" not in server.paths
    assert ours(page) == ["control?n"] * 3
    assert cookies(ublock) == []
    expect(page.locator("#site-note")).to_have_count(0)


def blocked(context: BrowserContext) -> BrowserContext:
    context.route("**/www/delivery/**", lambda route: route.abort())
    return context


def test_who_takes_consent_back_is_forgotten_and_measured_no_more(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool())
    page = blocked(reader).new_page()
    page.goto(server.url)
    page.get_by_role("button", name="yes").click()
    assert verdict_of(page) == "extension"
    answered(page)
    assert cookies(reader) == ["site_note"]
    page.evaluate("() => self.openTool()")
    page.wait_for_timeout(100)
    assert cookies(reader) == ["site_note"]  # the tool is open, the answer stands
    page.get_by_role("button", name="no", exact=True).click()
    answered(page, 2)
    assert cookies(reader) == []
    assert page.evaluate(KEPT) == []
    expect(page.locator("script[data-verdict]")).to_have_count(0)
    asked = len(ours(page))
    page.evaluate("() => history.pushState(null, '', '/elsewhere')")
    page.evaluate("() => document.dispatchEvent(new Event('site:recheck'))")
    page.wait_for_timeout(800)
    page.goto(server.url + "/second")
    page.wait_for_timeout(700)
    assert len(ours(page)) == asked
    assert cookies(reader) == []


def test_the_page_that_stands_in_for_an_article_goes_on_by_itself_without_a_tool_of_its_own(
    reader: BrowserContext, serve: Serve
) -> None:
    strict = Rule("/paid/*", preset="strict", policy={"free_views": 0})
    server = serve(with_tool(rules=[strict]))
    page = blocked(reader).new_page()
    page.goto(server.url)
    page.get_by_role("button", name="yes").click()
    answered(page)
    page.goto(server.url + "/paid/story")
    expect(page.locator("script[data-to]")).to_have_count(1)
    assert verdict_of(page) == "extension"
    reader.unroute("**/www/delivery/**")
    expect(page).to_have_title("A page", timeout=15_000)


def test_where_verdicts_stay_in_the_page_the_card_stays_away_when_the_reader_has_said_so(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool("", consent_mode="local_only"))
    page = blocked(reader).new_page()
    page.goto(server.url)
    card = page.locator("#site-note")
    expect(card).to_have_count(1)
    assert (cookies(reader), page.evaluate(KEPT)) == ([], [])
    page.get_by_role("button", name="Not now", exact=True).click()
    expect(card).to_have_count(0)
    while not cookies(reader):
        page.wait_for_timeout(25)
    with page.expect_response("**/_site/note?*") as asked:
        page.goto(server.url + "/second")
    assert asked.value.status == 204
    expect(card).to_have_count(0)
    assert ours(page).count("report") == 0


OWN = """<script>
document.addEventListener('site:ask', () => {
  const answer = localStorage.own;
  document.dispatchEvent(new Event(answer ? 'site:agree' : 'site:disagree'));
});
document.dispatchEvent(new Event('site:agree'));  // nobody listens yet
</script>"""


def test_a_sites_own_tool_says_that_it_is_there_before_it_has_an_answer(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool(OWN))
    page = patient(reader)
    open_patiently(page, server.url)
    assert ours(page) == []
    assert silent(server) == 0


def test_a_sites_own_tool_answers_when_the_client_asks_and_changes_its_mind(
    reader: BrowserContext, serve: Serve
) -> None:
    server = serve(with_tool(OWN))
    page = reader.new_page()
    page.goto(server.url)
    page.evaluate("() => { localStorage.own = 1 }")
    page.evaluate("() => document.dispatchEvent(new Event('site:agree'))")
    assert verdict_of(page) == "clear"
    page.goto(server.url + "/second")
    assert verdict_of(page) == "clear"
    answered(page)
    page.evaluate("() => document.dispatchEvent(new Event('site:disagree'))")
    expect(page.locator("script[data-verdict]")).to_have_count(0)
    assert page.evaluate(KEPT) == []
