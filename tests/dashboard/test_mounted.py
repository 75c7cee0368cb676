"""The dashboard below the prefix of a site, and by the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette

from adguard import AdGuardMiddleware
from adguard.cli import main

KEY = "k" * 32
PASSWORD = "open, please: sesame"


def site(**options: Any) -> httpx.AsyncClient:
    app = AdGuardMiddleware(Starlette(), secret_key=KEY, store="memory:", **options)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="https://news.example"
    )


async def test_without_anybody_who_may_read_it_there_is_none() -> None:
    async with site() as client:
        assert (await client.get("/_site/dashboard")).status_code == 404
        assert (await client.post("/_site/dashboard/enter")).status_code == 404


async def test_a_password_opens_it_below_the_prefix() -> None:
    async with site(dashboard_password=PASSWORD, prefix="/desk/of") as client:
        asked = await client.get("/desk/of/dashboard")
        assert asked.status_code == 401
        assert 'action="/desk/of/dashboard/enter"' in asked.text
        answer = await client.post(
            "/desk/of/dashboard/enter",
            data={"password": PASSWORD},
            headers={"origin": "https://news.example"},
        )
        assert answer.headers["location"] == "/desk/of/dashboard"
        assert "Path=/desk/of/dashboard" in answer.headers["set-cookie"]
        assert (await client.get("/desk/of/dashboard")).status_code == 200
        assert (await client.get("/desk/of/dashboard/")).status_code == 200
        assert (await client.get("/desk/of/dashboards")).status_code == 404


async def test_an_authenticator_reads_the_request() -> None:
    def authenticator(connection: Any) -> bool:
        return bool(connection.headers.get("x-user") == "editor")

    async with site(dashboard=authenticator) as client:
        assert (await client.get("/_site/dashboard")).status_code == 403
        answer = await client.get("/_site/dashboard", headers={"x-user": "editor"})
        assert answer.status_code == 200
        assert "Nothing was recorded" in answer.text


@pytest.fixture
def filled(tmp_path: Path) -> str:
    url = f"sqlite://{tmp_path / 'demo.sqlite3'}"
    made = CliRunner().invoke(main, ["demo-data", "--days", "2", "--store", url])
    assert made.exit_code == 0, made.output
    return url


def test_invented_figures_are_the_same_again_and_never_twice(filled: str) -> None:
    again = CliRunner().invoke(main, ["demo-data", "--days", "2", "--store", filled])
    assert again.output.startswith("0 invented events")
    shown = CliRunner().invoke(main, ["report", "--store", filled, "--since", "2d"])
    assert "page views with a verdict" in " ".join(shown.output.split())


def test_invented_figures_do_not_slip_between_real_ones(tmp_path: Path) -> None:
    from adguard.ledger import Batch, Event, open_store

    url = f"sqlite://{tmp_path / 'real.sqlite3'}"
    store = open_store(url)
    store.migrate()
    store.apply(Batch("node", 1, [Event("", "gazette", 1_700_000_000, "measured")]))
    refused = CliRunner().invoke(main, ["demo-data", "--days", "1", "--store", url])
    assert refused.exit_code == 1
    assert "gazette" in refused.output
    forced = CliRunner().invoke(main, ["demo-data", "--days", "1", "--store", url, "--yes"])
    assert forced.exit_code == 0


def test_the_command_serves_this_machine_only_and_asks_for_a_password(filled: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "adguard", "dashboard", "--store", filled, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "ADGUARD_DASHBOARD_PASSWORD": ""},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[4].rstrip("/;")
        password = process.stdout.readline().split()[-1]
        assert address.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
            assert client.get("/").status_code == 401
            form = {"password": password}
            page = client.post("/enter", data=form, headers={"origin": address})
        assert "page views" in page.text
        assert page.status_code == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)


def test_a_command_without_sense_ends_in_a_sentence() -> None:
    said = CliRunner().invoke(main, ["dashboard", "--store", "nowhere", "--rpm", "2"])
    assert said.exit_code == 1
    assert "names no store" in said.output
    said = CliRunner().invoke(main, ["dashboard", "--store", "memory:"])
    assert "inside the server only" in said.output
    said = CliRunner().invoke(main, ["dashboard", "--rpm", "lots"])
    assert "not what a thousand views earn" in said.output
