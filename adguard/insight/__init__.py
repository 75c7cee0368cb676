"""What the figures say: definitions, rates and the report."""

from adguard.insight.metrics import METRICS, Metric
from adguard.insight.rendering import render, to_json
from adguard.insight.report import BY, Figure, Group, Report, build_report, parse_since

__all__ = [
    "BY",
    "METRICS",
    "Figure",
    "Group",
    "Metric",
    "Report",
    "build_report",
    "parse_since",
    "render",
    "to_json",
]
