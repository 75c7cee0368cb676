"""Files are kept for a year under an address that tells their content."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from demo_site.shelf import Shelf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.css").write_text("a{}")
    return tmp_path


def visit(shelf: Shelf) -> httpx.AsyncClient:
    app = Starlette(routes=[shelf.route])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://news.localhost")


def test_another_content_has_another_address(folder: Path) -> None:
    first = Shelf("/static", folder).url("a.css")
    assert first == Shelf("/static", folder).url("a.css")
    (folder / "a.css").write_text("a{b:c}")
    assert first != Shelf("/static", folder).url("a.css")


def test_a_name_that_is_not_there_fails_when_the_page_is_made(folder: Path) -> None:
    with pytest.raises(KeyError):
        Shelf("/static", folder).url("b.css")


async def test_a_current_address_is_kept_for_a_year(folder: Path) -> None:
    shelf = Shelf("/static", folder)
    async with visit(shelf) as client:
        answer = await client.get(shelf.url("a.css"))
        assert answer.text == "a{}"
        assert answer.headers["content-type"].startswith("text/css")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = await client.get(
            shelf.url("a.css"), headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


async def test_an_old_address_finds_the_file_of_today_for_a_short_while(folder: Path) -> None:
    async with visit(Shelf("/static", folder)) as client:
        answer = await client.get("/static/0123456789ab/a.css")
        assert answer.text == "a{}"
        assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("name", ["b.css", "..%2Fa.css", "%2e%2e/a.css"])
async def test_what_is_not_on_the_shelf_is_not_found(folder: Path, name: str) -> None:
    async with visit(Shelf("/static", folder)) as client:
        assert (await client.get(f"/static/0123456789ab/{name}")).status_code == 404
