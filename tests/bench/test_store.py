from __future__ import annotations

import time
from itertools import chain
from pathlib import Path

import pytest

from adguard.ledger import open_store
from adguard.ledger.events import DAY
from bench.questions import ADDRESSES, OPENING, questions
from bench.recording import BACKLOG, Rate, expected, recording, site_span, views
from bench.store import Subject, measure, read_sizes, targets
from bench.traffic import CHUNK, Traffic
from tests.ledger.making import address

TODAY = int(time.time()) // DAY


def test_traffic_is_as_much_as_was_asked_for_in_the_order_of_time() -> None:
    batches = list(Traffic(20_000, 90).events(CHUNK + 10))
    assert [len(batch) for batch in batches] == [CHUNK, 10]
    moments = [event.at for batch in batches for event in batch]
    assert moments == sorted(moments)
    assert moments[0] // DAY == 20_000
    assert moments[-1] // DAY == 20_089


def test_the_same_seed_makes_the_same_traffic_and_another_another() -> None:
    once, again = (list(Traffic(20_000, 9, seed=4).events(500, ids=True)) for _ in range(2))
    assert once == again
    assert once != list(Traffic(20_000, 9, seed=5).events(500, ids=True))


def test_ids_are_never_given_twice() -> None:
    traffic = Traffic(20_000, 1)
    made = chain(*traffic.events(2_000, ids=True), *traffic.events(2_000, ids=True))
    assert len({event.id for event in made}) == 4_000


def test_a_store_is_filled_in_steps_and_asked_everything_at_each(tmp_path: Path) -> None:
    store = open_store(address(tmp_path / "figures.db"))
    store.migrate()
    subject = Subject("SQLite", store, lambda: 7)
    measure([subject], [1_000, 3_000], TODAY)
    first = TODAY - 89
    made = [
        *chain(*Traffic(first, 90, seed=1_000).events(1_000)),
        *chain(*Traffic(first, 90, seed=3_000).events(2_000)),
    ]
    assert views(store, site_span(first, 90)) == expected(made)
    assert set(subject.taken) == {1_000, 3_000}
    for taken in subject.taken.values():
        assert set(taken) == {OPENING, *questions(TODAY)}
    assert set(subject.pages) == set(ADDRESSES)
    assert all(0 < page.slowest[0] < page.total for page in subject.pages.values())
    store.close()


def test_recording_is_measured_on_the_real_thing_and_counts_what_it_wrote(tmp_path: Path) -> None:
    made = list(chain(*Traffic(TODAY, 1).events(1_000, ids=True)))
    shuffled = list(chain(*Traffic(TODAY, 1, seed=2).events(1_000, ids=True)))
    rates = list(recording(tmp_path, made, shuffled, site_span(TODAY)))
    assert len({rate.name for rate in rates}) == len(rates)
    assert all(rate.per_second > 0 for rate in rates)


@pytest.mark.parametrize(
    ("journal", "ship", "taken", "met"),
    [
        (100_000, 200_000, {1: 0.015, 10: 0.0195}, True),
        (99_999, 200_000, {1: 0.015, 10: 0.0195}, False),
        (100_000, 199_999, {1: 0.015, 10: 0.0195}, False),
        (100_000, 200_000, {1: 0.019, 10: 0.0201}, False),
        (100_000, 200_000, {1: 0.010, 10: 0.0131}, False),
    ],
)
def test_a_missed_target_is_said(
    journal: int,
    ship: int,
    taken: dict[int, float],
    met: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rates = {
        name: Rate(name, count, 1.0, 1.0)
        for name, count in (
            ("journal, durable (FULL), groups of 500", journal),
            (BACKLOG, ship),
        )
    }
    store = open_store(address(tmp_path / "figures.db"))
    subject = Subject("SQLite", store, lambda: 0)
    subject.taken = {size: {"funnel": seconds} for size, seconds in taken.items()}
    assert targets(rates, subject) is met
    assert ("NOT MET" in capsys.readouterr().out) is not met


def test_growth_within_a_millisecond_is_none(tmp_path: Path) -> None:
    subject = Subject("SQLite", open_store(address(tmp_path / "figures.db")), lambda: 0)
    subject.taken = {1: {"sites": 0.0001}, 10: {"sites": 0.0009}}
    assert subject.growth("sites") == 1.0


def test_numbers_of_events_are_read_as_people_write_them() -> None:
    assert read_sizes(["10M", "1M"]) == [1_000_000, 10_000_000]
    assert read_sizes(["500k"]) == [50_000, 500_000]
    assert read_sizes([]) == [1_000_000, 10_000_000]
    for nonsense in ("many", "0", "-1", "1G"):
        with pytest.raises(SystemExit, match="no number of events"):
            read_sizes([nonsense])
