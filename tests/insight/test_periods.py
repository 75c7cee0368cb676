from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight.periods import before, date_of, last_week, parse_since, parse_until
from adguard.ledger import Span

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()  # a Tuesday


def day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("text", [None, "today", "2026-11-24", "2099-01-01"])
def test_what_is_not_over_ends_now(text: str | None) -> None:
    assert parse_until(text, NOON) == NOON


@pytest.mark.parametrize("text", ["yesterday", "2026-11-23"])
def test_a_day_that_is_over_ends_with_its_last_second(text: str) -> None:
    assert parse_until(text, NOON) == day("2026-11-24") - 1


@pytest.mark.parametrize("text", ["", "7d", "tomorrow", "2026-11-31", "1969-12-31", "0001-01-01"])
def test_an_end_that_makes_no_sense_says_what_would(text: str) -> None:
    with pytest.raises(ValueError, match="is no end; write a date"):
        parse_until(text, NOON)


def test_days_are_counted_back_from_the_end_and_not_from_today() -> None:
    assert parse_since("7d", parse_until("2026-11-10", NOON)) == day("2026-11-04")


@given(st.text(max_size=12))
def test_any_text_is_a_moment_since_1970_or_an_error(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= parse_since(text, NOON) < 3e11


@given(st.floats(0, 4e9))
def test_last_week_is_seven_whole_days_from_a_monday_and_over(now: float) -> None:
    if now < 11 * 86400:
        return
    since, until = last_week(now)
    assert datetime.fromtimestamp(since, UTC).strftime("%A %H%M%S") == "Monday 000000"
    assert until - since == 7 * 86400 - 1
    assert until < now < until + 7 * 86400 + 2


def test_the_days_before_are_as_many_and_end_where_the_span_begins() -> None:
    assert before(Span(100, 106, "gazette")) == Span(93, 99, "gazette")
    assert f"{date_of(0)}" == "1970-01-01"
