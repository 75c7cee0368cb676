"""`adguard preview`, and whose settings a command speaks of."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import uvicorn
from click.testing import CliRunner

from adguard.cli import main
from adguard.commands.publisher import settings_of

KEY = "k" * 32
SITE = f"""
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from adguard import AdGuardMiddleware
from adguard.settings import Settings

options = dict(secret_key="{KEY}", publisher="The Gazette", store="memory:")
chosen = Settings(**options)
lazy = Starlette(middleware=[Middleware(GZipMiddleware), Middleware(AdGuardMiddleware, **options)])
given = Starlette(middleware=[Middleware(AdGuardMiddleware, settings=chosen, theme="ink")])
nested = GZipMiddleware(AdGuardMiddleware(Starlette(), **options))
wrong = Starlette(middleware=[Middleware(AdGuardMiddleware, secret_key="short")])
bare = Starlette()

def make():
    return lazy
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gazette.py").write_text(SITE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "gazette", raising=False)


@pytest.mark.parametrize("name", ["chosen", "lazy", "given", "nested", "make"])
def test_the_settings_are_found_wherever_the_app_keeps_them(name: str) -> None:
    found = settings_of(f"gazette:{name}")
    assert (found.publisher, found.keys) == ("The Gazette", (KEY,))
    assert found.theme == ("ink" if name == "given" else "paper")


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("gazette:bare", "does not mount AdGuardMiddleware"),
        ("gazette:wrong", "secret_key: every key needs"),
        ("gazette:missing", "AttributeError"),
        ("no_such_module:app", "ModuleNotFoundError"),
        ("gazette", "is not like 'paper.main:app'"),
    ],
)
def test_an_app_without_settings_is_named_in_words(app: str, words: str) -> None:
    with pytest.raises(click.ClickException, match=re.escape(words)):
        settings_of(app)


def test_without_an_app_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADGUARD_SECRET_KEY", raising=False)
    monkeypatch.setenv("ADGUARD_PUBLISHER", "The Packet")
    assert settings_of(None).publisher == "The Packet"
    monkeypatch.setenv("ADGUARD_SECRET_KEY", KEY)
    assert settings_of(None).keys == (KEY,)
    monkeypatch.setenv("ADGUARD_THEME", "papyrus")
    with pytest.raises(click.ClickException, match="theme: 'papyrus'"):
        settings_of(None)


def test_the_command_serves_this_machine_alone_and_says_how_much_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Any] = {}

    def look(server: uvicorn.Server, sockets: list[Any]) -> None:
        seen["host"] = sockets[0].getsockname()[0]
        seen["app"] = server.config.app
        sockets[0].close()

    monkeypatch.setattr(uvicorn.Server, "run", look)
    result = CliRunner().invoke(main, ["preview", "--app", "gazette:lazy", "--port", "0"])
    assert result.exit_code == 0, result.output
    assert seen["host"] == "127.0.0.1"
    said = re.search(
        r"([\d,]+) pictures \((\d+) states, (\d+) languages, 4 themes\)", result.output
    )
    assert said is not None
    assert int(said[1].replace(",", "")) > int(said[2]) * int(said[3]) * 4 * 2
    assert isinstance(seen["app"], object)


def test_a_template_that_cannot_be_read_is_named_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "help.html").write_text("{% if %}")
    monkeypatch.setenv("ADGUARD_TEMPLATE_DIR", str(tmp_path))
    monkeypatch.delenv("ADGUARD_SECRET_KEY", raising=False)
    result = CliRunner().invoke(main, ["preview", "--port", "0"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: template_dir: ")


@pytest.mark.parametrize("debug", [True, False])
async def test_a_site_shows_its_preview_while_debug_is_on(debug: bool) -> None:
    from starlette.applications import Starlette

    from adguard import AdGuardMiddleware

    app = AdGuardMiddleware(Starlette(), secret_key=KEY, store="memory:", debug=debug)
    transport = httpx.ASGITransport(app=app, root_path="/paper")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        index = await client.get("/paper/_site/preview")
        state = await client.get("/paper/_site/preview/look/ink/see?state=ways-none&lang=de")
    await app.services.aclose()
    assert index.status_code == state.status_code == (200 if debug else 404)
    if debug:
        assert 'src="/paper/_site/preview/look/paper/see?state=ask-extension' in index.text
        assert 'href="/paper/_site/preview/look/ink/note-' in state.text
