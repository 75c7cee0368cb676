"""The bait catalogue against today's lists: are the rules that justify each entry still there, and
what stands ready to replace one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adguard.baits import BaitSet, ElementBait, Kind, RequestBait
from adguard.lint.checks import WORKS, Bait, Judge, Site
from adguard.lint.findings import BaitState, Cite, Finding, Level, ProfileResult, ReserveInfo, Topic
from adguard.lint.library import Library
from adguard.lint.profiles import Blockers, Profile
from adguard.lint.reserve import Reserve

FIRST_PARTY = "brave-firstparty"
BASES = ("easylist", "ublock-filters", "adguard-base")
"""The lists whose rules `rules` names; `brave_rules` are those of Brave's first-party list."""
PROPOSED = 5


class Catalogue:
    """The bait set against the lists, entry by entry."""

    def __init__(self, baits: BaitSet, library: Library, blockers: Blockers, site: Site) -> None:
        self._baits = baits
        self._library = library
        self._blockers = blockers
        self._judges: dict[str, Judge] = {}
        for name in (*BASES, FIRST_PARTY):
            if library.has(name):
                profile = next(one for one in blockers.profiles if name in one.lists)
                read = library.read_for(library.source(name), profile)
                self._judges[name] = Judge([read], site)

    def findings(self) -> Iterator[Finding]:
        """Whether each rule that an entry names is still in a list and hits the entry; what could
        not be proven; and which versions of the lists that was."""
        every: tuple[Bait, ...] = (*self._baits.network, *self._baits.elements)
        for bait in every:
            yield from self._entry(bait, bait.rules, bait.min_rules, BASES)
            if isinstance(bait, RequestBait):
                yield from self._entry(bait, bait.brave_rules, 1, (FIRST_PARTY,))
        for name in (*BASES, FIRST_PARTY):
            if name not in self._judges:
                title = self._blockers.lists[name].title
                message = f"The catalogue is not proven against {title}: it is not here."
                yield _finding(Level.DEGRADED, title, message)
        yield self._versions()

    def _entry(
        self, bait: Bait, wanted: Sequence[str], least: int, names: Sequence[str]
    ) -> Iterator[Finding]:
        here = [name for name in names if name in self._judges]
        if not wanted or not here:
            return
        found: dict[str, Cite] = {}
        for name in here:
            for cite in self._judges[name].bait(bait).rules:
                found.setdefault(cite.rule, cite)
        kept = [found[rule] for rule in wanted if rule in found]
        gone = [rule for rule in wanted if rule not in found]
        if not gone:
            return
        level = Level.NOTE
        if len(kept) < least:
            level = Level.DEGRADED if found else Level.BROKEN
        titles = " and ".join(self._blockers.lists[name].title for name in here)
        others = [cite for rule, cite in found.items() if rule not in wanted]
        yield _finding(
            level,
            bait.id,
            f"Of the {len(wanted)} rules that {bait.id} rests on, {len(kept)} are left in {titles} "
            f"({least} wanted). Gone: {', '.join(gone)}.",
            (*kept, *others),
        )

    def _versions(self) -> Finding:
        told = ", ".join(f"{name} {version}" for name, version in self._baits.verified.items())
        here = [self._library.source(name) for name in self._judges]
        now = [f"{one.title} {self._library.facts(one).version}" for one in here]
        message = f"The catalogue was last verified with {told or 'lists that it does not name'}."
        stated = ", ".join(text for text in now if not text.endswith(" "))
        return _finding(Level.NOTE, "verified", message + (f" Here: {stated}." if stated else ""))


class Standing:
    """What of the reserve every judge hits that filters the kind, without an exception. Judges are
    asked one after the other, so that no two need be at hand at once."""

    def __init__(self, reserve: Reserve, baits: BaitSet) -> None:
        taken = {bait.path for bait in baits.network}
        self._entries: dict[Kind, dict[str, Bait]] = {
            kind: {
                path: RequestBait(id="reserve", kind=kind, path=path)
                for path in reserve.paths(kind)
                if path not in taken
            }
            for kind in (Kind.SCRIPT, Kind.IMAGE, Kind.FETCH)
        }
        taken = {f".{name}" for bait in baits.elements for name in bait.classes}
        taken |= {f"#{name}" for bait in baits.elements for name in bait.ids}
        self._entries[Kind.ELEMENT] = {
            text: _element(text) for text in reserve.elements if text not in taken
        }
        self._usable: dict[Kind, list[str]] = {}
        self._last: tuple[Judge, set[Kind]] | None = None

    def ask(self, profile: Profile, judge: Judge) -> None:
        """Asks the judge of one more blocker, whose core lists are here."""
        if self._last is None or self._last[0] is not judge:
            self._last = judge, set()
        for kind, entries in self._entries.items():
            if kind.value not in profile.kinds or kind in self._last[1]:
                continue
            self._last[1].add(kind)
            left = self._usable.get(kind, list(entries))
            self._usable[kind] = [name for name in left if judge.bait(entries[name]).state in WORKS]

    def info(self) -> tuple[ReserveInfo, ...]:
        """What came of it, by kind; of a kind that nobody filters, nothing is usable."""
        return tuple(
            _info(kind, list(entries), self._usable.get(kind, []))
            for kind, entries in self._entries.items()
        )


def proposals(
    profiles: Sequence[ProfileResult], reserve: Sequence[ReserveInfo]
) -> Iterator[Finding]:
    """For each bait that some blocker no longer hits well: what may take its place."""
    by_kind = {entry.kind: entry for entry in reserve}
    wanting: dict[str, str] = {}
    for profile in profiles:
        for bait in profile.baits:
            if bait.state not in {BaitState.HIT, BaitState.UNCHECKED}:
                wanting[bait.id] = bait.kind
    for name, kind in wanting.items():
        entry = by_kind[kind]
        if entry.proposals:
            message = f"In place of {name}, the reserve has: {', '.join(entry.proposals)}."
        else:
            message = f"Nothing in the reserve can take the place of {name}."
        yield _finding(Level.NOTE if entry.proposals else Level.DEGRADED, name, message)


def _element(selector: str) -> ElementBait:
    name = selector[1:]
    if selector.startswith("#"):
        return ElementBait(id="reserve", ids=(name,))
    return ElementBait(id="reserve", classes=(name,))


def _info(kind: Kind, entries: Sequence[str], usable: Sequence[str]) -> ReserveInfo:
    return ReserveInfo(
        kind=kind.value,
        entries=len(entries),
        usable=len(usable),
        proposals=tuple(usable[:PROPOSED]),
    )


def _finding(level: Level, subject: str, message: str, cites: tuple[Cite, ...] = ()) -> Finding:
    return Finding(
        level=level, topic=Topic.CATALOGUE, subject=subject, message=message, cites=cites
    )
