"""The site under load: `uvicorn bench.site:app`, with every setting from the environment."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from adguard import AdGuardMiddleware


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<!doctype html><title>A page</title><main><p>The article.</p></main>")


app = AdGuardMiddleware(Starlette(routes=[Route("/{path:path}", page)]))
