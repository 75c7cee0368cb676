"""The demo newspaper in real browsers: for everybody, at any size, with and without a blocker."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, Route

from demo_site.app import create_app
from demo_site.edition import SECTIONS, STORIES
from demo_site.pages import PLAIN
from e2e.conftest import Open, Serve
from e2e.harness import Server, errors_of, requests_of, shift_of, verdict_of

KEY = "a key for the browsers that read the paper"
STORY = "/city/the-ferry-that-waits"
STRICT = "/markets/what-a-berth-costs"
SCENES = "/behind-the-scenes"
EVERY = [
    "/",
    SCENES,
    "/login",
    "/donate",
    "/desk",
    "/privacy",
    "/nothing-here",
    *(f"/{name}" for name in PLAIN),
    *(section.path for section in SECTIONS.values()),
    *(story.path for story in STORIES.values()),
]
KINDS = [
    *("/", "/city/", STORY, SCENES, "/privacy", "/login", "/donate", "/desk", "/subscribe"),
    "/nothing-here",
]
WIDTHS = [320, 360, 768, 1440]

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
  .filter(e => !e.closest('p, dd, figure, h1, h2, h3, li:not(nav li), .skip'))
  .filter(e => e.checkVisibility())
  .filter(e => e.getClientRects().length && !e.closest('label') && e.tabIndex >= 0)
  .filter(e => e.getBoundingClientRect().height < 43.9)
  .map(e => e.outerHTML.slice(0, 120))"""
HIDDEN = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.slot, [hidden], script') && !e.checkVisibility())
  .map(e => `${e.tagName}.${e.getAttribute('class')}#${e.id}`).sort()"""
NOTE = "#site-note"


@pytest.fixture
def open_chromium(fresh: Open) -> Open:
    return partial(fresh, "chromium")


@pytest.fixture
def paper(serve: Serve) -> Server:
    return serve(lambda: create_app(secret_key=KEY, store="memory:"))


@pytest.fixture
def quiet_paper(serve: Serve) -> Server:
    """The paper that looks but never asks, so that a page shows nothing but itself."""
    return serve(lambda: create_app(secret_key=KEY, store="memory:", mode="observe", rules=()))


def findings(page: Page) -> list[dict[str, Any]]:
    return [
        {"id": found["id"], "nodes": [node["html"][:160] for node in found["nodes"]]}
        for found in Axe().run(page).response["violations"]
    ]


def slots_of(page: Page) -> Locator:
    return page.locator(".slot")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(open_chromium: Open, paper: Server, scheme: str) -> None:
    page = open_chromium(color_scheme=scheme).new_page()
    found = {}
    for path in EVERY:
        page.goto(paper.url + path)
        if path == SCENES:
            page.wait_for_selector("[data-found][data-verdict]")
            page.click("[data-again]")
            page.wait_for_selector("[data-rows] tr")
        if violations := findings(page):
            found[path] = violations
    assert found == {}


def test_axe_finds_nothing_on_a_phone(chromium_phone: BrowserContext, paper: Server) -> None:
    page = chromium_phone.new_page()
    found = {}
    for path in KINDS:
        page.goto(paper.url + path)
        if violations := findings(page):
            found[path] = violations
    assert found == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways_and_fingers_find_what_they_want(
    open_chromium: Open, paper: Server, width: int
) -> None:
    page = open_chromium(viewport={"width": width, "height": 740}).new_page()
    for path in KINDS:
        page.goto(paper.url + path)
        assert page.evaluate(OVERFLOW) == 0, path
        assert page.evaluate(SMALL_TARGETS) == [], path


def test_no_page_scrolls_sideways_at_twice_the_text_size(
    open_chromium: Open, paper: Server
) -> None:
    page = open_chromium(viewport={"width": 360, "height": 740}).new_page()
    for path in KINDS:
        page.goto(paper.url + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(OVERFLOW) == 0, path


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_moves_while_a_page_loads(open_chromium: Open, paper: Server, width: int) -> None:
    page = open_chromium(viewport={"width": width, "height": 740}).new_page()
    for path in ["/", "/markets/", STORY, STRICT]:
        page.goto(paper.url + path)
        verdict_of(page)
        assert shift_of(page) == 0, path


def test_every_request_goes_to_the_paper_itself_and_no_page_complains(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    for path in EVERY:
        page.goto(paper.url + path)
        page.wait_for_load_state("networkidle")
    asked = requests_of(page)
    assert len(asked) > len(EVERY)
    assert [url for url in asked if not url.startswith(paper.url + "/")] == []
    assert [error for error in errors_of(page) if "404" not in error] == []


def test_the_paper_reads_without_javascript(
    chromium_without_javascript: BrowserContext, paper: Server
) -> None:
    page = chromium_without_javascript.new_page()
    page.goto(paper.url + "/")
    page.click(f'.lead h2 a[href="{STORY}"]')
    assert page.inner_text("h1") == STORIES["the-ferry-that-waits"].headline
    assert page.locator(".story-text > p").count() > 8
    assert page.locator(".strip-close").is_hidden()
    page.click(".strip a")
    assert "Looking takes JavaScript" in page.inner_text("[data-found]")


def test_a_closed_strip_stays_closed_and_moves_nothing(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    page.goto(paper.url + "/")
    page.click(".strip-close")
    assert page.locator(".strip").is_hidden()
    page.goto(paper.url + STORY)
    verdict_of(page)
    assert page.locator(".strip").is_hidden()
    assert shift_of(page) == 0


def test_the_keyboard_skips_the_masthead(chromium: BrowserContext, paper: Server) -> None:
    page = chromium.new_page()
    page.goto(paper.url + STORY)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('main'))")


def test_print_keeps_the_story_and_leaves_the_furniture(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    page.goto(paper.url + STORY)
    page.emulate_media(media="print")
    for kept in (".nameplate", "h1", ".byline", ".story-figure", ".story-text", ".letter"):
        assert page.locator(kept).first.is_visible(), kept
    for left in (".strip", ".sections", ".slot", ".letter-form", ".more", ".ranking"):
        assert page.locator(left).first.is_hidden(), left


def test_without_a_blocker_the_house_advertisements_stand_in_the_paper(
    firefox: BrowserContext, quiet_paper: Server
) -> None:
    page = firefox.new_page()
    for path, count in (("/", 2), ("/city/", 2), (STORY, 2)):
        page.goto(quiet_paper.url + path)
        assert verdict_of(page) == "clear"
        slots = slots_of(page).all()
        assert len(slots) == count
        for slot in slots:
            assert slot.is_visible()
            assert slot.locator("img").evaluate("image => image.naturalWidth") > 0


def test_ublock_removes_the_house_advertisements_and_nothing_else(
    ublock: BrowserContext, open_firefox: Open, quiet_paper: Server
) -> None:
    blocked, plain = ublock.new_page(), open_firefox().new_page()
    left_alone = ["/login", "/donate", "/desk", "/privacy"]
    for path in ["/", "/city/", "/markets/", STORY, SCENES, "/about", "/subscribe", *left_alone]:
        blocked.goto(quiet_paper.url + path)
        plain.goto(quiet_paper.url + path)
        if path not in left_alone:
            assert verdict_of(blocked) == "extension"
            assert verdict_of(plain) == "clear"
        for slot in slots_of(blocked).all():
            assert slot.is_hidden()
            assert slot.evaluate("slot => slot.getBoundingClientRect().height") == 0
        assert blocked.evaluate(HIDDEN) == plain.evaluate(HIDDEN)


def test_ublock_hides_the_slots_by_itself_and_keeps_their_drawings_from_the_server(
    ublock: BrowserContext, quiet_paper: Server
) -> None:
    page = ublock.new_page()
    page.goto(quiet_paper.url + STORY)
    verdict_of(page)
    for slot in slots_of(page).all():
        slot.evaluate("slot => { slot.hidden = false; }")
        assert slot.is_hidden()
    assert not [path for path in quiet_paper.paths if path.startswith("/adbanners/house-ads/")]


def test_a_slot_folds_when_only_its_drawing_is_stopped(
    chromium: BrowserContext, quiet_paper: Server
) -> None:
    page = chromium.new_page()

    def stop(route: Route) -> None:
        route.abort("blockedbyclient")

    page.route("**/adbanners/house-ads/**", stop)
    page.goto(quiet_paper.url + STORY)
    page.wait_for_function("() => [...document.querySelectorAll('.slot')].every(s => s.hidden)")
    assert slots_of(page).count() == 2


def test_behind_the_scenes_tells_a_visitor_what_was_found(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    page.goto(paper.url + SCENES)
    page.wait_for_selector("[data-found][data-verdict=clear]")
    assert "Nothing in the way." in page.inner_text("[data-found]")
    rows = page.locator("[data-rows] tr").all_inner_texts()
    assert len(rows) >= 5
    assert all("came through" in row or "was visible" in row for row in rows)


def test_behind_the_scenes_tells_a_reader_with_ublock_and_does_not_ask(
    ublock: BrowserContext, paper: Server
) -> None:
    page = ublock.new_page()
    for _ in range(3):
        page.goto(paper.url + SCENES)
        page.wait_for_selector("[data-found][data-verdict=extension]")
    assert "was stopped" in page.inner_text("[data-rows]")
    assert page.locator(NOTE).count() == 0


def test_a_remembered_verdict_is_said_to_be_remembered_until_looked_at_again(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    page.goto(paper.url + STORY)
    verdict_of(page)
    page.wait_for_function("() => sessionStorage.length")
    page.goto(paper.url + SCENES)
    page.wait_for_selector("[data-found][data-verdict=clear]")
    assert page.locator("[data-remembered]").is_visible()
    page.click("[data-again]")
    page.wait_for_selector("[data-rows] tr")
    assert page.locator("[data-remembered]").is_hidden()


@pytest.mark.parametrize(
    ("form", "frame"),
    [("dialog", "dialog[open]"), ("inline", ".site-note-card"), ("banner", ".site-note-strip")],
)
def test_every_form_can_be_seen_without_a_blocker_and_its_answer_is_not_kept(
    chromium: BrowserContext, paper: Server, form: str, frame: str
) -> None:
    page = chromium.new_page()
    page.goto(paper.url + SCENES)
    verdict_of(page)
    page.check(f"[name=form][value={form}]")
    page.check("[name=verdict][value=network]")
    page.click("[data-chooser] button")
    shown = page.locator(f"{NOTE} >> {frame}")
    shown.wait_for()
    assert shown.is_visible()
    assert (page.locator(f"[data-stage] {NOTE}").count() == 1) is (form == "inline")
    with page.expect_response("**/behind-the-scenes/choice") as answered:
        page.locator(f"{NOTE} >> [name=choice][value=later]").click()
    assert answered.value.status == 200
    assert page.locator(NOTE).count() == 0
    assert chromium.cookies() == []
    assert "/_site/choice" not in paper.paths
    assert errors_of(page) == []


def test_a_preset_shows_its_form(chromium: BrowserContext, paper: Server) -> None:
    page = chromium.new_page()
    page.goto(paper.url + SCENES)
    verdict_of(page)
    page.click("[data-show=dialog]")
    page.locator(f"{NOTE} >> dialog[open]").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(NOTE).count() == 0
    with chromium.expect_page() as opened:
        page.click("[data-show=interstitial]")
    assert "The Merrow Packet" in opened.value.inner_text("body")
