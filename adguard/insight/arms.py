"""The arms of an experiment, however many: what became of their readers, and which differ by more
than chance.

Each arm is held against one, the baseline, as a hold-out is (see `evidence`): of the readers of
both who took a step, as many should be of the arm as readers belong to it. So looking daily does
no harm. Several arms at once would: of twenty that change nothing, one looks good at 95 %. Every
interval is therefore made for its part of the error (Bonferroni), so that in at most 5 of 100
experiments without an effect *any* arm ever differs. Nothing corrects for choosing, among several
outcomes, the one that looks best: choose it before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from adguard.experiment import CONTROL, HOLDOUT
from adguard.insight.evidence import (
    StatsMissing,
    evidence,
    interval,
    p_value,
    prior_for,
    scipy,
    size_evidence,
)
from adguard.ledger.fold import COUNTERS, OTHER
from adguard.ledger.store import Figures, Row, Span

__all__ = [
    "ALARM",
    "OUTCOMES",
    "Arm",
    "Outcome",
    "Versus",
    "compare",
    "read_arms",
    "sizes_chance",
]

ALARM = 0.001
"""Below this the numbers of readers in the arms cannot be chance: something is wrong."""


@dataclass(frozen=True)
class Outcome:
    """A step that a reader who was drawn may take, counted once a reader or nearly so.

    :param counter: the ledger's.
    :param label: what the readers did.
    :param unasked: whether readers who are never asked can take it.
    """

    counter: str
    label: str
    unasked: bool = False


OUTCOMES = {
    outcome.counter: outcome
    for outcome in (
        Outcome("cleared", "came back without a blocker", unasked=True),
        Outcome("verified", "allowed ads, verified later"),
        Outcome("supported", "support in another way", unasked=True),
        Outcome("never", "do not want to be asked for six months"),
        Outcome("wrong", "say that they block nothing"),
    )
}


@dataclass(frozen=True)
class Arm:
    """Readers who were drawn to be treated alike.

    :param readers: how many were drawn.
    :param counted: every counter of theirs, as often as it was observed.
    :param clear_views: page views by them that were clear, each counting 1/sample.
    """

    name: str
    readers: int
    counted: Mapping[str, int]
    clear_views: float = 0.0


@dataclass(frozen=True)
class Versus:
    """An arm against the baseline, for one outcome.

    :param took: readers of the arm, and of the baseline, who took the step.
    """

    outcome: Outcome
    arm: Arm
    baseline: Arm
    others: int = 1
    """Arms that are held against the baseline at the same time."""

    @property
    def took(self) -> tuple[int, int]:
        counter = self.outcome.counter
        return self.arm.counted[counter], self.baseline.counted[counter]

    @property
    def _scale(self) -> float:
        return self.arm.readers / self.baseline.readers

    @property
    def ratio(self) -> float | None:
        """How often readers of the arm took the step, in times of the baseline's; `None` as long as
        nobody of the baseline did."""
        one, other = self.took
        return one / other / self._scale if other else None

    def bounds(self, confidence: float = 0.95) -> tuple[float, float]:
        """Returns the bounds of `ratio`, good at any number of looks and for all arms at once; the
        upper one may be infinite.

        :raises StatsMissing: SciPy is not installed.
        """
        alpha = (1 - confidence) / self.others
        low, high = interval(*self.took, prior_for(self._scale), alpha)
        return _odds(low) / self._scale, _odds(high) / self._scale

    def chance(self) -> float:
        """Returns the p-value of "it makes no difference", good at any number of looks and for all
        arms at once.

        :raises StatsMissing: SciPy is not installed.
        """
        share = self._scale / (1 + self._scale)
        found = evidence(*self.took, share, prior_for(self._scale))
        return min(1.0, self.others * p_value(float(found)))


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else inf


def compare(
    arms: Iterable[Arm], outcome: Outcome = OUTCOMES["cleared"], baseline: str = CONTROL
) -> list[Versus]:
    """Returns every arm that has readers against the baseline, in the order of `arms`; nothing as
    long as the baseline has none. The hold-out is left out where only those who are asked can take
    the step."""
    found = [arm for arm in arms if arm.readers and (outcome.unasked or arm.name != HOLDOUT)]
    base = next((arm for arm in found if arm.name == baseline), None)
    others = [arm for arm in found if arm is not base]
    if base is None:
        return []
    return [Versus(outcome, arm, base, len(others)) for arm in others]


def read_arms(figures: Figures, span: Span, *, began: int = 0) -> tuple[Arm, ...]:
    """Reads the arms of some days of one site: the control first, then variants by name, the
    hold-out last; those of earlier experiments are left out.

    What readers did is of `span`; readers are all that were drawn until its end, since most of
    those who come back were drawn before. If shares or arms changed before the span, those drawn
    before say nothing of it, and only the readers drawn in the span count.

    :param began: the day on which the experiment began, counted from 1970-01-01.
    :raises StoreError: the store cannot be read.
    """
    ever = _by_arm(figures.breakdown(Span(began, span.last, span.site), "variant"))
    here = _by_arm(figures.breakdown(span, "variant"))
    names = sorted({*ever, *here}, key=lambda name: (name == HOLDOUT, name != CONTROL, name))
    drawn = [_drawn(here, name) for name in names]
    earlier = [_drawn(ever, name) - now for name, now in zip(names, drawn, strict=True)]
    if _is_same_draw(earlier, drawn):
        drawn = [_drawn(ever, name) for name in names]
    return tuple(
        Arm(
            name,
            readers,
            here[name].totals.raw if name in here else dict.fromkeys(COUNTERS, 0),
            here[name].totals.weighted["clear"] if name in here else 0.0,
        )
        for name, readers in zip(names, drawn, strict=True)
        if readers or name in here
    )


def _by_arm(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.value: row for row in rows if row.value not in {"", OTHER}}


def _drawn(rows: Mapping[str, Row], name: str) -> int:
    return rows[name].totals.raw["assigned"] if name in rows else 0


def _is_same_draw(earlier: Sequence[int], drawn: Sequence[int]) -> bool:
    """Whether two groups of readers can have been dealt to their arms with the same shares; true
    where that cannot be tested."""
    table = [pair for pair in zip(earlier, drawn, strict=True) if any(pair)]
    if len(table) < 2 or not all(map(sum, zip(*table, strict=True))):
        return True
    try:
        _, _, stats = scipy()
    except StatsMissing:
        return True
    return bool(stats.chi2_contingency(table).pvalue >= ALARM)


def sizes_chance(arms: Iterable[Arm], shares: Mapping[str, float]) -> float | None:
    """Returns the p-value of "the arms are as large as the draw makes them", good at any number of
    looks; `None` when the shares are not those of two arms or more. Below `ALARM`, do not read the
    rest.

    :param shares: of the arms by name, together 1; arms of share 0 are passed over.
    :raises StatsMissing: SciPy is not installed.
    """
    dealt = {name: share for name, share in shares.items() if share > 0}
    if len(dealt) < 2:
        return None
    drawn = {arm.name: arm.readers for arm in arms}
    found = size_evidence([drawn.get(name, 0) for name in dealt], list(dealt.values()))
    return p_value(found)
