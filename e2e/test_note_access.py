"""Everybody can use the notice and our pages: axe, keyboard, zoom, large text, forced colours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from adguard.texts import Texts
from e2e.conftest import Open, Serve
from e2e.harness import Server, errors_of
from e2e.note_site import CODE, make_site

NARROW = {"width": 320, "height": 640}
STATES = {
    "dialog": ("/?form=dialog", None),
    "card": ("/?form=inline", None),
    "strip": ("/?form=banner", None),
    "guide": ("/?form=dialog", "[data-open=guide]"),
    "why": ("/?form=dialog", "[data-open=why]"),
    "ways": ("/?form=dialog", "[data-open=support]"),
    "no ways": ("/?form=dialog&alone", "[data-open=support]"),
    "sorry": ("/?form=dialog", "[data-open=not-blocking]"),
    "never": ("/?form=inline", "[data-open=never]"),
    "network": ("/?form=inline&verdict=network", None),
    "thanks": ("/?form=none&action=thanks", None),
    "right to left": ("/?form=dialog&lang=ar", None),
    "interstitial": ("/_site/interstitial", None),
    "interstitial, right to left": ("/_site/interstitial?lang=ar", None),
    "help": ("/_site/help", None),
    "help without a way back": ("/_site/help?lost&tool=abp", None),
    "support": ("/_site/support", None),
    "support without ways": ("/_site/support?alone", None),
    "pass": ("/_site/pass", None),
    "pass by its code": ("/_site/pass?alone", None),
    "preferences": ("/_site/preferences", None),
    "preferences, empty": ("/_site/preferences?alone&lost", None),
    "message": ("/_site/message", None),
}
CLICK = "(query) => document.querySelector('#site-note').shadowRoot.querySelector(query).click()"
TARGETS = """() => {
  const note = document.querySelector('#site-note');
  const root = note ? note.shadowRoot : document;
  const controls = 'button, input:not([type=hidden]), select, summary, a';
  const found = [];
  for (const element of root.querySelectorAll(controls)) {
    const box = element.getBoundingClientRect();
    if (!box.width || element.closest('p')) continue;
    if (box.height < 44 - 0.1 || box.width < 44 - 0.1)
      found.push(`${element.textContent.trim()}: ${box.width} x ${box.height}`);
  }
  return found;
}"""
WIDE = """() => {
  const note = document.querySelector('#site-note');
  const all = (note ? note.shadowRoot : document).querySelectorAll('*');
  // A field is a window on its text: the reader's code may be longer than it.
  return [...all].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
    && e.clientWidth && e.localName !== 'input').map(e => e.localName + '.' + e.className);
}"""
DEEP_FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return (element.getAttribute('aria-label') || element.id || element.textContent).trim();
}"""


@pytest.fixture
def site(serve: Serve) -> Server:
    return serve(make_site)


def show(context: BrowserContext, site: Server, state: str) -> Page:
    path, click = STATES[state]
    page = context.new_page()
    page.goto(site.url + path)
    if path.startswith("/?"):
        page.wait_for_selector("html[data-shown=true]")
        page.evaluate("Promise.all(document.getAnimations({subtree: true}).map(a => a.finished))")
        if click:
            page.evaluate(CLICK, click)
    return page


def findings(page: Page) -> list[dict[str, Any]]:
    answer = Axe().run(page).response
    return [
        {"id": found["id"], "nodes": [node["html"][:200] for node in found["nodes"]]}
        for found in answer["violations"]
    ]


def expect_no_findings(context: BrowserContext, site: Server) -> None:
    found = {}
    for state in STATES:
        page = show(context, site, state)
        if list_of := findings(page):
            found[state] = list_of
        page.close()
    assert not found, json.dumps(found, indent=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_state(open_chromium: Open, site: Server, scheme: str) -> None:
    expect_no_findings(open_chromium(color_scheme=scheme, bypass_csp=True), site)


def test_axe_finds_nothing_on_a_phone(open_chromium: Open, site: Server) -> None:
    phone = open_chromium(viewport=NARROW, is_mobile=True, has_touch=True, bypass_csp=True)
    expect_no_findings(phone, site)


def test_every_target_is_at_least_forty_four_pixels_and_nothing_scrolls_sideways(
    open_chromium: Open, site: Server
) -> None:
    context = open_chromium(viewport=NARROW)
    for state in STATES:
        page = show(context, site, state)
        assert page.evaluate(TARGETS) == [], state
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW["width"], state
        page.close()


@pytest.mark.parametrize("text", [16, 32])
def test_everything_reflows_at_320_pixels_and_twice_the_text(
    open_chromium: Open, site: Server, text: int
) -> None:
    context = open_chromium(viewport=NARROW, args=[f"--blink-settings=defaultFontSize={text}"])
    for state in STATES:
        page = show(context, site, state)
        assert page.evaluate(WIDE) == [], state
        page.close()


def test_every_language_reflows_at_320_pixels(open_chromium: Open, site: Server) -> None:
    page = open_chromium(viewport=NARROW).new_page()
    for tag in Texts().languages:
        page.goto(f"{site.url}/?form=dialog&lang={tag}")
        page.wait_for_selector("html[data-shown=true]")
        assert page.evaluate(WIDE) == [], tag
        for view in ("why", "guide"):
            page.evaluate(CLICK, f"[data-open={view}]")
            assert page.evaluate(WIDE) == [], (tag, view)


def test_the_notice_follows_the_readers_text_size_whatever_the_site_does_to_html(
    open_chromium: Open, site: Server
) -> None:
    page = open_chromium().new_page()
    page.goto(f"{site.url}/?form=dialog&wait")
    page.evaluate("document.documentElement.style.fontSize = '62.5%'")
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    size = "document.querySelector('#site-note').shadowRoot.querySelector('p')"
    assert page.evaluate(f"getComputedStyle({size}).fontSize") == "16.8px"


def test_the_keyboard_walks_every_control_in_order_and_stays_in_the_dialog(
    chromium: BrowserContext, site: Server
) -> None:
    page = show(chromium, site, "dialog")
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(page.evaluate(DEEP_FOCUS))
    walk = [
        "Allow ads here",
        "Support another way",
        "Not now",
        "I am not blocking ads",
        "Don't ask for six months",
        "How do we know?",
    ]
    assert order[: len(walk)] == walk
    assert "To the end" not in order
    assert errors_of(page) == []


def test_the_keyboard_alone_allows_ads(chromium: BrowserContext, site: Server) -> None:
    page = show(chromium, site, "dialog")
    page.evaluate("document.documentElement.dataset.recheck = 'clear'")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(DEEP_FOCUS) == "site-note-guide"
    seen = ""
    while seen != "I have allowed ads":
        page.keyboard.press("Tab")
        seen = page.evaluate(DEEP_FOCUS)
    page.keyboard.press("Space")
    page.wait_for_function(f"({DEEP_FOCUS})() === 'site-note-thanks'")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#site-note", state="detached")


def test_the_focus_can_be_seen_on_every_control(chromium: BrowserContext, site: Server) -> None:
    page = show(chromium, site, "dialog")
    for _ in range(7):
        page.keyboard.press("Tab")
        outline = page.evaluate("""() => {
          const active = document.activeElement.shadowRoot?.activeElement;
          if (!active) return '3px solid';
          const style = getComputedStyle(active);
          return `${style.outlineWidth} ${style.outlineStyle}`;
        }""")
        assert outline == "3px solid"


def test_in_forced_colours_buttons_keep_their_borders(open_chromium: Open, site: Server) -> None:
    page = show(open_chromium(forced_colors="active"), site, "dialog")
    styles = page.evaluate("""() => [...document.querySelector('#site-note').shadowRoot
      .querySelectorAll('.site-note-choices button')].slice(0, 3).map(button => {
        const {borderTopWidth, borderTopStyle, color, backgroundColor} = getComputedStyle(button);
        return [borderTopStyle, borderTopWidth !== '0px', color !== backgroundColor];
      })""")
    assert styles == [["solid", True, True]] * 3


def test_the_interstitial_answers_without_javascript(
    chromium_without_javascript: BrowserContext, site: Server
) -> None:
    page = chromium_without_javascript.new_page()
    page.goto(f"{site.url}/_site/interstitial")
    page.get_by_text("How do we know?").click()
    assert page.get_by_text("We can be mistaken.").is_visible()
    page.get_by_role("button", name="Continue without").click()
    assert page.get_by_role("heading").inner_text() == "Noted"
    page.goto(f"{site.url}/choices")
    assert page.locator("body").inner_text() == '["to=signed.path&choice=later"]'


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_code_on_the_preferences_page_is_taken_whole_by_keyboard_on_a_phones_width(
    request: pytest.FixtureRequest, site: Server, browser: str
) -> None:
    opened: Open = request.getfixturevalue(f"open_{browser}")
    page = opened(viewport={"width": 360, "height": 740}).new_page()
    page.goto(f"{site.url}/_site/preferences")
    field = page.get_by_label("The code")
    taken = "field => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert field.input_value() == CODE
    assert not field.is_editable()
    assert not field.evaluate("field => field.scrollWidth > field.clientWidth")
    for _ in range(20):
        page.keyboard.press("Tab")
        if field.evaluate("field => field === document.activeElement"):
            break
    assert field.evaluate(taken) == CODE
