"""Stores in which something is wrong, and watches by clocks that only the test moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from adguard.alerts import Watch
from adguard.ledger import Batch, Figures, Store, open_store
from adguard.ledger.events import HOUR
from tests.ledger.making import address, event

SECRET = "s" * 32
NOW = int(time.time()) // HOUR * HOUR + 1800.0
"""The middle of this hour."""


def store_of(path: Path) -> Store:
    store = open_store(address(path))
    store.migrate()
    return store


def fill(store: Store, seq: int, at: float, **counts: int) -> None:
    """Adds so many views of each verdict at a moment."""
    events = [
        event("", at=int(at), site="news", verdict=verdict)
        for verdict, count in counts.items()
        for _ in range(count)
    ]
    store.apply(Batch("tests", seq, events))


class Ledger:
    """A ledger, as far as a watch looks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: dict[str, object] = {"status": "ok", "reason": "", "journal_age": 0}

    def health(self) -> dict[str, object]:
        return self.told


class Scene:
    def __init__(self, path: Path, *urls: str, **options: Any) -> None:
        self.now = NOW
        self.since = 0.0
        self.ledger = Ledger(options.pop("store", None) or store_of(path))
        self.watch = Watch(
            "news",
            urls,
            SECRET,
            self.ledger,
            path,
            clock=lambda: self.now,
            elapsed=lambda: self.since,
            **options,
        )

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.since += seconds
        self.watch.step()


class Broken:
    """A store whose figures raise."""

    def __init__(self, fail: Callable[[], Exception]) -> None:
        self._fail = fail

    def figures(self) -> AbstractContextManager[Figures]:
        raise self._fail()
