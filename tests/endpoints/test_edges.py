"""What servers, publishers and readers do rarely, and what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.requests import HTTPConnection
from starlette.types import Message

from adguard import Rule
from adguard.endpoints.report import ReportEndpoint
from adguard.ledger import Span
from tests.endpoints.conftest import Site
from tests.visitor import BLOCKED, CLEAR, FROM_OUR_PAGE, NAVIGATION, Visitor

MakeSite = Callable[..., Site]


async def page_from(site: Site, visitor: Visitor, **scope: Any) -> bytes:
    """What a server that fills the scope in its own way gets for a navigation with the reader's
    cookies."""
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    headers = {**NAVIGATION, "Cookie": cookie, "User-Agent": visitor.client.headers["User-Agent"]}
    body = b""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal body
        body += message.get("body", b"")

    made = {
        "type": "http",
        "method": "GET",
        "path": "/markets/a b",
        "query_string": b"",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "http_version": "1.1",
        **scope,
    }
    await site.middleware(made, receive, send)
    return body


async def blocked_three_times(site: Site) -> Visitor:
    visitor = await site.visitor()
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    return visitor


@pytest.mark.parametrize(
    ("scope", "way_back"),
    [
        ({}, b'data-to="/markets/a%20b"'),
        ({"raw_path": b"/markets/a%20b?x=1"}, b'data-to="/markets/a%20b"'),
        ({"raw_path": b"/markets/a%20b", "query_string": b"x=1"}, b'data-to="/markets/a%20b?x=1"'),
        ({"raw_path": b"/markets/a b"}, b'data-to="/markets/a%20b"'),
        ({"raw_path": b"/markets/a\\b"}, b'data-to="/markets/a%5Cb"'),
        ({"raw_path": "/markets/é".encode()}, b'data-to="/markets/%C3%A9"'),
        ({"raw_path": b"/markets/\xe9\x7f\x00"}, b'data-to="/markets/%E9%7F%00"'),
        ({"raw_path": b"/markets/a#b"}, b'data-to="/markets/a%23b"'),
        ({"raw_path": b"/\\evil.example"}, b'data-to="/%5Cevil.example"'),
        ({"raw_path": b"/m", "query_string": "x=é \\#".encode()}, b'/m?x=%C3%A9%20%5C%23"'),
    ],
)
async def test_the_way_back_is_the_address_bars_whatever_the_server_fills_in(
    site: Site, scope: dict[str, Any], way_back: bytes
) -> None:
    visitor = await blocked_three_times(site)
    assert way_back in await page_from(site, visitor, **scope)


async def test_the_way_back_carries_the_root_path_of_servers_that_keep_it_out_of_raw_path(
    make_site: MakeSite,
) -> None:
    site = make_site(
        rules=[Rule("/paper/markets/*", preset="strict"), Rule("/markets/*", "strict")]
    )
    visitor = await blocked_three_times(site)
    wall = await page_from(site, visitor, root_path="/paper", raw_path=b"/markets/a%20b")
    assert b'data-to="/paper/markets/a%20b"' in wall


async def test_a_page_whose_address_cannot_be_signed_is_served(site: Site) -> None:
    visitor = await blocked_three_times(site)
    assert "The article." not in (await visitor.open("/markets/a")).text
    assert "The article." in (await visitor.open("/markets/a?" + "x" * 1100)).text
    assert "The article." in (await visitor.client.get("/markets/a")).text


async def test_without_sec_fetch_headers_a_navigation_is_what_accepts_html(site: Site) -> None:
    visitor = await blocked_three_times(site)
    page = await visitor.client.get("/markets/a", headers={"Accept": "text/html"})
    assert "The article." not in page.text


async def test_a_cookie_that_is_not_ours_meets_no_interstitial(site: Site) -> None:
    visitor = await site.visitor()
    visitor.client.cookies.set("site_note", "1~f20780~v1e~m24322-9.forged")
    assert "The article." in (await visitor.open("/markets/a")).text


async def test_in_redirect_mode_an_address_too_long_to_sign_gets_the_dialog(
    make_site: MakeSite,
) -> None:
    site = make_site(interstitial="redirect")
    visitor = await blocked_three_times(site)
    visitor.client.headers["Referer"] = "http://news.localhost/markets/a?" + "x" * 1100
    answer = await visitor.view(BLOCKED, "/markets/a")
    assert answer["decision"]["form"] == "dialog"


async def test_a_banner_is_asked_for_by_a_word_that_no_list_hunts(make_site: MakeSite) -> None:
    site = make_site(policy={"form": "banner"})
    visitor = await site.visitor()
    await visitor.view(BLOCKED, "/a")
    decision = (await visitor.view(BLOCKED, "/a"))["decision"]
    assert decision["form"] == "banner"
    assert parse_qs(urlsplit(decision["url"]).query)["form"] == ["strip"]


async def test_a_choice_keeps_the_language_of_the_page(site: Site) -> None:
    visitor = await site.visitor()
    answer = await visitor.client.post(
        "/_site/choice", data={"choice": "allow", "lang": "de"}, headers=FROM_OUR_PAGE
    )
    assert answer.headers["location"] == "/_site/help?lang=de"


async def test_a_hook_that_says_nothing_or_nonsense_leaves_the_figures_alone(
    make_site: MakeSite,
) -> None:
    site = make_site(section=lambda connection: None, country=lambda connection: 7)
    await (await site.visitor()).view(CLEAR, "/a")
    await site.counted()
    with site.middleware.services.ledger.store.figures() as figures:
        assert [row.value for row in figures.breakdown(Span(0, 99_999), "section")] == [""]


async def test_more_kinds_of_reports_than_are_remembered_are_judged_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReportEndpoint, "REMEMBERED", 1)
    visitor = await site.visitor()
    verdicts = [(await visitor.view(signals, "/a"))["verdict"] for signals in (CLEAR, BLOCKED) * 3]
    assert verdicts == ["clear", "extension"] * 3


async def test_a_reader_who_leaves_while_the_hook_is_asked_takes_the_question_along(
    make_site: MakeSite,
) -> None:
    asked, dropped = asyncio.Event(), asyncio.Event()

    async def hook(connection: HTTPConnection) -> bool | None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()
        return None

    site = make_site(is_supporter=hook)
    visitor = await site.visitor()
    await visitor.view(BLOCKED, "/a")
    leaving = asyncio.ensure_future(visitor.view(BLOCKED, "/a"))
    await asked.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await asyncio.wait_for(dropped.wait(), 5)


async def test_a_ledger_that_fails_with_the_lifespan_does_not_become_the_apps_failure(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(site.middleware.services.ledger, "open", None)
    said: list[str] = []
    arrived = asyncio.Queue[Message]()

    async def send(message: Message) -> None:
        said.append(message["type"])
        await arrived.put({"type": "lifespan.shutdown"})

    await arrived.put({"type": "lifespan.startup"})
    await site.middleware({"type": "lifespan", "state": {}}, arrived.get, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert "the app goes on" in caplog.text
