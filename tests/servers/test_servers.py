"""The same behaviour under every server, from outside, over a socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from adguard.insight import build_report
from adguard.ledger import open_store
from e2e.harness.nginx import free_port
from tests.servers.page import PAGE
from tests.visitor import BLOCKED, CLEAR, Visitor, client_of

# Every test of a server runs beside the others of its kind, so that it is started once.
pytestmark = pytest.mark.xdist_group("servers")

ROOT = Path(__file__).parents[2]
START_SECONDS = 30
STOP_SECONDS = 15

SERVERS = {
    "uvicorn": ["uvicorn", "--port", "{port}", "--workers", "2", "tests.servers.site:app"],
    "granian": ["granian", "--interface", "asgi", "--port", "{port}", "tests.servers.site:app"],
    "hypercorn": ["hypercorn", "--bind", "127.0.0.1:{port}", "tests.servers.site:app"],
    "django": ["uvicorn", "--port", "{port}", "tests.servers.django_site:app"],
}


@dataclass
class Running:
    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def host(self) -> str:
        return f"news.localhost:{self.port}"

    def stop(self) -> None:
        """Ends the server with all its workers, kindly first."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise


def wait_until_up(server: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            url = f"http://127.0.0.1:{server.port}/_site/health"
            if httpx.get(url, headers={"Host": server.host}).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(f"{server.name} did not come up:\n{server.log.read_text()}", pytrace=False)


@contextmanager
def running(name: str, folder: Path) -> Iterator[Running]:
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ADGUARD_")},
        "ADGUARD_SECRET_KEY": "a-secret-of-the-tests-long-enough-to-sign-with",
        "ADGUARD_STORE": store_of(folder),
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(port=port) for part in SERVERS[name])],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Running(name, port, process, log)
    try:
        wait_until_up(server)
        yield server
    finally:
        server.stop()
    assert "Traceback" not in log.read_text(), log.read_text()


def store_of(folder: Path) -> str:
    return f"sqlite:///{folder}/store.db"


def visiting(server: Running) -> Visitor:
    """A new visitor; use its client as a context manager."""
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{server.port}", headers={"Host": server.host}
    )
    return Visitor(client, f"http://{server.host}")


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    with running(request.param, tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture
async def visitor(server: Running) -> AsyncIterator[Visitor]:
    made = visiting(server)
    async with made.client:
        yield made


@pytest.mark.parametrize("path", ["/", "/chunked", "/file"])
async def test_html_carries_one_script_however_it_is_sent(path: str, visitor: Visitor) -> None:
    page = await visitor.open(path)
    assert page.status_code == 200
    before_body_ends = PAGE[: PAGE.index("</body>")]
    assert page.text.startswith(before_body_ends)
    assert page.text.count("</body></html>") == 1
    client_of(page)
    if "content-length" in page.headers:
        assert int(page.headers["content-length"]) == len(page.content)


async def test_json_is_left_alone(visitor: Visitor) -> None:
    answer = await visitor.fetch("/extensions")
    assert isinstance(answer.json(), list)


async def test_only_granian_offers_to_send_files_itself(server: Running, visitor: Visitor) -> None:
    offered = (await visitor.fetch("/extensions")).json()
    assert ("http.response.pathsend" in offered) is (server.name == "granian")


async def test_the_client_and_the_baits_are_served(visitor: Visitor) -> None:
    source, _ = client_of(await visitor.open())
    client = await visitor.fetch(source)
    assert client.status_code == 200
    assert "immutable" in client.headers["cache-control"]
    for path in ("www/delivery/adverts/adserve/ad_728.js", "control.js", "control.png"):
        answer = await visitor.fetch(f"/_site/{path}")
        assert answer.status_code == 200
        assert "no-store" in answer.headers["cache-control"]


async def test_reports_are_accepted_and_judged(visitor: Visitor) -> None:
    assert (await visitor.view(CLEAR))["verdict"] == "clear"
    first = await visitor.view(BLOCKED)
    assert (first["verdict"], first["decision"]["action"]) == ("extension", "none")


async def test_a_second_blocked_view_is_asked_whichever_worker_answers(visitor: Visitor) -> None:
    await visitor.view(BLOCKED)
    second = await visitor.view(BLOCKED)
    assert second["decision"]["action"] == "notice"
    assert (await visitor.fetch(second["decision"]["url"])).status_code == 200


async def test_health_answers(visitor: Visitor) -> None:
    health = await visitor.fetch("/_site/health")
    assert health.status_code == 200
    assert isinstance(health.json(), dict)


@pytest.mark.parametrize("name", SERVERS)
async def test_every_report_is_counted_once_whatever_the_workers(name: str, tmp_path: Path) -> None:
    with running(name, tmp_path) as server:
        for signals in (CLEAR, BLOCKED, CLEAR, BLOCKED, BLOCKED, CLEAR, CLEAR, CLEAR):
            made = visiting(server)
            async with made.client:
                await made.view(signals)
    now = time.time()
    report = build_report(open_store(store_of(tmp_path)), since=now - 86_400, until=now)
    assert report["views"].value == 8
    assert report["block_rate"].numerator == 3
