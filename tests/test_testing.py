"""The fake reader has what the real one has, so that a publisher's tests mean something."""

from __future__ import annotations

import inspect

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adguard import Reader, Verdict
from adguard.testing import FakeReader, WithReader


async def page(request: Request) -> Response:
    reader = request.scope["adguard"]
    response = PlainTextResponse(f"{reader.verdict} {reader.state} {reader.decision.action}")
    reader.grant_pass(response, days=7)
    response.headers["link"] = reader.pass_link(days=8, minutes=60, about="evt_1")
    return response


async def test_an_app_finds_the_reader_of_the_tests_choice() -> None:
    fake = FakeReader(Verdict.EXTENSION)
    app = WithReader(Starlette(routes=[Route("/", page)]), fake)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        assert (await client.get("/")).text == "extension None none"
    assert (fake.granted, fake.linked) == ([7], [8])
    assert (fake.snippet_tag(), fake.monetization_tag()) == ("", "")
    assert (fake.withheld(".text"), fake.withheld_tag(".text")) == ({}, "")


def test_the_fake_has_every_public_name_of_the_real_reader() -> None:
    public = {name for name, _ in inspect.getmembers(Reader) if not name.startswith("_")}
    assert {name for name in public if not hasattr(FakeReader(), name)} == set()
