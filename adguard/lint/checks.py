"""What the default lists of each blocker do to our baits and to everything else of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from adguard.baits import BaitSet, ElementBait, Kind, RequestBait
from adguard.filters import (
    CosmeticMatcher,
    CosmeticRule,
    Element,
    FilterList,
    NetworkMatcher,
    NetworkRule,
    Problem,
    Request,
)
from adguard.lint.findings import (
    BaitResult,
    BaitState,
    Cite,
    Finding,
    Level,
    ListUse,
    ProfileResult,
    Topic,
    shown,
    worst,
)
from adguard.lint.library import Library, cite
from adguard.lint.own import Own, label
from adguard.lint.profiles import Blockers, Profile

Bait = RequestBait | ElementBait
TYPES = {Kind.SCRIPT: "script", Kind.IMAGE: "image", Kind.FETCH: "xmlhttprequest"}
WORKS = {BaitState.HIT, BaitState.WEAK}
MOST_CITES = 200


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where our names live.

    :param origin: `https://www.example.org`.
    :param prefix: `/_site`.
    """

    origin: str
    prefix: str

    @property
    def page(self) -> str:
        """A page of the site that our names appear on."""
        return f"{self.origin}/news/article"

    def url(self, path: str) -> str:
        """`path` starts at the site's root."""
        return f"{self.origin}{path}"


class Judge:
    """One blocker's default lists, put to the question.

    :param lists: those that meet a site's own requests.
    """

    def __init__(self, lists: Sequence[FilterList], site: Site) -> None:
        self._network = NetworkMatcher(lists)
        self._cosmetic = CosmeticMatcher(lists, network=self._network)
        self._site = site
        self._hits: list[tuple[str, tuple[Cite, ...]]] | None = None

    def bait(self, bait: Bait, least: int = 1) -> BaitResult:
        """What becomes of a bait.

        :param least: with fewer rules than this, it is weak.
        """
        if isinstance(bait, ElementBait):
            hit, found, lifting = self._element(element_of(bait))
        else:
            hit, found, lifting = self._asked(bait)
        state = BaitState.HIT if len(found) >= least else BaitState.WEAK
        if not hit:
            state = BaitState.EXEMPT if found else BaitState.MISSED
        return BaitResult(
            id=bait.id,
            kind=kind_of(bait).value,
            state=state,
            min_rules=least,
            rules=found[:MOST_CITES],
            exceptions=lifting,
        )

    def _asked(self, bait: RequestBait) -> tuple[bool, tuple[Cite, ...], tuple[Cite, ...]]:
        request = self._request(self._site.prefix + bait.path, TYPES[bait.kind])
        match = self._network.match(request)
        lifting = [match.exception] if match.exception else []
        return match.blocked, _cites(self._network.all_matches(request)), _cites(lifting)

    def _element(self, element: Element) -> tuple[bool, tuple[Cite, ...], tuple[Cite, ...]]:
        match = self._cosmetic.match(element, self._site.page)
        found = self._cosmetic.all_matches(element, self._site.page)
        lifting = [one for one in (match.exception, match.disabled_by) if one is not None]
        return match.hidden, _cites(found or filter(None, [match.rule])), _cites(lifting)

    def hits_on(self, own: Own) -> list[tuple[str, tuple[Cite, ...]]]:
        """Our own names that are stopped or hidden, each with the rules that do it."""
        if self._hits is None:
            self._hits = list(self._find_hits(own))
        return self._hits

    def _find_hits(self, own: Own) -> Iterator[tuple[str, tuple[Cite, ...]]]:
        for one in own.requests:
            request = self._request(one.path, one.kind)
            if self._network.match(request).blocked:
                rules = _cites(self._network.all_matches(request))
                yield f"The request of the {one.name} ({one.path})", rules
        for element in own.elements:
            if self._cosmetic.match(element, self._site.page).hidden:
                rules = _cites(self._cosmetic.all_matches(element, self._site.page))
                yield f"The element {label(element)}", rules

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be decided: lists that take too long."""
        return (*self._network.problems, *self._cosmetic.problems)

    @property
    def slow(self) -> set[FilterList]:
        """The lists that these problems are about."""
        return {*self._network.given_up, *self._cosmetic.given_up}

    def _request(self, path: str, kind: str) -> Request:
        return Request(url=self._site.url(path), page=self._site.page, kind=kind)


def kind_of(bait: Bait) -> Kind:
    """How a bait is asked for."""
    return Kind.ELEMENT if isinstance(bait, ElementBait) else bait.kind


def _cites(rules: Iterable[NetworkRule | CosmeticRule]) -> tuple[Cite, ...]:
    """Where rules stand, each text once."""
    kept = {rule.text: rule for rule in reversed(list(rules))}
    return tuple(cite(rule) for rule in reversed(kept.values()))


def element_of(bait: ElementBait) -> Element:
    """The element that `assets.py` makes of a bait, in its wrapper."""
    wrapper = Element(
        tag="span",
        attributes={"data-site-row": bait.id, "hidden": "", "aria-hidden": "true"},
        empty=False,
    )
    return Element(tag="span", id="".join(bait.ids), classes=bait.classes, parent=wrapper)


def check(
    profile: Profile, judge: Judge, uses: Sequence[ListUse], baits: BaitSet, own: Own
) -> tuple[ProfileResult, list[Finding]]:
    """Judges one blocker. A missing core list means that nothing is said of its baits; a missing
    other list is said, and what the rest shows stands."""
    missing = [use for use in uses if not use.present and use.role != "elsewhere"]
    checked = not any(use.role == "core" for use in missing)
    findings = [_missing(profile, missing)] if missing else []
    every: tuple[Bait, ...] = (*baits.network, *baits.elements)
    results = [
        judge.bait(bait, profile.least or bait.min_rules)
        for bait in every
        if kind_of(bait).value in profile.kinds
    ]
    if checked:
        findings += _bait_findings(profile, results)
    else:
        state = BaitState.UNCHECKED
        results = [msgspec.structs.replace(one, state=state) for one in results]
    for what, cites in judge.hits_on(own):
        findings.append(
            Finding(
                level=Level.BROKEN,
                topic=Topic.OWN,
                subject=what,
                message=f"{what} is stopped by default lists: readers miss what it does."
                if what.startswith("The request")
                else f"{what} is hidden by default lists: readers do not see it.",
                profiles=(profile.id,),
                cites=cites[:MOST_CITES],
            )
        )
    findings += (_undecided(one, profile) for one in judge.problems)
    made = ProfileResult(
        id=profile.id,
        name=profile.name,
        state=worst(one.level for one in findings),
        checked=checked,
        lists=tuple(uses),
        baits=tuple(results),
    )
    return made, findings


def check_alone(one: FilterList, own: Own, site: Site) -> list[Finding]:
    """Looks at a list that is on for nobody by default, for hits on our own names."""
    judge = Judge([one], site)
    title = one.name
    found = judge.hits_on(own)
    cites = tuple(dict.fromkeys(cite for _, rules in found for cite in rules))
    names = shown([what.removeprefix("The ") for what, _ in found])
    if not found:
        return []
    message = f"{title} is on for nobody by default. Readers who added it do not meet: {names}."
    return [
        Finding(
            level=Level.NOTE,
            topic=Topic.OWN,
            subject=title,
            message=message,
            cites=cites[:MOST_CITES],
        )
    ]


def uses_of(profile: Profile, library: Library, blockers: Blockers) -> Iterator[ListUse]:
    """The default lists of a blocker, present or not."""
    roles = {"core": profile.core, "also": profile.also, "elsewhere": profile.elsewhere}
    for role, names in roles.items():
        for name in names:
            title = blockers.lists[name].title
            yield ListUse(id=name, title=title, role=role, present=library.has(name))


def _undecided(problem: Problem, profile: Profile) -> Finding:
    return Finding(
        level=Level.DEGRADED,
        topic=Topic.LIST,
        subject=problem.source,
        message=f"{problem.source}: {problem.reason}",
        profiles=(profile.id,),
        cites=(Cite(problem.source, problem.line, problem.text),),
    )


def _missing(profile: Profile, missing: Sequence[ListUse]) -> Finding:
    core = [use.title for use in missing if use.role == "core"]
    names = core or [use.title for use in missing]
    said = "Not checked" if core else "Checked in part"
    verb = "is" if len(names) == 1 else "are"
    return Finding(
        level=Level.DEGRADED,
        topic=Topic.LIST,
        subject=names[0],
        message=f"{said}: {shown(names, 5)} {verb} not among the lists.",
        profiles=(profile.id,),
    )


def _bait_findings(profile: Profile, results: Sequence[BaitResult]) -> Iterator[Finding]:
    """A kind without a living bait is broken; a bait that is dead beside a living one, or weak, is
    degraded."""
    for kind in profile.kinds:
        of_kind = [one for one in results if one.kind == kind]
        if not of_kind:
            continue
        alive = any(one.state in WORKS for one in of_kind)
        if not alive:
            names = shown([one.id for one in of_kind])
            yield Finding(
                level=Level.BROKEN,
                topic=Topic.BAIT,
                subject=kind,
                message=f"No {kind} bait is hit any more ({names}).",
                profiles=(profile.id,),
            )
        for one in of_kind:
            if one.state is not BaitState.HIT:
                yield _bait_finding(profile, one)


def _bait_finding(profile: Profile, one: BaitResult) -> Finding:
    count = len(one.rules)
    messages = {
        BaitState.WEAK: f"The bait {one.id} is hit by {count} rule{'s' * (count != 1)}, and "
        f"{one.min_rules} are wanted: a replacement is due.",
        BaitState.EXEMPT: f"The bait {one.id} is exempt: rules that hit it are lifted.",
        BaitState.MISSED: f"The bait {one.id} is hit by no rule.",
    }
    return Finding(
        level=Level.DEGRADED,
        topic=Topic.BAIT,
        subject=one.id,
        message=messages[one.state],
        profiles=(profile.id,),
        cites=(*one.exceptions, *one.rules),
    )
