"""A site with ads, and with the middleware as a publisher would mount it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from adguard import AdGuardMiddleware
from e2e.blockers.adverts import AD_URLS, NEUTRAL_URL

FIRST, SECOND = "/first", "/second"
PAGE = """<!doctype html><html lang="en"><title>A page with ads</title>
{tags}
<main><article><h1>A page with ads</h1><p>Words, and more words.</p></article></main></html>"""


def with_adverts(ad_urls: Sequence[str] = AD_URLS, **options: Any) -> Callable[[], ASGIApp]:
    """A factory of the site.

    :param ad_urls: stand as scripts in every page, and the middleware watches them.
    :param options: further settings of the middleware. As it stands, it asks readers behind a
        blocker on their second view.
    """
    tags = "\n".join(f'<script async src="{url}"></script>' for url in ad_urls)

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.format(tags=tags))

    def make() -> ASGIApp:
        chosen = {
            "secret_key": "m" * 40,
            "store": "memory:",
            "ad_urls": ad_urls,
            "neutral_url": NEUTRAL_URL,
            **options,
        }
        return Starlette(
            routes=[Route(FIRST, page), Route(SECOND, page)],
            middleware=[Middleware(AdGuardMiddleware, **chosen)],
        )

    return make
