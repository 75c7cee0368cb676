"""Letters, desk, members and tin in real browsers: by keyboard, without JavaScript, at any size."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from demo_site.app import create_app
from demo_site.edition import STORIES
from demo_site.office import Office
from e2e.conftest import Open, Serve
from e2e.harness import Server, errors_of, verdict_of
from e2e.test_demo_look import OVERFLOW, SMALL_TARGETS, STORY, STRICT, findings

KEY = "a key for the browsers that write letters"
PASSWORD = "between the tides"
STOPPED = ("**/www/delivery/**", "**/adbanners/**", "**/banner/static/**")
EVIL = """</textarea><script>window.evil = 1</script><img src=x onerror="window.evil = 1">
<svg/onload="window.evil = 1">"><b onmouseover="window.evil = 1" style="position:fixed;inset:0">"""


@pytest.fixture
def open_chromium(fresh: Open) -> Open:
    return fresh


@pytest.fixture
def paper(serve: Serve) -> Server:
    office = Office((KEY,), desk_password=PASSWORD)
    return serve(lambda: create_app(secret_key=KEY, store="memory:", office=office))


def write(page: Page, letter: str, name: str) -> None:
    page.fill("#letter", letter)
    page.fill("#letter-name", name)
    page.click(".letter-form button")


def enter_desk(page: Page, paper: Server) -> None:
    page.goto(paper.url + "/desk")
    page.fill("#word", PASSWORD)
    page.click("text=Come in")


def blocked_note(context: BrowserContext, paper: Server) -> Any:
    """The cookie of a reader whose browser removed advertisements on three pages of Markets."""
    for pattern in STOPPED:
        context.route(pattern, lambda route: route.abort())
    page = context.new_page()
    for _ in range(3):
        page.goto(paper.url + STRICT)
        assert verdict_of(page) == "extension"
        page.wait_for_function(
            "() => performance.getEntriesByType('resource').some("
            "entry => entry.name.endsWith('/report') && entry.responseEnd > 0)"
        )
    [kept] = context.cookies()
    return kept


def test_the_whole_site_works_without_javascript(
    chromium: BrowserContext, open_chromium: Open, paper: Server
) -> None:
    context = open_chromium(java_script_enabled=False)
    page = context.new_page()
    page.goto(paper.url + "/")
    page.click(".sections >> text=City")
    page.click(f'.grid-main h2 a[href="{STORY}"]')
    assert page.inner_text("h1") == STORIES["the-ferry-that-waits"].headline

    # A letter: refused with the words kept, mended, held, seen by its writer alone.
    write(page, "I drive that bus.\n\nNobody asked.", "")
    expect(page.locator("h1")).to_have_text("Your letter is not sent yet")
    expect(page.locator(".summary")).to_be_focused()
    assert page.input_value("#letter") == "I drive that bus.\n\nNobody asked."
    page.click(".summary a")
    expect(page.locator("#letter-name")).to_be_focused()
    write(page, "I drive that bus.\n\nNobody asked.", "Hedda Marsh")
    own = page.locator(".letter-own")
    expect(own).to_be_focused()
    assert "waits for the editor" in own.inner_text()
    page.goto(paper.url + STORY)
    assert page.locator(".letter-own").count() == 0
    letters = page.locator(".letter").count()

    # The editor prints it.
    page.click(".foot >> text=The editor’s desk")
    page.fill("#word", "a guess")
    page.click("text=Come in")
    assert "not the password" in page.inner_text(".summary")
    page.fill("#word", PASSWORD)
    page.click("text=Come in")
    assert page.locator(".desk-letter").count() == 1
    page.click(".desk-deeds [value=published]")
    expect(page.locator("#said")).to_be_focused()
    assert "is in print" in page.inner_text("#said")
    page.click("text=Printed")
    page.click(".desk-letter .byline a")
    assert page.locator(".letter").count() == letters + 1
    assert "Hedda Marsh" in page.inner_text(".letters")
    page.goto(paper.url + "/desk")
    page.click("text=Leave the desk")
    assert page.locator(".desk-letter").count() == 0

    # A member, and the tin.
    page.click(".sections >> text=Log in")
    page.fill("#who", "theo")
    page.fill("#word", "high water")
    page.click(".letter-form button")
    assert page.inner_text(".answer-word") == "False"
    page.click("text=A crown in the tin")
    page.check("[value='8']")
    page.click("text=Pretend to pay")
    assert "Eight crowns" in page.inner_text(".standfirst")
    assert "site_pass" in {kept["name"] for kept in context.cookies()}
    page.click(".sections >> text=Subscribe")
    assert page.locator("#tin").is_visible()

    # What belongs to the toolkit: preferences, help, and the page in front of Markets.
    page.goto(paper.url + "/privacy")
    page.click("text=see what the cookie says")
    assert page.locator("h1").is_visible()
    page.goto(paper.url + "/_site/help")
    assert page.locator("h1").is_visible()
    note = blocked_note(chromium, paper)
    context.add_cookies([note])
    page.goto(paper.url + STRICT)
    assert "story-text" in page.content(), "a pass leads straight to the story"
    context.clear_cookies()
    context.add_cookies([note])
    page.goto(paper.url + STRICT)
    assert page.locator(".story-text").count() == 0
    page.click("button[value=continue], button[value=later]")
    assert page.locator(".story-text").count() == 1


def test_a_member_who_pays_meets_no_page_in_front_of_markets(
    chromium: BrowserContext, open_chromium: Open, paper: Server
) -> None:
    context = open_chromium(java_script_enabled=False)
    page = context.new_page()
    context.add_cookies([blocked_note(chromium, paper)])
    for who, word, met in (("theo", "high water", 1), ("ines", "low water", 0)):
        page.goto(paper.url + "/login")
        page.fill("#who", who)
        page.fill("#word", word)
        page.click(".letter-form button")
        page.goto(paper.url + STRICT)
        assert page.locator(".story-text").count() == 1 - met, who


def test_markup_that_was_sent_is_text_in_every_page_that_shows_it(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    opened: list[Dialog] = []
    page.on("dialog", lambda dialog: (opened.append(dialog), dialog.dismiss()))
    plain = " ".join(EVIL.split())

    def harmless() -> None:
        assert page.evaluate("window.evil") is None
        assert page.locator("[onerror], [onload], [onmouseover], main [style]").count() == 0

    page.goto(paper.url + STORY)
    write(page, EVIL, "")
    harmless()
    assert page.input_value("#letter") == EVIL
    write(page, EVIL, EVIL[:80])
    harmless()
    assert " ".join(page.inner_text(".letter-own .letter-words").split()) == plain
    enter_desk(page, paper)
    harmless()
    assert " ".join(page.inner_text(".desk-letter .letter-words").split()) == plain
    page.click(".desk-deeds [value=published]")
    harmless()
    page.goto(paper.url + STORY)
    harmless()
    assert plain in " ".join(page.inner_text(".letters").split())
    page.goto(f'{paper.url}/desk?show="><script>alert(1)</script>&done=<b>')
    harmless()
    page.goto(f'{paper.url}{STORY}?letter="><script>alert(1)</script>')
    harmless()
    assert opened == []
    assert [error for error in errors_of(page) if "422" not in error] == []


def test_the_desk_is_worked_by_keyboard(chromium: BrowserContext, paper: Server) -> None:
    page = chromium.new_page()
    page.goto(paper.url + STORY)
    write(page, "I drive that bus.", "Hedda Marsh")
    enter_desk(page, paper)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "published":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("waits again")
    assert page.locator(".desk-letter").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_for_everybody_and_fits_at_every_width(
    open_chromium: Open, paper: Server, scheme: str
) -> None:
    page = open_chromium(color_scheme=scheme).new_page()
    found: dict[str, Any] = {}

    def look(name: str) -> None:
        if violations := findings(page):
            found[name] = violations
        for width in (320, 360, 768, 1440):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate(OVERFLOW) == 0, (name, width)
            assert page.evaluate(SMALL_TARGETS) == [], (name, width)
        page.set_viewport_size({"width": 360, "height": 740})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(OVERFLOW) == 0, (name, "twice the size")

    page.goto(paper.url + STORY)
    write(page, "", "")
    look("letter with two faults")
    page.goto(paper.url + STORY)
    write(page, "see https://example.org/" + "x" * 400 + "\n\n" + "W" * 300, "W" * 80)
    look("own letter")
    enter_desk(page, paper)
    look("desk with one letter")
    page.click(".desk-deeds [value=published]")
    look("desk, something done, empty")
    page.goto(paper.url + STORY)
    look("story with a reader's letter")
    page.goto(paper.url + "/desk?show=published")
    look("printed")
    page.goto(paper.url + "/login")
    page.fill("#who", "ines")
    page.fill("#word", "guess")
    page.click(".letter-form button")
    look("log-in refused")
    page.fill("#who", "ines")
    page.fill("#word", "low water")
    page.click(".letter-form button")
    look("members")
    page.goto(paper.url + "/donate")
    look("tin")
    page.click("text=Pretend to pay")
    look("thanks")
    assert found == {}


def test_print_keeps_what_readers_wrote_and_not_what_waits(
    chromium: BrowserContext, paper: Server
) -> None:
    page = chromium.new_page()
    page.goto(paper.url + STORY)
    write(page, "I drive that bus.", "Hedda Marsh")
    page.emulate_media(media="print")
    assert page.locator(".letter").first.is_visible()
    assert page.locator(".letter-own").is_hidden()
    assert page.locator(".letter-form").is_hidden()
