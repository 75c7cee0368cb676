"""What a run of the lint found: plain data, in the shape of its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

EXIT = {"fine": 0, "note": 0, "degraded": 2, "broken": 1}


class Level(StrEnum):
    """How bad it is. A note asks for nothing; see `docs/lint.md` for the other two."""

    FINE = "fine"
    NOTE = "note"
    DEGRADED = "degraded"
    BROKEN = "broken"

    @property
    def weight(self) -> int:
        """0 (fine) to 3 (broken)."""
        return list(Level).index(self)


class Topic(StrEnum):
    """What a finding is about."""

    BAIT = "bait"
    OWN = "own"
    SITE = "site"
    LIST = "list"
    CATALOGUE = "catalogue"
    LIVE = "live"


class Cite(msgspec.Struct, frozen=True):
    """One rule, where it stands.

    :param list: the list's title, or the name of the file that no title names.
    :param line: from 1.
    :param rule: the line as written, at most 200 characters of it.
    """

    list: str
    line: int
    rule: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found.

    :param subject: the bait, name, list or address it is about.
    :param message: one sentence for a person.
    :param profiles: ids of the blockers it holds for; empty when it is about no single one.
    """

    level: Level
    topic: Topic
    subject: str
    message: str
    profiles: tuple[str, ...] = ()
    cites: tuple[Cite, ...] = ()


class BaitState(StrEnum):
    """What a blocker does to a bait."""

    HIT = "hit"
    WEAK = "weak"
    EXEMPT = "exempt"
    MISSED = "missed"
    UNCHECKED = "unchecked"


class BaitResult(msgspec.Struct, frozen=True, kw_only=True):
    """A bait in one blocker.

    :param state: `hit`; `weak` (hit by fewer rules than `min_rules`); `exempt` (an exception lifts
        the rules); `missed`; `unchecked` (a list that it takes is not among the sources).
    :param rules: every rule that hits it, exceptions aside.
    :param exceptions: what lifts them.
    """

    id: str
    kind: str
    state: BaitState
    min_rules: int
    rules: tuple[Cite, ...] = ()
    exceptions: tuple[Cite, ...] = ()


class ListUse(msgspec.Struct, frozen=True, kw_only=True):
    """A list that a blocker has on by default.

    :param role: `core` (without it the blocker is not checked), `also`, or `elsewhere` (on, but not
        for a site's own requests).
    """

    id: str
    title: str
    role: str
    present: bool


class ProfileResult(msgspec.Struct, frozen=True, kw_only=True):
    """One blocker with its default lists.

    :param state: the worst of its findings.
    :param checked: False when a core list is missing: then nothing is proven.
    """

    id: str
    name: str
    state: Level
    checked: bool
    lists: tuple[ListUse, ...]
    baits: tuple[BaitResult, ...]

    @property
    def missing(self) -> tuple[ListUse, ...]:
        """The lists that are wanted and not here."""
        return tuple(use for use in self.lists if not use.present and use.role != "elsewhere")


class ListInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A list among the sources.

    :param id: its name in `data/profiles.json`, or "" when no profile knows it.
    :param source: `file`, `folder`, `package`, `download` or `cache`.
    :param version: as it states it, or "".
    :param rules: how many were read; `problems`: lines that were not understood.
    """

    id: str
    title: str
    source: str
    path: str
    version: str
    sha256: str
    rules: int
    problems: int


class ReserveInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What stands ready to replace a bait of one kind.

    :param usable: of `entries`, how many every checked blocker that filters the kind hits and none
        exempts; `proposals` are the first of those.
    """

    kind: str
    entries: int
    usable: int
    proposals: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    :param catalogue: version of the bait set.
    """

    origin: str
    prefix: str
    catalogue: str
    lists: tuple[ListInfo, ...] = ()
    profiles: tuple[ProfileResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    reserve: tuple[ReserveInfo, ...] = ()

    @property
    def state(self) -> Level:
        """The worst of all findings."""
        return worst(finding.level for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 fine, 1 broken, 2 degraded."""
        return EXIT[self.state]

    def named(self, profile: str) -> str:
        """A profile's name by its id."""
        return next((one.name for one in self.profiles if one.id == profile), profile)


def worst(levels: Iterable[Level]) -> Level:
    """The heaviest of `levels`; fine when there are none."""
    return max(levels, key=lambda level: level.weight, default=Level.FINE)


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Joins findings that differ in their profiles alone; the worst come first, otherwise in the
    order given."""
    kept: dict[Finding, list[str]] = {}
    for one in findings:
        known = kept.setdefault(msgspec.structs.replace(one, profiles=()), [])
        known.extend(name for name in one.profiles if name not in known)
    made = [msgspec.structs.replace(one, profiles=tuple(names)) for one, names in kept.items()]
    return tuple(sorted(made, key=lambda one: -one.level.weight))


def to_json(report: Report) -> str:
    """The report as JSON, its shape given in `docs/lint.md`."""
    body = {
        "format": 1,
        "state": "fine" if report.exit_code == 0 else report.state.value,
        "exit_code": report.exit_code,
        **msgspec.to_builtins(report),
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()


def shown(names: Sequence[str], most: int = 3) -> str:
    """`a, b and c`, or `a, b, c and 4 more`."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))
