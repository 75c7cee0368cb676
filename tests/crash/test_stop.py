"""SIGTERM, as a deploy sends it: whatever the store does, the server is gone within five seconds
and what was answered is kept."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import open_store
from adguard.ledger.ledger import CLOSE_WITHIN
from adguard.ledger.opening import open_journal
from tests.crash.test_kill import ids_in
from tests.crash.test_kill_site import DAY, Site
from tests.ledger.making import address, views

SOON = CLOSE_WITHIN + 2.0
"""Python and uvicorn need a moment, too."""


async def answered(site: Site, numbers: range) -> set[str]:
    """Reports, all at once; returns the ids of those that were answered as kept."""

    async def one(event_id: str) -> str:
        try:
            await site.send(event_id)
        except (AssertionError, OSError, asyncio.IncompleteReadError):
            return ""
        return event_id

    ids = await asyncio.gather(*(one(f"{DAY}-{number:022}") for number in numbers))
    return set(ids) - {""}


async def stop(site: Site) -> float:
    began = time.monotonic()
    site.terminate()
    async with asyncio.timeout(30):
        assert await site.wait() in {0, -signal.SIGTERM}
    return time.monotonic() - began


async def test_what_was_answered_is_kept_when_the_server_goes(tmp_path: Path) -> None:
    path = tmp_path / "figures.db"
    site = await Site.start(address(path))
    kept = await answered(site, range(20))
    sending = asyncio.ensure_future(answered(site, range(20, 220)))
    assert await stop(site) < SOON
    assert len(kept) == 20
    assert kept | await sending <= set(ids_in(path))
    assert views(open_store(address(path))) == len(ids_in(path))


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a ClickHouse that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"clickhouse://127.0.0.1:{listening.getsockname()[1]}/figures"


async def test_a_store_that_never_answers_keeps_nobody_waiting(tmp_path: Path, silent: str) -> None:
    store = f"{silent}?journal={tmp_path / 'journal.db'}"
    site = await Site.start(store)
    kept = await answered(site, range(50))
    assert await stop(site) < SOON
    with closing(open_journal(store, read_only=True)) as journal:
        assert journal.health()["journal_batches"]
    assert kept == set(ids_in(tmp_path / "journal.db"))
    assert len(kept) == 50


async def test_a_locked_file_keeps_nobody_waiting_and_nothing_answered_is_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "figures.db"
    site = await Site.start(address(path))
    kept = await answered(site, range(10))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sending = asyncio.ensure_future(answered(site, range(10, 70)))
        await asyncio.sleep(0.3)
        took = await stop(site)
        other.execute("ROLLBACK")
    assert took < SOON
    assert await sending == set()
    assert kept == set(ids_in(path))
    assert len(kept) == 10
