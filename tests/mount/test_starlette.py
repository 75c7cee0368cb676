from __future__ import annotations

from tests.mount.conftest import Load, Meet
from tests.visitor import BLOCKED, CLEAR, client_of


async def test_the_page_carries_one_script_inside_the_compressor(load: Load, meet: Meet) -> None:
    page = await meet(load("starlette").app).open()
    assert page.headers["content-encoding"] == "gzip"
    assert "The heron is back" in page.text
    client_of(page)


async def test_a_reader_with_a_blocker_is_asked_on_the_second_view(load: Load, meet: Meet) -> None:
    visitor = meet(load("starlette").app)
    first = await visitor.view(BLOCKED)
    second = await visitor.view(BLOCKED)
    assert (first["verdict"], first["decision"]["action"]) == ("extension", "none")
    assert (second["verdict"], second["decision"]["action"]) == ("extension", "notice")
    assert (await visitor.fetch(second["decision"]["url"])).status_code == 200


async def test_a_reader_without_a_blocker_gets_no_cookie(load: Load, meet: Meet) -> None:
    visitor = meet(load("starlette").app)
    for _ in range(3):
        answer = await visitor.view(CLEAR)
        assert (answer["verdict"], answer["decision"]["action"]) == ("clear", "none")
    assert not visitor.client.cookies
