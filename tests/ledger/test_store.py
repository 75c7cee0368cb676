from __future__ import annotations

from pathlib import Path

import pytest

from adguard.ledger import Slice, Span, StoreError, open_store
from adguard.ledger.fold import COUNTERS, WHOLE
from adguard.ledger.store import check_breakdown, check_step, total


@pytest.mark.parametrize("url", ["memory:", "none"])
def test_only_a_file_can_be_read_from_outside(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(url)


def test_reading_what_was_never_written_says_so(tmp_path: Path) -> None:
    store = open_store(f"sqlite://{tmp_path}/none.db")
    with pytest.raises(StoreError, match="does not exist"), store.figures():
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "none.db").touch()
    with pytest.raises(StoreError, match="nothing has been recorded"), store.figures():
        pass


def test_a_span_is_made_of_the_whole_days_that_hold_its_ends() -> None:
    assert Span.of(86400.5, 3 * 86400 - 1) == Span(1, 2)
    assert Span.of(86400, 86400, "news") == Span(1, 1, "news")
    with pytest.raises(ValueError, match="is before the first"):
        Span.of(2, 1)


def test_sampled_observations_stand_for_more_than_themselves() -> None:
    one = tuple(int(name == "clear") for name in COUNTERS)
    three = tuple(3 * n for n in one)
    found = total([(WHOLE, one), (WHOLE // 4, three), (WHOLE, one)])
    assert found.raw["clear"] == 5
    assert found.weighted["clear"] == 14
    assert found.views == 14


def test_a_page_is_a_slice_of_its_own() -> None:
    assert Slice(page="/a").labels == {}
    assert Slice(browser="firefox", verdict="").labels == {"verdict": "", "browser": "firefox"}
    with pytest.raises(ValueError, match="a page cannot be combined with device"):
        Slice(page="/a", device="phone")


def test_what_is_not_kept_together_cannot_be_asked_for() -> None:
    check_step("hour", Slice(browser="firefox"))
    check_step("day", Slice(page="/a"))
    with pytest.raises(ValueError, match="by the day, not by the hour"):
        check_step("hour", Slice(page="/a"))
    with pytest.raises(ValueError, match="'week' is neither"):
        check_step("week", Slice())  # type: ignore[arg-type]
    check_breakdown("country", Slice())
    check_breakdown("device", Slice(browser="firefox"))
    with pytest.raises(ValueError, match="country is not kept together with browser"):
        check_breakdown("country", Slice(browser="firefox"))
    with pytest.raises(ValueError, match="a page are not kept by verdict"):
        check_breakdown("verdict", Slice(page="/a"))
    with pytest.raises(ValueError, match="'shoe' is not one of"):
        check_breakdown("shoe", Slice())
