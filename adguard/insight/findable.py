"""What can be had from sums that are told, by adding and subtracting them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

__all__ = ["Sum", "Told"]

Sum = Iterable[str]
"""The names of what is added up, each once."""


class Told:
    """Sums whose values somebody knows."""

    def __init__(self, sums: Iterable[Sum] = ()) -> None:
        self._steps: dict[str, dict[str, Fraction]] = {}
        """Each sum without those told before it, under a name that none of those after has."""
        self._add(sums)

    def plus(self, *sums: Sum) -> Told:
        """Returns what is told with these sums besides."""
        more = Told()
        more._steps = dict(self._steps)
        more._add(sums)
        return more

    def tells(self, wanted: Sum) -> bool:
        """Whether the value of a sum follows from those that are told."""
        return not self._rest(wanted)

    def _add(self, sums: Iterable[Sum]) -> None:
        for one in sums:
            if rest := self._rest(one):
                self._steps[min(rest)] = rest

    def _rest(self, one: Sum) -> dict[str, Fraction]:
        rest = dict.fromkeys(one, Fraction(1))
        for name, step in self._steps.items():
            if name in rest:
                times = rest[name] / step[name]
                for part, value in step.items():
                    rest[part] = rest.get(part, Fraction(0)) - times * value
                rest = {part: value for part, value in rest.items() if value}
        return rest
