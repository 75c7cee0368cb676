"""The rules of one list, laid out so that a request or an element meets few of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

from adguard.filters.facts import Facts
from adguard.filters.pattern import hosts_only, literal, token
from adguard.filters.places import chain, entities, named
from adguard.filters.rules import CosmeticRule, NetworkRule

PATIENCE = 2.0
"""Seconds that the regular expressions of one list may take altogether; those of the largest list
in use take a thousandth of that for a hundred requests."""

_KEY = re.compile(r"[.#][\w-]+")


class NetworkIndex:
    """Network rules by what a request must have for them: its host, a word of its URL, the page's
    host, or nothing that can be looked up."""

    def __init__(self, rules: Sequence[NetworkRule]) -> None:
        self.by_host: dict[str, list[NetworkRule]] = defaultdict(list)
        self.by_word: dict[str, list[NetworkRule]] = defaultdict(list)
        self.by_page: dict[str, list[NetworkRule]] = defaultdict(list)
        self.others: list[tuple[str, NetworkRule]] = []
        self.bad: list[NetworkRule] = []
        self.patience = PATIENCE
        for rule in rules:
            if rule.options.badfilter:
                self.bad.append(rule)
            else:
                self._place(rule)

    def _place(self, rule: NetworkRule) -> None:
        host = hosts_only(rule.pattern)
        if host:
            self.by_host[host].append(rule)
            return
        word = "" if rule.expression else token(rule.pattern)
        if word:
            self.by_word[word].append(rule)
            return
        places = rule.options.domains
        if places and places.hosts and not (places.entities or places.expressions):
            for name in places.hosts:
                self.by_page[name].append(rule)
            return
        text = rule.expression.literal if rule.expression else literal(rule.pattern)
        self.others.append((text, rule))

    def candidates(self, facts: Facts) -> Iterator[NetworkRule]:
        """The rules that may match; a rule may come twice."""
        for host in chain(facts.host):
            yield from self.by_host.get(host, ())
        for word in facts.words:
            yield from self.by_word.get(word, ())
        for host in chain(facts.page_host):
            yield from self.by_page.get(host, ())
        url = facts.lower
        for text, rule in self.others:
            if text in url:
                yield rule

    def expression_matches(self, rule: NetworkRule, url: str) -> bool | None:
        """Whether a regular expression matches; None when the list has used up its time."""
        if self.patience <= 0 or rule.expression is None:
            return None
        started = perf_counter()
        found = rule.expression.search(url)
        self.patience -= perf_counter() - started
        return found


class CosmeticIndex:
    """Cosmetic rules: the generic ones by a class or id they ask for, the others by place."""

    def __init__(self, rules: Iterable[CosmeticRule]) -> None:
        self.by_name: dict[str, list[CosmeticRule]] = defaultdict(list)
        self.generic_others: list[CosmeticRule] = []
        self.by_host: dict[str, list[CosmeticRule]] = defaultdict(list)
        self.by_entity: dict[str, list[CosmeticRule]] = defaultdict(list)
        self.by_expression: list[CosmeticRule] = []
        self.exceptions: dict[str, list[CosmeticRule]] = defaultdict(list)
        for rule in rules:
            if rule.exception:
                self.exceptions[rule.selector].append(rule)
            else:
                self._place(rule)

    def _place(self, rule: CosmeticRule) -> None:
        if rule.places and not rule.generic:
            for host in rule.places.hosts:
                self.by_host[host].append(rule)
            for entity in rule.places.entities:
                self.by_entity[entity].append(rule)
            if rule.places.expressions:
                self.by_expression.append(rule)
        elif _KEY.fullmatch(rule.selector):
            self.by_name[rule.selector].append(rule)
        else:
            self.generic_others.append(rule)

    def generic(self, names: Iterable[str]) -> Iterator[CosmeticRule]:
        """The generic rules that may select an element with these names (`.class`, `#id`)."""
        for name in names:
            yield from self.by_name.get(name, ())
        yield from self.generic_others

    def specific(self, host: str) -> Iterator[CosmeticRule]:
        """The rules that name the page's host."""
        for name in chain(host):
            yield from self.by_host.get(name, ())
        for name in entities(host):
            yield from self.by_entity.get(name, ())
        for rule in self.by_expression:
            if rule.places and named(rule.places, host):
                yield rule
