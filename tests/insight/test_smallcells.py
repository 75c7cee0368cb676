from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight import Report, to_csv, to_json, to_jsonl, withhold
from adguard.insight.smallcells import FEW, FEWEST, gather_small
from adguard.insight.webpage import to_html
from tests.insight.making import WEEK, report_of, views
from tests.ledger.making import event


def sizes(report: Report) -> dict[str, int | None]:
    return {g.value: None if g["views"].withheld else g["views"].n for g in withhold(report).groups}


def test_values_with_fewer_than_ten_views_stand_together_and_no_sum_changes() -> None:
    events = [*views(40, path="/a"), *views(30, path="/b"), *views(6, path="/c")]
    events += views(5, path="/d")
    assert sizes(report_of(*events, by="page")) == {"/a": 40, "/b": 30, FEW: 11}


def test_if_they_are_too_few_together_the_next_smallest_joins_them() -> None:
    events = [*views(40, path="/a"), *views(30, path="/b"), *views(3, path="/c")]
    assert sizes(report_of(*events, by="page")) == {"/a": 40, FEW: 33}


def test_ten_views_are_enough() -> None:
    assert sizes(report_of(*views(10, path="/a"), *views(11, path="/b"), by="page")) == {
        "/b": 11,
        "/a": 10,
    }


def test_nine_views_in_all_are_passed_on_to_nobody() -> None:
    found = withhold(report_of(*views(9, "extension"), by="page"))
    assert found["views"].withheld
    assert found["block_rate"].value is None
    assert found["block_rate"].numerator == 0
    assert [group["views"].withheld for group in found.groups] == [True]
    assert not found.empty
    assert '"value": 9' not in to_json(found)
    assert ",9," not in to_csv(found)
    assert '"n": 9' not in to_jsonl(found)


def test_a_share_of_fewer_than_ten_is_left_out_also_in_a_large_group() -> None:
    events = views(500, "extension", path="/a")
    events += [event("", kind="seen", verdict="extension", path="/a") for _ in range(9)]
    (group,) = withhold(report_of(*events, by="page")).groups
    assert group["allow_rate"].withheld
    assert not group["block_rate"].withheld


def test_what_is_left_out_cannot_be_found_by_subtraction() -> None:
    events = [*views(100, "extension", path="/a"), *views(100, "extension", path="/b")]
    events += views(100, "extension", path="/c")
    for path, times in (("/a", 50), ("/b", 12), ("/c", 4)):
        events += [event("", kind="seen", verdict="extension", path=path) for _ in range(times)]
    found = withhold(report_of(*events, by="page"))
    left_out = {g.value for g in found.groups if g["asked"].withheld}
    assert left_out == {"/b", "/c"}
    assert found["asked"].n == 66


def test_days_are_never_put_together_but_their_figures_left_out() -> None:
    events = [*views(50, day=WEEK[0]), *views(3, day=WEEK[1]), *views(20, day=WEEK[2])]
    found = withhold(report_of(*events, by="day"))
    assert [g["views"].n for g in found.groups] == [50, 0, 0]
    assert [g["views"].withheld for g in found.groups] == [False, True, True]
    assert [g["views"].n for g in found.days] == [50, 0, 0]


def test_rare_reasons_stand_together() -> None:
    events = views(30, "extension", action="none", reason="first-view")
    events += views(6, "extension", action="none", reason="cooldown")
    events += views(5, "extension", action="none", reason="supporter")
    found = withhold(report_of(*events))
    assert [(s.reason, s.n) for s in found.suppressed] == [("first-view", 30), (FEW, 11)]


def test_figures_of_the_days_before_are_left_out_likewise() -> None:
    events = views(50, path="/a") + views(50, path="/b") + views(4, path="/a", day=WEEK[0] - 1)
    found = withhold(report_of(*events, by="page"))
    assert found.before is not None
    assert found.earlier("views") is not None
    assert all(figure.withheld or not figure.n for figure in found.before)
    assert all(
        figure.withheld or not figure.n for group in found.groups for figure in group.before or ()
    )


def test_a_page_of_left_out_figures_still_stands() -> None:
    report = report_of(*views(9, "extension"), by="page")
    page = to_html(withhold(report))
    assert "n &lt; 10" in page
    assert "are left out" in page
    assert "Views by verdict" not in page
    assert "Views by verdict" in to_html(report)
    assert "are left out" not in to_html(report)


@given(st.lists(st.integers(0, 60), max_size=12))
def test_whatever_the_sizes_no_joined_one_is_small_unless_all_together_are(
    counts: list[int],
) -> None:
    def join(some: Sequence[int]) -> int:
        return sum(some)

    kept = gather_small(counts, lambda size: size, join)
    assert sum(kept) == sum(counts)
    if sum(counts) >= FEWEST:
        assert not [size for size in kept if 0 < size < FEWEST]


@pytest.mark.parametrize("text", [to_csv, to_jsonl, to_json])
def test_exports_of_a_whole_report_hold_every_group(text: object) -> None:
    found = report_of(*views(9, path="/a"), by="page")
    assert callable(text)
    assert "/a" in text(found)
    assert json.loads(to_json(found))["groups"][0]["figures"]["views"]["n"] == 9
