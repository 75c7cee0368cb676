"""Regular expressions as JavaScript writes them, as a tree.

Characters are sets in one integer: bit 0 to 127 for ASCII, bit 128 for everything beyond. A URL on
the wire is ASCII.
"""

from __future__ import annotations

import math
import string
from functools import reduce
from operator import or_
from typing import NamedTuple

BEYOND = 1 << 128
EVERY = (1 << 129) - 1
_DEEPEST = 40
_LONGEST = 2_048
_MOST_REPEATS = 65_535


class ExpressionError(ValueError):
    """A regular expression cannot be used; the message says why."""


class Chars(NamedTuple):
    """One character of a set."""

    mask: int


class Sequence(NamedTuple):
    items: tuple[Node, ...]


class Choice(NamedTuple):
    branches: tuple[Node, ...]


class Repeat(NamedTuple):
    """`low` to `high` times; `high` is None without a limit."""

    body: Node
    low: int
    high: int | None


class Mark(NamedTuple):
    """A place without width: `^`, `$`, `b` or `B`."""

    kind: str


class Look(NamedTuple):
    """A look ahead."""

    body: Node
    negative: bool


class Group(NamedTuple):
    """A capturing group."""

    body: Node
    number: int


class Back(NamedTuple):
    """What group `number` captured, once more."""

    number: int


Node = Chars | Sequence | Choice | Repeat | Mark | Look | Group | Back


def of(characters: str) -> int:
    """The set of `characters`."""
    mask = 0
    for character in characters:
        mask |= 1 << min(ord(character), 128)
    return mask


DIGIT = of(string.digits)
WORD = of(string.ascii_letters + string.digits + "_")
SPACE = of(" \t\n\r\f\v") | BEYOND  # the BEYOND part: non-breaking and other wide spaces
_LINE_ENDS = of("\n\r")
_LOWER, _UPPER = of(string.ascii_lowercase), of(string.ascii_uppercase)
_SETS = {
    "d": DIGIT,
    "D": EVERY & ~DIGIT,
    "w": WORD,
    "W": EVERY & ~WORD,
    "s": SPACE,
    "S": EVERY & ~SPACE | BEYOND,
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_HEX = frozenset(string.hexdigits)


def fold(mask: int) -> int:
    """The set with both cases of every ASCII letter in it."""
    return mask | (mask & _LOWER) >> 32 | (mask & _UPPER) << 32


def parse(source: str, *, fold_case: bool) -> Node:
    """Returns the tree of a JavaScript regular expression without the `u` and `v` flags.

    :param source: what stands between the slashes.
    :param fold_case: letters stand for both their cases.
    :raises ExpressionError: when it is malformed, too long (2,048 characters), too deep, or uses
        what is not understood (look-behind).
    """
    if len(source) > _LONGEST:
        raise ExpressionError(f"the regular expression is longer than {_LONGEST:,} characters")
    return _Parser(source, fold_case).whole()


class _Parser:
    def __init__(self, source: str, fold_case: bool) -> None:
        self.source = source
        self.fold_case = fold_case
        self.at = 0
        self.depth = 0
        self.groups = 0
        self.backs = 0

    def whole(self) -> Node:
        node = self.choice()
        if self.at < len(self.source):
            raise ExpressionError("a ')' too many in the regular expression")
        if self.backs > self.groups:
            raise ExpressionError("the regular expression refers to a group that is not there")
        return node

    def peek(self, length: int = 1) -> str:
        return self.source[self.at : self.at + length]

    def accept(self, word: str) -> bool:
        if self.source.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def chars(self, mask: int) -> Chars:
        return Chars(fold(mask) if self.fold_case else mask)

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExpressionError("the regular expression is nested too deep")
        branches = [self.sequence()]
        while self.accept("|"):
            branches.append(self.sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.peek() not in {"", "|", ")"}:
            items.append(self.repeated(self.atom()))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def repeated(self, node: Node) -> Node:
        found = self.quantifier()
        if found is None:
            return node
        if isinstance(node, Mark):
            raise ExpressionError("nothing to repeat in the regular expression")
        self.accept("?")  # lazy: where it matches makes no difference here, only whether
        low, high = found
        if high is not None and high < low:
            raise ExpressionError("the numbers of a quantifier are out of order")
        return Repeat(node, low, high)

    def quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.accept(sign):
                return bounds
        if self.peek() != "{":
            return None
        end = self.source.find("}", self.at)
        low, comma, high = self.source[self.at + 1 : max(end, 0)].partition(",")
        numbers = [low, high] if high else [low]
        if end < 0 or not all(n.isascii() and n.isdigit() and len(n) < 6 for n in numbers):
            return None
        self.at = end + 1
        most = int(high) if high else None if comma else int(low)
        if max(int(low), most or 0) > _MOST_REPEATS:
            raise ExpressionError("a quantifier is too large")
        return int(low), most

    def atom(self) -> Node:
        character = self.source[self.at]
        self.at += 1
        if character == "(":
            return self.group()
        if character == "[":
            return self.chars(self.bracket())
        if character == "\\":
            return self.escape()
        if character in "^$":
            return Mark(character)
        if character == ".":
            return Chars(EVERY & ~_LINE_ENDS)
        if character in "*+?":
            raise ExpressionError("nothing to repeat in the regular expression")
        return self.chars(of(character))

    def group(self) -> Node:
        number = 0
        negative = self.peek(2) == "?!"
        look = negative or self.peek(2) == "?="
        if look:
            self.at += 2
        elif not self.accept("?:"):
            if self.peek(3) in {"?<=", "?<!"}:
                raise ExpressionError("look-behind is not understood")
            if self.accept("?<"):
                self.at = self.source.find(">", self.at) + 1
                if not self.at:
                    raise ExpressionError("a group's name is not closed")
            elif self.peek() == "?":
                raise ExpressionError("a '(?' that is not understood")
            self.groups += 1
            number = self.groups
        body = self.choice()
        if not self.accept(")"):
            raise ExpressionError("a '(' is not closed in the regular expression")
        if look:
            return Look(body, negative)
        return Group(body, number) if number else body

    def escape(self) -> Node:
        if not self.peek():
            raise ExpressionError("the regular expression ends in a backslash")
        character = self.source[self.at]
        if character in "bB":
            self.at += 1
            return Mark(character)
        if character in "123456789":
            self.at += 1
            self.backs = max(self.backs, int(character))
            return Back(int(character))
        if character == "k":
            raise ExpressionError("references by name are not understood")
        return self.chars(self.escaped())

    def escaped(self) -> int:
        """The set meant by what follows a backslash."""
        character = self.source[self.at]
        self.at += 1
        if character in _SETS:
            return _SETS[character]
        if character in _CONTROLS:
            return of(_CONTROLS[character])
        for letter, length in (("x", 2), ("u", 4)):
            digits = self.peek(length)
            if character == letter and len(digits) == length and set(digits) <= _HEX:
                self.at += length
                return 1 << min(int(digits, 16), 128)
        return of(character)

    def bracket(self) -> int:
        negative = self.accept("^")
        mask = 0
        while True:
            if not self.peek():
                raise ExpressionError("a '[' is not closed in the regular expression")
            if self.accept("]"):
                return EVERY & ~mask if negative else mask
            low = self.member()
            if self.peek() == "-" and self.peek(2) not in {"-", "-]"}:
                self.at += 1
                mask |= self.span(low, self.member())
            else:
                mask |= low

    def member(self) -> int:
        character = self.source[self.at]
        self.at += 1
        if character != "\\":
            return of(character)
        if not self.peek():
            raise ExpressionError("the regular expression ends in a backslash")
        if self.accept("b"):
            return of("\b")
        return self.escaped()

    def span(self, low: int, high: int) -> int:
        """`a-z`; where a side is a set such as `\\d`, the hyphen is just a hyphen."""
        if low.bit_count() != 1 or high.bit_count() != 1:
            return low | high | of("-")
        if high < low:
            raise ExpressionError("a range is out of order in the regular expression")
        return (high << 1) - low


def starts(node: Node) -> tuple[int, bool]:
    """The set of first characters, and whether the node may match nothing."""
    match node:
        case Chars(mask):
            return mask, False
        case Sequence(items):
            return _starts_of_sequence(items)
        case Choice(branches):
            found = [starts(branch) for branch in branches]
            return reduce(or_, (first for first, _ in found)), any(empty for _, empty in found)
        case Repeat(body, low):
            first, empty = starts(body)
            return first, empty or low == 0
        case Group(body):
            return starts(body)
    return (EVERY, True) if isinstance(node, Back) else (0, True)


def _starts_of_sequence(items: tuple[Node, ...]) -> tuple[int, bool]:
    mask = 0
    for item in items:
        first, empty = starts(item)
        mask |= first
        if not empty:
            return mask, False
    return mask, True


def width(node: Node) -> float:
    """The most characters it can match; infinite where there is no bound."""
    match node:
        case Chars():
            return 1
        case Sequence(items):
            return sum(map(width, items))
        case Choice(branches):
            return max(map(width, branches))
        case Repeat(body, _, high):
            return width(body) * (math.inf if high is None else high) if width(body) else 0
        case Group(body):
            return width(body)
    return math.inf if isinstance(node, Back) else 0
