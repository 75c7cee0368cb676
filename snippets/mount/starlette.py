"""adguard in a Starlette app: a site of one page that runs as it stands.

    adguard snippet starlette > app.py
    SITE_SECRET=$(adguard keys) uvicorn app:app

Copy the `Middleware(AdGuardMiddleware, …)` line into your own list.
"""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from adguard import AdGuardMiddleware

ARTICLE = """<!doctype html>
<html lang="en">
<head><title>The heron is back</title></head>
<body><article><h1>The heron is back</h1><p>It stands in the canal again.</p></article></body>
</html>"""


async def article(request: Request) -> HTMLResponse:
    return HTMLResponse(ARTICLE)


app = Starlette(
    routes=[Route("/", article)],
    # The first stands outermost. adguard belongs inside the compressor: it adds its bytes to the
    # page, and leaves alone what is compressed already.
    middleware=[
        Middleware(GZipMiddleware),
        Middleware(AdGuardMiddleware, secret_key=os.environ["SITE_SECRET"]),
    ],
)
