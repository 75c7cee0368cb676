from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.ledger.events import Event
from adguard.ledger.fold import (
    CAPS,
    COUNTERS,
    DIMENSIONS,
    OTHER,
    VERDICTS,
    WHOLE,
    Deltas,
    Tally,
    admit,
    fold,
    merge,
)
from tests.ledger.making import DAY, NOW, event, events


def sums(deltas: Deltas) -> list[int]:
    rows = [row for key, row in deltas.days.items() if key[1] == "verdict"]
    return [sum(column) for column in zip(*rows, strict=True)] or [0] * len(COUNTERS)


def counters(*happened: Event) -> dict[str, int]:
    return {n: v for n, v in zip(COUNTERS, sums(fold(happened)), strict=True) if v}


@given(st.lists(events), st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_and_partition_change_no_sum(
    happened: list[Event], chance: object, parts: int
) -> None:
    shuffled = sorted(happened, key=lambda _: chance.random())  # type: ignore[attr-defined]
    pieces = [shuffled[i::parts] for i in range(parts)]
    assert merge(fold(piece) for piece in pieces) == fold(happened)


@given(st.lists(st.lists(events, max_size=5)))
def test_a_tally_of_batches_is_what_all_their_events_add_up_to(batches: list[list[Event]]) -> None:
    tally = Tally()
    for batch in batches:
        tally.add(batch)
    everything = [event for batch in batches for event in batch]
    assert tally.deltas() == fold(everything) == merge([fold([one]) for one in everything])
    assert tally.events == len(everything)


@given(st.lists(events))
def test_every_verdict_that_a_row_can_have_is_known(happened: list[Event]) -> None:
    assert {verdict for _, _, verdict, *_ in fold(happened).hours} <= set(VERDICTS)


@given(st.lists(events))
def test_every_dimension_adds_up_to_the_same_whole(happened: list[Event]) -> None:
    deltas = fold(happened)
    whole = sums(deltas)
    for dimension in (*DIMENSIONS, "page"):
        rows = [row for key, row in deltas.days.items() if key[1] == dimension]
        assert [sum(column) for column in zip(*rows, strict=True)] == (whole if rows else [])
    hours = [sum(column) for column in zip(*deltas.hours.values(), strict=True)]
    assert hours == (whole if deltas.hours else [])


@given(st.lists(events), st.integers(0, 2))
def test_bounding_the_dimensions_changes_no_sum(happened: list[Event], cap: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adguard.ledger.fold.CAPS", dict.fromkeys(CAPS, cap))
        deltas = fold(happened)
        bounded = admit(deltas, {})
    assert sums(bounded) == sums(deltas)
    values: dict[tuple[str, int, str], set[str]] = {}
    for site, dimension, day, value, _ in bounded.days:
        values.setdefault((site, day, dimension), set()).add(value)
    assert all(len(found - {OTHER}) <= cap for found in values.values())
    allowed = {key: found | {OTHER} for key, found in values.items()}
    for site, hour, _, browser, device, variant, _ in bounded.hours:
        for dimension, value in (("browser", browser), ("device", device), ("variant", variant)):
            assert value in allowed[site, hour // 24, dimension]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "measured", "verdict": ""}, {"measured"}),
        ({"kind": "view", "verdict": "clear"}, {"clear"}),
        ({"kind": "view", "verdict": "extension", "action": "none"}, {"extension", "suppressed"}),
        ({"kind": "view", "verdict": "extension", "action": "notice"}, {"extension", "decided"}),
        ({"kind": "view", "verdict": "network", "action": "interstitial"}, {"network"}),
        ({"kind": "view", "verdict": "protection"}, {"protection", "suppressed"}),
        ({"kind": "view", "verdict": "unknown", "action": "none"}, {"unknown"}),
        ({"kind": "view", "verdict": "nonsense"}, {"unknown"}),
        ({"kind": "remembered", "verdict": ""}, {"measured", "clear", "remembered"}),
        ({"kind": "seen", "verdict": "extension"}, {"seen"}),
        ({"kind": "interstitial", "verdict": "extension"}, {"interstitials"}),
        ({"kind": "recheck", "verdict": "extension"}, {"rechecks"}),
        ({"kind": "recheck", "verdict": "clear"}, {"rechecks", "recovered"}),
        ({"kind": "view", "verdict": "clear", "action": "thanks"}, {"clear", "thanked"}),
        ({"kind": "choice", "verdict": "", "choice": "later"}, {"later"}),
        ({"kind": "choice", "verdict": "", "choice": "never"}, {"never"}),
        ({"kind": "choice", "verdict": "", "choice": "not-blocking"}, {"wrong"}),
        ({"kind": "choice", "verdict": "", "choice": "allow"}, {"guide"}),
        ({"kind": "choice", "verdict": "", "choice": "support"}, {"support"}),
        ({"kind": "view", "verdict": "clear", "choice": "verified"}, {"clear", "verified"}),
        (
            {"kind": "view", "verdict": "extension", "choice": "verify-failed", "action": "none"},
            {"extension", "suppressed", "failed"},
        ),
        ({"kind": "strange", "verdict": ""}, set()),
        ({"kind": "supported", "verdict": ""}, {"supported"}),
        ({"kind": "served", "verdict": ""}, {"served"}),
        ({"kind": "view", "verdict": "clear", "fresh": True}, {"clear", "reader_days"}),
        (
            {"kind": "view", "verdict": "network", "fresh": True, "action": "notice"},
            {"network", "decided", "reader_days", "blocked_days"},
        ),
        (
            {"kind": "view", "verdict": "protection", "fresh": True, "action": "notice"},
            {"protection", "decided", "reader_days"},
        ),
        (
            {"kind": "recheck", "verdict": "extension", "fresh": True, "assigned": True},
            {"rechecks", "reader_days", "blocked_days", "assigned"},
        ),
        ({"kind": "view", "verdict": "clear", "cleared": True}, {"clear", "cleared"}),
    ],
)
def test_each_event_counts_as_what_it_is(fields: dict[str, Any], expected: set[str]) -> None:
    assert counters(event(**fields)) == dict.fromkeys(expected, 1)


def test_readers_are_not_counted_many_times_because_few_views_are_measured() -> None:
    deltas = fold([event(verdict="extension", action="none", sample=0.1, fresh=True)])
    rows = {key[-1]: row for key, row in deltas.hours.items()}
    named = {ppm: {n for n, v in zip(COUNTERS, row, strict=True) if v} for ppm, row in rows.items()}
    assert named == {
        WHOLE // 10: {"extension", "suppressed"},
        WHOLE: {"reader_days", "blocked_days"},
    }


def test_pages_served_count_as_many_as_they_say_and_under_no_page_or_browser() -> None:
    served = Event("", "default", NOW, "served", version="1 a b", count=7)
    deltas = fold([served, served])
    assert counters(served, served) == {"served": 14}
    assert {key[1] for key in deltas.days} == {"verdict", "version"}
    assert [sum(row) for row in deltas.hours.values()] == [14]


def pages(happened: Sequence[Event]) -> set[str]:
    return {key[3] for key in fold(happened).days if key[1] == "page"}


@pytest.mark.parametrize("path", ["/a?token=1", "/a#part", "/a?x#y", "/a#x?y"])
def test_a_query_or_fragment_never_reaches_the_figures(path: str) -> None:
    assert pages([event(path=path)]) == {"/a"}


@pytest.mark.parametrize(
    "path", ["", "a", "https://x/", "/" + "x" * 512, "/\x1b[31mred", "/\ud800"]
)
def test_what_is_no_path_stands_under_other(path: str) -> None:
    assert pages([event(path=path)]) == {OTHER}


def test_a_label_that_could_steer_a_terminal_stands_under_other() -> None:
    values = {key[3] for key in fold([event(browser="\x1b[2J")]).days if key[1] == "browser"}
    assert values == {OTHER}


@pytest.mark.parametrize(
    ("sample", "ppm"),
    [(1.0, WHOLE), (0.25, 250_000), (1e-9, 1), (0.0, WHOLE), (7.0, WHOLE), (float("nan"), WHOLE)],
)
def test_the_sampling_share_is_kept_as_whole_millionths(sample: float, ppm: int) -> None:
    assert {key[4] for key in fold([event(sample=sample)]).days} == {ppm}


def test_of_new_values_those_that_count_most_get_the_last_room() -> None:
    many = [event(path="/often")] * 3 + [event(path=f"/{i:04}") for i in range(CAPS["page"])]
    deltas = admit(fold(many), {})
    kept = {key[3]: row for key, row in deltas.days.items() if key[1] == "page"}
    assert len(kept) == CAPS["page"] + 1
    assert "/often" in kept
    assert "/0999" not in kept
    assert kept[OTHER][COUNTERS.index("clear")] == 1


def test_a_value_that_has_a_row_keeps_it_when_its_day_is_full() -> None:
    admitted = {("default", DAY, "page"): {f"/{i}" for i in range(CAPS["page"])}}
    deltas = admit(fold([event(path="/7"), event(path="/new")]), admitted)
    assert {key[3] for key in deltas.days if key[1] == "page"} == {"/7", OTHER}


def test_an_hour_row_names_no_browser_that_its_day_refused() -> None:
    admitted = {("default", DAY, "browser"): {f"b{i}" for i in range(CAPS["browser"])}}
    deltas = admit(fold([event(browser="b1"), event(browser="new")]), admitted)
    assert {key[3] for key in deltas.hours} == {"b1", OTHER}
