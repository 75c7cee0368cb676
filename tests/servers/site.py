"""The site that every server serves: a page in one piece, one in chunks, one from a file, and JSON.

Its settings come from the environment, as the environment of a real deployment would give them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route

from adguard import AdGuardMiddleware
from tests.servers.page import PAGE, chunks, file

FILE = file()


async def whole(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def chunked(request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        for chunk in chunks():
            yield chunk

    return StreamingResponse(pieces(), media_type="text/html")


async def from_file(request: Request) -> FileResponse:
    return FileResponse(FILE, media_type="text/html")


async def extensions(request: Request) -> JSONResponse:
    return JSONResponse(sorted(request.scope.get("extensions", {})))


app = AdGuardMiddleware(
    Starlette(
        routes=[
            Route("/", whole),
            Route("/chunked", chunked),
            Route("/file", from_file),
            Route("/extensions", extensions),
        ]
    )
)
