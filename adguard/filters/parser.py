"""A filter list, read: ABP, AdGuard and uBlock Origin dialects."""

from __future__ import annotations

import re
from collections.abc import Iterable

from adguard.filters.environment import UBLOCK, Environment
from adguard.filters.expression import Expression, ExpressionError
from adguard.filters.lists import FilterList
from adguard.filters.options import (
    NO_OPTIONS,
    OptionError,
    SkippedError,
    read_options,
)
from adguard.filters.places import PlaceError, ascii_host, read_places
from adguard.filters.preprocessor import Include, Line, Notes, Preprocessor
from adguard.filters.rules import CosmeticRule, NetworkRule, Options, Places
from adguard.filters.selector import SelectorError, UnsupportedError, check

MOST_EXPRESSIONS = 5_000
"""Regular expressions in one list; the largest lists in use have some hundreds."""
LONGEST_PATTERN = 1_024
MOST_COMPLEX = 20_000
"""Generic cosmetic rules in one list that ask for more than one name; in use: some hundreds."""

MOST_NAMES = 500_000
"""Host names in the places of one list's rules; in use: some ten thousand."""

_SEPARATOR = re.compile(r"#@?(?:\$\?|\$|%|\?)?#(?=.)")
_MARKUP = re.compile(r"[^\s/|@\"'!#$]*\$@?\$[a-z*][\w-]*(?:\[|$)", re.IGNORECASE)
_HOSTS = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?|::0|fe80::1%lo0|255\.255\.255\.255)\s+(\S+)")
_HOST = re.compile(r"(?:[a-z0-9][a-z0-9_-]*\.)*[a-z0-9][a-z0-9-]*[a-z0-9]", re.IGNORECASE)
_BEYOND = re.compile(r"\|\|([^/^*|:?]+)")
_LOCAL = re.compile(r"0\.0\.0\.0|broadcasthost|local|localhost.*|ip6-.*")
_UNWANTED = re.compile(r"[$,]~(?!third-party|first-party|3p|1p)")
_HEADER = re.compile(r"[!#]\s*(Title|Version|Last modified|Updated|TimeUpdated)\s*:\s*(.*)", re.I)
_HEADER_LINES = 100
_MOST_DOLLARS = 16
_PLAIN_COSMETIC = re.compile(r"##[.#][A-Za-z_][\w-]*")


def parse_list(
    text: str | bytes,
    *,
    name: str,
    environment: Environment = UBLOCK,
    include: Include | None = None,
) -> FilterList:
    """Reads a list. Never raises; bounded in time and memory whatever the input.

    :param text: the list; bytes are taken for UTF-8.
    :param name: how findings call it.
    :param environment: for whom it is read: the constants of `!#if`, and the dialect.
    :param include: name of a file in the list's folder -> its content, or None where it is not
        there; without it, `!#include` lines are problems.
    """
    notes = Notes()
    reading = _Reading(environment, notes)
    preprocessor = Preprocessor(environment, include, notes)
    reading.take(preprocessor.lines(text, name))
    head = reading.head
    version = next((head[key] for key in _VERSIONS if head.get(key)), "")
    return FilterList(
        name=name,
        title=head.get("title", ""),
        version=version,
        environment=environment,
        network=reading.network,
        cosmetic=reading.cosmetic,
        lines=preprocessor.lines_read,
        complete=not preprocessor.cut,
        problems=notes.all_problems(),
        skipped=dict(notes.skipped),
    )


_VERSIONS = ("version", "last modified", "timeupdated", "updated")


class _Reading:
    """Collects the rules of one list; equal options are kept once."""

    def __init__(self, environment: Environment, notes: Notes) -> None:
        self.environment = environment
        self.notes = notes
        self.head: dict[str, str] = {}
        self.network: list[NetworkRule] = []
        self.cosmetic: list[CosmeticRule] = []
        self.expressions = 0
        self.complex = 0
        self.names = 0
        self._options: dict[tuple[str, bool], Options | OptionError | SkippedError] = {}

    def take(self, lines: Iterable[Line]) -> None:
        for line, number, source in lines:
            try:
                self.take_line(line, number, source)
            except SkippedError as skipped:
                self.notes.skipped[str(skipped)] += 1
            except (OptionError, PlaceError, ExpressionError, SelectorError) as error:
                self.notes.problem(source, number, line, _sentence(str(error)))

    def take_line(self, line: str, number: int, source: str) -> None:
        first = line[0]
        if first == "!" or (first == "[" and not line.startswith("[$")):
            self.take_comment(line, number)
            return
        if "#" in line:
            if _PLAIN_COSMETIC.fullmatch(line):
                self.cosmetic.append(CosmeticRule(line, number, source, False, line[2:]))
                return
            found = _SEPARATOR.search(line)
            if found:
                self.take_cosmetic(line, found, number, source)
                return
            if first == "#":
                self.take_comment(line, number)
                return
        if ("$$" in line or "$@$" in line) and _MARKUP.match(line):
            raise SkippedError("filters the page's source ($$)")
        if first == "[":
            raise SkippedError("AdGuard's modifiers of cosmetic rules ([$…])")
        self.take_network(line, number, source)

    def take_comment(self, line: str, number: int) -> None:
        found = _HEADER.match(line) if number <= _HEADER_LINES else None
        if found and "%" not in found[2]:
            self.head.setdefault(found[1].lower(), found[2].strip()[:200])

    # --- requests ---------------------------------------------------------------------------

    def take_network(self, line: str, number: int, source: str) -> None:
        body = line
        if " " in line or "\t" in line:
            body = self.without_whitespace(line)
            if not body:
                return
        exception = body.startswith("@@")
        if exception:
            body = body[2:]
        at = _options_start(body, len(body))
        pattern, options = (body, NO_OPTIONS) if at < 0 else self.split(body, at, exception)
        expression = None
        if len(pattern) > 2 and pattern[0] == pattern[-1] == "/":
            expression = self.expression(pattern[1:-1], options.match_case)
        elif options.match_case and not self.environment.case_patterns:
            raise OptionError("match-case is for regular expressions only")
        elif self.environment.bare_hosts and _HOST.fullmatch(pattern):
            if at < 0 or _says_only_what(options, body[at:]):
                pattern = f"||{pattern}^"
        elif at < 0 and len(pattern) <= 1:
            raise OptionError("the rule would apply to everything")
        elif len(pattern) > LONGEST_PATTERN:
            raise OptionError(f"the pattern is longer than {LONGEST_PATTERN:,} characters")
        elif not pattern.isascii():
            pattern = _on_the_wire(pattern)
        self.count(options.domains, options.to, options.denyallow)
        self.network.append(
            NetworkRule(line, number, source, exception, pattern, options, expression)
        )

    def split(self, body: str, at: int, exception: bool) -> tuple[str, Options]:
        """The pattern and the options, which begin at the last `$` behind which there are some: a
        value can have a `$` in it."""
        failure: OptionError | None = None
        for _ in range(_MOST_DOLLARS):
            try:
                return body[:at], self.options(body[at + 1 :], exception)
            except OptionError as error:
                failure = failure or error
            at = _options_start(body, at)
            if at < 0:
                break
        raise failure or OptionError("the options are not understood")

    def without_whitespace(self, line: str) -> str:
        """A hosts line as a rule; other lines without the comment at their end."""
        body = line.replace("\t", " ")
        body = body.partition(" #")[0].rstrip()
        hosts = _HOSTS.fullmatch(body)
        if hosts:
            host = hosts[1].lower()
            return "" if _LOCAL.fullmatch(host) or not _HOST.fullmatch(host) else f"||{host}^"
        if " " in body and not body.lstrip("@").startswith("/") and "$" not in body:
            raise OptionError("a rule has no white space in it")
        return body

    def options(self, text: str, exception: bool) -> Options:
        key = (text, exception)
        found = self._options.get(key)
        if found is None:
            try:
                found = read_options(text, exception=exception, environment=self.environment)
            except (OptionError, SkippedError) as error:
                found = error
            if len(text) < 64:
                self._options[key] = found
        if isinstance(found, Exception):
            raise found.with_traceback(None)  # kept, and raised again for every such rule
        return found

    def count(self, *lists: Places | None) -> None:
        self.names += sum(places.size for places in lists if places is not None)
        if self.names > MOST_NAMES:
            raise PlaceError(f"more than {MOST_NAMES:,} host names in one list")

    def expression(self, source: str, match_case: bool) -> Expression:
        self.expressions += 1
        if self.expressions > MOST_EXPRESSIONS:
            raise ExpressionError(f"more than {MOST_EXPRESSIONS:,} regular expressions in one list")
        return Expression(source, match_case=match_case)

    # --- elements ---------------------------------------------------------------------------

    def take_cosmetic(self, line: str, found: re.Match[str], number: int, source: str) -> None:
        separator, selector = found[0], line[found.end() :].strip()
        where = line[: found.start()]
        if "%" in separator or selector.startswith(("+js(", "//scriptlet")):
            raise SkippedError("runs a script in the page (##+js, #%#)")
        if "$" in separator:
            raise SkippedError("changes styles (#$#)")
        if selector.startswith("^"):
            raise SkippedError("filters the page's source (##^)")
        if where.startswith("[$"):
            raise SkippedError("AdGuard's modifiers of cosmetic rules ([$…])")
        try:
            check(selector)
        except UnsupportedError as error:
            raise SkippedError(str(error)) from None
        places = None if where in {"", "*"} else read_places(where, ",")
        self.count(places)
        self.complex += places is None or places.generic
        if self.complex > MOST_COMPLEX:
            raise SelectorError(f"more than {MOST_COMPLEX:,} generic rules with a long selector")
        self.cosmetic.append(CosmeticRule(line, number, source, "@" in separator, selector, places))


def _on_the_wire(pattern: str) -> str:
    """The pattern with the host that it begins with as DNS knows it."""
    found = _BEYOND.match(pattern)
    if found is None or found[1].isascii():
        return pattern
    try:
        return f"||{ascii_host(found[1])}{pattern[found.end() :]}"
    except PlaceError:
        return pattern


def _options_start(body: str, before: int) -> int:
    """Where the last `$` is that can stand before options, or -1: one in the middle of a regular
    expression cannot."""
    at = body.rfind("$", 0, before)
    while at >= 0:
        after = body[at + 1 : at + 2]
        if after and after not in ")/|" and body[at - 1 : at] != "\\":
            return at
        at = body.rfind("$", 0, at)
    return -1


def _says_only_what(options: Options, text: str) -> bool:
    """Whether options are about kinds of request and parties only: then uBlock Origin still takes
    a host name for a host."""
    plain = Options(kinds=options.kinds, party=options.party, badfilter=options.badfilter)
    return options == plain and not _UNWANTED.search(text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
