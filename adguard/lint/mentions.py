"""Rules that no matcher judges: those that name the site, our cookies, events or sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from time import thread_time
from typing import NamedTuple
from urllib.parse import urlsplit

from adguard.filters.expression import Expression, ExpressionError
from adguard.lint.findings import Cite, Finding, Level, Topic
from adguard.lint.sources import Source

SHOWN = 200
MOST_CITES = 200
LONGEST_RULE = 4_096
PATIENCE = 1.0
"""Seconds of processor time for the words that one list looks for."""

_COSMETIC = re.compile(r"#@?(?:\$\?|\$|%|\?)?#")
_WHERE = re.compile(r"[$,](?:domain|from)=([^,\s]+)")
_TEXT = re.compile(r":(?:has-text|contains|-abp-contains)\(((?:[^()]|\([^()]*\))*)\)")
_HIDING = re.compile(r"[$,](?:generichide|ghide|elemhide|ehide|specifichide|shide|document|doc)\b")


class Line(NamedTuple):
    """A rule in the text of a list; `number` is from 1."""

    number: int
    text: str


def naming(host: str) -> re.Pattern[str]:
    """Matches the host, its subdomains, the domains above it, and `name.*`.

    :param host: without `www.`, in lower case.
    """
    labels = host.split(".")
    exact = [".".join(labels[at:]) for at in range(1, len(labels) - 1)]
    entity = labels[0] if len(labels) <= 2 else ".".join(labels[:-1])
    above = "".join(f"|(?<![.]){re.escape(name)}" for name in exact)
    names = f"(?:(?:[\\w-]+\\.)*{re.escape(host)}{above})(?![\\w.-]|\\.[a-z])"
    entities = rf"{re.escape(entity)}\.\*"
    return re.compile(rf"(?<![\w.-])(?:{names}|{entities})", re.IGNORECASE)


def site_rules(source: Source, origin: str) -> list[Line]:
    """The rules of a list that name the site of `origin` itself."""
    host = (urlsplit(origin).hostname or "").removeprefix("www.")
    pattern = naming(host)
    needle = host.split(".")[-2 if host.count(".") else 0]
    return [line for line in _lines(source, (needle,)) if pattern.search(line.text)]


def site_findings(sources: Iterable[Source], origin: str) -> Iterator[Finding]:
    """One note for each list that names the site, with all its rules."""
    host = urlsplit(origin).hostname or origin
    for source in sources:
        lines = site_rules(source, origin)
        if not lines:
            continue
        hiding = [
            line for line in lines if line.text.startswith("@@") and _HIDING.search(line.text)
        ]
        count = f"{len(lines)} rule{'s' * (len(lines) != 1)}"
        message = f"{source.title} names {host} in {count}."
        if hiding:
            message += " One of them switches hiding off there: element baits may stay visible."
        yield Finding(
            level=Level.NOTE,
            topic=Topic.SITE,
            subject=source.title,
            message=message,
            cites=_cites(source, [*hiding, *(line for line in lines if line not in hiding)]),
        )


def name_findings(
    sources: Iterable[Source], names: Sequence[str], host: str, default: Iterable[str]
) -> Iterator[Finding]:
    """Rules with one of our names in them that are in force on the site: scriptlets, cookie rules,
    parameters. Broken in a list that some blocker has on by default, else a note.

    :param default: ids of those lists.
    """
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?:{words})(?![\w])")
    on = set(default)
    for source in sources:
        lines = [
            line
            for line in _lines(source, names)
            if pattern.search(line.text) and in_force(line.text, host)
        ]
        if lines:
            found = sorted({m[0] for line in lines for m in pattern.finditer(line.text)})
            yield Finding(
                level=Level.BROKEN if source.id in on else Level.NOTE,
                topic=Topic.OWN,
                subject=source.title,
                message=f"{source.title} names what is ours: {', '.join(found)}.",
                cites=_cites(source, lines),
            )


def text_findings(
    sources: Iterable[Source], texts: Sequence[str], host: str, default: Iterable[str]
) -> Iterator[Finding]:
    """Rules that look for words (`:has-text`, `:contains`), are in force on the site, and would
    find them in our sentences. A list whose rules take too long to try says so."""
    on = set(default)
    for source in sources:
        words = _Words(texts)
        lines = [
            line
            for line in _lines(source, ("has-text(", "contains("))
            if in_force(line.text, host) and words.found_by(line.text)
        ]
        default_one = source.id in on
        if lines:
            yield Finding(
                level=Level.DEGRADED if default_one else Level.NOTE,
                topic=Topic.OWN,
                subject=source.title,
                message=f"{source.title} looks for words that our sentences have; whether the "
                "rest of the rule fits has to be read.",
                cites=_cites(source, lines),
            )
        if words.seconds > PATIENCE:
            yield Finding(
                level=Level.DEGRADED if default_one else Level.NOTE,
                topic=Topic.LIST,
                subject=source.title,
                message=f"{source.title}: its rules that look for words take too long to try; not "
                "all of them were.",
            )


def in_force(rule: str, host: str) -> bool:
    """Whether a rule applies on pages of `host`, as far as the places that it names tell."""
    separator = _COSMETIC.search(rule)
    if separator:
        places = rule[: separator.start()].split(",")
    else:
        where = _WHERE.search(rule)
        places = where[1].split("|") if where else []
    named = [place.strip() for place in places if place.strip() not in {"", "*"}]
    if any(_covers(place[1:], host) for place in named if place.startswith("~")):
        return False
    wanted = [place for place in named if not place.startswith("~")]
    return not wanted or any(_covers(place, host) for place in wanted)


def _covers(place: str, host: str) -> bool:
    place = place.lower()
    if place.endswith(".*"):
        return f".{host}.".find(f".{place[:-1]}") >= 0
    return host == place or host.endswith(f".{place}")


class _Words:
    """What the rules of one list find in our sentences, in bounded time."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.seconds = 0.0
        self._texts = texts
        self._known: dict[str, bool] = {}

    def found_by(self, rule: str) -> bool:
        return any(self._has(argument.strip()) for argument in _TEXT.findall(rule[:LONGEST_RULE]))

    def _has(self, argument: str) -> bool:
        if argument not in self._known:
            if self.seconds > PATIENCE:
                return False
            started = thread_time()
            self._known[argument] = self._look(argument)
            self.seconds += thread_time() - started
        return self._known[argument]

    def _look(self, argument: str) -> bool:
        """An expression that cannot be read finds nothing in a browser either."""
        written = re.fullmatch(r"/(.+)/([a-z]*)", argument.strip("\"'"))
        if written is None:
            wanted = argument.strip("\"'")
            return bool(wanted) and any(wanted in text for text in self._texts)
        try:
            expression = Expression(written[1], match_case="i" not in written[2])
        except ExpressionError:
            return False
        return any(expression.search(text) for text in self._texts)


def _lines(source: Source, needles: Sequence[str]) -> Iterator[Line]:
    """The lines of a list with one of `needles` in them, comments aside."""
    # Bytes: lower case of a text may be longer than the text.
    data = source.data
    lowered = data.lower()
    starts: set[int] = set()
    for needle in needles:
        wanted = needle.lower().encode()
        at = lowered.find(wanted)
        while at >= 0:
            starts.add(lowered.rfind(b"\n", 0, at) + 1)
            end = lowered.find(b"\n", at)
            at = lowered.find(wanted, end) if end >= 0 else -1
    number, counted = 1, 0
    for start in sorted(starts):
        number += data.count(b"\n", counted, start)
        counted = start
        end = data.find(b"\n", start)
        line = data[start : end if end >= 0 else len(data)].decode("utf-8", "replace").strip()
        if line and line[0] not in "![" and not re.match(r"#(?![#@?$%])", line):
            yield Line(number, line)


def _cites(source: Source, lines: Iterable[Line]) -> tuple[Cite, ...]:
    made = [Cite(source.title, line.number, line.text[:SHOWN]) for line in lines]
    return tuple(made[:MOST_CITES])
