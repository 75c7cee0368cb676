"""The front door: where a request goes, and that no fault of ours costs a reader the page."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from starlette.types import Message, Receive, Scope, Send

import adguard
from adguard import (
    AdGuardMiddleware,
    Rule,
    Settings,
    SettingsError,
    Verdict,
    snippet_tag,
    withheld_tag,
)
from tests.endpoints.conftest import KEY, Site, bare_environment, make_site, site
from tests.visitor import BLOCKED, CLEAR, NAVIGATION, Visitor, client_of

__all__ = ["bare_environment", "make_site", "site"]

MakeSite = Callable[..., Site]


def test_the_public_names_are_these() -> None:
    assert adguard.__all__ == sorted(adguard.__all__)
    assert {"AdGuardMiddleware", "Settings", "Rule", "Verdict", "Decision"} <= set(adguard.__all__)


def test_a_wrong_option_fails_at_construction_and_is_named() -> None:
    app = Starlette()
    with pytest.raises(SettingsError, match="secret_kay: no such option"):
        AdGuardMiddleware(app, secret_kay=KEY)
    with pytest.raises(SettingsError, match="prefix"):
        AdGuardMiddleware(app, secret_key=KEY, prefix="site")
    with pytest.raises(SettingsError, match="baits"):
        AdGuardMiddleware(app, secret_key=KEY, store="none", baits="/no/such/file.json")


def test_frameworks_that_pass_the_app_by_name_can_mount_it() -> None:
    app = Starlette()
    named: Any = AdGuardMiddleware
    assert named(app=app, secret_key=KEY, store="none").app is app


async def test_settings_and_options_can_be_given_together(make_site: MakeSite) -> None:
    site = make_site(settings=Settings(secret_key=KEY, prefix="/_desk"), secret_key=KEY)
    visitor = await site.visitor()
    page = await visitor.open("/a")
    assert client_of(page)[0].startswith("/_desk/client-")
    assert (await visitor.fetch("/_desk/control")).status_code == 200
    assert "The article." in (await visitor.fetch("/_site/control")).text


@pytest.mark.parametrize("path", ["/a", "/login"])
async def test_the_opt_out_header_leaves_no_page(make_site: MakeSite, path: str) -> None:
    async def opted_out(request: Request) -> Response:
        return HTMLResponse("<p>As it was.</p>", headers={"Site-Note": "off"})

    site = make_site(app=Starlette(routes=[Route("/{path:path}", opted_out)]))
    page = await (await site.visitor()).open(path)
    assert page.text == "<p>As it was.</p>"
    assert "site-note" not in page.headers


async def test_two_readers_get_the_same_bytes(site: Site) -> None:
    plain, blocked = await site.visitor(), await site.visitor()
    for _ in range(2):
        await blocked.view(BLOCKED, "/a")
    assert (await plain.open("/a")).content == (await blocked.open("/a")).content


async def test_two_layers_of_the_middleware_give_one_snippet(make_site: MakeSite) -> None:
    inner = make_site()
    outer = make_site(app=inner.middleware)
    visitor = await outer.visitor()
    client_of(await visitor.open("/a"))
    assert (await visitor.view(CLEAR, "/a"))["verdict"] == "clear"


async def test_below_a_mount_every_address_of_ours_carries_the_root_path(
    make_site: MakeSite,
) -> None:
    inner = make_site()
    outer = Starlette(routes=[Mount("/paper", app=inner.middleware)])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(outer), base_url="http://news.localhost"
    ) as client:
        visitor = Visitor(client, "http://news.localhost")
        page = await visitor.open("/paper/a")
        source, _ = client_of(page)
        assert source.startswith("/paper/_site/client-")
        assert (await visitor.fetch(source)).status_code == 200
        await visitor.view(BLOCKED, "/paper/a")
        answer = await visitor.report(page, BLOCKED, path="/paper/a")
        assert answer["decision"]["url"].startswith("/paper/_site/note?")


async def test_rules_below_a_mount_name_paths_as_the_address_bar_has_them(
    make_site: MakeSite,
) -> None:
    inner = make_site(rules=[Rule("/paper/markets/*", preset="strict")])
    outer = Starlette(routes=[Mount("/paper", app=inner.middleware)])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(outer), base_url="http://news.localhost"
    ) as client:
        visitor = Visitor(client, "http://news.localhost")
        for _ in range(3):
            await visitor.view(BLOCKED, "/paper/markets/a")
        wall = await visitor.open("/paper/markets/a")
        assert 'action="/paper/_site/choice"' in wall.text
        assert 'data-to="/paper/markets/a"' in wall.text


@pytest.mark.parametrize("root", ["//evil.example", "/a\r\nSet-Cookie: x=1", "/a b"])
async def test_a_hostile_root_path_leads_nowhere(site: Site, root: str) -> None:
    scope = {"path": "/a", "root_path": root}
    for address in (adguard.services.base_of(scope), adguard.services.base_of(scope) + "/"):
        assert address.startswith("/")
        assert not address.startswith("//")
        assert address.isprintable()
        assert " " not in address


@pytest.mark.parametrize("root", ["/paper", "/paper/"])
async def test_servers_that_keep_root_path_out_of_path_are_understood(
    site: Site, root: str
) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/a",
        "raw_path": b"/a",
        "root_path": root,
        "query_string": b"",
        "headers": [(b"accept", b"text/html"), (b"host", b"news.localhost")],
        "scheme": "http",
        "http_version": "1.1",
        "client": None,
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }
    await site.middleware(scope, receive, send)
    body = b"".join(m.get("body", b"") for m in sent)
    assert b'src="/paper/_site/client-' in body


async def test_manual_injection_leaves_pages_alone_and_templates_place_the_snippet(
    make_site: MakeSite, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("<main>{{ name }}</main>{{ snippet_tag(nonce) }}")
    templates = Jinja2Templates(tmp_path)
    templates.env.globals["snippet_tag"] = snippet_tag

    async def manual(request: Request) -> Response:
        context = {"name": "<b>", "nonce": request.query_params.get("nonce")}
        return templates.TemplateResponse(request, "page.html", context)

    app = Starlette(routes=[Route("/plain", lambda r: HTMLResponse("<p>plain</p>")),
                            Route("/{path:path}", manual)])  # fmt: skip
    site = make_site(app=app, inject="manual")
    visitor = await site.visitor()
    assert (await visitor.open("/plain")).text == "<p>plain</p>"
    page = await visitor.open("/a")
    assert page.text.startswith("<main>&lt;b&gt;</main><")
    assert client_of(page)
    assert 'nonce="abc"' in (await visitor.open("/a?nonce=abc")).text
    assert "script" not in (await visitor.open("/login")).text


async def test_pages_behind_a_wall_say_so_to_search_engines_and_no_others_do(
    make_site: MakeSite, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("{{ withheld_tag('.text', 'NewsArticle') }}")
    templates = Jinja2Templates(tmp_path)
    templates.env.globals["withheld_tag"] = withheld_tag

    async def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    app = Starlette(routes=[Route("/{path:path}", page)])
    rules = [Rule("/markets/*", preset="strict"), Rule("/quiet/*", preset="strict", mode="observe")]
    visitor = await make_site(app=app, rules=rules).visitor()
    told = HTMLParser((await visitor.open("/markets/a")).text).css_first("[type$='ld+json']")
    assert told is not None
    assert json.loads(told.text()) == {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "isAccessibleForFree": False,
        "hasPart": {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": ".text",
        },
    }
    for path in ("/city/a", "/quiet/a", "/login"):
        assert "ld+json" not in (await visitor.open(path)).text
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://news.localhost")
    async with bare:
        assert (await bare.get("/markets/a")).text == ""


async def test_an_app_reads_its_readers_verdict_state_and_decision(make_site: MakeSite) -> None:
    async def facts(request: Request) -> Response:
        reader = request.scope["adguard"]
        views = None if reader.state is None else reader.state.views
        return JSONResponse([reader.verdict, views, reader.decision.reason])

    app = Starlette(routes=[Route("/{path:path}", facts)])
    outer = make_site(app=app, interstitial="redirect")
    visitor = await outer.visitor()
    assert (await visitor.open("/facts")).json() == ["unknown", None, "not-yet"]
    visitor_page = make_site()
    reader = await visitor_page.visitor()
    for _ in range(3):
        await reader.view(BLOCKED, "/markets/a")
    visitor.client.cookies = reader.client.cookies
    assert (await visitor.open("/facts")).json() == [Verdict.EXTENSION, 3, "not-yet"]
    assert (await visitor.open("/markets/a")).json()[2] == "wall"


async def test_a_granted_pass_ends_all_asking(make_site: MakeSite) -> None:
    async def thanks(request: Request) -> Response:
        response = HTMLResponse("<p>Thank you.</p>")
        request.scope["adguard"].grant_pass(response, days=30)
        return response

    async def page(request: Request) -> Response:
        return HTMLResponse("<p>The article.</p>")

    app = Starlette(routes=[Route("/thanks", thanks), Route("/{path:path}", page)])
    site = make_site(app=app)
    visitor = await site.visitor()
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    assert "The article." not in (await visitor.open("/markets/a")).text
    await visitor.open("/thanks")
    assert "The article." in (await visitor.open("/markets/a")).text
    assert (await visitor.view(BLOCKED, "/markets/a"))["decision"]["reason"] == "pass"
    with pytest.raises(ValueError, match="1 to 395"):
        adguard.Reader(site.middleware.services, {"headers": [], "path": "/"}).grant_pass(
            Response(), days=0
        )


async def hang(connection: HTTPConnection) -> bool | None:
    await asyncio.Event().wait()
    return False


async def fail(connection: HTTPConnection) -> bool | None:
    raise RuntimeError("database down")


async def drop(connection: HTTPConnection) -> bool | None:
    raise asyncio.CancelledError


async def unsure(connection: HTTPConnection) -> bool | None:
    return None


async def yes(connection: HTTPConnection) -> bool | None:
    return True


async def no(connection: HTTPConnection) -> bool | None:
    return False


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (hang, "supporter-unknown"),
        (fail, "supporter-unknown"),
        (unsure, "supporter-unknown"),
        (drop, "supporter-unknown"),
        (lambda connection: 1 / 0, "supporter-unknown"),
        (yes, "supporter"),
        (no, "ask"),
    ],
)
async def test_supporters_are_never_asked_and_neither_is_anyone_while_the_hook_fails(
    make_site: MakeSite, hook: Callable[[HTTPConnection], Awaitable[bool | None]], reason: str
) -> None:
    site = make_site(is_supporter=hook)
    visitor = await site.visitor()
    await visitor.view(BLOCKED, "/a")
    assert (await visitor.view(BLOCKED, "/a"))["decision"]["reason"] == reason
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    withheld = "The article." not in (await visitor.open("/markets/a")).text
    assert withheld is (reason == "ask")


async def test_the_hook_is_not_asked_for_readers_who_would_not_be_asked_anyway(
    make_site: MakeSite,
) -> None:
    asked: list[str] = []

    async def hook(connection: HTTPConnection) -> bool | None:
        asked.append(connection.url.path)
        return False

    site = make_site(is_supporter=hook)
    visitor = await site.visitor()
    await visitor.view(CLEAR, "/a")
    await visitor.view(BLOCKED, "/a")
    assert asked == []
    await visitor.view(BLOCKED, "/a")
    assert asked == ["/_site/report"]


async def test_an_unwritable_store_degrades_and_says_so(make_site: MakeSite) -> None:
    site = make_site(store="sqlite:///proc/nowhere/adguard.sqlite3")
    visitor = await site.visitor()
    assert (await visitor.view(CLEAR, "/a"))["verdict"] == "clear"
    health = (await visitor.fetch("/_site/health")).json()
    assert health["status"] == "degraded"
    assert health["store"]["status"] == "degraded"
    assert "memory" in health["store"]["reason"]


async def test_the_ledger_opens_and_closes_with_the_apps_lifespan(
    make_site: MakeSite, tmp_path: Path
) -> None:
    file = tmp_path / "gazette.sqlite3"
    site = make_site(store=f"sqlite://{file}")
    said: list[str] = []
    arrived = asyncio.Queue[Message]()

    async def send(message: Message) -> None:
        said.append(message["type"])
        if message["type"] == "lifespan.startup.complete":
            await (await site.visitor()).view(CLEAR, "/a")
            await arrived.put({"type": "lifespan.shutdown"})

    await arrived.put({"type": "lifespan.startup"})
    await site.middleware({"type": "lifespan", "state": {}}, arrived.get, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert file.exists()
    assert not (tmp_path / "gazette.sqlite3-wal").exists()


async def test_a_lifespan_that_the_app_refuses_fails_as_it_would_without_us(
    make_site: MakeSite,
) -> None:
    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError(scope["type"])

    site = make_site(app=refusing)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        raise AssertionError

    with pytest.raises(NotImplementedError, match="lifespan"):
        await site.middleware({"type": "lifespan"}, receive, send)


async def test_a_websocket_passes_with_the_same_scope_receive_and_send(
    make_site: MakeSite,
) -> None:
    got: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        got.extend([scope, receive, send])

    site = make_site(app=app)
    scope: dict[str, Any] = {"type": "websocket", "path": "/_site/control"}

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        return None

    await site.middleware(scope, receive, send)
    assert got[0] is scope
    assert got[1] is receive
    assert got[2] is send
    assert scope == {"type": "websocket", "path": "/_site/control"}


async def test_a_client_that_leaves_in_the_middle_of_its_report_is_no_error(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/_site/report",
        "headers": [
            (b"sec-fetch-site", b"same-origin"),
            (b"content-type", b"application/json"),
        ],
        "query_string": b"",
    }
    with caplog.at_level(logging.INFO):
        await site.middleware(scope, receive, send)
    assert caplog.text == ""


async def test_the_first_fifty_pages_all_skipped_are_warned_about_once(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    async def compressed(request: Request) -> Response:
        return HTMLResponse(b"...", headers={"content-encoding": "br"})

    site = make_site(app=Starlette(routes=[Route("/", compressed)]))
    visitor = await site.visitor()
    visitor.client.headers["Accept-Encoding"] = "identity"
    for _ in range(60):
        async with visitor.client.stream("GET", "/", headers=NAVIGATION) as answer:
            assert answer.status_code == 200
            assert [chunk async for chunk in answer.aiter_raw()] == [b"..."]
    assert caplog.text.count("inside the compressor") == 1
    health = (await visitor.fetch("/_site/health")).json()
    assert (health["injected"], sum(health["skipped"].values())) == (0, 60)
