"""What happened on a page: its requests, its verdict, its errors, how much it moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

VERDICT_MILLISECONDS = 15_000
BROWSERS_OWN = "Failed to load resource"  # Chromium's line for a request that failed or was blocked

SHIFT = """
() => new Promise(resolve => {
  let sum = 0;
  const add = list => { for (const entry of list) if (!entry.hadRecentInput) sum += entry.value; };
  const observer = new PerformanceObserver(list => add(list.getEntries()));
  observer.observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => { add(observer.takeRecords()); observer.disconnect(); resolve(sum); }, 100);
})
"""
LONG_SCRIPTS = """
([source, least]) => new Promise(resolve => {
  const found = [];
  const add = list => {
    for (const frame of list) for (const script of frame.scripts)
      if (script.sourceURL.includes(source) && script.duration >= least)
        found.push({ source: script.sourceURL, milliseconds: script.duration });
  };
  const observer = new PerformanceObserver(list => add(list.getEntries()));
  observer.observe({ type: 'long-animation-frame', buffered: true });
  setTimeout(() => { add(observer.takeRecords()); observer.disconnect(); resolve(found); }, 100);
})
"""


@dataclass
class _Log:
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


_logs: WeakKeyDictionary[Page, _Log] = WeakKeyDictionary()


def watch(context: BrowserContext) -> BrowserContext:
    """Starts the logs of every page of `context`, those to come included; returns `context`."""
    context.on("page", _watch)
    for page in context.pages:
        _watch(page)
    return context


def requests_of(page: Page) -> list[str]:
    """The URLs that `page` has asked for, in order, blocked ones included."""
    return list(_logs[page].requests)


def errors_of(page: Page) -> list[str]:
    """Console errors and uncaught exceptions of `page`, but for the browser's own line about a
    request that failed."""
    return [error for error in _logs[page].errors if not error.startswith(BROWSERS_OWN)]


def verdict_of(page: Page, timeout: float = VERDICT_MILLISECONDS) -> str:
    """Waits until the injected script tag carries its verdict, and returns it.

    :param timeout: in milliseconds.
    :raises playwright.sync_api.TimeoutError: no verdict in that time.
    """
    tag = page.wait_for_selector("script[data-verdict]", state="attached", timeout=timeout)
    assert tag is not None
    return tag.get_attribute("data-verdict") or ""


def shift_of(page: Page) -> float:
    """Cumulative layout shift of `page` so far (Chromium only)."""
    shift: float = page.evaluate(SHIFT)
    return shift


def long_scripts_of(page: Page, source: str = "/_site/", least: float = 50) -> list[dict[str, Any]]:
    """Runs of scripts whose URL contains `source` that took `least` milliseconds or more
    (Chromium only), as `{"source": url, "milliseconds": duration}`."""
    found: list[dict[str, Any]] = page.evaluate(LONG_SCRIPTS, [source, least])
    return found


def _watch(page: Page) -> None:
    if page in _logs:
        return
    log = _logs[page] = _Log()

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            log.errors.append(message.text)

    page.on("request", lambda request: log.requests.append(request.url))
    page.on("console", console)
    page.on("pageerror", lambda error: log.errors.append(str(error)))
