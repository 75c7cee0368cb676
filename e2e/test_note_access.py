"""Everybody can use the notice and our pages: keyboard, screen reader, zoom, forced colours.

What holds for every state alike (axe, text that is cut off, targets) is in `test_sheet_axe.py` and
`test_sheet_text.py`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from e2e.conftest import Open, Serve
from e2e.harness import Server, errors_of
from e2e.note_site import CODE, make_site

FORMS = ("dialog", "inline", "banner")
AT_400_PERCENT = {"width": 320, "height": 256}  # a window of 1280 x 1024
ASK = (
    "Allow ads here",
    "Support another way",
    "Not now",
    "I am not blocking ads",
    "Don't ask for six months",
    "How do we know?",
)
DEEP_FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return (element.getAttribute('aria-label') || element.id || element.textContent).trim();
}"""
IN_SIGHT = """element => {
  element.scrollIntoView({block: 'center'});
  const {left, top, right, bottom} = element.getBoundingClientRect();
  if (left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1)
    return `outside: ${left} ${top} ${right} ${bottom}`;
  const root = element.getRootNode();
  const hit = root.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return element.contains(hit) ? 'in sight' : `under ${hit?.className}`;
}"""


@pytest.fixture
def site(serve: Serve) -> Server:
    return serve(make_site)


@pytest.fixture(params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest, fresh: Open) -> BrowserContext:
    return fresh(request.param)


@pytest.fixture
def plain(fresh: Open) -> BrowserContext:
    return fresh()


def opened(context: BrowserContext, site: Server, query: str) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/?short&{query}")
    page.wait_for_selector("html[data-shown=true]")
    return page


def host(page: Page) -> Locator:
    return page.locator("#site-note")


def focused(page: Page) -> str:
    found: str = page.evaluate(DEEP_FOCUS)
    return found


def walked(page: Page, times: int, key: str = "Tab") -> list[str]:
    names = []
    for _ in range(times):
        page.keyboard.press(key)
        names.append(focused(page))
    return names


# Keyboard


@pytest.mark.parametrize("form", FORMS)
def test_the_keyboard_walks_every_control_in_the_order_of_reading_and_back(
    browser: BrowserContext, site: Server, form: str
) -> None:
    page = opened(browser, site, f"form={form}")
    if form != "dialog":
        page.locator("#first").focus()
        assert walked(page, 1) == ["Close"], "the first in the card"
    assert walked(page, len(ASK)) == list(ASK)
    assert walked(page, len(ASK) - 1, "Shift+Tab") == list(reversed(ASK[:-1]))
    assert errors_of(page) == []


def test_the_dialog_keeps_the_keyboard_and_the_others_let_it_go(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site, "form=dialog")
    assert not {"search", "first", "To the end"} & set(walked(page, 12))
    page = opened(browser, site, "form=banner")
    host(page).get_by_role("button", name="Close").focus()
    assert walked(page, 2, "Shift+Tab") == ["first", "search"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_alone_allows_ads(
    plain: BrowserContext, site: Server, form: str, key: str
) -> None:
    page = opened(plain, site, f"form={form}")
    page.evaluate("document.documentElement.dataset.recheck = 'clear'")
    host(page).get_by_role("button", name="Allow ads here").focus()
    page.keyboard.press(key)
    assert focused(page) == "site-note-guide"
    seen = ""
    while seen != "I have allowed ads":
        (seen,) = walked(page, 1)
    page.keyboard.press(key)
    page.wait_for_function(f"({DEEP_FOCUS})() === 'site-note-thanks'")
    assert walked(page, 1) == ["Back to reading"]
    page.keyboard.press(key)
    page.wait_for_selector("#site-note", state="detached")


def test_every_view_puts_the_focus_on_its_heading_and_back_puts_it_on_the_first(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site, "form=dialog")
    assert focused(page) == "site-note-ask"
    for button, view in (
        ("Allow ads here", "guide"),
        ("Support another way", "support"),
        ("How do we know?", "why"),
    ):
        host(page).get_by_role("button", name=button).press("Enter")
        assert focused(page) == f"site-note-{view}"
        host(page).get_by_role("button", name="Back", exact=True).press("Enter")
        assert focused(page) == "site-note-ask"


@pytest.mark.parametrize("view", ["guide", "support", "why", "never", "not-blocking"])
@pytest.mark.parametrize("form", FORMS)
def test_escape_closes_every_view(
    plain: BrowserContext, site: Server, form: str, view: str
) -> None:
    page = opened(plain, site, f"form={form}")
    host(page).locator(f"[data-open={view}]").first.press("Enter")
    assert focused(page) == f"site-note-{view}"
    page.keyboard.press("Escape")
    expect(host(page)).to_have_count(0)


@pytest.mark.parametrize("form", FORMS)
def test_after_closing_the_focus_is_where_it_was(
    browser: BrowserContext, site: Server, form: str
) -> None:
    page = browser.new_page()
    page.goto(f"{site.url}/?short&form={form}&wait")
    page.locator("#first").focus()
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    if form != "dialog":
        page.keyboard.press("Tab")
        assert focused(page) == "Close"
    page.keyboard.press("Escape")
    expect(host(page)).to_have_count(0)
    expect(page.locator("#first")).to_be_focused()


def test_closing_the_card_from_afar_leaves_the_focus_alone(
    plain: BrowserContext, site: Server
) -> None:
    page = opened(plain, site, "form=banner")
    page.locator("#search").focus()
    host(page).get_by_role("button", name="Not now").evaluate("button => button.click()")
    expect(host(page)).to_have_count(0)
    expect(page.locator("#search")).to_be_focused()


@pytest.mark.parametrize("colours", ["none", "active"])
def test_the_focus_can_be_seen_on_every_control(fresh: Open, site: Server, colours: str) -> None:
    page = opened(fresh(forced_colors=colours), site, "form=dialog")
    for opener in ("ask", "guide"):
        if opener == "guide":
            host(page).locator("[data-open=guide]").press("Enter")
        for _ in range(6):
            page.keyboard.press("Tab")
            outline = page.evaluate("""() => {
              let active = document.activeElement.shadowRoot?.activeElement;
              if (!active) return '3px solid';
              if (active.localName === 'select') active = active.parentElement;
              const style = getComputedStyle(active);
              return `${style.outlineWidth} ${style.outlineStyle}`;
            }""")
            assert outline == "3px solid", focused(page)


# Screen readers


@pytest.mark.parametrize("form", FORMS)
def test_a_screen_reader_hears_a_named_place_its_heading_and_every_control(
    browser: BrowserContext, site: Server, form: str
) -> None:
    page = opened(browser, site, f"form={form}")
    role = "dialog" if form == "dialog" else "region"
    expect(page.locator("body")).to_match_aria_snapshot(f"""
      - {role} "Ads pay for The Harbour Post":
        - button "Close"
        - heading "Ads pay for The Harbour Post" [level=2]
        - paragraph: /Our ads do not load/
        - button "Allow ads here"
        - button "Support another way"
        - button "Not now"
        - button "I am not blocking ads"
        - button "Don't ask for six months"
        - button "How do we know?"
    """)
    assert not page.get_by_role("alert").count()


def test_a_screen_reader_hears_the_guide_and_what_became_of_the_look(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site, "form=dialog")
    host(page).get_by_role("button", name="Allow ads here").click()
    expect(host(page).get_by_role("dialog")).to_match_aria_snapshot("""
      - dialog "Allow ads on this site":
        - button "Close"
        - heading "Allow ads on this site" [level=2]
        - paragraph
        - text: Which one do you use?
        - combobox "Which one do you use?"
        - list:
          - listitem: /Click the uBlock Origin icon/
          - listitem
          - listitem
        - paragraph
        - button "I have allowed ads"
        - button "Back"
        - status
    """)
    host(page).get_by_role("button", name="I have allowed ads").click()
    expect(host(page).get_by_role("status")).to_contain_text("Not yet, as far as we can see")


def test_a_screen_reader_hears_the_table_of_signals_with_its_headers(
    plain: BrowserContext, site: Server
) -> None:
    page = opened(plain, site, "form=dialog")
    host(page).get_by_role("button", name="How do we know?").click()
    expect(host(page).get_by_role("table")).to_match_aria_snapshot("""
      - table "What happened on this page":
        - caption: What happened on this page
        - rowgroup:
          - row:
            - columnheader "What we asked for"
            - columnheader "Name like an ad"
            - columnheader "Plain name"
        - rowgroup:
          - row:
            - rowheader "A script"
            - cell "stopped"
            - cell "arrived"
    """)


def test_a_screen_reader_hears_the_interstitial_as_a_page_with_what_waits(
    browser: BrowserContext, site: Server
) -> None:
    page = browser.new_page()
    page.goto(f"{site.url}/_site/interstitial")
    expect(page.locator("body")).to_match_aria_snapshot("""
      - banner:
        - link "The Harbour Post"
      - main:
        - heading "Before you read on" [level=1]
        - paragraph
        - button "Allow ads here"
        - button "Support another way"
        - button "Continue without"
        - button "I am not blocking ads"
        - button "Don't ask for six months"
        - group: How do we know?
      - complementary "Waiting for you":
        - paragraph: Waiting for you
        - paragraph: The Last Ferry to Skelling
    """)


# Zoom, text size, colours, motion


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("view", ["ask", "guide", "why"])
def test_at_four_times_the_size_every_control_can_be_brought_into_sight(
    fresh: Open, site: Server, form: str, view: str
) -> None:
    page = opened(fresh(viewport=AT_400_PERCENT), site, f"form={form}")
    if view != "ask":
        host(page).locator(f"[data-open={view}]").press("Enter")
    heading = host(page).locator(f"#site-note-{view}")
    assert heading.evaluate(IN_SIGHT) == "in sight"
    for control in host(page).locator("button:visible, select:visible, a:visible").all():
        assert control.evaluate(IN_SIGHT) == "in sight", control.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= AT_400_PERCENT["width"]


@pytest.mark.parametrize("path", ["/?short&form=dialog", "/_site/interstitial", "/_site/help"])
def test_everything_reflows_at_320_pixels_with_the_browsers_text_size_doubled(
    open_chromium: Open, site: Server, path: str
) -> None:
    narrow = {"width": 320, "height": 640}
    context = open_chromium(viewport=narrow, args=["--blink-settings=defaultFontSize=32"])
    page = context.new_page()
    page.goto(site.url + path)
    if path.startswith("/?"):
        page.wait_for_selector("html[data-shown=true]")
    wide = page.evaluate("""() => {
      for (const name of document.querySelectorAll('bdi, cite'))
        name.textContent = 'Donaudampfschifffahrtsgesellschaft'.repeat(3);
      const note = document.querySelector('#site-note');
      const all = (note ? note.shadowRoot : document).querySelectorAll('*');
      return [...all].filter(e => e.getBoundingClientRect().right > innerWidth + 1
        || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
        && e.clientWidth).map(e => e.localName + '.' + e.className);
    }""")
    assert wide == []


def test_the_notice_follows_the_readers_text_size_whatever_the_site_does_to_html(
    fresh: Open, site: Server
) -> None:
    page = fresh().new_page()
    page.goto(f"{site.url}/?form=dialog&wait")
    page.evaluate("document.documentElement.style.fontSize = '62.5%'")
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    size = "document.querySelector('#site-note').shadowRoot.querySelector('p')"
    assert page.evaluate(f"getComputedStyle({size}).fontSize") == "16.8px"


@pytest.mark.parametrize("form", FORMS)
def test_in_forced_colours_every_edge_is_drawn_and_the_first_button_stands_out(
    fresh: Open, site: Server, form: str
) -> None:
    page = opened(fresh(forced_colors="active"), site, f"form={form}")
    look = """one => {
      const {borderTopStyle, borderTopWidth, color, backgroundColor} = getComputedStyle(one);
      return [borderTopStyle, borderTopWidth !== '0px', color !== backgroundColor, backgroundColor];
    }"""
    styles = [
        button.evaluate(look)
        for button in host(page).locator(".site-note-choices button:visible").all()
    ]
    assert [style[:3] for style in styles] == [["solid", True, True]] * 3
    assert styles[0][3] != styles[1][3] == styles[2][3]
    sheet = host(page).locator(".site-note-sheet").evaluate(look)
    assert sheet[:3] == ["solid", True, True]
    host(page).locator("[data-open=guide]").press("Enter")
    picker = host(page).locator(".site-note-select").evaluate(look)
    assert picker[:3] == ["solid", True, True]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_moves_where_the_reader_wants_less_motion(
    fresh: Open, site: Server, form: str
) -> None:
    page = opened(fresh(reduced_motion="reduce"), site, f"form={form}")
    moving = "document.getAnimations({subtree: true}).length"
    assert page.evaluate(moving) == 0
    host(page).locator("[data-open=guide]").press("Enter")
    assert page.evaluate(moving) == 0


def test_the_interstitial_answers_without_javascript(fresh: Open, site: Server) -> None:
    page = fresh(java_script_enabled=False).new_page()
    page.goto(f"{site.url}/_site/interstitial")
    page.get_by_text("How do we know?").click()
    assert page.get_by_text("We can be mistaken.").is_visible()
    page.get_by_role("button", name="Continue without").click()
    assert page.get_by_role("heading").inner_text() == "Noted"
    page.goto(f"{site.url}/choices")
    assert page.locator("body").inner_text() == '["to=signed.path&choice=later"]'


def test_the_code_on_the_preferences_page_is_taken_whole_by_keyboard_on_a_phones_width(
    fresh: Open, site: Server
) -> None:
    for name in ("chromium", "firefox"):
        page = fresh(name, viewport={"width": 360, "height": 740}).new_page()
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
