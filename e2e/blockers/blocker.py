"""What one combination of the matrix is: a browser, and what filters in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright

from e2e.blockers.adverts import ad_server
from e2e.harness import Server

Open = Callable[[Playwright, Path, Server], AbstractContextManager[Page]]


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """:ivar id: the fixture's name.
    :ivar name: as the docs call it; what is simulated says so here.
    :ivar simulated: what is simulated, and how; empty: nothing is.
    :ivar open: given Playwright, an empty folder for the profile, and the server behind the ad
        hosts: opens the browser, waits until the blocker filters, gives a page to browse with, and
        closes it all in the end. Raises `MissingError`.
    :ivar versions: program -> version on this machine. Raises `MissingError`.
    """

    id: str
    name: str
    simulated: str = ""
    open: Open
    versions: Callable[[Playwright], Mapping[str, str]]


@dataclass(frozen=True)
class Reader:
    """A reader with a fresh profile.

    :ivar page: the one to browse with: some blockers prepare a page, and it is this.
    :ivar adverts: the server behind the ad hosts, with a log of what reached it.
    """

    blocker: Blocker
    page: Page
    adverts: Server


@contextmanager
def reading(blocker: Blocker, playwright: Playwright, profile: Path) -> Iterator[Reader]:
    """Opens the browser of `blocker` with a profile in the new folder `profile`.

    :raises MissingError: something of it is not on this machine.
    """
    adverts = ad_server()
    try:
        with blocker.open(playwright, profile, adverts) as page:
            yield Reader(blocker, page, adverts)
    finally:
        adverts.stop()


@contextmanager
def paged(context: BrowserContext) -> Iterator[Page]:
    """A new page of `context`, which is closed in the end. Not watched: a log costs time, and the
    time to a verdict is measured here."""
    try:
        yield context.new_page()
    finally:
        context.close()
