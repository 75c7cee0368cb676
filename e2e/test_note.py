"""The notice on a page that is not ours, under a strict policy: form by form, answer by answer."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Response, Route, expect

from adguard.endpoints.recording import check_id
from e2e.conftest import Open, Serve
from e2e.harness import Server, errors_of, requests_of, shift_of
from e2e.note_site import make_site

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
DEEP_FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.id || element?.textContent.trim().slice(0, 40) || element?.tagName;
}"""


OBSERVED = """element => new Promise(resolve => {
  new IntersectionObserver((_, observer) => { observer.disconnect(); resolve(); }).observe(element);
})"""


@pytest.fixture
def open_chromium(fresh: Open) -> Open:
    return partial(fresh, "chromium")


@pytest.fixture
def open_firefox(fresh: Open) -> Open:
    return partial(fresh, "firefox")


@pytest.fixture
def site(serve: Serve) -> Server:
    return serve(make_site)


@pytest.fixture(params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> BrowserContext:
    context: BrowserContext = request.getfixturevalue(request.param)
    return context


def opened(context: BrowserContext, site: Server, query: str = "form=dialog") -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/?{query}")
    page.wait_for_selector("html[data-shown]")
    return page


def opened_in_slow_motion(context: BrowserContext, site: Server, form: str) -> Page:
    """A page whose clock only the test moves, showing the notice."""
    page = context.new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.goto(f"{site.url}/?form={form}")
    page.wait_for_selector("html[data-shown=true]")
    return page


def host(page: Page) -> Locator:
    return page.locator("#site-note")


def events(page: Page) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(page.locator("html").get_attribute("data-events") or "[]")
    return found


def answers(page: Page) -> list[dict[str, list[str]]]:
    """What was answered, but for the number by which an answer that is sent again is known."""
    sent: list[str] = page.evaluate("fetch('/choices').then(answer => answer.json())")
    return [{name: said for name, said in parse_qs(body).items() if name != "id"} for body in sent]


def press(page: Page, name: str) -> None:
    host(page).get_by_role("button", name=name, exact=True).click()


def focused(page: Page) -> str:
    found: str = page.evaluate(DEEP_FOCUS)
    return found


# Forms


def test_the_card_stands_at_the_end_of_the_article_and_steals_no_focus(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site, "form=inline")
    assert page.evaluate("document.querySelector('article').lastElementChild.id") == "site-note"
    card = host(page).get_by_role("region", name="Ads pay for The Harbour Post")
    expect(card).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    assert not host(page).get_by_role("alert").count()
    assert errors_of(page) == []


def test_the_dialog_is_modal_and_its_heading_has_the_focus(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site)
    expect(host(page).get_by_role("dialog", name="Ads pay for The Harbour Post")).to_be_visible()
    assert host(page).locator("dialog").evaluate("dialog => dialog.matches(':modal')")
    assert focused(page) == "site-note-ask"
    assert page.locator("html").get_attribute("data-globals") == ""
    assert errors_of(page) == []


def test_the_host_is_kept_out_of_search_snippets_and_its_root_is_open(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site)
    assert host(page).get_attribute("data-nosnippet") == ""
    assert page.evaluate("document.querySelector('#site-note').shadowRoot.mode") == "open"
    asked = [url for url in requests_of(page) if "/_site/" in url]
    assert len(asked) == 2, "the module and the fragment, nothing else"


def test_the_strip_lies_at_the_bottom_and_leaves_the_page_usable(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site, "form=banner")
    box = host(page).get_by_role("region").bounding_box()
    assert box is not None
    size = page.viewport_size
    assert size is not None
    assert box["y"] + box["height"] == pytest.approx(size["height"], abs=1)
    page.locator("#search").fill("tide tables")
    assert page.locator("#search").input_value() == "tide tables"


@pytest.mark.parametrize(
    "query",
    ["engaged", "engage", "other=dialog", "other=fixed"],
    ids=["touched before", "scrolls while it loads", "a dialog is open", "a sheet covers the page"],
)
def test_a_dialog_becomes_the_card_when_it_would_disturb(
    chromium: BrowserContext, site: Server, query: str
) -> None:
    page = opened(chromium, site, f"form=dialog&{query}")
    assert host(page).get_attribute("data-form") == "inline"
    expect(host(page).get_by_role("region")).to_be_attached()
    assert page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("kind", ["section", "dialog"])
def test_a_dialog_becomes_the_card_before_a_consent_tool_in_a_shadow_root(
    browser: BrowserContext, site: Server, kind: str
) -> None:
    page = browser.new_page()
    page.goto(f"{site.url}/?form=dialog&wait")
    page.evaluate(
        """kind => {
          const tool = document.createElement("site-tool");
          const sheet = document.createElement(kind);
          const text = document.createElement("p");
          text.textContent = "May we?";
          sheet.append(document.createElement("slot"));
          tool.attachShadow({ mode: "open" }).append(sheet);
          tool.append(text);
          document.body.append(tool);
          if (kind === "dialog") sheet.showModal();
          else sheet.style.cssText = "position: fixed; inset: auto 0 0; height: 60vh";
          document.dispatchEvent(new Event("go"));
        }""",
        kind,
    )
    page.wait_for_selector("html[data-shown=true]")
    assert host(page).get_attribute("data-form") == "inline"


def test_a_dialog_becomes_the_card_while_the_reader_types(
    chromium: BrowserContext, site: Server
) -> None:
    page = chromium.new_page()
    page.goto(f"{site.url}/?form=dialog&wait")
    page.locator("#search").evaluate("field => field.focus()")
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    assert host(page).get_attribute("data-form") == "inline"
    assert focused(page) == "search"


def test_a_slim_strip_of_the_site_does_not_hinder_the_dialog(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site, "form=dialog&other=slim")
    assert host(page).get_attribute("data-form") == "dialog"


def test_on_a_phone_the_dialog_is_a_bottom_sheet(open_chromium: Open, site: Server) -> None:
    page = opened(open_chromium(viewport=PHONE), site)
    box = host(page).locator("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, PHONE["width"])
    assert box["y"] + box["height"] == pytest.approx(PHONE["height"], abs=1)


def test_the_card_below_the_fold_shifts_nothing(chromium: BrowserContext, site: Server) -> None:
    page = opened(chromium, site, "form=inline")
    assert shift_of(page) == 0
    assert shift_of(opened(chromium, site, "form=dialog")) == 0


@pytest.mark.parametrize("target", ["[data-site-note], main", "p, main", "((, main", "aside, main"])
def test_the_card_goes_to_the_first_selector_that_finds_one_place(
    chromium: BrowserContext, site: Server, target: str
) -> None:
    page = opened(chromium, site, f"form=inline&target={target}")
    assert page.evaluate("document.querySelector('#site-note').parentNode.localName") == "main"


@pytest.mark.parametrize(
    "layout",
    [
        "flex",
        "flex; flex-wrap: wrap",
        "flex; flex-direction: column; align-items: center",
        "grid; grid-template-columns: 1fr 1fr 1fr; justify-items: center",
    ],
)
def test_the_card_takes_all_of_a_line_of_its_own(
    chromium: BrowserContext, site: Server, layout: str
) -> None:
    page = chromium.new_page()
    page.goto(f"{site.url}/?short&wait")
    page.evaluate(
        "layout => document.querySelector('article').style = 'display: ' + layout", layout
    )
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    card, end = host(page).bounding_box(), page.locator("#end").bounding_box()
    assert card is not None
    assert end is not None
    assert card["width"] == end["width"]
    assert card["y"] + card["height"] <= end["y"]


def test_without_any_place_the_card_ends_the_page(chromium: BrowserContext, site: Server) -> None:
    page = opened(chromium, site, "form=inline&target=aside")
    assert page.evaluate("document.querySelector('#site-note').parentNode.localName") == "body"


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_fragment_that_is_none_shows_nothing_and_throws_nothing(
    chromium: BrowserContext, site: Server, status: int
) -> None:
    page = opened(chromium, site, f"form=dialog&broken={status}")
    assert page.locator("html").get_attribute("data-shown") == "false"
    expect(host(page)).to_have_count(0)
    assert errors_of(page) == []


# Answers


@pytest.mark.parametrize("form", ["inline", "dialog", "banner"])
@pytest.mark.parametrize("how", ["Not now", "Close", "Escape"])
def test_closing_escape_and_not_now_are_one_answer(
    chromium: BrowserContext, site: Server, form: str, how: str
) -> None:
    page = opened(chromium, site, f"form={form}")
    if how == "Escape":
        if form != "dialog":
            host(page).get_by_role("button", name="Not now").focus()
        page.keyboard.press("Escape")
    else:
        press(page, how)
    expect(host(page)).to_have_count(0)
    assert answers(page) == [{"choice": ["later"], "path": ["/"]}]
    assert ["site:choice", {"choice": "later"}] in events(page)
    assert errors_of(page) == []


def test_escape_answers_in_firefox_too(firefox: BrowserContext, site: Server) -> None:
    page = opened(firefox, site)
    page.keyboard.press("Escape")
    expect(host(page)).to_have_count(0)
    assert answers(page) == [{"choice": ["later"], "path": ["/"]}]


@pytest.mark.parametrize(
    ("name", "choice", "words"),
    [
        ("I am not blocking ads", "not-blocking", "Sorry about that"),
        ("Don't ask for six months", "never", "All right"),
    ],
)
def test_a_small_link_answers_and_says_so_once(
    chromium: BrowserContext, site: Server, name: str, choice: str, words: str
) -> None:
    page = opened(chromium, site)
    press(page, name)
    expect(host(page).get_by_role("heading", name=words)).to_be_focused()
    press(page, "Back to reading")
    expect(host(page)).to_have_count(0)
    assert answers(page) == [{"choice": [choice], "path": ["/"]}]


def test_another_way_opens_the_publishers_links_and_counts(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site)
    press(page, "Support another way")
    link = host(page).get_by_role("link", name="Give once, any amount")
    # By way of us, so that it counts without a script.
    expect(link).to_have_attribute("href", re.compile(r"^/_site/way\?of=\w+$"))
    expect(link).to_have_attribute("rel", "noopener")
    press(page, "Back to reading")
    assert answers(page) == [{"choice": ["support"], "path": ["/"]}]


def test_how_do_we_know_shows_the_signals_of_this_view_in_words(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site)
    press(page, "How do we know?")
    rows = host(page).locator("tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["A script", "stopped", "arrived"],
        ["A picture", "arrived", "not asked"],
        ["A data file", "replaced", "arrived"],
        ["A box on the page", "hidden", "shown"],
        ["A box on the page", "shown", "shown"],
    ]
    press(page, "Back")
    expect(host(page).get_by_role("heading", name="Ads pay")).to_be_focused()
    assert answers(page) == []


def test_without_signals_there_is_no_empty_table(chromium: BrowserContext, site: Server) -> None:
    page = opened(chromium, site, "form=dialog&signals={}")
    press(page, "How do we know?")
    expect(host(page).locator("table")).to_have_count(0)


# Allowing


def test_allowing_opens_the_guide_and_keeps_the_page_as_it_is(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site, "form=inline")
    page.locator("#search").fill("half a sent")
    host(page).get_by_role("button", name="Allow ads here").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    press(page, "Allow ads here")
    expect(host(page).get_by_role("heading", name="Allow ads on this site")).to_be_focused()
    page.locator("html").evaluate("html => { html.dataset.recheck = 'clear'; }")
    press(page, "I have allowed ads")
    expect(host(page).get_by_role("heading", name="Thank you")).to_be_focused()
    press(page, "Back to reading")
    expect(host(page)).to_have_count(0)
    assert page.locator("#search").input_value() == "half a sent"
    assert abs(page.evaluate("scrollY") - before) < 400
    assert answers(page) == [{"choice": ["allow"], "path": ["/"]}]
    assert errors_of(page) == []


def test_a_dialog_gives_scroll_and_focus_back(chromium: BrowserContext, site: Server) -> None:
    page = chromium.new_page()
    page.goto(f"{site.url}/?form=dialog&wait")
    page.evaluate("scrollTo(0, 300); document.querySelector('#first').focus({preventScroll: true})")
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    expect(host(page).locator("#site-note-ask")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#first")).to_be_focused()
    assert page.evaluate("scrollY") == 300


@pytest.mark.parametrize("outcome", ["extension", "fail"])
def test_when_ads_are_still_stopped_the_words_stay_kind(
    chromium: BrowserContext, site: Server, outcome: str
) -> None:
    page = opened(chromium, site)
    press(page, "Allow ads here")
    page.locator("html").evaluate("(html, to) => { html.dataset.recheck = to; }", outcome)
    press(page, "I have allowed ads")
    status = host(page).get_by_role("status")
    expect(status).to_contain_text("Reload the page if your blocker asks for it")
    assert ["recheck", None] in events(page) or ["recheck"] in events(page)
    page.locator("html").evaluate("html => { html.dataset.recheck = 'clear'; }")
    press(page, "I have allowed ads")
    expect(host(page).get_by_role("heading", name="Thank you")).to_be_visible()


def test_the_guide_thanks_by_itself_once_the_page_finds_ads_allowed(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site)
    press(page, "Allow ads here")
    fire = "document.dispatchEvent(new CustomEvent('site:verdict', {detail: {verdict: '%s'}}))"
    page.evaluate(fire % "extension")
    expect(host(page).get_by_role("heading", name="Allow ads on this site")).to_be_visible()
    page.evaluate(fire % "clear")
    expect(host(page).get_by_role("heading", name="Thank you")).to_be_focused()


def test_who_goes_back_from_the_guide_is_thanked_as_well_and_who_never_allowed_is_not(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site)
    clear = "document.dispatchEvent(new CustomEvent('site:verdict', {detail: {verdict: 'clear'}}))"
    page.evaluate(clear)
    expect(host(page).get_by_role("button", name="Allow ads here")).to_be_visible()
    press(page, "Allow ads here")
    press(page, "Back")
    page.evaluate(clear)
    expect(host(page).get_by_role("heading", name="Thank you")).to_be_focused()


def test_coming_back_to_the_page_looks_again_but_walking_through_it_does_not(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened_in_slow_motion(chromium, site, "dialog")
    press(page, "Allow ads here")
    for _ in range(4):
        page.keyboard.press("Tab")
        page.clock.run_for(1000)
    asked = [name for name, *_ in events(page) if name == "recheck"]
    assert asked == []
    page.evaluate("dispatchEvent(new Event('focus')); dispatchEvent(new Event('pageshow'))")
    page.clock.run_for(1000)
    asked = [name for name, *_ in events(page) if name == "recheck"]
    assert asked == ["recheck"], "one look, however many events say so"
    expect(host(page).get_by_role("heading", name="Allow ads on this site")).to_be_visible()
    page.locator("html").evaluate("html => { html.dataset.recheck = 'clear'; }")
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.clock.run_for(1000)
    expect(host(page).get_by_role("heading", name="Thank you")).to_be_focused()


def test_answers_that_get_lost_are_sent_again_under_the_same_id(
    chromium: BrowserContext, site: Server
) -> None:
    sent: list[str] = []

    def pass_on(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if lost:
            lost.pop()(route)
        else:
            route.continue_()

    def came(choice: str) -> Callable[[Response], bool]:
        start = f"choice={choice}&path=%2F&id="
        return lambda answer: answer.ok and (answer.request.post_data or "").startswith(start)

    page = opened(chromium, site)
    lost: list[Callable[[Route], None]] = [Route.abort, lambda route: route.fulfill(status=502)]
    page.route("**/_site/choice", pass_on)
    with page.expect_response(came("allow")), page.expect_response(came("never")):
        press(page, "Allow ads here")
        press(page, "Back")
        press(page, "Don't ask for six months")
    assert lost == []
    assert sorted(Counter(sent).values()) == [2, 2]
    for body in sent:
        check_id(parse_qs(body)["id"][0], int(time.time()) // 86_400)


def test_the_pages_own_keys_do_nothing_within_the_notice(
    browser: BrowserContext, site: Server
) -> None:
    page = opened(browser, site, "form=inline")
    page.evaluate("document.addEventListener('keydown', event => event.preventDefault())")
    host(page).get_by_role("button", name="Support another way").focus()
    page.keyboard.press("Space")
    expect(host(page).get_by_role("heading", name="Other ways to support us")).to_be_focused()


def test_an_answer_given_twice_is_sent_once(chromium: BrowserContext, site: Server) -> None:
    page = opened(chromium, site)
    press(page, "Allow ads here")
    press(page, "Back")
    press(page, "Allow ads here")
    press(page, "Close")
    expect(host(page)).to_have_count(0)
    assert answers(page) == [{"choice": ["allow"], "path": ["/"]}]


def test_another_tool_can_be_picked(chromium: BrowserContext, site: Server) -> None:
    page = opened(chromium, site)
    press(page, "Allow ads here")
    expect(host(page).get_by_text("large power button")).to_be_visible()
    host(page).get_by_label("Which one do you use?").select_option(label="Brave Shields")
    expect(host(page).get_by_text("large power button")).to_be_hidden()
    expect(host(page).get_by_text("tap the lion")).to_be_visible()


def test_a_reader_behind_a_network_filter_gets_words_that_are_true(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site, "form=inline&verdict=network")
    expect(host(page).get_by_text("it may not be yours to change")).to_be_visible()
    press(page, "Allow ads here")
    expect(host(page).get_by_text("there is nothing you need to do")).to_be_visible()


def test_thanks_come_alone_quietly_and_without_an_answer(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site, "form=none&action=thanks")
    expect(host(page).get_by_role("region", name="Thank you")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    press(page, "Back to reading")
    expect(host(page)).to_have_count(0)
    assert answers(page) == []


# Seen


def test_seen_is_said_once_after_a_second_in_view(chromium: BrowserContext, site: Server) -> None:
    page = opened_in_slow_motion(chromium, site, "dialog")
    host(page).locator("dialog").evaluate(OBSERVED)
    page.clock.run_for(900)
    assert events(page) == []
    page.clock.run_for(5000)
    assert events(page) == [["site:seen", {"form": "dialog"}], ["report", "seen"]]


def test_a_notice_closed_within_the_second_was_not_seen(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened_in_slow_motion(chromium, site, "dialog")
    host(page).locator("dialog").evaluate(OBSERVED)
    press(page, "Not now")
    page.clock.run_for(5000)
    assert events(page) == [["site:choice", {"choice": "later"}]]


def test_a_card_below_the_fold_is_not_seen_until_the_reader_comes(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened_in_slow_motion(chromium, site, "inline")
    assert host(page).evaluate("host => host.getBoundingClientRect().top > innerHeight")
    host(page).locator("section").first.evaluate(OBSERVED)
    page.clock.run_for(5000)
    assert events(page) == []
    host(page).evaluate("host => host.scrollIntoView({block: 'center'})")
    host(page).locator("section").first.evaluate(OBSERVED)
    page.clock.run_for(1100)
    assert events(page) == [["site:seen", {"form": "inline"}], ["report", "seen"]]


# Looks that follow the page


def scheme_on(page: Page, site: Server, paint: str) -> str | None:
    """The notice's scheme on a page that is painted so."""
    page.goto(f"{site.url}/?form=dialog&wait")
    page.evaluate("paint => document.documentElement.style.background = paint", paint)
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    return host(page).get_attribute("data-scheme")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_notice_is_as_dark_as_the_page(open_chromium: Open, site: Server, scheme: str) -> None:
    page = opened(open_chromium(color_scheme=scheme), site)
    assert host(page).get_attribute("data-scheme") == scheme
    paper = host(page).locator("dialog").evaluate("d => getComputedStyle(d).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(22, 21, 19)"}[scheme]


def test_a_light_page_keeps_a_light_notice_under_a_dark_system(
    open_chromium: Open, site: Server
) -> None:
    page = open_chromium(color_scheme="dark").new_page()
    assert scheme_on(page, site, "#fff") == "light"


@pytest.mark.parametrize(
    ("light", "dark"),
    [
        ("oklch(0.985 0.002 247.8)", "oklch(0.13 0.028 261.7)"),
        ("lab(98 none 0)", "lab(8 none 0)"),
        ("color(display-p3 0.9 0.9 0.9)", "color(srgb 0.1 0.00001 0.1)"),
    ],
)
def test_how_a_site_writes_its_colours_makes_no_notice_dark(
    browser: BrowserContext, site: Server, light: str, dark: str
) -> None:
    page = browser.new_page()
    assert [scheme_on(page, site, paint) for paint in (light, dark)] == ["light", "dark"]


def test_the_site_can_theme_the_notice_from_its_own_css(
    chromium: BrowserContext, site: Server
) -> None:
    page = chromium.new_page()
    page.goto(f"{site.url}/?form=dialog&wait")
    page.evaluate("document.documentElement.style.setProperty('--site-note-accent', '#7a1f3d')")
    page.evaluate("document.dispatchEvent(new Event('go'))")
    page.wait_for_selector("html[data-shown=true]")
    button = host(page).get_by_role("button", name="Allow ads here")
    assert button.evaluate("b => getComputedStyle(b).backgroundColor") == "rgb(122, 31, 61)"


def test_the_sites_own_rules_do_not_reach_the_notice(
    chromium: BrowserContext, site: Server
) -> None:
    page = opened(chromium, site, "form=inline")
    style = "e => (({display, borderTopWidth}) => [display, borderTopWidth])(getComputedStyle(e))"
    assert host(page).evaluate(style) == ["block", "0px"]
    button = host(page).get_by_role("button", name="Not now")
    assert button.evaluate("b => getComputedStyle(b).textTransform") == "none"


def test_nothing_of_the_notice_is_printed(chromium: BrowserContext, site: Server) -> None:
    page = opened(chromium, site, "form=inline")
    page.emulate_media(media="print")
    expect(host(page)).to_be_hidden()


def test_the_fade_is_gone_under_reduced_motion(open_chromium: Open, site: Server) -> None:
    name = "d => getComputedStyle(d).animationName"
    calm = opened(open_chromium(reduced_motion="reduce"), site)
    assert host(calm).locator("dialog").evaluate(name) == "none"
    lively = opened(open_chromium(reduced_motion="no-preference"), site)
    assert host(lively).locator("dialog").evaluate(name) == "site-note-fade"
