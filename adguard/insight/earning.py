"""What blocked page views would have earned: an estimate, and said to be one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adguard.insight.metrics import BLOCKED
from adguard.ledger.store import Row

__all__ = ["Earning", "Rates", "read_rates", "unearned"]

Rates = float | Mapping[str, float]
"""What a thousand page views earn: a number, or sections with theirs (`*` for all others)."""


@dataclass(frozen=True)
class Earning:
    """An amount of money.

    :param views: the page views it stands for.
    :param currency: a code such as `EUR`.
    """

    amount: float
    views: float
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.{0 if self.amount >= 100 else 2}f} {self.currency}"


def unearned(sections: Iterable[Row], rates: Rates, currency: str) -> Earning:
    """Returns what the blocked views of these sections would have earned with ads."""
    known = rates if isinstance(rates, Mapping) else {"*": rates}
    others = known.get("*", 0.0)
    amount = views = 0.0
    for row in sections:
        blocked = sum(row.totals.weighted[name] for name in BLOCKED)
        amount += blocked * known.get(row.value, others) / 1000
        views += blocked
    return Earning(amount, views, currency)


def read_rates(text: str) -> Rates:
    """Understands `2.40`, or JSON such as `{"news": 2.4, "*": 1.1}`.

    :raises ValueError: anything else.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    rates = found if isinstance(found, dict) else {"*": found}
    if not all(map(_is_rate, rates.values())):
        raise ValueError(
            f"{text!r} is not what a thousand views earn; write a number, or sections with theirs: "
            '{"news": 2.4, "*": 1.1}'
        )
    return found if isinstance(found, dict) else float(rates["*"])


def _is_rate(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return 0 <= float(value) < math.inf
    except OverflowError:  # a whole number of more digits than a float can hold
        return False
