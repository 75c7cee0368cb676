"""Processor time that a list may take: whatever stands in it, a visit comes to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import thread_time
from typing import TypeVar

from adguard.filters.rules import SHOWN, CosmeticRule, NetworkRule, Problem

__all__ = ["Patience", "too_slow"]

_UNTIMED = 64
"""Rules between two looks at the clock, as long as they are short and no regular expressions."""
_SHORT = 64
"""Characters."""

_Rule = TypeVar("_Rule", NetworkRule, CosmeticRule)


def too_slow(rule: NetworkRule | CosmeticRule) -> Problem:
    """What is said of a list whose time was up at this rule."""
    reason = "The list takes too long to match; its rules from this one on were not tried."
    return Problem(rule.line, rule.text[:SHOWN], reason, rule.source)


class Patience:
    """What a list may still take.

    :param most: seconds at the most.
    :param allowance: what each question adds, in seconds; lists in use take a tenth of it.
    """

    def __init__(self, most: float, allowance: float) -> None:
        self.left = self._most = most
        self._allowance = allowance

    @property
    def share(self) -> float:
        """What is left, from 0 to 1."""
        return self.left / self._most

    def spend(self, rules: Iterable[_Rule], over: Callable[[Problem], object]) -> Iterator[_Rule]:
        """Passes rules on while there is time; calls `over` when it is up."""
        started = thread_time()
        for count, rule in enumerate(rules, 1):
            yield rule
            costly = rule.expression or len(rule.text) > _SHORT
            timed = costly or not self.left or not count % _UNTIMED
            if timed and thread_time() - started > self.left:
                over(too_slow(rule))
                self.left = 0.0
                return
        if self.left:
            unspent = max(self.left - (thread_time() - started), 0.0)
            self.left = min(self._most, unspent + self._allowance)
