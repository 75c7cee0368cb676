"""Reports for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adguard.insight import Report, build_report
from adguard.ledger import Event
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import DAY, NOW, event

WEEK = [DAY - back for back in range(6, -1, -1)]


@contextmanager
def store_of(*events: Event) -> Iterator[SqliteStore]:
    """A store in memory that holds these events."""
    made = SqliteStore(None)
    try:
        if events:
            made.append(list(events))
        yield made
    finally:
        made.close()


def views(
    times: int, verdict: str = "clear", *, day: int = DAY, key: str = "", **fields: Any
) -> list[Event]:
    """As many views; `key` keeps apart what is otherwise alike."""
    return [
        event("", at=day * 86400 + 60, verdict=verdict, **fields) if not key else
        event(f"{key}{i}", at=day * 86400 + 60, verdict=verdict, **fields)
        for i in range(times)
    ]  # fmt: skip


def report_of(*events: Event, **options: Any) -> Report:
    """A report of the last seven days, today included, on these events."""
    with store_of(*events) as store:
        return build_report(store, **{"since": NOW - 6 * 86400, "until": NOW, **options})
