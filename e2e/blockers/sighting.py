"""What becomes of a reader: two page views, the verdict, how long it took, whether we asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as NoNoticeError

from e2e.blockers.blocker import Reader
from e2e.blockers.site import FIRST, SECOND, with_adverts
from e2e.harness import Server, verdict_of

WATCH = """
addEventListener('site:verdict', event => {
  const since = performance.timing.domContentLoadedEventStart - performance.timeOrigin;
  self.heard ??= { ...event.detail, milliseconds: performance.now() - since };
}, true);
"""
ANSWERED = """
() => performance.getEntriesByType('resource').some(
  entry => entry.name.endsWith('/report') && entry.responseEnd > 0)
"""
NOTICE_MILLISECONDS = 5_000
# Code and text of the notice take a few milliseconds from a server on the same machine.
SILENCE_MILLISECONDS = 400


@dataclass(frozen=True)
class Sighting:
    """:ivar signals: what the client had seen when it knew: name -> outcome.
    :ivar milliseconds: from DOMContentLoaded to the verdict of the first view.
    :ivar second: the verdict of the second view.
    :ivar asked: whether the notice showed on the second view (it never may on the first).
    """

    verdict: str
    reason: str
    signals: Mapping[str, str]
    milliseconds: float
    second: str
    asked: bool


def sight(reader: Reader, *, asks: bool) -> Sighting:
    """Browses two pages of the site with the ads.

    :param asks: whether a notice is expected; it decides how long to wait for one.
    :raises AssertionError: the reader was asked on the first view.
    """
    server = Server(with_adverts())
    try:
        page = reader.page
        page.add_init_script(WATCH)
        heard = _view(page, server.url + FIRST)
        assert not _is_asked(page, SILENCE_MILLISECONDS), "asked on the first view"
        second = _view(page, server.url + SECOND)
        return Sighting(
            verdict=heard["verdict"],
            reason=heard["reason"],
            signals=heard["signals"],
            milliseconds=heard["milliseconds"],
            second=second["verdict"],
            asked=_is_asked(page, NOTICE_MILLISECONDS if asks else SILENCE_MILLISECONDS),
        )
    finally:
        server.stop()


def _view(page: Page, url: str) -> dict[str, Any]:
    page.goto(url, wait_until="domcontentloaded")
    verdict_of(page)
    page.wait_for_function(ANSWERED)
    heard: dict[str, Any] = page.evaluate("() => self.heard")
    return heard


def _is_asked(page: Page, milliseconds: float) -> bool:
    try:
        page.get_by_role("dialog").wait_for(timeout=milliseconds)
    except NoNoticeError:
        return False
    return True
