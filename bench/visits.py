"""Page views as browsers report them: the bytes on the wire, in a mix a newspaper would know."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass

from adguard.detection import Verdict
from adguard.reader import CookieJar, ReaderState, day_of

__all__ = ["MIX", "PREFIX", "Visit", "Visits", "control", "fetch", "navigation", "report"]

PREFIX = "/_site"
_FINE = {"n1": "loaded", "n2": "loaded", "n3": "loaded", "fetch": "loaded",
         "c1": "visible", "c2": "visible", "element": "visible"}  # fmt: skip
_EATEN = {"n1": "blocked", "n2": "blocked", "n3": "blocked", "c1": "hidden", "c2": "hidden",
          "script": "loaded", "image": "loaded"}  # fmt: skip
_HOSTS = {"h1": "blocked", "h2": "blocked", "host": "loaded"}
_STUBS = {"h1": "substituted", "h2": "substituted", "host": "loaded"}

SIGNALS: dict[Verdict, str] = {
    verdict: json.dumps(_FINE | more, separators=(",", ":"))
    for verdict, more in (
        (Verdict.CLEAR, {}),
        (Verdict.EXTENSION, _EATEN),
        (Verdict.NETWORK, _HOSTS),
        (Verdict.PROTECTION, _STUBS),
        (Verdict.UNKNOWN, {"n2": "timeout"}),
    )
}
MIX: dict[Verdict, int] = {
    Verdict.CLEAR: 66,
    Verdict.EXTENSION: 24,
    Verdict.NETWORK: 4,
    Verdict.PROTECTION: 4,
    Verdict.UNKNOWN: 2,
}
"""How many of a hundred views have which verdict."""

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/149.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0",
)
SHARES = (46, 18, 22, 6, 8)
PAGES = 400
COOKIES = 64
COMMON = "Accept: */*\r\nAccept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
OURS = "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"


@dataclass(frozen=True, slots=True)
class Visit:
    """One page view to be reported.

    :param cookie: what the reader brings along, empty for nothing.
    """

    verdict: Verdict
    path: str
    agent: str
    cookie: str


class Visits:
    """An endless, seeded stream of visits. Readers behind a blocker mostly bring a cookie.

    :param key: the site's secret, with which the readers' earlier cookies were signed.
    """

    def __init__(self, key: str, seed: str | int) -> None:
        self._pick = random.Random(seed)
        self._pages = [
            f"/{['city', 'world', 'money', 'sport'][n % 4]}/story-{n}" for n in range(PAGES)
        ]
        self._often = [1 / (n + 1) for n in range(PAGES)]
        today, jar = day_of(time.time()), CookieJar([key])
        states = [
            ReaderState(
                first_day=today - n % 300 - 1,
                views=1 + n % 20,
                verdict=Verdict.EXTENSION,
                verdict_day=today - 1,
                later_day=today - 1 if n % 3 else 0,
                later_count=1 if n % 3 else 0,
            )
            for n in range(COOKIES)
        ]
        self._cookies = [
            jar.write_state(state, secure=False, today=today).partition(b";")[0].decode()
            for state in states
        ]

    def some(self, count: int) -> list[Visit]:
        pick = self._pick
        verdicts = pick.choices(list(MIX), list(MIX.values()), k=count)
        paths = pick.choices(self._pages, self._often, k=count)
        agents = pick.choices(AGENTS, SHARES, k=count)
        return [
            Visit(verdict, path, agent, self._brought(verdict))
            for verdict, path, agent in zip(verdicts, paths, agents, strict=True)
        ]

    def _brought(self, verdict: Verdict) -> str:
        if verdict is Verdict.CLEAR or self._pick.random() < 0.2:
            return ""
        return self._pick.choice(self._cookies)


def fetch(visit: Visit, url: str) -> bytes:
    """What the page's own script asks for."""
    return (
        f"GET {url} HTTP/1.1\r\nHost: news.localhost\r\n"
        f"User-Agent: {visit.agent}\r\n{COMMON}{OURS}"
        + (f"Cookie: {visit.cookie}\r\n" if visit.cookie else "")
        + "\r\n"
    ).encode()


def control(visit: Visit) -> bytes:
    """The client's first question: it counts the page view as measured."""
    return fetch(visit, f"{PREFIX}/control?v={visit.path}")


def report(visit: Visit, event_id: str, token: str, kind: str = "view") -> bytes:
    """What the page says once it knows."""
    body = (
        f'{{"v":1,"id":"{event_id}","token":"{token}","kind":"{kind}","path":"{visit.path}",'
        f'"lang":"en","signals":{SIGNALS[visit.verdict] if kind == "view" else "{}"},'
        '"brave":false,"gpc":false,"earlier":"","client":"szcjj9bm9k"}'
    )
    return (
        f"POST {PREFIX}/report HTTP/1.1\r\nHost: news.localhost\r\n"
        f"User-Agent: {visit.agent}\r\n{COMMON}{OURS}"
        "Content-Type: application/json\r\nOrigin: http://news.localhost\r\n"
        f"Referer: http://news.localhost{visit.path}\r\n"
        + (f"Cookie: {visit.cookie}\r\n" if visit.cookie else "")
        + f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def navigation(path: str, *fields: str) -> bytes:
    """Somebody opens a page."""
    more = "".join(f"{field}\r\n" for field in fields)
    return (
        f"GET {path} HTTP/1.1\r\nHost: news.localhost\r\nUser-Agent: {AGENTS[0]}\r\n"
        "Accept: text/html\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n"
        f"Sec-Fetch-Site: none\r\n{more}\r\n"
    ).encode()
