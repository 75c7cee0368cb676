"""What the figures say: definitions, rates and the report."""

from adguard.insight.exports import to_csv, to_json, to_jsonl
from adguard.insight.marks import Mark, find_marks
from adguard.insight.metrics import METRICS, Metric
from adguard.insight.periods import parse_since, parse_until
from adguard.insight.rendering import render
from adguard.insight.report import BY, Figure, Group, Report, build_report, figures_of
from adguard.insight.smallcells import withhold

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
    "to_csv",
    "to_json",
    "to_jsonl",
    "withhold",
]
