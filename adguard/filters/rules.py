"""The rules of a filter list, the places where they apply, and what was not understood."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from adguard.filters.expression import Expression

SHOWN = 200
"""Characters of a line that a problem quotes."""


class Problem(msgspec.Struct, frozen=True):
    """A line that could not be understood, or a bound that a list went beyond.

    :param line: its number in the list, from 1; 0 where the list as a whole is meant.
    :param text: the line, at most 200 characters of it.
    :param reason: one sentence.
    :param source: the file the line stands in: the list's name, or that of an included file.
    """

    line: int
    text: str
    reason: str
    source: str = ""


class Places(msgspec.Struct, frozen=True):
    """A list of hosts as `domain=`, `to=` and cosmetic rules write it.

    :param hosts: `example.org`, which means its subdomains too.
    :param entities: `example` for `example.*`: under any public suffix.
    :param expressions: regular expressions on the whole host name.
    """

    hosts: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    expressions: tuple[Expression, ...] = ()
    not_hosts: frozenset[str] = frozenset()
    not_entities: frozenset[str] = frozenset()
    not_expressions: tuple[Expression, ...] = ()

    @property
    def generic(self) -> bool:
        """Whether it names no place where the rule applies, only such where it does not."""
        return not (self.hosts or self.entities or self.expressions)

    @property
    def size(self) -> int:
        """How many names and expressions that are."""
        return sum(map(len, msgspec.structs.astuple(self)))


class Options(msgspec.Struct, frozen=True):
    """What stands behind the `$` of a network rule.

    :param kinds: bits of `adguard.filters.options.KINDS`.
    :param party: 1 first party only, 3 third party only, 0 either.
    :param strict: the same, by host name instead of by registrable domain.
    :param redirect: name of the resource put in the place of what is blocked.
    :param redirect_only: the rule blocks nothing itself (`redirect-rule=`).
    :param hides: of an exception, which cosmetic rules it switches off: 1 generic, 2 specific.
    :param whole_page: of an exception, it lifts `all` rules or the `generic` ones on a whole page.
    """

    kinds: int
    party: int = 0
    strict: int = 0
    domains: Places | None = None
    to: Places | None = None
    denyallow: Places | None = None
    methods: frozenset[str] = frozenset()
    not_methods: frozenset[str] = frozenset()
    match_case: bool = False
    important: bool = False
    badfilter: bool = False
    redirect: str | None = None
    redirect_only: bool = False
    hides: int = 0
    whole_page: str = ""


class NetworkRule(msgspec.Struct, frozen=True, gc=False):
    """A rule about requests.

    :param text: the line as the list writes it.
    :param line: its number in `source`, from 1.
    :param source: name of the list or of the included file it stands in.
    :param exception: it lifts blocking (`@@`).
    :param pattern: the part before the options; `||host^` is written so for hosts lines too.
    :param expression: of a `/regular expression/`, the compiled form.
    """

    text: str
    line: int
    source: str
    exception: bool
    pattern: str
    options: Options
    expression: Expression | None = None


class CosmeticRule(msgspec.Struct, frozen=True, gc=False):
    """A rule about elements, with a plain CSS selector.

    :param exception: it lifts hiding (`#@#`).
    :param selector: the CSS selector or selector list.
    :param places: where it applies, or None for everywhere.
    """

    text: str
    line: int
    source: str
    exception: bool
    selector: str
    places: Places | None = None
    expression: ClassVar[None] = None

    @property
    def generic(self) -> bool:
        """Whether it applies to pages it does not name."""
        return self.places is None or self.places.generic
