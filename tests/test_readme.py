"""The README is followed to the letter: its app runs, its commands and files are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from adguard.cli import main
from tests.visitor import Visitor, client_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


async def test_the_app_that_stands_there_serves_a_page_with_the_snippet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITE_SECRET", "s" * 32)
    monkeypatch.setenv("ADGUARD_STORE", "none")
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    made: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), made)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(made["app"]), base_url="http://news.localhost"
    ) as client:
        page = await Visitor(client, "http://news.localhost").open("/")
    assert page.status_code == 200
    assert client_of(page)


def test_every_command_it_names_is_there() -> None:
    named = set(re.findall(r"(?:^ {4}|`|\()adguard (\w+)", README, re.MULTILINE))
    assert {"keys", "snippet", "report"} <= named
    for name in named:
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0, name


def test_every_chore_it_names_is_there() -> None:
    known = re.findall(r"^([a-z0-9-]+)\) ", (ROOT / "dev").read_text(), re.MULTILINE)
    named = set(re.findall(r"\./dev ([a-z0-9-]+)", README)) - {"help"}
    assert {"demo", "test"} <= named <= set(known)


def test_every_file_it_links_to_or_tells_to_run_is_there() -> None:
    links = re.findall(r"\]\(([^):#]+)\)", README)
    run = re.findall(r"`\./dev test (\S+?)[ `]", README)
    assert links
    assert run
    for name in (*links, *run):
        assert (ROOT / name).exists(), name
