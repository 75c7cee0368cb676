from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.ledger.events import Batch
from adguard.ledger.ranking import DEEPEST
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger.store import Span
from tests.ledger.making import DAY, NOW, event

pages = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([f"/{name}" for name in "abcdefghijkl"]),
        st.sampled_from([1.0, 0.5, 0.1]),
        st.integers(1, 9),
    ),
    max_size=60,
)


@given(pages, st.booleans(), st.integers(1, 8))
def test_the_best_pages_are_those_that_adding_everything_up_finds(
    seen: list[tuple[int, str, float, int]], waiting: bool, limit: int
) -> None:
    store = SqliteStore(None)
    made = [
        event("", at=NOW - days * 86400, path=path, sample=sample)
        for days, path, sample, times in seen
        for _ in range(times)
    ]
    split = len(made) // 2 if waiting else len(made)
    store.apply(Batch("node", 1, made[:split]))
    if made[split:]:
        store.append(made[split:])
    views: Counter[str] = Counter()
    for _days, path, sample, times in seen:
        views[path] += round(times / sample)
    wanted = sorted(views.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    with store.figures() as figures:
        rows = figures.top_pages(Span(DAY - 3, DAY, "default"), limit)
    assert [(row.value, round(row.totals.views)) for row in rows] == wanted
    store.close()


@pytest.mark.parametrize("limit", [1, 20, DEEPEST + 1])
def test_pages_that_are_all_read_alike_are_still_ranked_right(limit: int, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "figures.db")
    made = [
        event("", at=NOW - days * 86400, path=f"/{page:03}")
        for page in range(300)
        for days in (0, 1)
    ]
    made += [event("", path="/299"), event("", path="/150")]
    store.apply(Batch("node", 1, made))
    with store.figures() as figures:
        found = [row.value for row in figures.top_pages(Span(DAY - 1, DAY), limit)]
    best = ["/150", "/299", *(f"/{page:03}" for page in range(300) if page not in {150, 299})]
    assert found == best[:limit]
    store.close()


def test_a_page_that_is_never_among_a_days_best_can_be_the_best_of_all_days() -> None:
    store = SqliteStore(None)
    made = []
    for days in range(4):
        for place in range(3):
            made += [event("", at=NOW - days * 86400, path=f"/{days}/{place}")] * 5
        made += [event("", at=NOW - days * 86400, path="/steady")] * 4
    store.apply(Batch("node", 1, made))
    with store.figures() as figures:
        (best,) = figures.top_pages(Span(DAY - 3, DAY, "default"), 1)
    assert (best.value, best.totals.views) == ("/steady", 16)
    store.close()
