"""A mounted middleware with a calendar of its own, and visitors for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adguard import AdGuardMiddleware, Rule
from tests.visitor import Visitor

KEY = "k" * 32
PAGE = "<!doctype html><title>A page</title><main><p>The article.</p></main>"


class Clock:
    """Seconds since the epoch; 2026-11-23 12:00 UTC at first."""

    def __init__(self) -> None:
        self.now = 20_780 * 86_400 + 43_200.0

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += days * 86_400


async def page(request: Request) -> Response:
    return HTMLResponse(PAGE)


async def post(request: Request) -> Response:
    body = await request.body()
    return HTMLResponse(f"<p>{len(body)}</p>")


class Site:
    """The newspaper under test: its middleware, its clock, and its visitors."""

    def __init__(self, stack: AsyncExitStack, **options: Any) -> None:
        options.setdefault("secret_key", KEY)
        options.setdefault("store", "memory:")
        options.setdefault("publisher", "The Gazette")
        options.setdefault("rules", [Rule("/markets/*", preset="strict")])
        routes = [Route("/post", post, methods=["POST"]), Route("/{path:path}", page)]
        self.app = options.pop("app", None) or Starlette(routes=routes)
        self.middleware = AdGuardMiddleware(self.app, **options)
        self.clock = Clock()
        self.middleware.services.clock = self.clock
        self.middleware.services.tally.clock = self.clock
        self.middleware.services.served.clock = self.clock
        self._stack = stack

    async def visitor(self, base: str = "http://news.localhost") -> Visitor:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.middleware),
            base_url=base,
        )
        return Visitor(await self._stack.enter_async_context(client), base)

    async def counted(self) -> dict[str, int]:
        """What the store counts over all days, by counter."""
        from adguard.ledger import Span

        ledger = self.middleware.services.ledger
        await ledger.flush()
        with ledger.store.figures() as figures:
            raw: dict[str, int] = figures.funnel(Span(0, 99_999)).raw
        return {name: count for name, count in raw.items() if count}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADGUARD_MODE", raising=False)


@pytest.fixture
async def make_site() -> AsyncIterator[Callable[..., Site]]:
    made: list[Site] = []
    async with AsyncExitStack() as stack:

        def make(**options: Any) -> Site:
            made.append(Site(stack, **options))
            return made[-1]

        yield make
    for site in made:
        await site.middleware.services.ledger.aclose()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
