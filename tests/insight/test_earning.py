from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight import to_json, withhold
from adguard.insight.earning import Earning, read_rates
from adguard.insight.webpage import to_html
from tests.insight.making import report_of, views

EVENTS = [
    *views(1500, "extension", section="news"),
    *views(500, "network", section="sport"),
    *views(400, "protection", section="sport"),
    *views(600, section="news"),
]


def earning(rpm: Any, **options: Any) -> Earning | None:
    return report_of(*EVENTS, rpm=rpm, **options).unearned


def test_blocked_views_are_worth_what_a_thousand_of_their_section_earn() -> None:
    assert earning({"news": 4.0, "*": 2.0}) == Earning(7.0, 2000, "EUR")
    assert earning({"news": 4.0}) == Earning(6.0, 2000, "EUR")
    assert earning(10.0, currency="CHF") == Earning(20.0, 2000, "CHF")
    assert earning(None) is None


def test_it_is_the_first_tile_and_called_an_estimate() -> None:
    page = to_html(report_of(*EVENTS, rpm=10.0))
    tiles = page.split('<ul class="tiles">')[1].split("</ul>")[0]
    assert tiles.index("20.00 EUR") < tiles.index("estimate") < tiles.index("Block rate")
    assert tiles.count("<li>") == 4


def test_few_blocked_views_are_not_told_by_what_they_would_earn() -> None:
    report = report_of(*views(9, "extension"), *views(90), rpm=1000.0)
    assert json.loads(to_json(report))["unearned"]["amount"] == 9
    assert withhold(report).unearned is None


@pytest.mark.parametrize(("amount", "written"), [(1234.5, "1,234 EUR"), (7, "7.00 EUR")])
def test_small_amounts_have_cents(amount: float, written: str) -> None:
    assert str(Earning(amount, 1, "EUR")) == written


@pytest.mark.parametrize(("text", "rates"), [("2.4", 2.4), ("0", 0.0), ('{"a": 1}', {"a": 1})])
def test_rates_are_a_number_or_one_for_each_section(text: str, rates: object) -> None:
    assert read_rates(text) == rates


@pytest.mark.parametrize(
    "text",
    [
        *("", "2,40", "-1", "true", "NaN", "Infinity", '"2"', "[1]", '{"a": "1"}', '{"a": -1}'),
        *(f"1{400 * '0'}", f'{{"a": 1{400 * "0"}}}'),
    ],
)
def test_what_is_no_rate_says_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="is not what a thousand views earn; write a number"):
        read_rates(text)


@given(st.text(max_size=20))
def test_any_text_is_a_rate_or_a_clear_error(text: str) -> None:
    try:
        read_rates(text)
    except ValueError as error:
        said = str(error)
        if "thousand views" not in said:
            raise
