"""What the request's headers say of the browser: bounded names for the figures, and bots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from user_agents import parse

LONGEST = 512
"""User-Agent bytes that are parsed: a hostile header of 8 kB costs the parser 96 ms."""

REMEMBERED = 2048

BROWSERS = {
    "Chrome": "chrome",
    "Chrome Mobile": "chrome",
    "Chrome Mobile WebView": "chrome",
    "Chrome Mobile iOS": "chrome",
    "Chromium": "chrome",
    "HeadlessChrome": "chrome",
    "Firefox": "firefox",
    "Firefox Mobile": "firefox",
    "Firefox iOS": "firefox",
    "Safari": "safari",
    "Mobile Safari": "safari",
    "Mobile Safari UI/WKWebView": "safari",
    "Edge": "edge",
    "Edge Mobile": "edge",
    "Opera": "opera",
    "Opera Mobile": "opera",
    "Samsung Internet": "samsung",
    "Brave": "brave",
    "Vivaldi": "vivaldi",
    "DuckDuckGo Mobile": "duckduckgo",
}

BRANDS = {
    b"Brave": "brave",
    b"DuckDuckGo": "duckduckgo",
    b"Microsoft Edge": "edge",
    b"Opera": "opera",
    b"Google Chrome": "chrome",
}
"""Names in `Sec-CH-UA`, by which browsers tell more than in a User-Agent: Brave's is Chrome's."""

_BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|lighthouse|pagespeed|"
    r"mediapartners|archiver|validator|monitor|curl/|wget/|python-|go-http|okhttp|java/",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Audience:
    """Facts about who asks, coarse enough to name nobody.

    :param browser: one of `BROWSERS`' values, or `other`.
    :param device: `desktop`, `phone`, `tablet` or `other`.
    :param bot: whether the header names a crawler, a tool, or nothing at all.
    """

    browser: str
    device: str
    bot: bool


@lru_cache(maxsize=REMEMBERED)
def audience_of(header: bytes) -> Audience:
    """Returns the facts behind a User-Agent header (raw bytes; only the first 512 are read)."""
    text = header[:LONGEST].decode("latin-1")
    agent = parse(text)
    if agent.is_tablet:
        device = "tablet"
    elif agent.is_mobile:
        device = "phone"
    else:
        device = "desktop" if agent.is_pc else "other"
    browser = BROWSERS.get(agent.browser.family, "other")
    bot = not text.strip() or agent.is_bot or _BOT.search(text) is not None
    return Audience(browser, device, bot)


def audience_in(headers: dict[bytes, bytes]) -> Audience:
    """Returns the facts behind a request's headers, given with lower-case names."""
    return audience_of(headers.get(b"user-agent", b"")[:LONGEST])


def brand_in(headers: dict[bytes, bytes]) -> str:
    """Returns the browser as its client hints name it, else as its User-Agent does. The figures
    keep to the User-Agent, which all browsers send."""
    hint = headers.get(b"sec-ch-ua", b"")[:LONGEST]
    for name, browser in BRANDS.items():
        if b'"' + name + b'"' in hint:
            return browser
    return audience_in(headers).browser


def prefers_privacy(headers: dict[bytes, bytes]) -> bool:
    """Whether the request carries Global Privacy Control (`Sec-GPC: 1`)."""
    return headers.get(b"sec-gpc", b"").strip() == b"1"
