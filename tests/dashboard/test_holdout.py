"""What the dashboard says of a hold-out whose share it knows."""

from __future__ import annotations

import pytest

from adguard.ledger.sqlite import SqliteStore
from tests.dashboard.conftest import TODAY, Make
from tests.ledger.making import event


@pytest.mark.parametrize(
    ("shares", "said", "unsaid"),
    [
        (
            {"gazette": {"asked": 0.5, "holdout": 0.5}},
            "The arms are as large as drawn",
            "Do not rely on this",
        ),
        (
            {"gazette": {"asked": 0.9, "holdout": 0.1}},
            "Do not rely on this",
            "as large as drawn (p = 1)",
        ),
        ({"other": {"asked": 0.9, "holdout": 0.1}}, "Back because they were asked", "drawn (p"),
    ],
)
async def test_the_sizes_of_the_arms_are_held_against_the_share_of_their_site(
    make: Make, shares: dict[str, dict[str, float]], said: str, unsaid: str
) -> None:
    store = SqliteStore(None)
    for arm in ("asked", "holdout"):
        fields = {"site": "gazette", "at": TODAY * 86400, "variant": arm, "verdict": "extension"}
        store.append([event("", assigned=True, **fields)] * 500)
    page = (await make(lambda: store, shares=shares).get("/")).text
    store.close()
    assert said in page
    assert unsaid not in page
