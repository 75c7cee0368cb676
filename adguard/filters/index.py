"""The rules of one list, laid out so that a request or an element meets few of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from time import thread_time

from adguard.filters.facts import Facts
from adguard.filters.options import without_badfilter
from adguard.filters.patience import Patience
from adguard.filters.pattern import hosts_only, literal, token
from adguard.filters.places import chain, entities, named
from adguard.filters.rules import CosmeticRule, NetworkRule, Options
from adguard.filters.selector import Element, parts, read, subject_part

_KEY = re.compile(r"[.#][\w-]+")


Identity = tuple[bool, str, Options]


def identity(rule: NetworkRule, options: Options) -> Identity:
    """What a `badfilter` has to have in common with the rule that it switches off."""
    exact = rule.expression or options.match_case
    return rule.exception, rule.pattern if exact else rule.pattern.lower(), options


class NetworkIndex:
    """Network rules by what a request must have for them: its host, a word of its URL, the page's
    host, or nothing that can be looked up."""

    def __init__(self, rules: Sequence[NetworkRule]) -> None:
        self.by_host: dict[str, list[NetworkRule]] = defaultdict(list)
        self.by_word: dict[str, list[NetworkRule]] = defaultdict(list)
        self.by_page: dict[str, list[NetworkRule]] = defaultdict(list)
        self.others: list[tuple[str, NetworkRule]] = []
        self.bad: set[Identity] = set()
        self.patience = Patience(1.0, 0.005)
        started = thread_time()
        for rule in rules:
            if rule.options.badfilter:
                self.bad.add(identity(rule, without_badfilter(rule.options)))
            else:
                self._place(rule)
        self.seconds = thread_time() - started

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


class CosmeticIndex:
    """Cosmetic rules: the generic ones by what they ask of the element, the others by place."""

    def __init__(self, rules: Iterable[CosmeticRule]) -> None:
        self.by_part: dict[str, list[CosmeticRule]] = defaultdict(list)
        self.by_host: dict[str, list[CosmeticRule]] = defaultdict(list)
        self.by_entity: dict[str, list[CosmeticRule]] = defaultdict(list)
        self.by_expression: list[CosmeticRule] = []
        self.exceptions: dict[str, list[CosmeticRule]] = defaultdict(list)
        self._lifting: dict[tuple[str, str], CosmeticRule | None] = {}
        self.patience = Patience(0.5, 0.001)
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
            self.by_part[rule.selector].append(rule)
        else:
            for part in {subject_part(one) for one in read(rule.selector)}:
                self.by_part[part].append(rule)

    def exception(self, selector: str, host: str) -> CosmeticRule | None:
        """The rule that lifts those with that selector on that host. Looked for once: as many rules
        can ask as there are exceptions to look through."""
        key = selector, host
        if key not in self._lifting:
            lifting = (
                rule
                for rule in self.exceptions.get(selector, ())
                if rule.places is None or named(rule.places, host)
            )
            self._lifting[key] = next(lifting, None)
        return self._lifting[key]

    def generic(self, element: Element) -> Iterator[CosmeticRule]:
        """The generic rules that may select the element."""
        for part in parts(element):
            yield from self.by_part.get(part, ())

    def specific(self, host: str) -> Iterator[CosmeticRule]:
        """The rules that name the page's host, or may."""
        for name in chain(host):
            yield from self.by_host.get(name, ())
        for name in entities(host):
            yield from self.by_entity.get(name, ())
        yield from self.by_expression
