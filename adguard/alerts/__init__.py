"""Tells operators when a figure goes wrong, once, and when it is right again."""

from adguard.alerts.book import LocalBook
from adguard.alerts.readings import Readings, gather
from adguard.alerts.rules import RULES, Finding, judge
from adguard.alerts.watch import Watch
from adguard.alerts.webhook import Outcome, post, sign

__all__ = [
    "RULES",
    "Finding",
    "LocalBook",
    "Outcome",
    "Readings",
    "Watch",
    "gather",
    "judge",
    "post",
    "sign",
]
