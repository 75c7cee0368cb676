"""Whether an element is hidden, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

import msgspec

from adguard.filters.lists import FilterList
from adguard.filters.network import NetworkMatcher
from adguard.filters.places import host_of, named
from adguard.filters.rules import CosmeticRule, NetworkRule, Problem
from adguard.filters.selector import Element, hides, read

_GENERIC, _SPECIFIC = 1, 2


class CosmeticMatch(msgspec.Struct, frozen=True):
    """What the lists do with an element.

    :param rule: the rule that hides, or that would.
    :param exception: the cosmetic rule that lifts it.
    :param disabled_by: the network rule that switches such rules off on the page.
    """

    hidden: bool
    rule: CosmeticRule | None = None
    exception: CosmeticRule | None = None
    disabled_by: NetworkRule | None = None


class CosmeticMatcher:
    """Decides by the plain CSS rules of its lists. Cheap to make: the indexes are the lists' own.

    :param network: the matcher of the same lists, if there is one already.
    """

    def __init__(self, lists: Iterable[FilterList], network: NetworkMatcher | None = None) -> None:
        self._lists = tuple(lists)
        self._network = network or NetworkMatcher(self._lists)
        self.given_up: dict[FilterList, Problem] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What came up while matching: lists that took too long."""
        return tuple(self.given_up.values())

    def match(self, element: Element, page: str) -> CosmeticMatch:
        """:param page: URL of the page the element stands in."""
        host = host_of(page)
        off = self._network.switched_off(page)
        lifted: CosmeticMatch | None = None
        for rule in self._selecting(element, host):
            disabled_by = off.get(_GENERIC if rule.generic else _SPECIFIC)
            exception = self._exception(rule, host)
            if not disabled_by and not exception:
                return CosmeticMatch(True, rule)
            lifted = lifted or CosmeticMatch(False, rule, exception, disabled_by)
        return lifted or CosmeticMatch(False)

    def all_matches(self, element: Element, page: str) -> list[CosmeticRule]:
        """Every rule that hides the element on the page, those left out that something lifts."""
        host = host_of(page)
        off = self._network.switched_off(page)
        return [
            rule
            for rule in self._selecting(element, host)
            if (_GENERIC if rule.generic else _SPECIFIC) not in off
            and not self._exception(rule, host)
        ]

    def _selecting(self, element: Element, host: str) -> Iterator[CosmeticRule]:
        """The rules for this host that select the element, exceptions left aside."""
        for one in self._lists:
            index = one.cosmetic_index
            rules = chain(index.generic(element), index.specific(host))
            over = partial(self.given_up.setdefault, one)
            found = {
                id(rule): rule
                for rule in index.patience.spend(rules, over)
                if (rule.places is None or named(rule.places, host))
                and hides(read(rule.selector), element)
            }
            yield from sorted(found.values(), key=lambda rule: (rule.line, rule.source))

    def _exception(self, rule: CosmeticRule, host: str) -> CosmeticRule | None:
        found = (one.cosmetic_index.exception(rule.selector, host) for one in self._lists)
        return next(filter(None, found), None)
