"""What becomes of a reader: two page views, the verdict, how long it took, whether we asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TookTooLongError

from e2e.blockers.blocker import Reader
from e2e.blockers.site import FIRST, SECOND, with_adverts
from e2e.harness import Server, verdict_of

WATCH = """
self.heard = [];
addEventListener('site:verdict', event => {
  const since = performance.timing.domContentLoadedEventStart - performance.timeOrigin;
  heard.push({ ...event.detail, milliseconds: performance.now() - since });
}, true);
"""
HEARD = "verdict => heard.at(-1)?.verdict === verdict"
ANSWERED = """
() => performance.getEntriesByType('resource').some(
  entry => entry.name.endsWith('/report') && entry.responseEnd > 0)
"""
VERDICT_MILLISECONDS = 3_000
NOTICE_MILLISECONDS = 5_000
# The client looks once more 600 ms after a verdict that accuses nobody.
SILENCE_MILLISECONDS = 800


@dataclass(frozen=True)
class Sighting:
    """:ivar verdict: the last one of the first view.
    :ivar reason: of that verdict; so are `signals`, name -> outcome.
    :ivar milliseconds: from DOMContentLoaded until the client said so first.
    :ivar second: the verdict of the second view.
    :ivar asked: whether the notice showed on the second view (it never may on the first).
    """

    verdict: str
    reason: str
    signals: Mapping[str, str]
    milliseconds: float
    second: str
    asked: bool


def sight(reader: Reader, verdict: str, *, asks: bool) -> Sighting:
    """Browses two pages of the site with the ads.

    :param verdict: what is expected, and waited for; another is reported as it is.
    :param asks: whether a notice is expected, and waited for.
    :raises AssertionError: the reader was asked on the first view.
    """
    server = Server(with_adverts())
    try:
        page = reader.page
        page.add_init_script(WATCH)
        _open(page, server.url + FIRST, verdict)
        assert not _is_asked(page, SILENCE_MILLISECONDS), "asked on the first view"
        heard: list[dict[str, Any]] = page.evaluate("() => heard")
        last = heard[-1]
        since = next(one for one in heard if one["verdict"] == last["verdict"])
        _open(page, server.url + SECOND, verdict)
        return Sighting(
            verdict=last["verdict"],
            reason=last["reason"],
            signals=last["signals"],
            milliseconds=since["milliseconds"],
            second=page.evaluate("() => heard.at(-1).verdict"),
            asked=_is_asked(page, NOTICE_MILLISECONDS if asks else SILENCE_MILLISECONDS),
        )
    finally:
        server.stop()


def _open(page: Page, url: str, verdict: str) -> None:
    page.goto(url, wait_until="domcontentloaded")
    verdict_of(page)
    with suppress(TookTooLongError):
        page.wait_for_function(HEARD, arg=verdict, timeout=VERDICT_MILLISECONDS)
    page.wait_for_function(ANSWERED)


def _is_asked(page: Page, milliseconds: float) -> bool:
    """Whether the notice shows within that time; every form of it has this button."""
    try:
        page.get_by_role("button", name="Not now").wait_for(timeout=milliseconds)
    except TookTooLongError:
        return False
    return True
