"""A filter's regular expression that cannot hang its reader.

`re` goes back and tries again, which some expressions turn into years. So the number of ways that
`re` could go is bounded from above first, for the length of text at hand; beyond the bound, an
automaton decides instead, in time that grows with the text and not faster.
"""

from __future__ import annotations

import re
from functools import cached_property

from adguard.filters import tree
from adguard.filters.automaton import Automaton
from adguard.filters.tree import (
    EVERY,
    Back,
    Chars,
    Choice,
    ExpressionError,
    Group,
    Look,
    Mark,
    Node,
    Repeat,
    Sequence,
    starts,
)

__all__ = ["Expression", "ExpressionError"]

LONGEST_TEXT = 2_048
"""Characters of a URL that an expression is asked about."""

_MOST_WAYS = 200_000
_MANY = 10**9


class Expression:
    """A compiled expression; equal when source and case are."""

    def __init__(self, source: str, *, match_case: bool = False) -> None:
        """
        :param source: JavaScript's syntax, without the slashes.
        :raises ExpressionError: when it is malformed, or could neither be bounded nor be followed
            step by step.
        """
        self.source = source
        self.match_case = match_case
        self._tree = tree.parse(source, fold_case=not match_case)
        self._safe: dict[int, bool] = {}
        self.literal = _literal(self._tree)
        if not self._quick(LONGEST_TEXT):
            self._automaton = Automaton(self._tree)
        if "\\" in source and re.search(r"\\[1-9]", source):
            self._prove()

    def _prove(self) -> None:
        """`re` refuses what JavaScript allows: a reference into the group it stands in."""
        try:
            self._compiled  # noqa: B018
        except re.error as error:
            raise ExpressionError(f"the regular expression is not understood ({error})") from error

    def search(self, text: str) -> bool:
        """Whether it matches anywhere in the first 2,048 characters of `text`."""
        text = text[:LONGEST_TEXT]
        if self._quick(len(text)):
            return self._compiled.search(text) is not None
        return self._automaton.search(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Expression({self.source!r}, match_case={self.match_case})"

    @property
    def _key(self) -> tuple[str, bool]:
        return self.source, self.match_case

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        flags = re.ASCII if self.match_case else re.ASCII | re.IGNORECASE
        return re.compile(_written(self._tree), flags)

    def _quick(self, length: int) -> bool:
        """Whether `re` decides a text of that length in a bounded number of ways."""
        bucket = max(6, length.bit_length())
        if bucket not in self._safe:
            size = 1 << bucket
            ways = _ways(self._tree, size, 0)
            starting = 1 if _anchored(self._tree) else size
            self._safe[bucket] = ways * starting <= _MOST_WAYS
        return self._safe[bucket]


def _anchored(node: Node) -> bool:
    first = node.items[0] if isinstance(node, Sequence) and node.items else node
    return isinstance(first, Mark) and first.kind == "^"


def _ways(node: Node, size: int, after: int) -> int:
    """An upper bound for the ways `node` can match from one place, those left out that the next
    character refutes at once.

    :param size: the length of the text.
    :param after: the set of characters that may follow.
    """
    if isinstance(node, Sequence):
        return _ways_of_sequence(node, size, after)
    if isinstance(node, Choice):
        counts = [_ways(branch, size, after) for branch in node.branches]
        return max(counts) if _apart(node, after) else min(sum(counts), _MANY)
    if isinstance(node, Repeat):
        return _ways_of_repeat(node, size, after)
    if isinstance(node, Group | Look):
        return _ways(node.body, size, after if isinstance(node, Group) else 0)
    return 1


def _ways_of_sequence(node: Sequence, size: int, after: int) -> int:
    total = 1
    for item in reversed(node.items):
        total = min(total * _ways(item, size, after), _MANY)
        first, empty = starts(item)
        after = first | after if empty else first
    return total


def _ways_of_repeat(node: Repeat, size: int, after: int) -> int:
    most = size if node.high is None else min(node.high, size)
    first, empty = starts(node.body)
    lengths = max(most - node.low, 0) + 1 if first & after else 1
    if isinstance(node.body, Chars):
        return lengths
    if empty:
        return _MANY if most > 1 else lengths + _ways(node.body, size, after)
    within = _ways(node.body, size, first | after if most > 1 else after)
    if within == 1:
        return lengths
    return _MANY if most > 30 else min(int(within**most) * lengths, _MANY)


def _apart(node: Choice, after: int) -> bool:
    """Whether the next character decides for one branch."""
    union = 0
    for branch in node.branches:
        first, empty = starts(branch)
        first |= after if empty else 0
        if union & first:
            return False
        union |= first
    return True


def _literal(node: Node) -> str:
    """The longest run of characters that a match must contain, in lower case; "" without one."""
    items = node.items if isinstance(node, Sequence) else (node,)
    best = run = ""
    for item in items:
        letter = _letter(item)
        run = run + letter if letter else ""
        best = max(best, run, key=len)
    return best


def _letter(node: Node) -> str:
    if isinstance(node, Chars) and not node.mask >> 128:
        characters = {chr(code).lower() for code in range(128) if node.mask >> code & 1}
        if len(characters) == 1:
            return characters.pop()
    return ""


def _written(node: Node) -> str:
    """The tree in Python's syntax."""
    match node:
        case Chars(mask):
            text = _written_set(mask)
        case Sequence(items):
            text = "".join(map(_written, items))
        case Choice(branches):
            text = f"(?:{'|'.join(map(_written, branches))})"
        case Repeat(body, low, high):
            text = f"(?:{_written(body)}){{{low},{'' if high is None else high}}}"
        case Look(body, negative):
            text = f"(?{'!' if negative else '='}{_written(body)})"
        case Group(body):
            text = f"({_written(body)})"
        case Back(number):
            text = f"(?:\\{number})"
        case _:
            text = {"^": r"\A", "$": r"\Z", "b": r"\b", "B": r"\B"}[node.kind]
    return text


def _written_set(mask: int) -> str:
    if mask == EVERY:
        return r"[\s\S]"
    if not mask:
        return r"(?!)"
    members = "".join(f"\\x{code:02x}" for code in range(128) if mask >> code & 1)
    beyond = r"\x80-\U0010ffff" if mask >> 128 else ""
    return f"[{members}{beyond}]"
