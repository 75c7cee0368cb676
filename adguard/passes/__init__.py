"""Supporter passes as codes that can be mailed: each is taken once."""

from adguard.passes.code import LINK_MINUTES, MOST_DAYS, PASS_DAYS, Code, Codes
from adguard.passes.opening import open_taken
from adguard.passes.taken import Outcome, Taken

__all__ = [
    "LINK_MINUTES",
    "MOST_DAYS",
    "PASS_DAYS",
    "Code",
    "Codes",
    "Outcome",
    "Taken",
    "open_taken",
]
