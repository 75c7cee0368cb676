"""Weeks of pages are another way to the same answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.ledger.events import Batch
from adguard.ledger.ranking import DEEPEST
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Row, Span
from adguard.ledger.weeks import WEEK
from tests.ledger.making import event

MONDAY = 20_000 * WEEK
"""The first day of a week, as we count them."""
TODAY = MONDAY + 5 * WEEK + 3
NOW = TODAY * 86_400 + 60.0

views = st.lists(
    st.tuples(
        st.sampled_from(["news", "blog"]),
        st.integers(MONDAY, TODAY),
        st.sampled_from(["/a", "/b", "/c", "/d", "/e", "/f"]),
        st.sampled_from([1.0, 0.5]),
        st.integers(1, 5),
    ),
    max_size=40,
)
days = st.integers(MONDAY - 3, TODAY + 3)
spans = st.builds(
    lambda a, b, site: Span(min(a, b), max(a, b), site),
    days,
    days,
    st.sampled_from([None, "news", "nobody"]),
)


def made(seen: list[tuple[str, int, str, float, int]]) -> list[Batch]:
    return [
        Batch("node", seq, [event("", site=site, at=day * 86_400, path=path, sample=sample)] * n)
        for seq, (site, day, path, sample, n) in enumerate(seen, 1)
    ]


def asked(store: SqliteStore, span: Span, limit: int) -> list[list[Row]]:
    with store.figures() as figures:
        return [figures.top_pages(span, limit), figures.pages(span, ["/b", "/e", "/not-there"])]


def pages(store: SqliteStore, span: Span) -> dict[str, float]:
    with store.figures() as figures:
        return {row.value: row.totals.views for row in figures.top_pages(span)}


def close_all(store: SqliteStore, now: float = NOW) -> None:
    while store.close_days(now):
        pass


def closed(path: Path) -> int:
    with raw(path) as db:
        (weeks,) = db.execute("SELECT COUNT(*) FROM weeks WHERE days = 7").fetchone()
    return int(weeks)


def raw(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


@given(
    views,
    st.integers(0, 40),
    st.integers(0, 12),
    st.integers(1, 4) | st.just(1000),
    st.integers(0, 40),
    spans,
    st.integers(1, 8) | st.just(DEEPEST + 1),
)
def test_weeks_change_no_answer(
    seen: list[tuple[str, int, str, float, int]],
    before: int,
    rounds: int,
    enough: int,
    waiting: int,
    span: Span,
    limit: int,
) -> None:
    with_weeks, without = SqliteStore(None), SqliteStore(None)
    batches = made(seen)
    late, live = batches[before:], batches[len(batches) - min(waiting, len(batches)) :]
    for store in (with_weeks, without):
        for batch in batches[:before]:
            store.apply(batch)
        if store is with_weeks:
            with patch("adguard.ledger.weeks.ENOUGH", enough):
                for _ in range(rounds):
                    store.close_days(NOW)
        for batch in late:
            store.apply(batch)
        for batch in live:
            store.append(batch.events)
    assert asked(with_weeks, span, limit) == asked(without, span, limit)
    for store in (with_weeks, without):
        while store.fold():
            pass
    assert asked(with_weeks, span, limit) == asked(without, span, limit)
    for store in (with_weeks, without):
        while store.expire(NOW, keep_days=20):
            pass
    assert asked(with_weeks, span, limit) == asked(without, span, limit)
    close_all(with_weeks)
    assert asked(with_weeks, span, limit) == asked(without, span, limit)
    with_weeks.close()
    without.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figures.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """Two sites with a view of `/a` on each of the last 38 days."""
    store = SqliteStore(path)
    for batch in made(
        [(site, day, "/a", 1.0, 1) for site in ("news", "blog") for day in range(MONDAY, TODAY)]
    ):
        store.apply(batch)
    yield store
    store.close()


def test_only_weeks_that_are_over_are_closed_each_once_for_each_site(
    store: SqliteStore, path: Path
) -> None:
    kept = (760 + 3) // WEEK - 1
    close_all(store)
    assert closed(path) == 2 * kept
    with raw(path) as db:
        newest = "SELECT site, MAX(week) FROM weeks GROUP BY site"
        over = TODAY // WEEK - 1
        assert db.execute(newest).fetchall() == [("blog", over), ("news", over)]
    close_all(store)
    assert closed(path) == 2 * kept
    close_all(store, NOW + 4 * 86_400)
    assert closed(path) == 2 * (kept + 1)


def test_whole_weeks_are_read_from_their_own_rows_and_the_rest_by_the_day(
    store: SqliteStore, path: Path
) -> None:
    close_all(store)
    with raw(path) as db:
        db.execute("UPDATE r_week SET clear = clear * 100 WHERE site = 'news'")
    assert pages(store, Span(MONDAY, TODAY, "news")) == {"/a": 5 * 700 + 3}
    assert pages(store, Span(MONDAY + 1, TODAY, "news")) == {"/a": 6 + 4 * 700 + 3}
    assert pages(store, Span(MONDAY, TODAY - 5, "news")) == {"/a": 4 * 700 + 6}
    assert pages(store, Span(MONDAY, MONDAY + 6, "news")) == {"/a": 700}
    assert pages(store, Span(MONDAY, MONDAY + 5, "news")) == {"/a": 6}
    assert pages(store, Span(MONDAY, TODAY)) == {"/a": 5 * 700 + 3 + 38}


def test_reports_wait_for_a_few_days_of_a_week_and_not_for_all_of_it(
    store: SqliteStore, path: Path
) -> None:
    with patch("adguard.ledger.weeks.ENOUGH", 3), raw(path) as db:
        assert store.close_days(NOW)
        assert db.execute("SELECT site, days FROM weeks").fetchall() == [("blog", 3)]
        for late in made(
            [("blog", TODAY - 4, "/late", 1.0, 1), ("blog", TODAY - 10, "/a", 1.0, 5)]
        ):
            store.append(late.events)
        store.fold()
        assert pages(store, Span(MONDAY, TODAY, "blog")) == {"/a": 38 + 5, "/late": 1}
        while closed(path) < 2 * 108:
            assert store.close_days(NOW)
        db.execute("DELETE FROM r_page WHERE day < ?", (TODAY - 3,))
    assert pages(store, Span(MONDAY, TODAY, "blog")) == {"/a": 38 + 5, "/late": 1}


def test_a_week_that_one_of_the_sites_has_not_closed_is_read_by_the_day(
    store: SqliteStore, path: Path
) -> None:
    close_all(store)
    with raw(path) as db:
        db.execute("UPDATE r_week SET clear = 1000")
        db.execute("DELETE FROM weeks WHERE site = 'blog'")
    assert pages(store, Span(MONDAY, TODAY)) == {"/a": 2 * 38}
    assert pages(store, Span(MONDAY, TODAY, "news")) == {"/a": 5 * 1000 + 3}


def test_a_week_whose_first_day_has_expired_is_read_by_the_day_until_all_is_gone(
    store: SqliteStore, path: Path
) -> None:
    close_all(store)
    while store.expire(NOW, keep_days=TODAY - MONDAY - 2):
        pass
    assert pages(store, Span(MONDAY, TODAY, "news")) == {"/a": 36}
    with raw(path) as db:
        gone = "SELECT COUNT(*) FROM r_week WHERE week = ?"
        assert db.execute(gone, (MONDAY // WEEK,)).fetchone() == (0,)
        assert db.execute(gone, (MONDAY // WEEK + 1,)).fetchone() == (2,)


def test_rows_that_an_interrupted_expiry_left_are_not_added_to(
    store: SqliteStore, path: Path
) -> None:
    close_all(store)
    with raw(path) as db:
        db.execute("DELETE FROM weeks WHERE week = ?", (MONDAY // WEEK,))
    before = closed(path)
    close_all(store)
    assert closed(path) == before + 2
    assert pages(store, Span(MONDAY, TODAY, "news")) == {"/a": 38}
