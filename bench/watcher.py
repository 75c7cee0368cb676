"""Somebody who logs in to the dashboard and looks at it again and again."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from bench.questions import ADDRESSES
from bench.visits import PREFIX, navigation
from bench.wire import Answer, Line, Lost

__all__ = ["PASSWORD", "Watcher"]

PASSWORD = "only the watcher of this measurement knows"
DASHBOARD = f"{PREFIX}/dashboard/"
HOPS = 5


class _Form(HTMLParser):
    """The first form of a page that asks for a password."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.password = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.password:
            self.action, self.fields = given.get("action", ""), {}
        if tag == "input" and given.get("type") == "hidden":
            self.fields[given.get("name", "")] = given.get("value", "")
        if tag == "input" and given.get("type") == "password":
            self.password = given.get("name", "")


class Watcher:
    """
    :ivar times: seconds that each page took.
    :ivar errors: everything else than a page, by what it was.
    """

    def __init__(self, port: int, every: float) -> None:
        self._line = Line(port)
        self._every = every
        self._cookies: dict[str, str] = {}
        self.times: list[tuple[float, float]] = []
        self.errors: Counter[str] = Counter()

    async def watch(self) -> None:
        """Looks until it is cancelled."""
        try:
            await self.log_in()
            for query in itertools.cycle(ADDRESSES):
                await self.look(f"{DASHBOARD}?{query}" if query else DASHBOARD)
                await asyncio.sleep(self._every)
        finally:
            self._line.close()

    async def log_in(self) -> None:
        address = DASHBOARD
        answer = await self._go(address)
        form = _Form("" if answer is None else answer.body.decode())
        if answer is None or not form.password:
            self.errors["the dashboard did not ask for its password"] += 1
            return
        fields = {**form.fields, form.password: PASSWORD}
        await self._go(urljoin(self._at, form.action or self._at), urlencode(fields))

    async def look(self, address: str) -> None:
        """Opens one page of figures."""
        began = time.perf_counter()
        answer = await self._go(address)
        if answer is None:
            return
        if b'type="password"' in answer.body:
            self.errors["the dashboard forgot who was logged in"] += 1
            return
        self.times.append((began, time.perf_counter() - began))

    async def _go(self, address: str, form: str | None = None) -> Answer | None:
        """Follows redirections to a page; `None`, and an error, when there is none."""
        for _ in range(HOPS):
            self._at = address
            try:
                answer = await self._line.ask(self._request(address, form))
            except Lost as error:
                self.errors[f"dashboard: {error}"] += 1
                return None
            name, _, value = answer.field(b"set-cookie").decode().partition(";")[0].partition("=")
            if name:
                self._cookies[name] = value
            if answer.status in {302, 303, 307, 308}:
                address, form = urljoin(address, answer.field(b"location").decode()), None
                continue
            # Whoever is not let in gets the form with a 401.
            if answer.status in {200, 401}:
                return answer
            self.errors[f"dashboard: {answer.status} for {address}"] += 1
            return None
        self.errors[f"dashboard: {HOPS} redirections"] += 1
        return None

    def _request(self, address: str, form: str | None) -> bytes:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        fields = [f"Cookie: {cookies}"] if cookies else []
        if form is None:
            return navigation(address, *fields)
        fields += [
            "Origin: http://news.localhost",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(form)}",
        ]
        asked = navigation(address, *fields).replace(b"GET ", b"POST ", 1)
        return (
            asked.replace(b"Sec-Fetch-Site: none", b"Sec-Fetch-Site: same-origin") + form.encode()
        )
