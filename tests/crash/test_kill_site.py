"""`kill -9` while reports stream in over HTTP: what was answered is counted, once."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from adguard.ledger import Span, open_store
from adguard.signing import Tokens
from tests.crash.process import start
from tests.crash.stream import Books, torment
from tests.crash.test_kill import ids_in
from tests.ledger.making import address
from tests.visitor import CLEAR, FIREFOX

KEY = "a key for a site that is killed 20 times"
DAY = int(time.time()) // 86400
TOKENS = Tokens([KEY])


class Site:
    """A server process, and how a browser reports to it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self._port = port

    @classmethod
    async def start(cls, store: str) -> Site:
        process, port = await start("tests.crash.site", store, KEY)
        return cls(process, int(port))

    async def send(self, event_id: str) -> None:
        body = json.dumps(
            {
                "v": 1,
                "id": event_id,
                "token": TOKENS.issue(time.time()),
                "kind": "view",
                "path": "/a",
                "signals": CLEAR,
            }
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(
                (
                    f"POST /_site/report HTTP/1.1\r\nHost: news.localhost\r\n"
                    f"User-Agent: {FIREFOX}\r\nSec-Fetch-Site: same-origin\r\n"
                    f"Content-Type: application/json\r\nConnection: close\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}"
                ).encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
        finally:
            writer.close()

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    async def wait(self) -> int:
        return await self._process.wait()


async def test_twenty_kills_of_the_site_lose_no_report_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "figures.db"
    store = address(path)

    def check(books: Books[Site]) -> None:
        remembered = set(ids_in(path))
        assert books.acknowledged <= remembered <= books.sent

    books = await torment(
        lambda: Site.start(store), Site.send, lambda n: f"{DAY}-{n:022}", rounds=20, check=check
    )
    with open_store(store).figures() as figures:
        counted = figures.funnel(Span(DAY - 1, DAY + 1)).raw["clear"]
    assert books.kills == 20
    assert books.acknowledged == books.sent
    assert counted == len(books.acknowledged)
    sys.stdout.write(
        f"\nkill -9 x {books.kills}: {len(books.sent)} reports, {books.resent} sent again, "
        f"{len(books.acknowledged)} acknowledged, {counted} counted\n"
    )
