"""One run: lists and settings in, a report out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from adguard import baits as bait_data
from adguard.lint import reserve as reserve_data
from adguard.lint.catalogue import Catalogue, Standing, proposals
from adguard.lint.checks import Judge, Site, check, check_alone, uses_of
from adguard.lint.findings import Finding, ProfileResult, Report, merge
from adguard.lint.library import Library
from adguard.lint.mentions import name_findings, site_findings, text_findings
from adguard.lint.own import Own, collect
from adguard.lint.profiles import ENVIRONMENTS, Blockers, Profile
from adguard.lint.sources import Gathered
from adguard.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to look at.

    :param settings: `origin` (which must be set), `prefix`, `baits` and all that shapes our pages.
    :param profiles: the blockers to judge.
    :param catalogue: prove the entries of the bait catalogue, too.
    """

    settings: Settings
    blockers: Blockers
    profiles: Sequence[Profile]
    gathered: Gathered
    catalogue: bool = False


def inspect(order: Order, more: Iterable[Finding] = ()) -> Report:
    """Returns the report.

    :param more: findings from elsewhere, such as a look at the live page.
    :raises BaitError: when the bait set cannot be used.
    """
    settings, blockers = order.settings, order.blockers
    baits = bait_data.load(settings.baits)
    site = Site(origin=str(settings.origin), prefix=settings.prefix)
    own = collect(settings)
    library = Library(order.gathered)
    findings = list(more)
    results: list[ProfileResult] = []
    reserve = Standing(reserve_data.load(), baits)
    judge, judged = None, None
    for number, profile in enumerate(order.profiles, 1):
        lists = library.lists(profile)
        # Blockers with the same lists stand side by side in the data.
        if judge is None or judged != lists:
            judge, judged = Judge(lists, site), lists
        uses = tuple(uses_of(profile, library, blockers))
        result, found = check(profile, judge, uses, baits, own)
        results.append(result)
        findings += found
        library.give_up([*judge.slow, *(one for one in lists if one.strained)])
        if result.checked:
            reserve.ask(profile, judge)
        library.keep_for(order.profiles[number:])
    findings += proposals(results, reserve.info())
    if order.catalogue:
        findings += Catalogue(baits, library, blockers, site).findings()
    findings += _everywhere(order, library, own, site)
    findings += library.findings()
    return Report(
        origin=site.origin,
        prefix=site.prefix,
        catalogue=baits.version,
        lists=library.info(),
        profiles=tuple(results),
        findings=merge(findings),
        reserve=reserve.info(),
    )


def _everywhere(order: Order, library: Library, own: Own, site: Site) -> list[Finding]:
    """What is looked for in each list once, whoever has it on."""
    host = urlsplit(site.origin).hostname or ""
    default = {name for profile in order.profiles for name in profile.lists}
    findings = list(site_findings(library.sources, site.origin))
    findings += name_findings(library.sources, own.names, host, default)
    findings += text_findings(library.sources, own.texts, host, default)
    for source in library.sources:
        if source.id in order.blockers.optional or source.id not in default:
            read = library.read(source, ENVIRONMENTS["ublock"], keep=False)
            findings += check_alone(read, own, site)
    return findings
