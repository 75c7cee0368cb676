"""What every store promises, on every store: a SQLite file, a cluster of ClickHouse 18.16, and the
ClickHouse of today."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from adguard.ledger.errors import StoreError
from adguard.ledger.events import DAY, Batch, Event
from adguard.ledger.fold import CAPS, DIMENSIONS, OTHER, fold
from adguard.ledger.store import SLICED, Figures, Parcel, Slice, Span, Step, Store
from tests.stores.engines import Engine
from tests.stores.plain import Plain, seeded


def view(day: int, **fields: Any) -> Event:
    known = {"id": "", "site": "news", "at": day * DAY + 3600, "kind": "view", "path": "/"}
    return Event(**{**known, "verdict": "clear", **fields})


def ask(store: Store, question: Callable[[Figures], Any]) -> Any:
    with store.figures() as figures:
        return question(figures)


def clear(store: Store, day: int, days: int = 28) -> int:
    """The clear views of a test's own days."""
    return int(ask(store, lambda it: it.funnel(Span(day, day + days - 1))).raw["clear"])


def add_all(store: Store, node: str, events: list[Event], size: int = 100) -> None:
    for number in range(0, len(events), size):
        store.apply(Batch(node, 1 + number // size, events[number : number + size]))


SLICES = [
    Slice(),
    Slice(verdict="extension"),
    Slice(browser="o'browser", device="phone"),
    Slice(variant="a", verdict="clear"),
    Slice(browser="nobody's"),
]


def test_the_same_events_give_the_same_answers_in_every_store(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    events = seeded(7, day, 1500)
    add_all(store, node, events, 300)
    engine.settle()
    plain = Plain(events)
    spans = [Span(day, day + 2), Span(day + 1, day + 1), Span(day, day + 2, "news")]
    with store.figures() as figures:
        for span in spans:
            for part in SLICES:
                assert figures.funnel(span, part) == plain.funnel(span, part)
                for step in ("hour", "day"):
                    asked: Step = "hour" if step == "hour" else "day"
                    assert figures.block_rate(span, asked, part) == plain.block_rate(
                        span, asked, part
                    )
                for dimension in SLICED if part.labels else DIMENSIONS:
                    assert figures.breakdown(span, dimension, part) == plain.breakdown(
                        span, dimension, part
                    )
            for page in ("/a'b", "/back\\slash", "/schön", "/nowhere"):
                assert figures.funnel(span, Slice(page=page)) == plain.funnel(
                    span, Slice(page=page)
                )
                assert figures.block_rate(span, "day", Slice(page=page)) == plain.block_rate(
                    span, "day", Slice(page=page)
                )
            for limit in (1, 3, 20):
                assert figures.top_pages(span, limit) == plain.top_pages(span, limit)
            for paths in (["/schön", "/a'b", "/nowhere"], []):
                assert figures.pages(span, paths) == plain.pages(span, paths)
        assert set(plain.sites()) <= set(figures.sites())


def test_a_day_without_events_has_empty_answers(store: Store, day: int) -> None:
    with store.figures() as figures:
        span = Span(day, day)
        assert not any(figures.funnel(span).raw.values())
        assert figures.block_rate(span) == []
        assert figures.breakdown(span, "browser") == []
        assert figures.top_pages(span) == []


def test_sites_are_told_sorted_and_once(engine: Engine, store: Store, node: str, day: int) -> None:
    add_all(store, node, [view(day, site=site) for site in ("zeitung", "it's", "zeitung")], 1)
    engine.settle()
    sites = ask(store, lambda it: it.sites())
    assert {"zeitung", "it's"} <= set(sites)
    assert sites == sorted(set(sites))


def test_a_batch_that_is_applied_twice_counts_once(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    batch = Batch(node, 1, [view(day)] * 5)
    assert store.apply(batch) is True
    assert store.apply(batch) is False
    engine.settle()
    assert engine.open().apply(batch) is False
    engine.settle()
    assert clear(store, day) == 5


def test_order_does_not_matter(engine: Engine, store: Store, node: str, day: int) -> None:
    events = seeded(11, day, 400)
    batches = [Batch(node, n + 1, events[n * 40 : n * 40 + 40]) for n in range(10)]
    random.Random(3).shuffle(batches)
    applied = [store.apply(batch) for batch in batches]
    assert applied == [True] * 10
    engine.settle()
    span = Span(day, day + 2)
    assert ask(store, lambda it: it.funnel(span)) == Plain(events).funnel(span)
    assert ask(store, lambda it: it.block_rate(span, "hour")) == Plain(events).block_rate(
        span, "hour"
    )


def test_a_parcel_that_is_shipped_again_counts_once(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    parcel = Parcel(node, 1, 0, fold([view(day)] * 7))
    assert store.ship(parcel) is True
    assert store.ship(parcel) is False
    engine.settle()
    assert engine.open().ship(parcel) is False
    assert clear(store, day) == 7


def test_different_parcels_of_equal_rows_count_both(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    for seq, name in ((1, node), (2, node), (1, f"{node}b")):
        assert store.ship(Parcel(name, seq, 0, fold([view(day)])))
    engine.settle()
    assert clear(store, day) == 3


def test_a_parcel_over_many_months_counts_once(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    # All before the weeks that tests are given: those are read without naming a site.
    days = [2, *range(54_000, 55_400, 27)]
    events = [view(at, site=node, verdict="network") for at in days]
    events.append(view(day, site=node))
    parcel = Parcel(node, 1, store.shards - 1, fold(events))
    with engine.killed(store, 2), pytest.raises(StoreError):
        store.ship(parcel)
    store.ship(parcel)
    assert store.ship(parcel) is False
    engine.settle()
    with store.figures() as figures:
        points = figures.block_rate(Span(0, day, node))
    assert [(point.at // DAY, point.totals.views) for point in points] == [
        (at, 1.0) for at in (*days, day)
    ]


def test_whoever_is_killed_between_two_steps_ships_again_and_counts_once(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    # Two partitions, so two inserts a table.
    deltas = fold([view(day)] * 3 + [view(day + 27), view(day + 28, verdict="network")])
    shipped = 0
    for step in range(20):
        parcel = Parcel(node, step + 1, step % store.shards, deltas)
        interrupted = True
        with engine.killed(store, step):
            try:
                store.ship(parcel)
                interrupted = False
            except StoreError:
                pass
        again = engine.open()
        again.ship(parcel)
        assert again.ship(parcel) is False
        again.close()
        shipped += 1
        if not interrupted:
            break
    else:
        pytest.fail("20 steps were not enough to ship a parcel")
    assert shipped > 3
    engine.settle()
    assert clear(store, day) == 4 * shipped
    rows = ask(store, lambda it: it.breakdown(Span(day, day + 28), "verdict"))
    assert [(row.value, row.totals.views) for row in rows] == [
        ("clear", 4 * shipped),
        ("network", shipped),
    ]
    for question in (
        lambda it: it.top_pages(Span(day, day + 28)),
        lambda it: it.breakdown(Span(day, day + 28), "verdict", Slice(browser="")),
    ):
        assert sum(row.totals.views for row in ask(store, question)) == 5 * shipped


def test_a_parcel_that_several_ship_at_once_counts_once(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    parcels = [Parcel(node, seq, seq % store.shards, fold([view(day)])) for seq in range(1, 9)]
    stores = [engine.open() for _ in range(3)]
    trouble: list[BaseException] = []

    def ship_all(one: Store) -> None:
        try:
            for parcel in parcels:
                one.ship(parcel)
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=ship_all, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    engine.settle()
    assert clear(store, day) == 8


def test_observations_weigh_what_they_stand_for(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    store.apply(Batch(node, 1, [view(day, sample=0.25)] * 3 + [view(day)] * 2))
    engine.settle()
    for part in (Slice(), Slice(page="/"), Slice(verdict="clear")):
        with store.figures() as figures:
            totals = figures.funnel(Span(day, day), part)
        assert totals.raw["clear"] == 5
        assert totals.weighted["clear"] == 14.0


def test_a_day_names_so_many_pages_and_the_rest_is_one_row(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    store.apply(Batch(node, 1, [view(day, path="/early")]))
    engine.settle()
    events = [view(day, path=f"/{number}") for number in range(CAPS["page"] + 200)]
    store.apply(Batch(node, 2, events))
    engine.settle()
    store.apply(Batch(node, 3, [view(day, path="/early"), view(day, path="/late")]))
    engine.settle()
    pages = ask(store, lambda it: it.top_pages(Span(day, day), 5000))
    views = {row.value: row.totals.views for row in pages}
    assert len(views) == CAPS["page"] + 1
    assert views["/early"] == 2
    assert views[OTHER] == 202
    assert "/late" not in views
    assert sum(views.values()) == len(events) + 3


def test_what_is_too_old_goes_and_the_rest_stays(engine: Engine, store: Store, node: str) -> None:
    old, young = 40_000 - 900, 40_000 - 700
    store.apply(Batch(node, 1, [view(old), view(young)]))
    engine.settle()
    removed = store.expire(40_000 * DAY, keep_days=760)
    assert removed > 0
    while store.expire(40_000 * DAY, keep_days=760):
        pass
    engine.settle()
    assert clear(store, old, 1) == 0
    assert clear(store, young, 1) == 1
    for part in (Slice(page="/"), Slice(verdict="clear")):
        with store.figures() as figures:
            found = figures.block_rate(Span(old, young), "day", part)
        assert [point.at // DAY for point in found] == [young]


def test_what_is_not_kept_together_is_refused(store: Store, day: int) -> None:
    span = Span(day, day)
    with store.figures() as figures:
        with pytest.raises(ValueError, match="by the hour"):
            figures.block_rate(span, "hour", Slice(page="/"))
        with pytest.raises(ValueError, match="is not one of"):
            figures.breakdown(span, "page")
        with pytest.raises(ValueError, match="not kept together"):
            figures.breakdown(span, "country", Slice(browser="firefox"))


def test_tables_are_made_by_many_at_once_and_again(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    store.apply(Batch(node, 1, [view(day)]))
    trouble: list[BaseException] = []

    def migrate() -> None:
        try:
            engine.open().migrate()
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    engine.settle()
    assert clear(store, day) == 1


def test_a_closed_store_opens_again_when_it_is_used(
    engine: Engine, store: Store, node: str, day: int
) -> None:
    store.close()
    assert store.apply(Batch(node, 1, [view(day)])) is True
    engine.settle()
    store.close()
    assert clear(store, day) == 1


def test_health_is_a_few_plain_facts(store: Store) -> None:
    facts = store.health()
    assert facts
    assert all(isinstance(value, int | str) for value in facts.values())
