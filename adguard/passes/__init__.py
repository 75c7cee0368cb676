"""Supporter passes as codes that can be mailed: each is taken once."""

from adguard.passes.code import LINK_MINUTES, MOST_DAYS, Code, Codes
from adguard.passes.taken import Outcome, Taken, open_taken

__all__ = ["LINK_MINUTES", "MOST_DAYS", "Code", "Codes", "Outcome", "Taken", "open_taken"]
