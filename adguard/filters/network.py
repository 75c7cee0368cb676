"""Whether a request is blocked, and by which rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

import msgspec

from adguard.filters.facts import Facts, Request
from adguard.filters.index import identity
from adguard.filters.lists import FilterList
from adguard.filters.options import KINDS, NETWORK
from adguard.filters.pattern import compile_pattern, hosts_only
from adguard.filters.places import named
from adguard.filters.rules import NetworkRule, Options, Problem

_compiled = lru_cache(maxsize=16_384)(compile_pattern)
_PRIORITY = re.compile(r":(-?\d+)$")
_DOCUMENT = KINDS["document"]


class NetworkMatch(msgspec.Struct, frozen=True):
    """What the lists do with a request.

    :param rule: the rule that blocks, or that would if `exception` did not lift it.
    :param exception: the rule that lifts it.
    :param redirect: the resource put in the place of a blocked request, if a rule names one.
    """

    blocked: bool
    rule: NetworkRule | None = None
    exception: NetworkRule | None = None
    redirect: str | None = None


class NetworkMatcher:
    """Decides as the blocker does for which its lists were read. Cheap to make: the indexes are
    the lists' own."""

    def __init__(self, lists: Iterable[FilterList]) -> None:
        self._lists = tuple(lists)
        self._bad = [bad for one in self._lists if (bad := one.network_index.bad)]
        self.given_up: dict[FilterList, Problem] = {}
        self._off: dict[str, dict[int, NetworkRule]] = {}
        self._pages: dict[str, list[NetworkRule]] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What came up while matching: lists that took too long."""
        return tuple(self.given_up.values())

    def match(self, request: Request) -> NetworkMatch:
        """:raises ValueError: when the request is of an unknown kind."""
        facts = Facts(request)
        hits = self._hits(facts)
        blocking = [rule for rule in hits if _blocks(rule)]
        if not blocking:
            return NetworkMatch(False)
        important = next((rule for rule in blocking if rule.options.important), None)
        lifting = [rule for rule in hits if rule.exception and not rule.options.redirect_only]
        page = self._page_exceptions(request.page)
        lifting += [rule for rule in page if rule.options.whole_page == "all"]
        if all(_generic(rule) for rule in blocking):
            lifting += [rule for rule in page if rule.options.whole_page == "generic"]
        strongest = next((rule for rule in lifting if rule.options.important), None)
        if lifting and (important is None or strongest):
            return NetworkMatch(False, important or blocking[0], strongest or lifting[0])
        return NetworkMatch(True, important or blocking[0], None, _redirect(hits))

    def all_matches(self, request: Request) -> list[NetworkRule]:
        """Every rule that would block, exceptions left aside, in the order of the lists.

        :raises ValueError: when the request is of an unknown kind.
        """
        return [rule for rule in self._hits(Facts(request)) if _blocks(rule)]

    def switched_off(self, page: str) -> dict[int, NetworkRule]:
        """Which cosmetic rules are off on a page: 1 the generic ones, 2 the specific ones -> the
        exception that says so."""
        if page not in self._off:
            self._off[page] = self._switched_off(page)
        return self._off[page]

    def _switched_off(self, page: str) -> dict[int, NetworkRule]:
        found: dict[int, NetworkRule] = {}
        restored = 0
        for rule in self._page_rules(page):
            if not rule.exception:
                restored |= rule.options.hides if rule.options.important else 0
                continue
            for bit in (1, 2):
                if rule.options.hides & bit:
                    found.setdefault(bit, rule)
        return {bit: rule for bit, rule in found.items() if not restored & bit}

    def _page_exceptions(self, page: str) -> list[NetworkRule]:
        return [rule for rule in self._page_rules(page) if rule.exception]

    def _page_rules(self, page: str) -> list[NetworkRule]:
        """The rules about the page as a whole that apply to it."""
        if page not in self._pages:
            facts = Facts(Request(page, page, "document"))
            found = self._meeting(facts, _about_page)
            self._pages[page] = list(found)
        return self._pages[page]

    def _hits(self, facts: Facts) -> list[NetworkRule]:
        """The rules that match, exceptions included, in the order of the lists."""
        strict = facts.bit == _DOCUMENT

        def fits(rule: NetworkRule, one: FilterList) -> bool:
            kinds = rule.options.kinds
            if kinds & facts.bit:
                return True
            if not strict or kinds != NETWORK or not one.environment.strict_blocking:
                return False
            return rule.exception or bool(hosts_only(rule.pattern))

        return list(self._meeting(facts, fits))

    def _meeting(
        self, facts: Facts, wanted: Callable[[NetworkRule, FilterList], bool]
    ) -> Iterator[NetworkRule]:
        for one in self._lists:
            found: dict[int, NetworkRule] = {}
            index = one.network_index
            over = partial(self.given_up.setdefault, one)
            for rule in index.patience.spend(index.candidates(facts), over):
                if (
                    wanted(rule, one)
                    and _applies(rule.options, facts)
                    and self._matches(rule, facts)
                ):
                    found[id(rule)] = rule
            yield from sorted(found.values(), key=_place)

    def _matches(self, rule: NetworkRule, facts: Facts) -> bool:
        if rule.expression:
            found = rule.expression.search(facts.url)
        else:
            match = _compiled(rule.pattern, match_case=rule.options.match_case)
            found = match(facts.url, facts.start, facts.end)
        if not found:
            return False
        return not any(identity(rule, rule.options) in bad for bad in self._bad)


def _place(rule: NetworkRule) -> tuple[int, str]:
    return rule.line, rule.source


def _about_page(rule: NetworkRule, _: FilterList) -> bool:
    return bool(rule.options.hides or rule.options.whole_page)


def _blocks(rule: NetworkRule) -> bool:
    return not rule.exception and not rule.options.redirect_only


def _generic(rule: NetworkRule) -> bool:
    return rule.options.domains is None or rule.options.domains.generic


def _applies(options: Options, facts: Facts) -> bool:
    """Whether a request is what the options ask for, the kind aside."""
    return (
        (not options.party or (options.party == 3) is facts.third_party)
        and (not options.strict or (options.strict == 3) is (facts.host != facts.page_host))
        and (not options.methods or facts.method in options.methods)
        and facts.method not in options.not_methods
        and (options.domains is None or named(options.domains, facts.page_host))
        and (options.to is None or named(options.to, facts.host))
        and (options.denyallow is None or not named(options.denyallow, facts.host))
    )


def _redirect(hits: list[NetworkRule]) -> str | None:
    """The resource with the highest priority among those that no exception takes away."""
    lifted = {
        rule.options.redirect for rule in hits if rule.exception and rule.options.redirect_only
    }
    if "" in lifted:
        return None
    best: tuple[int, str] | None = None
    for rule in hits:
        name = rule.options.redirect
        if name is None or rule.exception or name in lifted:
            continue
        found = _PRIORITY.search(name)
        priority = int(found[1]) if found else 0
        if best is None or priority > best[0]:
            best = (priority, _PRIORITY.sub("", name))
    return best[1] if best else None
