"""A paper for tests: its office, its clock, and a reader who fills in forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx

from demo_site.app import create_app
from demo_site.letters.akismet import Akismet
from demo_site.letters.tray import Limits, Tray
from demo_site.office import Office

KEY = "a key for the tests of the newspaper, 32+"
PASSWORD = "between the tides"
STORY = "/city/four-clocks"
OURS = {"Sec-Fetch-Site": "same-origin"}
NOON = 1_795_780_800.0
XSS = [
    "<script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "\u2028alert(1)//",
    "&lt;script&gt;",
    "]]><b>",
]
UNLIMITED = Limits(each=10**9, waiting=10**9, spam=10**9)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def make_office(
    clock: Clock | None = None,
    *,
    akismet: Akismet | None = None,
    tray: Tray | None = None,
    trust_local_filter: bool = False,
    desk_password: str = PASSWORD,
) -> Office:
    return Office(
        (KEY,),
        tray=tray or Tray(limits=UNLIMITED),
        akismet=akismet,
        trust_local_filter=trust_local_filter,
        desk_password=desk_password,
        clock=clock or Clock(),
    )


class Visitor:
    """A browser without JavaScript in front of one paper.

    :param clock: the paper's; the visitor takes half a minute to write.
    """

    def __init__(self, office: Office, clock: Clock, **adguard_options: Any) -> None:
        options = adguard_options or {"middleware": False}
        self.office, self.clock = office, clock
        app = create_app(office=office, **options)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://news.localhost",
        )

    async def page(self, address: str) -> str:
        return (await self.client.get(address, follow_redirects=True)).text

    async def post(self, address: str, **fields: str) -> httpx.Response:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post(address, content=urlencode(fields), headers={**OURS, **kind})

    async def form(self, story: str = STORY) -> dict[str, str]:
        """The fields of the form under a story, as they came."""
        return fields_of(await self.page(story))

    async def write(
        self, letter: str, name: str = "K. Maas", *, story: str = STORY, **fields: str
    ) -> httpx.Response:
        """Opens a story, writes a letter in half a minute, and sends it."""
        form = await self.form(story)
        self.clock.now += 30
        return await self.post(
            f"{story}/letters", **{**form, "letter": letter, "name": name, **fields}
        )

    async def enter_desk(self) -> None:
        assert (await self.post("/desk/enter", word=PASSWORD)).status_code == 303

    async def decide(self, number: int, was: str, to: str) -> httpx.Response:
        return await self.post("/desk/decide", number=str(number), was=was, to=to)


def fields_of(page: str) -> dict[str, str]:
    """Names and values of the letter's form in `page`, as a browser would send them."""
    found = re.search(r'<form class="letter-form".*?</form>', page, re.DOTALL)
    assert found
    fields = {
        unescape(tag[1]): unescape(value[1])
        if (value := re.search(r'value="(.*?)"', tag[0]))
        else ""
        for tag in re.finditer(r'<input [^>]*name="(.*?)"[^>]*>', found[0])
    }
    area = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", found[0], re.DOTALL)
    assert area
    return {**fields, "letter": unescape(area[1])}
