"""Ghostery's library for Playwright, in a Node beside the browser."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts, lists, packages
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import chromium_version, lists_version
from e2e.harness import MissingError, Server, browsers, wait_until_filtered

SCRIPT = packages.SHELLS / "ghostery.cjs"
PACKAGE = "@ghostery/adblocker-playwright"
NAME = "Chromium with Ghostery's library"
STOP_SECONDS = 10


@contextmanager
def _open(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    packages.package(PACKAGE)
    names = (lists.EASYLIST, lists.EASYPRIVACY, *lists.UBLOCK)
    found = [str(lists.find(name)) for name in names]
    hosts, port = adverts.to_server(ads.port), ["--remote-debugging-port=0"]
    with (
        paged(browsers.chromium(playwright, profile, hosts=hosts, args=port)) as page,
        _library(_endpoint(profile), found),
    ):
        wait_until_filtered(page, NAME)
        yield page


def _endpoint(profile: Path) -> str:
    """Chromium writes the port it chose as the first line of a file in its profile."""
    return f"http://127.0.0.1:{(profile / 'DevToolsActivePort').read_text().split()[0]}"


@contextmanager
def _library(endpoint: str, found: list[str]) -> Iterator[None]:
    """Runs the library in the pages that are open now."""
    process = subprocess.Popen(
        [packages.node(), SCRIPT, endpoint, *found],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=packages.environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise MissingError(f"{NAME} did not start; it exited with {process.wait(STOP_SECONDS)}")
        yield
    finally:
        process.stdin.close()
        process.wait(STOP_SECONDS)
        process.stdout.close()


GHOSTERY = Blocker(
    id="chromium_ghostery",
    name=NAME,
    simulated="The library is Ghostery's, the browser is driven rather than extended: elements are "
    "hidden by a style of the page, and the lists are those of uBlock Origin's package.",
    open=_open,
    versions=lambda playwright: (
        chromium_version(playwright) | {PACKAGE: packages.version_of(PACKAGE)} | lists_version()
    ),
)
