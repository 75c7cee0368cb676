"""What the figures say: definitions, rates and the report."""

from adguard.insight.marks import Mark, find_marks
from adguard.insight.metrics import METRICS, Metric
from adguard.insight.periods import parse_since, parse_until
from adguard.insight.rendering import render, to_json
from adguard.insight.report import BY, Figure, Group, Report, build_report, figures_of

__all__ = [
    "BY",
    "METRICS",
    "Figure",
    "Group",
    "Mark",
    "Metric",
    "Report",
    "build_report",
    "figures_of",
    "find_marks",
    "parse_since",
    "parse_until",
    "render",
    "to_json",
]
