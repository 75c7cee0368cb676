"""The lists at hand, each read once for every blocker that reads it in the same way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from time import thread_time

import msgspec

from adguard.filters import (
    CosmeticRule,
    Environment,
    FilterList,
    NetworkRule,
    parse_list,
)
from adguard.lint.findings import Cite, Finding, Level, ListInfo, Topic
from adguard.lint.profiles import ENVIRONMENTS, Profile
from adguard.lint.sources import Gathered, Source, written

SHOWN = 200
MOST_PROBLEMS = 20
MANY = 200_000
"""Rules from which on a list is read once and not for each blocker anew: the longest that a blocker
has on by default has half as many."""
MANY_LINES = 300_000
"""The same for lines: what is left out costs time, too."""
LONG = 1.2
"""Seconds of processor time from which on a list is read once, too; the longest in use take a
quarter of that."""
MUCH = 0.5
"""Share of lines not understood from which on a file is no list that we can read."""


class Library:
    """Filter lists by id.

    :param gathered: where they come from.
    """

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._read: dict[tuple[Path, Environment], FilterList] = {}
        self._facts: dict[Path, _Facts] = {}
        self._once: dict[Path, FilterList] = {}

    def has(self, name: str) -> bool:
        """Whether the list with that id is here, and is one: what a file of nonsense does not hit
        says nothing of a blocker."""
        source = self._gathered.known.get(name)
        return source is not None and not self.facts(source).nonsense

    def source(self, name: str) -> Source:
        """The list with that id, as it came."""
        return self._gathered.known[name]

    @property
    def sources(self) -> tuple[Source, ...]:
        """All lists, the unknown ones last."""
        return self._gathered.all

    def lists(self, profile: Profile) -> list[FilterList]:
        """The lists of a blocker that meet a site's own requests, as far as they are here."""
        environment = ENVIRONMENTS[profile.environment]
        known = self._gathered.known
        return [self.read(known[name], environment) for name in profile.lists if name in known]

    def read_for(self, source: Source, profile: Profile) -> FilterList:
        """The list as that blocker reads it."""
        return self.read(source, ENVIRONMENTS[profile.environment])

    def read(self, source: Source, environment: Environment, *, keep: bool = True) -> FilterList:
        """The list as `environment` reads it. A list without conditions is the same for blockers
        that differ in nothing but their constants.

        :param keep: False for a list that is looked at once; a big one has 100 MB.
        """
        key = _reading(source, environment)
        if source.path in self._once:
            once = self._once[source.path]
            self._facts[source.path].shared |= key != _reading(source, once.environment)
            return once
        if key in self._read:
            return self._read[key]
        started = thread_time()
        made = parse_list(
            source.data, name=source.title, environment=environment, include=source.include
        )
        facts = self._facts.setdefault(source.path, _Facts(made, thread_time() - started))
        if facts.hopeless:
            self._once[source.path] = made
        if keep:
            self._read[key] = made
        return made

    def keep_for(self, profiles: Iterable[Profile]) -> None:
        """Lets go of the lists that none of these blockers reads: a big one has 100 MB."""
        known = self._gathered.known
        wanted = {
            _reading(known[name], ENVIRONMENTS[profile.environment])
            for profile in profiles
            for name in profile.lists
            if name in known
        }
        self._read = {key: read for key, read in self._read.items() if key in wanted}

    def give_up(self, slow: Collection[FilterList]) -> None:
        """Lets lists that took too long to match be read no more: every blocker gets the reading
        whose patience is spent."""
        for (path, _), read in self._read.items():
            if read in slow:
                self._once[path] = read
                self._facts[path].slow = True

    def facts(self, source: Source) -> _Facts:
        """What there is to say of a list, as its first reader found it."""
        if source.path not in self._facts:
            self.read(source, ENVIRONMENTS["ublock"], keep=False)
        return self._facts[source.path]

    def info(self) -> tuple[ListInfo, ...]:
        """What there is to say of each list."""
        return tuple(
            ListInfo(
                id=source.id,
                title=source.title,
                source=source.kind,
                path=written(source.path),
                version=self.facts(source).version,
                sha256=source.sha256,
                rules=self.facts(source).rules,
                problems=len(self.facts(source).problems),
            )
            for source in self.sources
        )

    def findings(self) -> Iterator[Finding]:
        """Lists that could not be read, or not in full."""
        yield from self._gathered.findings
        for source in self.sources:
            told = _judge(source, self.facts(source))
            if told is None:
                continue
            level, message = told
            yield Finding(
                level=level,
                topic=Topic.LIST,
                subject=source.title,
                message=message,
                cites=tuple(
                    Cite(one.source or source.title, one.line, f"{one.reason} {one.text}"[:SHOWN])
                    for one in self.facts(source).problems[:MOST_PROBLEMS]
                ),
            )


def _reading(source: Source, environment: Environment) -> tuple[Path, Environment]:
    """What makes two readings of a list the same."""
    if source.branches:
        return source.path, environment
    alike = msgspec.structs.replace(environment, name="", constants=frozenset())
    return source.path, alike


class _Facts:
    """What stays of a list that was read."""

    def __init__(self, read: FilterList, seconds: float) -> None:
        self.slow = seconds > LONG
        self.shared = False  # among blockers that would read it in another way
        self.version = read.version
        self.rules = len(read.network) + len(read.cosmetic)
        self.skipped = sum(read.skipped.values())
        self.lines = read.lines
        self.complete = read.complete
        self.problems = read.problems

    @property
    def nonsense(self) -> bool:
        """Whether it is no filter list that we can read."""
        known = self.rules + self.skipped
        return not known or len(self.problems) > known * MUCH

    @property
    def hopeless(self) -> bool:
        """Whether reading it again for another blocker would only cost time."""
        return self.nonsense or self.endless or not self.complete or self.slow

    @property
    def endless(self) -> bool:
        """Whether it is longer than any list that a blocker has on by default."""
        return self.rules > MANY or self.lines > MANY_LINES


def _judge(source: Source, facts: _Facts) -> tuple[Level, str] | None:
    problems, title = facts.problems, source.title
    count = f"{len(problems):,}"
    message = ""
    if not facts.rules + facts.skipped:
        message = f"{written(source.path)} holds no filter rule."
    elif facts.nonsense:
        message = (
            f"{written(source.path)} is hardly a filter list: {count} lines are not understood."
        )
    elif not facts.complete or any(one.line == 0 or "!#include" in one.text for one in problems):
        message = f"{title} could not be read in full."
    elif facts.endless:
        message = (
            f"{title} has {facts.rules:,} rules in {facts.lines:,} lines, more than any list that "
            "a blocker has on by default. It was read once, and not as each blocker reads it."
        )
    elif facts.shared and facts.slow:
        message = f"{title} takes long to read or match: it was not read as each blocker reads it."
    if message:
        return Level.DEGRADED, message
    if problems:
        lines = "1 line is" if len(problems) == 1 else f"{count} lines are"
        return Level.NOTE, f"{title}: {lines} not understood and left out."
    return None


def cite(rule: NetworkRule | CosmeticRule) -> Cite:
    """Where a rule stands."""
    return Cite(rule.source, rule.line, rule.text[:SHOWN])
