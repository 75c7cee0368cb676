from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection

from adguard import AdGuardMiddleware
from tests.mount.conftest import Load, Meet
from tests.visitor import BLOCKED, client_of

SECRET = "another secret of the tests, long enough too"


async def failing(connection: HTTPConnection) -> bool:
    raise ConnectionError("the user database is away")


async def hanging(connection: HTTPConnection) -> bool:
    await asyncio.Event().wait()
    return False


async def unknowing(connection: HTTPConnection) -> None:
    return None


def site(is_supporter: object) -> FastAPI:
    app = FastAPI()
    app.add_middleware(
        AdGuardMiddleware, secret_key=SECRET, store="memory:", is_supporter=is_supporter
    )
    app.add_middleware(SessionMiddleware, secret_key=SECRET)

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return "<!doctype html><title>page</title><body><p>Text.</p></body>"

    return app


async def test_the_page_carries_one_script(load: Load, meet: Meet) -> None:
    page = await meet(load("fastapi").app).open()
    assert "The heron is back" in page.text
    client_of(page)


async def test_json_of_the_same_app_is_left_alone(load: Load, meet: Meet) -> None:
    visitor = meet(load("fastapi").app)
    answer = await visitor.client.post("/sign-in")
    assert answer.json() == {"plan": "supporter"}
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_signed_in_supporter_is_never_asked(load: Load, meet: Meet) -> None:
    app = load("fastapi").app
    supporter, stranger = meet(app), meet(app)
    await supporter.client.post("/sign-in")
    for _ in range(3):
        answer = await supporter.view(BLOCKED)
        assert answer["verdict"] == "extension"
        assert answer["decision"]["action"] == "none"
    await stranger.view(BLOCKED)
    assert (await stranger.view(BLOCKED))["decision"]["action"] == "notice"


@pytest.mark.parametrize("hook", [failing, hanging, unknowing])
async def test_no_answer_about_a_supporter_means_no_ask(hook: object, meet: Meet) -> None:
    visitor = meet(site(hook))
    for _ in range(3):
        answer = await visitor.view(BLOCKED)
        assert answer["verdict"] == "extension"
        assert answer["decision"]["action"] == "none"
