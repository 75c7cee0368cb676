"""A filter list, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from adguard.filters.environment import Environment
from adguard.filters.index import CosmeticIndex, NetworkIndex
from adguard.filters.rules import CosmeticRule, NetworkRule, Problem

STRAIN = 0.7
LONG_TO_INDEX = 0.8


class FilterList(msgspec.Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """A list, read. Its indexes are made when a matcher first asks, once for all matchers.

    :param name: what the caller calls it.
    :param title: what it calls itself, or "".
    :param version: its version or date of change, as it states it, or "".
    :param environment: for whom it was read.
    :param lines: how many were read, with those that it includes.
    :param complete: False where a bound cut off the rest; a problem says which.
    :param problems: what could not be understood, at most 1,000 and one that counts the rest.
    :param skipped: rules left out knowingly -> how many, by reason.
    """

    name: str
    title: str = ""
    version: str = ""
    environment: Environment
    network: Sequence[NetworkRule] = ()
    cosmetic: Sequence[CosmeticRule] = ()
    lines: int = 0
    complete: bool = True
    problems: Sequence[Problem] = ()
    skipped: Mapping[str, int] = {}

    @property
    def strained(self) -> bool:
        """Whether laying out its rules took long, or matching used up a good part of the time that
        the list has for it; lists in use need a fifth of the one, and next to none of the other."""
        network = self.network_index
        left = min(network.patience.share, self.cosmetic_index.patience.share)
        return left < STRAIN or network.seconds > LONG_TO_INDEX

    @cached_property
    def network_index(self) -> NetworkIndex:
        return NetworkIndex(self.network)

    @cached_property
    def cosmetic_index(self) -> CosmeticIndex:
        return CosmeticIndex(self.cosmetic)
