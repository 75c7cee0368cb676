"""Makes our in-page JavaScript small: `rjsmin` takes what nobody reads, and local names get short.

Each name that the source declares is replaced, wherever it stands for a value, by a short one that
stands nowhere else: one to one, so that all scopes stay what they were. The source keeps to some
rules for this: no template literals, classes, `function` or `var`, and no declared name that is
also used as a browser's global.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from string import ascii_letters

import rjsmin

_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_TOKEN = re.compile(
    r"""\s+|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_$][\w$]*|\.?\d\w*(?:\.\d+)?"""
    r"""|\.\.\.|\?\.|\?\?|&&|\|\||=>|[^"'`]"""
)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_FORBIDDEN = frozenset(("class", "function", "var", "import.meta"))
_WORDS_BEFORE_VALUE = frozenset(("return", "typeof", "await", "of", "in", "case", "delete", "new"))
_SHORT_WORDS = frozenset(("as", "do", "if", "in", "of"))
_BEFORE_OBJECT = frozenset((*"(,=:[?", "&&", "||", "??", "...", "return", "let", "const"))
# What the minifier leaves. The source ends every statement but a block with a semicolon.
_TIDY = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[;,]}", "}"),
        (r"([!=]=)=(?!!)", r"\1"),  # types differ nowhere but beside true and false
        (r"}\n", "}"),
        (r"\bconst\b ?(?=[\[{]|(\b))", lambda found: "let " if found[1] is not None else "let"),
        (r"\b(async)\(([A-Za-z]+)\)=>", r"\1 \2=>"),
        (r"\(([A-Za-z]+)\)=>", r"\1=>"),
    )
)
_TRUTHS = {"true": "!0", "false": "!1"}
_OPENING = "([{"
_CLOSING = ")]}"


class MinifyError(ValueError):
    """The source has something that `shrink` does not know; the message says what."""


@lru_cache(maxsize=32)
def shrink(source: str) -> str:
    """Returns `source`, which is one arrow function called at once, without comments and idle
    space, its local names shortened.

    :raises MinifyError: it is no such function, or has a template literal, a class, `function` or
        `var` in it.
    """
    tokens = _Tokens(rjsmin.jsmin(source))
    if tokens.texts[:5] != ["(", "(", ")", "=>", "{"]:
        raise MinifyError("shrink() wants one function called at once: (() => { … })();")
    small = "".join(tokens.renamed())
    for pattern, replacement in _TIDY:
        small = pattern.sub(replacement, small)
    return small


def declared(source: str) -> set[str]:
    """Returns the names that `shrink` shortens."""
    return _Tokens(rjsmin.jsmin(source)).declared()


class _Tokens:
    """The tokens of a source, and for each bracket what kind it is.

    :ivar texts: what stands there, spaces aside.
    :ivar spaces: what stood before each token.
    :ivar inside: for each token the index of the bracket that it stands in, or -1.
    :ivar ends: index of an opening bracket -> index of the one that closes it.
    """

    def __init__(self, source: str) -> None:
        self.texts: list[str] = []
        self.spaces: list[str] = []
        self.inside: list[int] = []
        self.ends: dict[int, int] = {}
        self._read(source)

    def declared(self) -> set[str]:
        found: set[str] = set()
        for index, text in enumerate(self.texts):
            if text in ("let", "const"):
                found |= self._declarations(index + 1)
            elif text == "=>" and self.texts[index - 1] != ")":
                found.add(self.texts[index - 1])
            elif text == "(" and self._text(self.ends[index] + 1) == "=>":
                found |= self._bound(index + 1, self.ends[index])
        return found

    def renamed(self) -> Iterator[str]:
        short = self._shortened()
        joined = self._joined() | self._bare()
        for index, text in enumerate(self.texts):
            if index in joined:
                yield joined[index]
                continue
            yield "" if index - 1 in joined else self.spaces[index]
            if text in _TRUTHS and self._is_value(index):
                yield _TRUTHS[text]
            elif text not in short or not self._is_value(index):
                yield text
            elif self._is_shorthand(index):
                yield f"{text}:{short[text]}"
            else:
                yield short[text]

    def _joined(self) -> dict[int, str]:
        """What stands in the place of the tokens between one declaration and the next."""
        joined: dict[int, str] = {}
        declaring: set[int] = set()
        for index, text in enumerate(self.texts):
            home = self.inside[index]
            if text in ("let", "const"):
                declaring.add(home)
            elif text == ";" and home in declaring:
                declaring.remove(home)
                if self._text(index + 1) in ("let", "const"):
                    joined |= {index: ",", index + 1: ""}
        return joined

    def _bare(self) -> dict[int, str]:
        """Parentheses that hold nothing together, as casts of types have them."""
        bare: dict[int, str] = {}
        for start, end in self.ends.items():
            before, earlier = self._text(start - 1), self._text(start - 2)
            stands = before in ("(", ",") or (before == "=" and earlier not in tuple("=!<>"))
            if self.texts[start] == "(" and stands and self._text(end + 1) in (";", ",", ")"):
                inner = range(start + 1, end)
                if not any(self.inside[i] == start and self.texts[i] == "," for i in inner):
                    bare |= {start: "", end: ""}
        return bare

    def _shortened(self) -> dict[str, str]:
        """Each declared name with its short one. Two names may share one when no statement of the
        outermost function has both, and neither is declared there."""
        outermost = self.texts.index("{")
        statements = self._statements(outermost)
        everywhere = set(statements)
        homes: dict[str, set[int]] = {}
        uses = Counter[str]()
        for index, text in enumerate(self.texts):
            if self._is_value(index):
                homes.setdefault(text, set()).add(statements[index])
                uses[text] += 1
        for index, text in enumerate(self.texts):
            if text in ("let", "const") and self.inside[index] == outermost:
                homes |= dict.fromkeys(self._declarations(index + 1), everywhere)
        letters = self._letters()
        known = {*uses, *_SHORT_WORDS}
        taken = {statement: set[str]() for statement in everywhere}
        short: dict[str, str] = {}
        for name in sorted(self.declared(), key=lambda name: (-uses[name], name)):
            used = known.union(*(taken[statement] for statement in homes[name]))
            short[name] = next(new for new in _short_names(letters) if new not in used)
            for statement in homes[name]:
                taken[statement].add(short[name])
        return short

    def _statements(self, outermost: int) -> list[int]:
        """For each token the number of its statement in the function that starts at `outermost`."""
        numbers, number = [], 0
        for index, text in enumerate(self.texts):
            numbers.append(number)
            number += text == ";" and self.inside[index] == outermost
        return numbers

    def _letters(self) -> str:
        """Those that the source has most come first: they cost least when it is compressed."""
        often = Counter("".join(self.texts))
        return "".join(sorted(ascii_letters, key=lambda letter: (-often[letter], letter)))

    def _read(self, source: str) -> None:
        open_brackets: list[int] = []
        at, space = 0, ""
        while at < len(source):
            found = _REGEX.match(source, at) if self._value_may_follow() else None
            found = found or _TOKEN.match(source, at)
            if found is None or found[0] in _FORBIDDEN:
                raise MinifyError(f"shrink() does not know {source[at : at + 20]!r}")
            at = found.end()
            if found[0].isspace():
                space = found[0]
                continue
            if found[0] in _CLOSING:
                self.ends[open_brackets.pop()] = len(self.texts)
            self.inside.append(open_brackets[-1] if open_brackets else -1)
            if found[0] in _OPENING:
                open_brackets.append(len(self.texts))
            self.texts.append(found[0])
            self.spaces.append(space)
            space = ""

    def _value_may_follow(self) -> bool:
        before = self._text(len(self.texts) - 1)
        if _NAME.fullmatch(before):
            return before in _WORDS_BEFORE_VALUE
        return before not in (")", "]", "}") and before[-1:] not in "\"'" and not before.isalnum()

    def _text(self, index: int) -> str:
        return self.texts[index] if 0 <= index < len(self.texts) else ""

    def _is_object(self, bracket: int) -> bool:
        """Whether a brace opens an object or a pattern, and not a block."""
        return self._text(bracket) == "{" and self._text(bracket - 1) in _BEFORE_OBJECT

    def _is_value(self, index: int) -> bool:
        """Whether a name there is a variable, and no property."""
        if not _NAME.fullmatch(self.texts[index]) or self._text(index - 1) in (".", "?."):
            return False
        is_key = self._text(index - 1) in ("{", ",") and self._text(index + 1) in (":", "(")
        return not (is_key and self._is_object(self.inside[index]))

    def _is_shorthand(self, index: int) -> bool:
        around = self._text(index - 1) in ("{", ","), self._text(index + 1) in ("}", ",")
        return all(around) and self._is_object(self.inside[index])

    def _declarations(self, start: int) -> set[str]:
        """The names between `let` and the end of its statement."""
        found: set[str] = set()
        home, index, before = self.inside[start], start, ","
        while self._text(index) not in (";", "of", "in", "") and self.ends.get(home) != index:
            text = self.texts[index]
            if before == "," and text in _OPENING:
                found |= self._bound(index + 1, self.ends[index])
            elif before == ",":
                found.add(text)
            index = self.ends[index] if text in _OPENING else index
            before = text if text in _OPENING else self.texts[index]
            index += 1
        return found

    def _bound(self, start: int, end: int) -> set[str]:
        """The names that a list of parameters or a pattern binds; defaults are passed over."""
        found: set[str] = set()
        index, value = start, False
        while index < end:
            text = self.texts[index]
            value = text != "," and (value or text == "=")
            if text in _OPENING:
                if not value:
                    found |= self._bound(index + 1, self.ends[index])
                index = self.ends[index]
            elif not value and self._text(index + 1) in (",", "=", self.texts[end]):
                found.add(text)
            index += 1
        return {name for name in found if _NAME.fullmatch(name)}


def _short_names(letters: str) -> Iterator[str]:
    length = 1
    while True:
        for parts in product(letters, repeat=length):
            yield "".join(parts)
        length += 1
