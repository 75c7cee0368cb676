"""The report says the same whatever store it reads."""

from __future__ import annotations

import json
from pathlib import Path

from adguard.insight import Report, build_report, to_json, to_jsonl
from adguard.insight.reconciling import reconcile, to_csv
from adguard.ledger import Store
from adguard.ledger.events import DAY, Batch, Event
from adguard.ledger.sqlite import SqliteStore
from tests.stores.engines import Engine
from tests.stores.plain import seeded


def events_of(day: int) -> list[Event]:
    """Two weeks of a site; what is in force changes within the second."""
    first, second = seeded(3, day, 400), seeded(4, day + 7, 400)
    return [
        Event(
            **{name: getattr(event, name) for name in event.__struct_fields__}
            | {"site": "gazette", "version": f"0.{1 + (event.at // DAY > day + 7)}.0 a b"}
        )
        for event in (*first, *second)
    ]


def report_of(store: Store, day: int) -> Report:
    since, until = (day + 7) * DAY, (day + 14) * DAY - 1
    return build_report(
        store, since=since, until=until, by=("page", "section", "day"), site="gazette", rpm=2.5
    )


def lines_of(store: Store, day: int) -> str:
    since, until = (day + 7) * DAY, (day + 14) * DAY - 1
    return to_csv(
        reconcile(store, since=since, until=until, site="gazette", requests={}), slots=1.0
    )


def test_the_report_of_every_store_is_that_of_the_file(
    engine: Engine, store: Store, node: str, day: int, tmp_path: Path
) -> None:
    events = events_of(day)
    file = SqliteStore(tmp_path / "beside.sqlite3")
    file.append(events)
    assert store.apply(Batch(node, 1, events))
    engine.settle()
    mine, theirs = report_of(store, day), report_of(file, day)
    assert json.loads(to_json(mine)) == json.loads(to_json(theirs))
    assert to_jsonl(mine) == to_jsonl(theirs)
    assert lines_of(store, day) == lines_of(file, day)
    assert mine["views"].n > 100
    assert mine.before is not None
    assert len(mine.marks) == 1
    file.close()
