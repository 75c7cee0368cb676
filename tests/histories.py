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
    st.integers(0, 60),
    st.sampled_from(VERDICTS),
    st.integers(0, 5),
    st.booleans(),
    st.none() | st.sampled_from(Choice),
)
years = st.lists(happenings, max_size=40)
