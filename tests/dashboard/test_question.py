"""What an address asks for."""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.dashboard.question import FILTERS, QuestionError, read_question
from tests.dashboard.conftest import NOW, TODAY


def test_nothing_asked_means_twenty_eight_days_up_to_today() -> None:
    asked = read_question("", NOW)
    assert (asked.span.first, asked.span.last, asked.length) == (TODAY - 27, TODAY, 28)
    assert asked.running
    assert asked.query() == ""


def test_dates_are_whole_days_and_end_today_at_the_latest() -> None:
    asked = read_question("from=2026-11-01&to=2026-11-02", NOW)
    assert (f"{asked.first}", f"{asked.last}", asked.step) == ("2026-11-01", "2026-11-02", "hour")
    assert read_question("from=2026-11-01&to=2099-01-01", NOW).span.last == TODAY


def test_pages_are_shown_by_the_day_even_over_few_days() -> None:
    assert read_question("days=1&page=/a", NOW).step == "day"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("days=0", "from 1 to 760"),
        ("days=761", "from 1 to 760"),
        ("days=٣", "from 1 to 760"),
        ("from=yesterday", "write a date"),
        ("from=2026-W48-2", "write a date"),
        ("to=2026-13-01", "write a date"),
        ("from=0001-01-01", "nothing was recorded"),
        ("from=2026-11-02&to=2026-11-01", "after the last"),
        ("from=2020-01-01", "760 days"),
        ("page=/a&browser=Firefox", "by themselves"),
        ("browser=%00", "no value"),
        (f"browser={'x' * 601}", "no value"),
        ("x" * 3000, "too long"),
        ("&".join(f"a{i}=1" for i in range(17)), "cannot be read"),
        ("browser=%ff", "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(query: str, said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        read_question(query, NOW)


@given(st.text(max_size=80))
def test_any_address_is_a_question_or_a_sentence(query: str) -> None:
    with contextlib.suppress(QuestionError):
        assert read_question(query, NOW).length >= 1


values = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20)


@given(st.dictionaries(st.sampled_from(FILTERS[:-1]), values), st.integers(1, 760))
def test_an_address_that_was_written_asks_the_same_again(
    filters: dict[str, str], days: int
) -> None:
    changes = {name: value or "-" for name, value in filters.items() if value != "-"}
    written = read_question("", NOW).query(**changes, days=days)
    asked = read_question(written.removeprefix("?"), NOW)
    assert asked.filters == {n: "" if v == "-" else v for n, v in changes.items()}
    assert asked.length == days
    assert read_question(asked.query().removeprefix("?"), NOW) == asked


def test_a_page_and_the_other_filters_push_each_other_out() -> None:
    asked = read_question("browser=Firefox&verdict=network", NOW)
    assert asked.query(page="/a") == "?page=%2Fa"
    assert read_question("page=/a", NOW).query(browser="Firefox") == "?browser=Firefox"
    assert asked.query(verdict=None) == "?browser=Firefox"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("/city/ferry", "/city/ferry"),
        ("https://www.example.org/city/ferry?utm=mail#top", "/city/ferry"),
        ("https://www.example.org", "/"),
        (" /city/ferry ", "/city/ferry"),
        ("/a?b", "/a"),
        ("-", ""),
        ("(other)", "(other)"),
    ],
)
def test_a_page_may_be_pasted_as_its_whole_address(written: str, asked: str) -> None:
    found = read_question(urlencode({"page": written}), NOW)
    assert found.slice.page == asked
    assert read_question(found.query().removeprefix("?"), NOW) == found


def test_a_view_without_a_name_can_be_asked_for() -> None:
    assert read_question("variant=-", NOW).slice.variant == ""
    assert read_question("variant=", NOW).slice.variant is None
