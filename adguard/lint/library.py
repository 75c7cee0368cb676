"""The lists at hand, each read once for every blocker that reads it in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from adguard.filters import CosmeticRule, Environment, FilterList, NetworkRule, parse_list
from adguard.lint.findings import Cite, Finding, Level, ListInfo, Topic
from adguard.lint.profiles import ENVIRONMENTS, Profile
from adguard.lint.sources import Gathered, Source

SHOWN = 200
MUCH = 0.5
"""Share of lines not understood from which on a file is no list that we can read."""


class Library:
    """Filter lists by id.

    :param gathered: where they come from.
    """

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._read: dict[tuple[Path, Environment], FilterList] = {}

    def has(self, name: str) -> bool:
        """Whether the list with that id is here."""
        return name in self._gathered.known

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

    def read(self, source: Source, environment: Environment) -> FilterList:
        """The list as `environment` reads it. A list without conditions is the same for blockers
        that differ in nothing but their constants."""
        alike = environment
        if b"!#if" not in source.data and b"!#include" not in source.data:
            alike = msgspec.structs.replace(environment, name="", constants=frozenset())
        key = (source.path, alike)
        if key not in self._read:
            self._read[key] = parse_list(
                source.data, name=source.title, environment=environment, include=source.include
            )
        return self._read[key]

    def readings(self, source: Source) -> Iterator[FilterList]:
        """Every reading of that list so far; one for uBlock Origin where there is none yet."""
        found = [one for (place, _), one in self._read.items() if place == source.path]
        yield from found or [self.read(source, ENVIRONMENTS["ublock"])]

    def info(self) -> tuple[ListInfo, ...]:
        """What there is to say of each list."""
        made = []
        for source in self.sources:
            read = next(self.readings(source))
            made.append(
                ListInfo(
                    id=source.id,
                    title=source.title,
                    source=source.kind,
                    path=str(source.path),
                    version=read.version,
                    sha256=source.sha256,
                    rules=len(read.network) + len(read.cosmetic),
                    problems=len(read.problems),
                )
            )
        return tuple(made)

    def findings(self) -> Iterator[Finding]:
        """Lists that could not be read, or not in full."""
        yield from self._gathered.findings
        for source in self.sources:
            read = next(self.readings(source))
            rules = len(read.network) + len(read.cosmetic) + sum(read.skipped.values())
            problems = read.problems
            cites = tuple(
                Cite(one.source or source.title, one.line, f"{one.reason} {one.text}"[:SHOWN])
                for one in problems[:20]
            )
            if not rules:
                level, message = Level.DEGRADED, f"{source.path} holds no filter rule."
            elif len(problems) > rules * MUCH:
                message = f"{source.path} is hardly a filter list: {len(problems):,} of its lines "
                level, message = Level.DEGRADED, message + "could not be understood."
            elif any(one.line == 0 or "!#include" in one.text for one in problems):
                level, message = Level.DEGRADED, f"{source.title} could not be read in full."
            elif problems:
                lines = "1 line is" if len(problems) == 1 else f"{len(problems):,} lines are"
                message = f"{source.title}: {lines} not understood and left out."
                level = Level.NOTE
            else:
                continue
            yield Finding(
                level=level,
                topic=Topic.LIST,
                subject=source.title,
                message=message,
                cites=cites,
            )


def cite(rule: NetworkRule | CosmeticRule) -> Cite:
    """Where a rule stands."""
    return Cite(rule.source, rule.line, rule.text[:SHOWN])
