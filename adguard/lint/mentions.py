"""Rules that no matcher judges: those that name the site, our cookies, events or sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from time import thread_time
from typing import NamedTuple
from urllib.parse import urlsplit

from adguard.filters.expression import Expression, ExpressionError
from adguard.filters.preprocessor import LONGEST_LINE, MOST_CHARACTERS, MOST_LINES
from adguard.hosts import written_forms
from adguard.lint.findings import Cite, Finding, Level, Topic
from adguard.lint.sources import Source

SHOWN = 200
MOST_CITES = 200
LONGEST_RULE = 4_096
PATIENCE = 0.5
"""Seconds of processor time for each look through a list; the largest in use take a tenth."""

_COSMETIC = re.compile(r"#@?(?:\$\?|\$|%|\?)?#")
_WHERE = re.compile(r"[$,](?:domain|from)=([^,\s]+)")
_TEXT = re.compile(r":(?:has-text|contains|-abp-contains)\(((?:[^()]|\([^()]*\))*)\)")
_COMMENT = re.compile(r"#(?![#@?$%])")
_HIDING = re.compile(r"[$,](?:generichide|ghide|elemhide|ehide|specifichide|shide|document|doc)\b")


class Line(NamedTuple):
    """A rule in the text of a list; `number` is from 1."""

    number: int
    text: str


class Search:
    """A look through the text of one list, within the bounds of the reader of lists and in bounded
    time. `cut` says whether a bound left out the rest."""

    def __init__(self, source: Source) -> None:
        self.cut = False
        self._source = source
        self._started = thread_time()

    def in_time(self) -> bool:
        """Whether there is time left."""
        if thread_time() - self._started > PATIENCE:
            self.cut = True
        return not self.cut

    def lines(self, needles: Sequence[str]) -> Iterator[Line]:
        """The lines with one of `needles` in them, comments aside, in the list's order."""
        # Bytes: lower case of a text may be longer than the text.
        data = self._source.data[:MOST_CHARACTERS]
        self.cut = len(data) < len(self._source.data)
        lowered = data.lower()
        wanted = [needle.lower().encode() for needle in needles]
        found = {one: lowered.find(one) for one in wanted}
        number, counted = 1, 0
        while places := [place for place in found.values() if place >= 0]:
            start = lowered.rfind(b"\n", 0, min(places)) + 1
            end = data.find(b"\n", start)
            end = end if end >= 0 else len(data)
            number += data.count(b"\n", counted, start)
            counted = start
            if number > MOST_LINES or not self.in_time():
                self.cut = True
                return
            line = data[start:end].decode("utf-8", "replace").strip()
            if len(line) <= LONGEST_LINE and _is_rule(line):
                yield Line(number, line)
            for one, place in found.items():
                if 0 <= place < end:
                    found[one] = lowered.find(one, end)

    def findings(self) -> Iterator[Finding]:
        """What is to say of a list that was not looked through to its end."""
        if self.cut:
            yield Finding(
                level=Level.DEGRADED,
                topic=Topic.LIST,
                subject=self._source.title,
                message=f"{self._source.title} was not searched to its end for rules that name the "
                "site or what is ours: it is too long, or its rules take too long to try.",
            )


def _is_rule(line: str) -> bool:
    return bool(line) and line[0] not in "![" and not _COMMENT.match(line)


def naming(host: str) -> re.Pattern[str]:
    """Matches the host, its subdomains, the domains above it, and `name.*`.

    :param host: without `www.`, in lower case.
    """
    above = "".join(f"|(?<![.]){re.escape(name)}" for name in _above(host))
    names = f"(?:(?:[\\w-]+\\.)*{re.escape(host)}{above})(?![\\w.-]|\\.[a-z])"
    entities = re.escape(_entity(host))
    return re.compile(rf"(?<![\w.-])(?:{names}|{entities})", re.IGNORECASE)


def _above(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(1, len(labels) - 1)]


def _entity(host: str) -> str:
    return f"{host.rpartition('.')[0] or host}.*"


def site_rules(source: Source, origin: str) -> list[Line]:
    """The rules of a list that name the site of `origin` itself."""
    return list(_naming_site(Search(source), origin))


def _naming_site(search: Search, origin: str) -> Iterator[Line]:
    forms = written_forms((urlsplit(origin).hostname or "").removeprefix("www."))
    patterns = [naming(form) for form in forms]
    needles = [name for form in forms for name in (form, _entity(form), *_above(form))]
    for line in search.lines(needles):
        if any(pattern.search(line.text) for pattern in patterns):
            yield line


def site_findings(sources: Iterable[Source], origin: str) -> Iterator[Finding]:
    """One note for each list that names the site, with all its rules."""
    host = urlsplit(origin).hostname or origin
    for source in sources:
        search = Search(source)
        hiding: list[Line] = []
        others: list[Line] = []
        for line in _naming_site(search, origin):
            lifts = line.text.startswith("@@") and _HIDING.search(line.text)
            (hiding if lifts else others).append(line)
        yield from search.findings()
        lines = [*hiding, *others]
        if not lines:
            continue
        count = f"{len(lines)} rule{'s' * (len(lines) != 1)}"
        message = f"{source.title} names {host} in {count}."
        if hiding:
            message += " One of them switches hiding off there: element baits may stay visible."
        yield Finding(
            level=Level.NOTE,
            topic=Topic.SITE,
            subject=source.title,
            message=message,
            cites=_cites(source, lines),
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
        search = Search(source)
        lines = [
            line
            for line in search.lines(names)
            if pattern.search(line.text) and in_force(line.text, host)
        ]
        yield from search.findings()
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
    find them in our sentences."""
    on = set(default)
    for source in sources:
        search = Search(source)
        words = _Words(texts, search)
        lines = [
            line
            for line in search.lines(("has-text(", "contains("))
            if in_force(line.text, host) and words.found_by(line.text)
        ]
        yield from search.findings()
        if lines:
            yield Finding(
                level=Level.DEGRADED if source.id in on else Level.NOTE,
                topic=Topic.OWN,
                subject=source.title,
                message=f"{source.title} looks for words that our sentences have; whether the "
                "rest of the rule fits has to be read.",
                cites=_cites(source, lines),
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
    hosts = written_forms(host)
    if any(_covers(place[1:], one) for place in named if place[0] == "~" for one in hosts):
        return False
    wanted = [place for place in named if place[0] != "~"]
    return not wanted or any(_covers(place, one) for place in wanted for one in hosts)


def _covers(place: str, host: str) -> bool:
    place = place.lower()
    if place.endswith(".*"):
        return f".{host}.".find(f".{place[:-1]}") >= 0
    return host == place or host.endswith(f".{place}")


class _Words:
    """What the rules of one list find in our sentences, as long as its search has time."""

    def __init__(self, texts: Sequence[str], search: Search) -> None:
        self._texts = texts
        self._search = search
        self._known: dict[str, bool] = {}

    def found_by(self, rule: str) -> bool:
        return any(self._has(argument.strip()) for argument in _TEXT.findall(rule[:LONGEST_RULE]))

    def _has(self, argument: str) -> bool:
        if argument not in self._known:
            self._known[argument] = self._look(argument)
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
        return any(self._search.in_time() and expression.search(text) for text in self._texts)


def _cites(source: Source, lines: Iterable[Line]) -> tuple[Cite, ...]:
    made = [Cite(source.title, line.number, line.text[:SHOWN]) for line in lines]
    return tuple(made[:MOST_CITES])
