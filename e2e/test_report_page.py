"""The report as one file, opened from the disk as a reader of mail would."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from adguard.insight import Report, build_report, withhold
from adguard.insight.webpage import SPLITS, to_html
from adguard.ledger import Event
from adguard.ledger.sqlite import SqliteStore
from e2e.conftest import Open

NOW = time.time()
DAY = 86_400
WIDER = """[...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".table"))
  .map(e => e.outerHTML.slice(0, 80))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHOWN = "[...document.querySelectorAll('svg.chart')].filter(e => e.checkVisibility()).length"
BEHIND = "getComputedStyle(document.documentElement).backgroundColor"
Scheme = Literal["light", "dark"]
PAPER: dict[Scheme, str] = {"light": "rgb(251, 250, 247)", "dark": "rgb(22, 21, 19)"}


def made() -> Report:
    """Two weeks with everything that the page can show."""
    events: list[Event] = []
    for back in range(14):
        day = {"site": "gazette", "at": int(NOW) - back * DAY}
        for i in range(60):
            page = f"/{'politics' if i % 3 else 'sport'}/a-story-with-a-rather-long-name-{i % 4}"
            view = {
                **{**day, "path": page, "section": page.split("/")[1], "id": ""},
                "browser": "Firefox" if i % 5 else "Chrome",
                "version": f"0.1.0 {'a' if back > 3 else 'b'} c",
                "variant": "holdout" if i % 10 == 1 else "asked",
            }
            blocked = {**view, "kind": "view", "verdict": "extension", "assigned": i % 2 == 1}
            if i % 3 == 1:
                events.append(Event(**blocked, action="none", reason="cooldown"))  # type: ignore[arg-type]
                events.append(Event(**{**view, "kind": "seen"}))  # type: ignore[arg-type]
            else:
                clear = {**view, "kind": "view", "verdict": "clear", "cleared": i % 20 in {0, 1, 7}}
                events.append(Event(**clear))
    store = SqliteStore(None)
    store.append(events)
    report = build_report(
        store, since=NOW - 6 * DAY, until=NOW, by=("verdict", *SPLITS), site="gazette", rpm=9.5
    )
    store.close()
    return withhold(report)


def look_at(page: Page, scheme: Scheme, width: int) -> list[str]:
    """Returns what is wrong with the page as it is shown now."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelector('details').open = true")
    found = [entry["id"] for entry in Axe().run(page).response["violations"]]
    if page.evaluate(OVERFLOW):
        found.append("scrolls sideways")
    if page.evaluate(BEHIND) != PAPER[scheme]:
        found.append("paper of the wrong colour")
    if page.evaluate(SHOWN) != 2:
        found.append("charts: the curve, once, and the arms of the hold-out")
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pytest.importorskip("scipy")
    path = tmp_path / "report.html"
    path.write_text(to_html(made()), "utf-8")
    return path


def test_the_page_is_for_every_screen_and_everybody_and_asks_for_nothing(
    fresh: Open, file: Path
) -> None:
    page = fresh().new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    schemes: tuple[Scheme, ...] = ("light", "dark")
    wrong = {(s, width): look_at(page, s, width) for s in schemes for width in (360, 1440)}
    assert wrong == {key: [] for key in wrong}
    page.set_viewport_size({"width": 360, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(WIDER) == []
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(BEHIND) == "rgb(255, 255, 255)"
    assert asked == [file.as_uri()]
    assert complaints == []


def test_a_definition_is_one_key_away(fresh: Open, file: Path) -> None:
    page = fresh().new_page()
    page.goto(file.as_uri())
    link = page.get_by_role("link", name="Block rate").first
    link.focus()
    page.keyboard.press("Enter")
    definition = page.locator("#m-block_rate")
    assert definition.evaluate("e => e.matches(':target')")
    assert "Views with the verdict extension or network" in definition.inner_text()
