"""Screenshots of every page and state, wide and narrow, light and dark: `./dev shots [FOLDER]`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NoReturn

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from adguard.dashboard import Dashboard, Gate
from adguard.dashboard.invented import invent_day
from adguard.ledger import Batch, StoreError, open_store
from adguard.ledger.events import DAY
from adguard.preview import pictures_of
from adguard.preview.pictures import WORDS
from adguard.preview.states import PAGE
from demo_site.app import ROUTES, create_app
from demo_site.edition import SECTIONS, STORIES
from e2e.harness import MissingError, Server, browsers, verdict_of, watch
from e2e.sheet import make_sheet

SIZES = {"360": (360, 740), "768": (768, 1024), "1440": (1440, 900)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RIGHT_TO_LEFT = {"light": "ar", "dark": "he"}
KEY = "a key for screenshots only, of forty letters"
# What a blocker would stop; Chromium without one stops it for the picture's sake.
STOPPED = ("**/www/delivery/**", "**/adbanners/**", "**/banner/static/**")
SETTLED = 400  # milliseconds: the report, the notice and its fade of 160 ms
Look = Callable[[str, Page], None]


def plain_paths() -> Iterator[str]:
    """The paper's pages that a reader can open, and one story of each section."""
    for route in ROUTES:
        if not isinstance(route, Route) or "GET" not in (route.methods or ()):
            continue
        if "{" not in route.path and "." not in route.path:
            yield route.path
    for section in SECTIONS.values():
        yield next(story.path for story in STORIES.values() if story.section is section)
    yield "/a-page-that-is-not-here"


def pages(server: Server, context: BrowserContext, look: Look) -> None:
    page = context.new_page()
    for path in plain_paths():
        page.goto(server.url + path)
        look(f"page {path.strip('/').replace('/', ' ') or 'front'}", page)
    page.close()


def journeys(server: Server, context: BrowserContext, look: Look) -> None:
    """What a reader with a blocker meets on a second view, and in the strict section."""
    for pattern in STOPPED:
        context.route(pattern, lambda route: route.abort())
    page = context.new_page()
    slugs = {story.section.slug: story.path for story in STORIES.values()}

    def views(section: str, times: int) -> None:
        for _ in range(times):
            page.goto(server.url + slugs[section])
            verdict_of(page)
            page.wait_for_timeout(SETTLED)

    views("city", 2)
    look("journey second view", page)
    views("markets", 4)
    look("journey strict section", page)
    page.close()


def states(
    server: Server, context: BrowserContext, look: Look, scheme: str, lang: str = "en"
) -> None:
    """Everything on the preview's list: asks in each form, other views as a dialog."""
    page = context.new_page()
    sheet = make_sheet()
    for picture in pictures_of(sheet.states, [lang], ["paper"], [scheme]):
        state, form = picture.state, WORDS.get(picture.form, picture.form)
        if form not in ("dialog", PAGE) and state.group != "asking":
            continue
        page.goto(f"{server.url}/look/paper/see?{picture.query}")
        if state.kind == "note":
            page.wait_for_selector("html[data-shown=true]")
            page.wait_for_timeout(SETTLED)
        kind = "state" if state.kind == "note" else "page of ours"
        words = [kind, state.name, *([form] if form not in ("dialog", PAGE) else [])]
        look(" ".join(words if lang == "en" else [*words, "in", lang]), page)
    page.close()


def looks(server: Server, context: BrowserContext, look: Look) -> None:
    """The ask in every theme, light and dark, and in every language."""
    page = context.new_page()
    sheet = make_sheet()
    asks = [state for state in sheet.states if state.name in ("ask-extension", "instead-extension")]
    for picture in pictures_of(asks, ["en"], sheet.themes, forms=["dialog"]):
        page.goto(f"{server.url}/look/{picture.theme}/see?{picture.query}")
        page.wait_for_timeout(SETTLED)
        look(f"theme {picture.theme} {picture.state.kind} {picture.scheme}", page)
    for picture in pictures_of(asks, sheet.languages, ["paper"], ["light"], ["dialog"]):
        page.goto(f"{server.url}/look/paper/see?{picture.query}")
        page.wait_for_timeout(SETTLED)
        look(f"language {picture.lang} {picture.state.kind}", page)
    page.close()


def desk(server: Server, context: BrowserContext, look: Look) -> None:
    """The dashboard: full, filtered, new, without a store, and its door."""
    page = context.new_page()
    page.goto(f"{server.url}/full?days=14")
    look("page dashboard", page)
    page.goto(f"{server.url}/full?days=14&verdict=network")
    look("page dashboard of a verdict", page)
    for name in ("empty", "away", "locked"):
        page.goto(f"{server.url}/{name}")
        look(f"page dashboard {name}", page)
    page.close()


def make_desk(folder: Path) -> Starlette:
    full = open_store(f"sqlite://{folder / 'full.sqlite3'}")
    empty = open_store(f"sqlite://{folder / 'empty.sqlite3'}")
    for store in (full, empty):
        store.migrate()
    today = int(time.time() // DAY)
    for day in range(today - 28, today):
        full.apply(Batch("demo", day, invent_day(day)))

    def away() -> NoReturn:
        raise StoreError("None of the ClickHouse servers can be reached")

    keys = (KEY,)
    opened = Gate(authenticator=lambda _: True, keys=keys)
    locked = Gate(password=KEY, keys=keys)
    return Starlette(
        routes=[
            Mount("/full", Dashboard(lambda: full, opened, publisher="The Merrow Packet", rpm=4.0)),
            Mount("/empty", Dashboard(lambda: empty, opened)),
            Mount("/away", Dashboard(away, opened)),
            Mount("/locked", Dashboard(away, locked)),
        ]
    )


def shoot(playwright: Playwright, folder: Path) -> int:
    """Fills `folder`, one sub-folder a size and scheme; returns the number of pictures."""
    paper = Server(lambda: create_app(secret_key=KEY, store="memory:"))
    notes = Server(make_sheet)
    kept = tempfile.TemporaryDirectory()
    figures = Server(lambda: make_desk(Path(kept.name)))
    try:
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                works: list[tuple[Callable[..., None], Server]] = [
                    (pages, paper),
                    (journeys, paper),
                    (partial(states, scheme=scheme), notes),
                    (desk, figures),
                ]
                if size == "360":
                    mirrored = partial(states, scheme=scheme, lang=RIGHT_TO_LEFT[scheme])
                    works.append((mirrored, notes))
                if size == "360" and scheme == "light":
                    works.append((looks, notes))
                into = folder / f"{size}-{scheme}"
                into.mkdir(parents=True, exist_ok=True)

                def look(name: str, page: Page, into: Path = into) -> None:
                    page.screenshot(
                        path=into / f"{name.replace(' ', '-')}.png",
                        full_page=name.startswith("page"),
                    )

                for work, server in works:
                    with tempfile.TemporaryDirectory() as profile:
                        context = browsers.chromium(
                            playwright,
                            Path(profile),
                            viewport={"width": width, "height": height},
                            color_scheme=scheme,
                        )
                        work(server, watch(context), look)
                        context.close()
    finally:
        paper.stop()
        notes.stop()
        figures.stop()
        kept.cleanup()
    return len(list(folder.rglob("*.png")))


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".cache/shots")
    with sync_playwright() as playwright:
        try:
            count = shoot(playwright, folder)
        except MissingError as missing:
            sys.exit(str(missing))
    sys.stdout.write(f"{count} pictures in {folder}\n")


if __name__ == "__main__":
    main()
