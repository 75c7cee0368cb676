from __future__ import annotations

import json
from pathlib import Path

from adguard import Settings
from adguard.assets import Assets
from adguard.detection import classify
from adguard.ledger.sqlite import SqliteStore
from bench.count import count
from bench.visits import SIGNALS
from tests.ledger.making import address, event


async def test_what_is_sent_again_and_twice_past_killed_servers_counts_once(tmp_path: Path) -> None:
    url = address(tmp_path / "figures.sqlite3")
    made = await count("SQLite", url, tmp_path, 600, shared=True, kills=2, seed=3)
    assert made.right
    assert made.counted.total() == 600
    assert made.kills == 2
    assert made.books.again > 0
    assert made.books.twice >= 60


async def test_an_event_that_nobody_sent_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "figures.sqlite3"
    store = SqliteStore(path)
    store.append([event("one too many")])
    store.close()
    made = await count("SQLite", address(path), tmp_path, 20, shared=True, kills=0)
    assert made.counted.total() == 21
    assert not made.right


def test_the_verdict_that_a_visit_stands_for_is_the_one_that_its_signals_give() -> None:
    kinds = Assets(Settings(secret_key="k" * 32, store="none")).kinds
    found = {
        verdict: classify(json.loads(text), kinds).verdict for verdict, text in SIGNALS.items()
    }
    assert found == {verdict: verdict for verdict in SIGNALS}
