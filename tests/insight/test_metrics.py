from __future__ import annotations

import runpy
from math import isclose, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight.metrics import METRICS, document, wilson
from adguard.ledger.fold import COUNTERS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_published_definitions_are_current() -> None:
    assert PAGE.read_text("utf-8") == document(), "python -m adguard.insight > docs/metrics.md"


def test_every_metric_is_made_of_counters_that_exist_and_has_its_own_name() -> None:
    assert len({m.name for m in METRICS}) == len({m.label for m in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert {*metric.numerator, *metric.denominator} <= set(COUNTERS)
        assert metric.definition.endswith(".")
        assert "|" not in metric.definition


def test_every_counter_is_published_or_part_of_something_published() -> None:
    used = {name for m in METRICS for name in (*m.numerator, *m.denominator)}
    assert set(COUNTERS) - used == {"thanked", "rechecks"}


@given(st.floats(0.01, 0.99), st.integers(5, 10**6))
def test_wilsons_bounds_are_where_the_share_lies_1_96_standard_errors_away(
    share: float, n: int
) -> None:
    for bound in wilson(share, n):
        assert isclose(abs(share - bound), 1.96 * sqrt(bound * (1 - bound) / n), rel_tol=1e-6)


def test_nothing_in_ten_still_allows_for_a_quarter() -> None:
    low, high = wilson(0.0, 10)
    assert low == 0
    assert isclose(high, 0.2775, abs_tol=5e-5)


@given(st.floats(0, 1), st.integers(1, 10**9))
def test_an_interval_holds_its_share_and_stays_within_0_and_1(share: float, n: int) -> None:
    low, high = wilson(share, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (1.1, 5), (-0.1, 5)])
def test_what_is_no_share_has_no_interval(share: float, n: int) -> None:
    with pytest.raises(ValueError, match="has no interval"):
        wilson(share, n)


def test_the_page_is_written_by_the_command_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("adguard.insight", run_name="__main__")
    assert capsys.readouterr().out == document()
