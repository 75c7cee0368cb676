"""adguard in a FastAPI app with sessions, where signed-in supporters are never asked.

    adguard snippet fastapi > app.py
    SITE_SECRET=$(adguard keys) uvicorn app:app

`is_supporter` and the two `add_middleware` calls are what you copy; sign-in stands for your own.
"""

import os

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection

from adguard import AdGuardMiddleware

ARTICLE = """<!doctype html>
<html lang="en">
<head><title>The heron is back</title></head>
<body><article><h1>The heron is back</h1><p>It stands in the canal again.</p></article></body>
</html>"""


async def is_supporter(connection: HTTPConnection) -> bool:
    """Asked only when a reader would be asked. `None`, an error or 300 ms without an answer mean:
    not known, so do not ask."""
    return connection.session.get("plan") == "supporter"


app = FastAPI()
# What is added last stands outermost: the session is open by the time adguard asks for it.
app.add_middleware(
    AdGuardMiddleware,
    secret_key=os.environ["SITE_SECRET"],
    is_supporter=is_supporter,
)
app.add_middleware(SessionMiddleware, secret_key=os.environ["SITE_SECRET"])


@app.get("/", response_class=HTMLResponse)
async def article() -> str:
    return ARTICLE


@app.post("/sign-in")
async def sign_in(request: Request) -> dict[str, str]:
    request.session["plan"] = "supporter"
    return {"plan": "supporter"}
