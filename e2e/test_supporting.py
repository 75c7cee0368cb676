"""Supporting in real browsers: ways that count, a newsletter on another origin, a pass by mail;
all of it without JavaScript."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adguard import AdGuardMiddleware, SupportOption
from adguard.ledger import Span
from e2e.conftest import Serve, Shared
from e2e.harness import Server

KEY = "an end-to-end key of forty characters..."
TODAY = int(time.time() // 86_400)


class Elsewhere:
    """The newsletter's endpoint, and a donation page, on an origin of their own."""

    def __init__(self) -> None:
        self.joined: list[str] = []

    def app(self) -> ASGIApp:
        async def join(request: Request) -> Response:
            self.joined.append((await request.body()).decode())
            return RedirectResponse("/thanks", 303)

        async def page(request: Request) -> Response:
            return HTMLResponse("<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>")

        return Starlette(
            routes=[Route("/join", join, methods=["POST"]), Route("/{path:path}", page)]
        )


class Paper:
    """A page with adguard around it, and the middleware at hand."""

    def __init__(self, serve: Serve, elsewhere: Server) -> None:
        async def page(request: Request) -> Response:
            return HTMLResponse("<!doctype html><title>Story</title><main>The heron.</main>")

        options = [
            SupportOption("Tip jar", f"{elsewhere.url}/jar", "donate"),
            SupportOption("The letter", f"{elsewhere.url}/join", "newsletter", "email"),
        ]
        self.middleware = AdGuardMiddleware(
            Starlette(routes=[Route("/{path:path}", page)]),
            secret_key=KEY,
            store="memory:",
            publisher="The Harbour Post",
            support=options,
        )
        self.url = serve(lambda: self.middleware).url

    def counted(self) -> dict[str, int]:
        ledger = self.middleware.services.ledger
        deadline = time.monotonic() + 10
        while ledger.health()["waiting"] and time.monotonic() < deadline:
            time.sleep(0.01)
        with ledger.store.figures() as figures:
            raw = figures.funnel(Span(TODAY - 1, TODAY + 1)).raw
        return {name: raw[name] for name in ("ways", "supported")}


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def paper(serve: Serve, elsewhere: Elsewhere) -> Paper:
    return Paper(serve, serve(elsewhere.app))


@pytest.fixture(params=["chromium", "firefox"])
def page(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Page]:
    with shared(request.param).new_context(java_script_enabled=False) as context:
        yield context.new_page()


def test_a_way_counts_and_a_newsletter_takes_an_address(
    page: Page, paper: Paper, elsewhere: Elsewhere
) -> None:
    page.goto(f"{paper.url}/_site/support")
    page.get_by_role("link", name="Tip jar").click()
    expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    assert page.url.endswith("/jar")
    page.goto(f"{paper.url}/_site/support")
    page.get_by_label("Your email address").fill("reader@mail.example")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    assert page.url.endswith("/thanks")
    assert elsewhere.joined == ["email=reader%40mail.example"]
    assert paper.counted() == {"ways": 1, "supported": 0}


def test_a_reader_takes_a_pass_by_the_link_in_a_mail(page: Page, paper: Paper) -> None:
    services = paper.middleware.services
    code = services.pass_codes.issue(days=365, until=time.time() + 900)
    page.goto(f"{paper.url}/_site/pass")
    page.get_by_label("Your code").fill(f" {code} ")
    page.get_by_role("button", name="Continue").click()
    assert page.context.cookies() == []
    page.get_by_role("button", name="Keep the pass in this browser").press("Enter")
    expect(page.get_by_text("You support us")).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("site_pass", True, "Lax")
    page.goto(f"{paper.url}/_site/pass?code={code}")
    page.get_by_role("button", name="Keep the pass in this browser").click()
    expect(page.get_by_role("heading", name="This pass is taken")).to_be_visible()
    assert paper.counted() == {"ways": 0, "supported": 1}
