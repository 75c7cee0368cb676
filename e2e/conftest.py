"""Fixtures: a server of your own, and browsers with and without a blocker, each a fresh profile.

    def test_...(serve, chromium):
        server = serve(make_app)          # any factory of an ASGI application
        page = chromium.new_page()
        page.goto(server.url + "/")
        assert verdict_of(page) == "clear"

`chromium`, `firefox`, `ublock` are Playwright contexts; `ublock_bridge` has `.context` and
`.filtering(page, on=…)`. `open_chromium(**options)` and `open_firefox(**options)` take what
Playwright's `launch_persistent_context` takes (`preferences={…}` for Firefox). Each combination of
the matrix is a fixture too: a `Reader`, see blockers/fixtures.py. What is missing on this machine
skips the test with the reason, and fails it where `CI=true`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from starlette.types import ASGIApp

from e2e.blockers.fixtures import *  # noqa: F403
from e2e.harness import (
    BridgedUBlock,
    MissingError,
    Server,
    browsers,
    skip_or_fail,
    wait_until_ready,
    watch,
)
from e2e.harness.ublock import bridged_copy

Serve = Callable[[Callable[[], ASGIApp]], Server]
Open = Callable[..., BrowserContext]
Shared = Callable[[str], Browser]

PHONE = {"width": 360, "height": 740}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--repeat", type=int, default=1, metavar="N", help="run tests marked `repeat` N times"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    times = metafunc.config.getoption("repeat")
    if times > 1 and metafunc.definition.get_closest_marker("repeat"):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, times + 1))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def shared(playwright: Playwright) -> Iterator[Shared]:
    """Browsers without a blocker, each started once; a test makes contexts of its own in them."""
    started: dict[str, Browser] = {}

    def start(name: str) -> Browser:
        if name not in started:
            try:
                started[name] = browsers.launch(playwright, name)
            except MissingError as missing:
                skip_or_fail(missing)
        return started[name]

    yield start
    for browser in started.values():
        browser.close()


@pytest.fixture
def fresh(shared: Shared) -> Iterator[Open]:
    """Opens contexts in a browser that the tests share, for those that need none of their own."""
    with ExitStack() as stack:

        def start(name: str = "chromium", **options: object) -> BrowserContext:
            context: BrowserContext = shared(name).new_context(**options)  # type: ignore[arg-type]
            stack.callback(context.close)
            return watch(context)

        yield start


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(factory: Callable[[], ASGIApp]) -> Server:
            server = Server(factory)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def open_chromium(playwright: Playwright, tmp_path: Path) -> Iterator[Open]:
    with _opener(partial(browsers.chromium, playwright), tmp_path / "chromium") as opener:
        yield opener


@pytest.fixture
def open_firefox(playwright: Playwright, tmp_path: Path) -> Iterator[Open]:
    with _opener(partial(browsers.firefox, playwright), tmp_path / "firefox") as opener:
        yield opener


@pytest.fixture
def chromium(open_chromium: Open) -> BrowserContext:
    return open_chromium()


@pytest.fixture
def chromium_without_javascript(open_chromium: Open) -> BrowserContext:
    return open_chromium(java_script_enabled=False)


@pytest.fixture
def chromium_dark(open_chromium: Open) -> BrowserContext:
    return open_chromium(color_scheme="dark")


@pytest.fixture
def chromium_rtl(open_chromium: Open) -> BrowserContext:
    return open_chromium(locale="ar")


@pytest.fixture
def chromium_phone(open_chromium: Open) -> BrowserContext:
    return open_chromium(viewport=PHONE, has_touch=True, is_mobile=True)


@pytest.fixture
def firefox(open_firefox: Open) -> BrowserContext:
    return open_firefox()


@pytest.fixture
def ublock(open_firefox: Open) -> BrowserContext:
    context = open_firefox(ublock=True)
    _ready(context)
    return context


@pytest.fixture
def ublock_bridge(open_firefox: Open, tmp_path: Path) -> BridgedUBlock:
    try:
        copy = bridged_copy(tmp_path / "bridge")
    except MissingError as missing:
        skip_or_fail(missing)
    context = open_firefox(extension=copy)
    _ready(context)
    return BridgedUBlock(context)


class _opener:  # noqa: N801 (reads as the function it is used as)
    """Opens contexts, each in a numbered folder of `folder`, and closes them all at the end."""

    def __init__(self, launch: Open, folder: Path) -> None:
        self._launch = launch
        self._folders = (folder / str(number) for number in count())
        self._stack = ExitStack()

    def __enter__(self) -> Open:
        return self._open

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self, **options: object) -> BrowserContext:
        try:
            context = self._launch(next(self._folders), **options)
        except MissingError as missing:
            skip_or_fail(missing)
        self._stack.callback(context.close)
        return watch(context)


def _ready(context: BrowserContext) -> None:
    try:
        wait_until_ready(context)
    except MissingError as missing:
        skip_or_fail(missing)
