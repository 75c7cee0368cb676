"""The site that is killed: `python -m tests.crash.site STORE KEY` prints its port and serves."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from starlette.applications import Starlette

from adguard import AdGuardMiddleware


async def main(store: str, key: str) -> None:
    app = AdGuardMiddleware(Starlette(), secret_key=key, store=store)
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
