from __future__ import annotations

from unittest.mock import patch

from adguard.insight.marks import find_marks
from adguard.ledger import Event, Span
from adguard.ledger.reading import SqliteFigures
from tests.insight.making import WEEK, report_of, store_of, views

FIRST = "0.1.0 aaaa 1111"


def days_with(*versions: str | tuple[str, ...]) -> list[Event]:
    """A view for each version that was in force, from the first day of the week on."""
    return [
        event
        for day, named in zip(WEEK, versions, strict=False)
        for version in ([named] if isinstance(named, str) else named)
        for event in views(1, day=day, version=version)
    ]


def marks_of(*versions: str | tuple[str, ...]) -> list[tuple[int, str]]:
    found = report_of(*days_with(*versions)).marks
    first = report_of().first
    return [((mark.day - first).days, mark.text) for mark in found]


def test_the_first_day_that_is_known_is_no_change() -> None:
    assert marks_of(FIRST, FIRST) == []


def test_a_day_with_a_new_package_new_baits_or_new_settings_is_marked_with_what_is_new() -> None:
    assert marks_of(
        FIRST, "0.2.0 aaaa 1111", "0.2.0 bbbb 1111", "0.2.0 bbbb 2222", "0.3.0 cccc 3333"
    ) == [
        (1, "version 0.2.0"),
        (2, "other baits"),
        (3, "other settings"),
        (4, "version 0.3.0 · other baits · other settings"),
    ]


def test_a_change_during_a_day_is_marked_on_that_day_and_not_again_on_the_next() -> None:
    both = (FIRST, "0.2.0 aaaa 1111")
    assert marks_of(FIRST, both, "0.2.0 aaaa 1111") == [(1, "version 0.2.0")]


def test_going_back_is_a_change_too() -> None:
    assert marks_of(FIRST, "0.1.0 aaaa 2222", FIRST) == [
        (1, "other settings"),
        (2, "other settings"),
    ]


def test_two_sites_with_settings_of_their_own_are_no_change() -> None:
    both = (FIRST, "0.1.0 aaaa 2222")
    assert marks_of(both, both, both) == []


def test_old_parts_in_a_new_combination_are_a_change() -> None:
    both = (FIRST, "0.2.0 bbbb 2222")
    assert marks_of(both, "0.1.0 bbbb 1111") == [(1, "other settings")]


def test_days_of_before_versions_were_recorded_are_no_change() -> None:
    assert marks_of("", "", FIRST, FIRST) == []


def test_a_day_that_does_not_say_hides_no_change() -> None:
    assert marks_of(FIRST, "", "0.2.0 aaaa 1111") == [(2, "version 0.2.0")]


def test_a_change_before_the_report_begins_is_not_in_it() -> None:
    events = views(1, day=WEEK[0] - 3, version=FIRST)
    events += views(1, day=WEEK[0] - 2, version="0.2.0 a b") + views(1, version="0.2.0 a b")
    assert report_of(*events).marks == ()


def test_a_version_of_another_shape_is_still_a_change() -> None:
    assert marks_of("1.0", "2.0") == [(1, "version 2.0")]


def test_what_was_in_force_before_the_report_begins_is_known_to_it() -> None:
    events = views(1, day=WEEK[0] - 3, version=FIRST) + views(1, day=WEEK[0], version="0.2.0 a b")
    (mark,) = report_of(*events).marks
    assert mark.day == report_of().first
    assert mark.changed == ("version", "baits", "settings")


def test_a_year_with_one_change_is_found_with_a_handful_of_questions() -> None:
    day = WEEK[0]
    events = [
        event
        for back in range(365)
        for event in views(1, day=day - back, version=FIRST if back > 100 else "0.2.0 aaaa 1111")
    ]
    days = [day - back for back in range(364, -1, -1)]
    asked: list[str] = []
    real = SqliteFigures.breakdown

    def counted(self: SqliteFigures, span: Span, dimension: str) -> object:
        asked.append(dimension)
        return real(self, span, dimension)

    with (
        store_of(*events) as store,
        store.figures() as figures,
        patch.object(SqliteFigures, "breakdown", counted),
    ):
        (mark,) = find_marks(figures, Span(days[0], days[-1]), days)
    assert mark.text == "version 0.2.0"
    assert len(asked) < 25
