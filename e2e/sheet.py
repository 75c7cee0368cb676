"""`./dev soak sheet`: axe and a ruler over every state, form, language, theme and scheme.

    ./dev soak sheet LANG=de,ar THEME=ink WORKERS=2

The notice is shown by its own module; its states, languages, themes and schemes are then put on in
that page, as the preview serves them. At 320 px axe has to find nothing in any of them, and no text
may be cut off, at the usual text size and at twice that, at 320, 640 and 1280 px. Ends with 1 after
a finding.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from adguard.preview import Picture, Preview, State, pictures_of
from adguard.preview.app import SIGNALS
from adguard.settings import Settings, SupportOption
from adguard.theme import THEMES
from e2e.harness import MissingError, Server, browsers

SETTINGS = Settings(
    secret_key="not a secret, only long enough for it",
    publisher="The Harbour Post",
    support=(
        SupportOption("Subscribe from €3 a month", "/subscribe", "subscribe"),
        SupportOption("Give once, any amount", "https://give.example.org/harbour", "donate"),
        SupportOption("Read our morning letter", "/letter", "newsletter", field="email"),
        SupportOption("Pay as you read", "https://wallet.example.org/post", "monetization"),
    ),
)
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULER = Path(__file__).with_name("ruler.js")
NARROW, MIDDLE, WIDE = 320, 640, 1280
USUAL, TWICE = 16, 32
PATIENCE = 60_000
SHOWN = 40

Finding = dict[str, Any]


def make_sheet() -> Preview:
    """The preview of an imagined publisher with every way to support."""
    return Preview(SETTINGS)


@dataclass(frozen=True)
class Load:
    """What is loaded once: a state in one form and language, and the looks to put on it."""

    state: State
    form: str
    lang: str
    looks: tuple[tuple[str, str], ...]
    """Themes and schemes."""

    @property
    def name(self) -> str:
        return f"{self.state.name} {self.form} {self.lang}"


def loads_of(pictures: Iterable[Picture]) -> Iterator[Load]:
    """Gathers pictures that differ in theme and scheme only."""
    for (state, form, lang), alike in groupby(
        pictures, lambda one: (one.state, one.form, one.lang)
    ):
        yield Load(state, form, lang, tuple((one.theme, one.scheme) for one in alike))


class Walker:
    """Looks at one load after the other in one page.

    :param server: runs a `Preview` whose first theme is `paper`.
    :param axe: whether axe is loaded along; without it, pages open faster.
    """

    def __init__(self, browser: Browser, server: Server, *, axe: bool = True) -> None:
        self._url = server.url
        self._context = browser.new_context(
            viewport={"width": NARROW, "height": 640}, reduced_motion="reduce", bypass_csp=True
        )
        if axe:
            self._context.add_init_script(path=AXE)
        self._context.add_init_script(path=RULER)
        self._form = ""
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)

    def close(self) -> None:
        self._context.close()

    def open(self, load: Load, *, afresh: bool = False) -> None:
        """Shows it in our own look, at 320 px: loaded by the module itself where the form is
        another than before, else put in its place, which takes a tenth of the time.

        :param afresh: whether it is loaded in any case.
        """
        picture = Picture(load.state, load.form, load.lang, "paper", "light")
        look = f"{self._url}/look/paper"
        self.page.set_viewport_size({"width": NARROW, "height": 640})
        if afresh or load.form != self._form:
            self.page.goto(f"{look}/see?{picture.query}")
            if load.state.kind == "note":
                self.page.wait_for_selector("html[data-shown=true]")
            self._form = load.form
        elif load.state.kind == "note":
            state = [load.state.view, load.state.says, SIGNALS]
            put = "([url, state]) => site.putNote(url, ...state)"
            self.page.evaluate(put, [f"{look}/note?{picture.query}", state])
        else:
            self.page.evaluate("url => site.putPage(url)", f"{look}/see?{picture.query}")

    def inspect(self, load: Load) -> list[Finding]:
        """Returns what axe finds in each look of what is open."""
        css = {theme: THEMES[theme].css() for theme, _ in load.looks}
        asked = "([looks, css]) => site.inspect(looks, css)"
        return _named(load, self.page.evaluate(asked, [load.looks, css]))

    def measure(
        self, load: Load, widths: Sequence[int] = (NARROW,), sizes: Sequence[int] = (USUAL, TWICE)
    ) -> list[Finding]:
        """Returns what the ruler finds in each theme of what is open, at each width and text size:
        text that is cut off, boxes that overlap, targets that are too small."""
        worn = [(theme, THEMES[theme].css()) for theme in dict(load.looks)]
        found: list[Finding] = []
        for width in widths:
            if width != NARROW:
                self.page.set_viewport_size({"width": width, "height": 640})
            asked = "([worn, sizes]) => site.measure(worn, sizes)"
            found += self.page.evaluate(asked, [worn, sizes])
        return _named(load, found)


def _named(load: Load, findings: list[Finding]) -> list[Finding]:
    return [{"where": load.name, **finding} for finding in findings]


def all_loads(languages: Sequence[str] = (), themes: Sequence[str] = ()) -> list[Load]:
    """Every load of the sheet, or those of some languages, in some themes."""
    sheet = make_sheet()
    for wanted, known in ((languages, sheet.languages), (themes, sheet.themes)):
        if unknown := set(wanted) - set(known):
            sys.exit(
                f"sheet: there is no {', '.join(sorted(unknown))}; there is {', '.join(known)}"
            )
    every = pictures_of(sheet.states, languages or sheet.languages, themes or sheet.themes)
    return sorted(loads_of(every), key=lambda load: load.form)


def families(states: Iterable[State]) -> dict[str, list[State]]:
    """States by what they look like: guides, help pages and messages differ in their words alone,
    and stand for one another."""
    made: dict[str, list[State]] = {}
    for state in states:
        alike = state.about and not state.says and state.kind in ("note", "help", "message")
        made.setdefault(f"any {state.kind}" if alike else state.name, []).append(state)
    return made


_worker: dict[str, Any] = {}


def _begin() -> None:
    """Starts a browser and a server in this process, for all that it will be asked."""
    stack = ExitStack()
    playwright = stack.enter_context(sync_playwright())
    browser = browsers.launch(playwright, "chromium")
    server = Server(make_sheet)
    stack.callback(server.stop)
    _worker["walker"] = Walker(browser, server)
    _worker["stack"] = stack


def _walk(load: Load) -> list[Finding]:
    walker: Walker = _worker["walker"]
    walker.open(load)
    return walker.inspect(load) + walker.measure(load, (NARROW, MIDDLE, WIDE))


def read(arguments: list[str]) -> tuple[list[str], list[str], int]:
    """Languages, themes and the number of workers.

    :raises SystemExit: an argument is not understood.
    """
    given = dict(one.partition("=")[::2] for one in arguments)
    languages = [one for one in given.pop("LANG", "").split(",") if one]
    themes = [one for one in given.pop("THEME", "").split(",") if one]
    workers = given.pop("WORKERS", str(os.cpu_count() or 1))
    if given or not workers.isdecimal() or int(workers) < 1:
        sys.exit("sheet: only LANG=de,ar THEME=ink WORKERS=2 are understood")
    return languages, themes, int(workers)


def main(arguments: list[str]) -> int:
    """Walks the sheet; returns 1 after a finding."""
    languages, themes, workers = read(arguments)
    loads = all_loads(languages, themes)
    pictures = sum(len(load.looks) for load in loads)
    console = Console()
    console.print(f"{pictures:,} pictures on {len(loads):,} pages, {workers} at a time")
    findings: list[Finding] = []
    seen = tenths = 0
    begun = time.monotonic()
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(workers, spawn, initializer=_begin) as pool,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("sheet", total=pictures)
        jobs = {pool.submit(_walk, load): load for load in loads}
        for job in as_completed(jobs):
            for finding in job.result():
                if len(findings) < SHOWN:
                    console.print(f"FOUND {finding}", markup=False)
                findings.append(finding)
            seen += len(jobs[job].looks)
            progress.update(task, completed=seen)
            # Where there is no bar, a line for each tenth.
            if not console.is_terminal and 10 * seen // pictures > tenths:
                tenths = 10 * seen // pictures
                console.print(f"{seen:,} of {pictures:,}, {time.monotonic() - begun:.0f} s")
    took = time.monotonic() - begun
    kinds = Counter(finding["what"] for finding in findings)
    said = ", ".join(f"{count} x {what}" for what, count in kinds.most_common()) or "nothing found"
    console.print(f"{pictures:,} pictures, {took:.0f} s: {said}")
    return 1 if findings else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MissingError as missing:
        sys.exit(f"sheet: {missing}")
