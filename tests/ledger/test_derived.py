"""What is kept beside the hours says what they say."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.ledger.derived import CUBE, TIME, follow
from adguard.ledger.events import Event
from adguard.ledger.fold import COUNTERS
from adguard.ledger.reading import SqliteFigures, add
from adguard.ledger.schema import migrate
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import SLICED, Slice, Span, Step, Totals
from tests.ledger.making import DAY, event, events

SPAN = Span(DAY, DAY + 3)


def raw(*found: Totals) -> list[int]:
    return [sum(totals.raw[name] for totals in found) for name in COUNTERS]


@given(st.lists(st.lists(events, max_size=8), max_size=4))
def test_tables_that_are_added_to_hold_what_the_hours_add_up_to(parts: list[list[Event]]) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        migrate(db, 0)
        for part in parts:
            add(db, part)
        for table in (CUBE, TIME):
            kept = db.execute(f"SELECT * FROM {table}").fetchall()
            assert sorted(kept) == sorted(db.execute(follow(table, "r_hour", COUNTERS)))


@given(st.lists(events, max_size=12))
def test_one_value_is_answered_as_the_cells_that_hold_it_add_up(happened: list[Event]) -> None:
    sums = ", ".join(f"SUM({c})" for c in COUNTERS)
    steps: tuple[Step, ...] = ("day", "hour")
    with closing(sqlite3.connect(":memory:")) as db:
        migrate(db, 0)
        add(db, [*happened, event("", browser="firefox", device="phone", variant="asked")])
        figures = SqliteFigures(db)
        for name in SLICED:
            every = {row.value for row in figures.breakdown(SPAN, name)}
            for value in {*every, "never-heard-of"}:
                one = Slice(**{name: value})
                (cells,) = db.execute(f"SELECT {sums} FROM r_hour WHERE {name} = ?", (value,))
                asked = [n or 0 for n in cells]
                assert raw(figures.funnel(SPAN, one)) == asked
                for step in steps:
                    points = figures.block_rate(SPAN, step, one)
                    assert raw(*(point.totals for point in points)) == asked


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "waiting"])
def test_hours_of_one_browser_tell_it_from_the_others(folded: bool) -> None:
    store = SqliteStore(None)
    store.migrate()
    for hour, browser in ((0, "firefox"), (0, "chrome"), (1, "chrome"), (5, "firefox")):
        at = DAY * 86_400 + hour * 3600
        store.append([event("", at=at, browser=browser)])
    while folded and store.fold():
        pass
    with store.figures() as figures:
        points = figures.block_rate(SPAN, "hour", Slice(browser="firefox"))
        both = figures.block_rate(SPAN, "hour")
    assert [(p.at - DAY * 86_400, p.totals.views) for p in points] == [(0, 1), (5 * 3600, 1)]
    assert [p.totals.views for p in both] == [2, 1, 1]
