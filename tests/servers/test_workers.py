"""`uvicorn --workers 4`: four processes, one file, one truth."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from adguard.ledger import open_store
from adguard.signing import Tokens
from tests.ledger.making import DAY, TODAY, views
from tests.servers.test_servers import SERVERS, Running, running, store_of
from tests.visitor import BLOCKED, CLEAR, FIREFOX, FROM_OUR_PAGE

pytestmark = pytest.mark.xdist_group("servers")

TOKENS = Tokens(["a-secret-of-the-tests-long-enough-to-sign-with"])
REPORTS = 100


async def send(client: httpx.AsyncClient, server: Running, number: int) -> None:
    answer = await client.post(
        "/_site/report",
        json={
            "v": 1,
            "id": f"{DAY}-{number:022}",
            "token": TOKENS.issue(time.time()),
            "kind": "view",
            "path": f"/{number % 7}",
            "signals": BLOCKED if number % 4 == 0 else CLEAR,
        },
        headers={**FROM_OUR_PAGE, "Origin": f"http://{server.host}", "User-Agent": FIREFOX},
    )
    assert answer.status_code == 200, answer.text


async def test_four_workers_count_every_report_once_though_each_was_sent_to_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [part.replace("2", "4") if part == "2" else part for part in SERVERS["uvicorn"]]
    monkeypatch.setitem(SERVERS, "four workers", command)
    with running("four workers", tmp_path) as server:
        # A connection for every report: so each worker gets some.
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}",
            headers={"Host": server.host},
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=0),
            timeout=60,
        ) as client:
            await asyncio.gather(*(send(client, server, n % REPORTS) for n in range(3 * REPORTS)))
            told: set[tuple[int, int]] = set()
            async with asyncio.timeout(20):
                while len(told) < 2:
                    store = (await client.get("/_site/health")).json()["store"]
                    told.add((store["recorded"], store["duplicates"]))
        figures = open_store(store_of(tmp_path))
        assert views(figures) == REPORTS
    assert views(figures) == REPORTS
    with figures.figures() as f:
        found = {row.value: row.totals.views for row in f.breakdown(TODAY, "verdict")}
    assert found == {"clear": 75, "extension": 25}
