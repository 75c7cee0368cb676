"""Charts of figures that page and dashboard share."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from adguard.experiment import HOLDOUT
from adguard.insight import charts
from adguard.insight.arms import Arm
from adguard.insight.metrics import wilson

__all__ = ["draw_arms"]


def draw_arms(arms: Sequence[Arm]) -> Markup | None:
    """Draws the readers of each arm who came back, with Wilson's intervals; `None` as long as
    there are no two to compare."""
    rows = []
    for arm in arms:
        if not arm.readers:
            continue
        share = min(1.0, arm.counted["cleared"] / arm.readers)
        low, high = wilson(share, arm.readers)
        held_out = arm.name == HOLDOUT
        name = f"{'held out' if held_out else arm.name}: {arm.readers:,} readers"
        rows.append(charts.Interval(name, share, low, high, "before" if held_out else "now"))
    if len(rows) < 2:
        return None
    return charts.intervals("Readers who came back without a blocker", rows)
