"""For whom a list is read: the constants of `!#if`, and where dialects disagree."""

from __future__ import annotations

import re

import msgspec


class ConditionError(ValueError):
    """A condition behind `!#if` is malformed."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """A blocker, as far as reading its lists goes.

    :param name: `ublock`, `adguard`, and so on.
    :param constants: those that are true in `!#if`; every other one is false.
    :param bare_hosts: a line that is just a host name means that host, as in a hosts file.
    :param page_exceptions: `@@…$document` lifts all rules on a page (uBlock Origin: only the
        blocking of the page itself).
    :param strict_blocking: `||host^` without a type blocks documents of that host, too.
    :param case_patterns: `match-case` is allowed on rules that are no regular expression.
    """

    name: str
    constants: frozenset[str] = frozenset()
    bare_hosts: bool = False
    page_exceptions: bool = True
    strict_blocking: bool = False
    case_patterns: bool = True


UBLOCK = Environment(
    name="ublock",
    constants=frozenset({"ext_ublock", "env_firefox", "cap_html_filtering", "cap_user_stylesheet"}),
    bare_hosts=True,
    page_exceptions=False,
    strict_blocking=True,
    case_patterns=False,
)
UBLOCK_CHROMIUM = msgspec.structs.replace(
    UBLOCK,
    name="ublock-chromium",
    constants=frozenset({"ext_ublock", "env_chromium", "cap_user_stylesheet"}),
)
UBLOCK_LITE = msgspec.structs.replace(
    UBLOCK,
    name="ublock-lite",
    constants=frozenset({"ext_ubol", "env_chromium", "env_mv3", "cap_user_stylesheet"}),
)
ADGUARD = Environment(
    name="adguard",
    constants=frozenset({"adguard", "adguard_ext_chromium"}),
    strict_blocking=True,
)
ADBLOCK_PLUS = Environment(name="adblock-plus", constants=frozenset({"ext_abp"}))
BRAVE = Environment(name="brave", constants=UBLOCK_CHROMIUM.constants, bare_hosts=True)
GHOSTERY = Environment(name="ghostery", constants=frozenset({"ext_ghostery", "env_chromium"}))

_WORDS = re.compile(r"\s*(&&|\|\||!|\(|\)|[A-Za-z_][A-Za-z0-9_]*)")
_DEEPEST = 32


def holds(condition: str, environment: Environment) -> bool:
    """Decides the condition of an `!#if`: constants, `!`, `&&`, `||` and parentheses.

    :raises ConditionError: when it is malformed or nested more than 32 deep.
    """
    words: list[str] = []
    at, text = 0, condition.strip()
    while at < len(text):
        found = _WORDS.match(text, at)
        if found is None or len(words) > 256:
            raise ConditionError(f"the condition {text[:60]!r} is malformed")
        words.append(found[1])
        at = found.end()
    reader = _Reader(words, environment.constants)
    value = reader.either(0)
    if reader.at < len(words):
        raise ConditionError(f"the condition {text[:60]!r} is malformed")
    return value


class _Reader:
    """Recursive descent over the words of a condition."""

    def __init__(self, words: list[str], constants: frozenset[str]) -> None:
        self.words = words
        self.constants = constants
        self.at = 0

    def next(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def either(self, depth: int) -> bool:
        value = self.both(depth)
        while self.next() == "||":
            self.at += 1
            value = self.both(depth) or value
        return value

    def both(self, depth: int) -> bool:
        value = self.single(depth)
        while self.next() == "&&":
            self.at += 1
            value = self.single(depth) and value
        return value

    def single(self, depth: int) -> bool:
        word = self.next()
        self.at += 1
        if depth > _DEEPEST:
            raise ConditionError(f"the condition is nested more than {_DEEPEST} deep")
        if word == "!":
            return not self.single(depth + 1)
        if word == "(":
            value = self.either(depth + 1)
            if self.next() != ")":
                raise ConditionError("a parenthesis is not closed")
            self.at += 1
            return value
        if not word or word in {")", "&&", "||"}:
            raise ConditionError("a constant is missing")
        return word == "true" or word in self.constants
