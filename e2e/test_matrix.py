"""Every combination of the matrix: what the client sees, what it concludes, whether we ask."""

from __future__ import annotations

import pytest

from e2e.blockers.blocker import Reader
from e2e.blockers.fixtures import *  # noqa: F403 (one fixture a combination)
from e2e.blockers.matrix import MATRIX, Row
from e2e.blockers.sighting import sight

# On a busy machine too; the targets proper are measured by `./dev matrix`.
SANE_MILLISECONDS = 5_000


@pytest.mark.repeat
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.blocker.id)
def test_each_combination_is_seen_for_what_it_is_and_only_readers_behind_a_blocker_are_asked(
    row: Row, request: pytest.FixtureRequest
) -> None:
    reader: Reader = request.getfixturevalue(row.blocker.id)
    seen = sight(reader, asks=row.asks)
    assert list(row.complaints(seen)) == []
    assert seen.milliseconds < SANE_MILLISECONDS
