"""How long reports wait for a file that another program holds."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import LedgerUnavailable
from adguard.ledger.keeper import Keeper
from adguard.ledger.location import locate
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import address, event


def test_a_file_that_stays_locked_is_not_waited_for_by_every_group_anew(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    keeper = Keeper(locate(address(path)), busy_timeout=0.8)
    keeper.append([event(1)])

    def refused() -> float:
        began = time.monotonic()
        with pytest.raises(LedgerUnavailable, match="locked"):
            keeper.append([event(2)])
        return time.monotonic() - began

    for _ in range(2):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            # The wait itself, and not the machine, makes the difference: SQLite sleeps it out.
            first, others = refused(), min(refused() for _ in range(3))
            assert first >= 0.8
            assert others < 0.6
        keeper.append([event(2)])
    keeper.dispose()


def test_a_file_that_is_locked_when_it_is_opened_is_tried_again_a_second_later(
    tmp_path: Path,
) -> None:
    path = tmp_path / "f.db"
    SqliteStore(path).migrate()
    keeper = Keeper(locate(address(path)), busy_timeout=0.3)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked"):
            keeper.append([event(1)])
        began = time.monotonic()
        for _ in range(5):
            with pytest.raises(LedgerUnavailable, match="locked"):
                keeper.append([event(1)])
        assert time.monotonic() - began < 1.2
    keeper.dispose()
