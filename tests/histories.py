"""Made-up years of readers: what they saw and answered, day by day."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from adguard.detection import Verdict
from adguard.reader import Choice

VERDICTS = (Verdict.EXTENSION, Verdict.EXTENSION, Verdict.NETWORK, Verdict.CLEAR, Verdict.UNKNOWN)


class Happening(NamedTuple):
    """
    :param pause: days since the one before.
    :param views: page views on that day.
    :param walled: whether they are in the section with a wall.
    :param choice: the reader's answer after them.
    """

    pause: int
    verdict: Verdict
    views: int
    walled: bool
    choice: Choice | None


happenings = st.builds(
    Happening,
    st.sampled_from([0, 1, 1, 2, 3, 3, 3, 4, 7, 14, 31, 60]),
    st.sampled_from(VERDICTS),
    st.integers(0, 5),
    st.booleans(),
    st.none() | st.none() | st.none() | st.sampled_from(Choice),
)
SILENT = [Happening(3, Verdict.EXTENSION, 3, False, None)] * 14
"""A reader who comes every third day and never answers: the cap holds, and is lifted in turn."""
ANSWERING = [
    Happening(pause, Verdict.EXTENSION, 3, walled, choice)
    for pause, walled, choice in (
        *((0, False, Choice.LATER), (25, False, None), (9, False, Choice.LATER), (40, True, None)),
        *((60, False, Choice.SUPPORT), (2, False, None), (1, True, Choice.LATER), (1, True, None)),
    )
]
"""A reader who answers, and comes back while the answer still counts."""
years = st.lists(happenings, max_size=40)
