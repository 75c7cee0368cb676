"""The dashboard in real browsers: charts are there with a blocker on, by keyboard, on paper."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from adguard import AdGuardMiddleware
from adguard.dashboard.invented import invent_day
from adguard.ledger import Batch, open_store
from adguard.ledger.events import DAY
from e2e.harness import Server, errors_of, watch

PASSWORD = "a password of the desk"
SIZES = {"phone": (360, 740), "wide": (1440, 900)}
CHARTS = ("figure.trend svg.chart", "svg.strip", "figure.arms svg", "td.bars svg.bar")


async def article(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse("<!doctype html><title>A page</title><p>The article.")(scope, receive, send)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite://{tmp_path_factory.mktemp('desk') / 'figures.sqlite3'}"
    store = open_store(url)
    store.migrate()
    today = int(time.time() // DAY)
    for day in range(today - 7, today):
        store.apply(Batch("demo", day, invent_day(day)))
    return url


@pytest.fixture(scope="module")
def desk(filled: str) -> Iterator[Server]:
    def make() -> ASGIApp:
        options = {"dashboard_password": PASSWORD, "rpm": 4.0, "store": filled}
        return AdGuardMiddleware(article, secret_key="k" * 32, **options)

    server = Server(make)
    yield server
    server.stop()


def enter(context: BrowserContext, desk: Server, query: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{desk.url}/_site/dashboard{query}")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("h1")).to_contain_text("were behind a blocker")
    return page


def drawn(page: Page) -> None:
    """Every chart takes up room on the page, and nothing was refused."""
    for chart in CHARTS:
        shown = page.locator(chart).locator("visible=true")
        assert shown.count(), chart
        for i in range(min(shown.count(), 3)):
            box = shown.nth(i).bounding_box()
            assert box is not None
            assert box["width"] > 40, chart
            assert box["height"] > 6, chart
    line = page.locator("path.line-now").locator("visible=true").first
    stroke = line.evaluate("line => getComputedStyle(line).stroke")
    assert stroke not in {"none", "rgb(0, 0, 0)"}
    refused = [error for error in errors_of(page) if "Content-Security-Policy" in error]
    assert not refused


def test_every_chart_is_there_with_ublock_origin_on(ublock: BrowserContext, desk: Server) -> None:
    page = enter(ublock, desk)
    drawn(page)
    hidden = page.evaluate(
        "() => [...document.querySelectorAll('main *:not(details *):not(.meaning):not(option)')]"
        ".filter(e => getComputedStyle(e).display === 'none' && !e.closest('.chart-narrow'))"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert hidden == []


def test_every_chart_is_there_without_scripts(
    chromium_without_javascript: BrowserContext, desk: Server
) -> None:
    page = enter(chromium_without_javascript, desk, "?days=14")
    drawn(page)
    page.locator("summary", has_text="as a table").click()
    expect(page.locator("details tbody tr")).to_have_count(14)


@pytest.fixture
def visit(shared: Callable[[str], Browser], desk: Server) -> Iterator[Callable[..., Page]]:
    opened: list[BrowserContext] = []

    def open_page(**options: object) -> Page:
        context = watch(shared("chromium").new_context(**options))
        opened.append(context)
        return enter(context, desk)

    yield open_page
    for context in opened:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_and_nothing_overflows(
    visit: Callable[..., Page], size: str, scheme: str
) -> None:
    width, height = SIZES[size]
    page = visit(viewport={"width": width, "height": height}, color_scheme=scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    for change in ("", "fontSize = '200%'"):
        if change:
            page.evaluate(f"document.documentElement.style.{change}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_figures_can_be_read_with_the_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit(viewport={"width": 1200, "height": 900})
    term = page.locator(".tiles .term").nth(1)
    meaning = term.locator(".meaning")
    expect(meaning).to_be_hidden()
    term.locator("button").focus()
    expect(meaning).to_be_visible()
    box = meaning.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1200
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()

    page.locator("svg.chart-wide").focus()
    told = page.locator(".told")
    last = told.inner_text()
    page.keyboard.press("ArrowLeft")
    assert re.search(r"blocked [\d.]+ %", told.inner_text())
    assert told.inner_text() != last

    page.locator("select[name=browser]").select_option("Firefox")
    page.get_by_role("form", name="What to show").get_by_role("button").press("Enter")
    expect(page.locator(".chips")).to_contain_text("browser: Firefox")
    assert "browser=Firefox" in page.url
    page.locator(".chips a").press("Enter")
    page.get_by_label("Another page").get_by_role("textbox").press_sequentially("/sport/rowers")
    page.keyboard.press("Enter")
    expect(page.locator(".chips")).to_contain_text("page: /sport/rowers")
    page.locator(".leave button").press("Enter")
    expect(page.locator("#password")).to_be_visible()


def test_it_prints_on_two_pages(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    printed = page.pdf(path=tmp_path / "figures.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 2
