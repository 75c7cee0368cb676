"""CSS selectors: what a plain one needs of an element, and what is more than plain."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec


class SelectorError(ValueError):
    """A selector is malformed; the message says where."""


class UnsupportedError(Exception):
    """A selector needs more than an element and what stands around it; the message is a reason."""


class Element(msgspec.Struct, frozen=True):
    """An element as cosmetic rules see it.

    :param classes: its classes, case as in the page.
    :param attributes: name in lower case -> value; `id` and `class` may be left out.
    :param parent: the element around it, if that matters.
    :param previous: the element before it under the same parent, if that matters.
    :param empty: it has no children and no text.
    """

    tag: str = "div"
    id: str = ""
    classes: Collection[str] = ()
    attributes: Mapping[str, str] = {}
    parent: Element | None = None
    previous: Element | None = None
    empty: bool = True

    def attribute(self, name: str) -> str | None:
        if name == "class":
            joined = " ".join(self.classes)
            return joined or self.attributes.get("class")
        if name == "id":
            return self.id or self.attributes.get("id")
        return self.attributes.get(name)


class Attribute(NamedTuple):
    """`[name operator "value"]`; operator "" means that the attribute is there."""

    name: str
    operator: str
    value: str
    fold_case: bool


class Among(NamedTuple):
    """`:is(…)`, or `:not(…)` when negated."""

    selectors: tuple[Complex, ...]
    negated: bool


class Compound(NamedTuple):
    """What is asked of one element."""

    tag: str
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    among: tuple[Among, ...]
    empty: bool
    never: bool


class Complex(NamedTuple):
    """The compound for the element itself, and those around it, nearest first, each with the
    combinator that leads there."""

    subject: Compound
    around: tuple[tuple[str, Compound], ...]


_PART = r"""(?:[.#][A-Za-z_][\w-]*|\[[A-Za-z][\w-]*(?:[~|^$*]?="[^"\\\n]*")?\])"""
_COMPOUND = rf"(?:(?:[A-Za-z][A-Za-z0-9-]*|\*){_PART}*|{_PART}+)"
_COMMON = re.compile(rf"{_COMPOUND}(?:(?: ?[>+~] ?| ){_COMPOUND}){{,20}}", re.ASCII)
_ESCAPE = r"\\(?:[0-9a-fA-F]{1,6}\s?|.)"
# ASCII: without it, letters beyond would be in two alternatives, and `re` would try all ways.
_NAME = re.compile(
    rf"(?:--|-?(?:[A-Za-z_]|[^\x00-\x7f]|{_ESCAPE}))(?:[\w-]|[^\x00-\x7f]|{_ESCAPE})*", re.ASCII
)
_HEX = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.ASCII)
_ATTRIBUTE = re.compile(
    r"""\[\s*(?:[\w*-]*\|(?!=))?((?:[\w-]|[^\x00-\x7f]|\\.)+)\s*
        (?:([~|^$*]?=)\s*(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|((?:[\w-]|[^\x00-\x7f]|\\.)+))
        (?:\s*([iIsS]))?\s*)?\]""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PROCEDURAL = re.compile(
    r":(?:has|has-text|contains|-abp-[a-z-]+|if|if-not|matches-[a-z-]+|min-text-length|nth-ancestor"
    r"|others|properties|remove|remove-attr|remove-class|style|upward|watch-attr|watch-attrs|xpath"
    r"|matches|shadow|not-has|-ext-[a-z-]+)\("
)
_TIMELY = re.compile(
    r"hover|focus|active|visited|target|checked|disabled|enabled|fullscreen|focus-within|link"
    r"|focus-visible|any-link|open|popover-open|modal|playing|paused|muted|defined"
)
_PLACED = re.compile(r"(?:first|last|only|nth|nth-last)-(?:child|of-type)|root|scope|host|lang|dir")
_DEEPEST = 8
_LONGEST = 4_096  # the longest in use has some 550 characters
_MOST_AROUND = 64


def check(selector: str) -> None:
    """Reads a selector for the errors in it.

    :raises SelectorError: when it is malformed.
    :raises UnsupportedError: when it is more than a plain one.
    """
    if len(selector) <= _LONGEST and _COMMON.fullmatch(selector):
        return
    if _PROCEDURAL.search(selector):
        raise UnsupportedError("procedural: needs the whole page (:has(), :has-text() …)")
    if selector[-1] == "}" and ":" in selector.partition("{")[2]:
        raise UnsupportedError("changes styles (#$#)")
    read(selector)


@lru_cache(maxsize=8_192)
def read(selector: str) -> tuple[Complex, ...]:
    """The parts of a selector list.

    :raises SelectorError: when it is malformed.
    :raises UnsupportedError: when it is more than a plain one.
    """
    if len(selector) > _LONGEST:
        raise SelectorError(f"the selector is longer than {_LONGEST:,} characters")
    parser = _Parser(selector)
    found = parser.selectors()
    if parser.at < len(selector):
        raise SelectorError(f"the selector breaks off at {selector[parser.at :][:40]!r}")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def space(self) -> bool:
        start = self.at
        while self.peek() in {" ", "\t", "\n"}:
            self.at += 1
        return self.at > start

    def selectors(self) -> tuple[Complex, ...]:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise SelectorError("the selector is nested too deep")
        found = [self.complex()]
        while self.peek() == ",":
            self.at += 1
            found.append(self.complex())
        self.depth -= 1
        return tuple(found)

    def complex(self) -> Complex:
        self.space()
        chain = [("", self.compound())]
        while True:
            spaced = self.space()
            sign = self.peek()
            if sign in {">", "+", "~"}:
                self.at += 1
                self.space()
            elif spaced and sign not in {"", ",", ")"}:
                sign = " "
            else:
                break
            chain.append((sign, self.compound()))
            if len(chain) > _MOST_AROUND:
                raise SelectorError(f"the selector has more than {_MOST_AROUND} combinators")
        around = tuple(
            (chain[place + 1][0], chain[place][1]) for place in range(len(chain) - 2, -1, -1)
        )
        return Complex(chain[-1][1], around)

    def name(self) -> str:
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise SelectorError(f"a name is missing at {self.text[self.at :][:40]!r}")
        self.at = found.end()
        return unescape(found[0])

    def compound(self) -> Compound:
        start = self.at
        tag = ""
        ids: list[str] = []
        classes: list[str] = []
        attributes: list[Attribute] = []
        among: list[Among] = []
        empty = never = False
        if self.peek() == "*":
            self.at += 1
        elif _NAME.match(self.text, self.at):
            tag = self.name().lower()
        while True:
            sign = self.peek()
            if sign == ".":
                self.at += 1
                classes.append(self.name())
            elif sign == "#":
                self.at += 1
                ids.append(self.name())
            elif sign == "[":
                attributes.append(self.attribute())
            elif sign == ":":
                found = self.pseudo()
                empty = empty or found == "empty"
                never = never or found == "never"
                among.extend([found] if isinstance(found, Among) else [])
            else:
                break
        if self.at == start:
            raise SelectorError(f"a selector is missing at {self.text[self.at :][:40]!r}")
        return Compound(
            tag, tuple(ids), tuple(classes), tuple(attributes), tuple(among), empty, never
        )

    def attribute(self) -> Attribute:
        found = _ATTRIBUTE.match(self.text, self.at)
        if found is None:
            raise SelectorError(f"an attribute is malformed at {self.text[self.at :][:40]!r}")
        self.at = found.end()
        value = next((part for part in found.group(3, 4, 5) if part is not None), "")
        name = unescape(found[1]).lower()
        fold_case = (found[6] or "").lower() == "i"
        return Attribute(name, found[2] or "", unescape(value), fold_case)

    def pseudo(self) -> Among | str:
        self.at += 1
        if self.peek() == ":":
            return self.pseudo_element()
        name = self.name().lower()
        if self.peek() != "(":
            if name in {"empty", "-abp-empty"}:
                return "empty"
            if _TIMELY.fullmatch(name):
                raise UnsupportedError("depends on what the reader does (:hover, :checked …)")
            if _PLACED.fullmatch(name):
                raise UnsupportedError("depends on the place among siblings (:first-child …)")
            raise SelectorError(f"the pseudo-class ':{name}' is unknown")
        self.at += 1
        if name in {"not", "is", "where", "-webkit-any", "-moz-any", "any"}:
            found = Among(self.selectors(), name == "not")
            if self.peek() != ")":
                raise SelectorError("a parenthesis is not closed in the selector")
            self.at += 1
            return found
        if _PLACED.fullmatch(name):
            raise UnsupportedError("depends on the place among siblings (:first-child …)")
        raise UnsupportedError("procedural: needs the whole page (:has(), :has-text() …)")

    def pseudo_element(self) -> str:
        self.at += 1
        self.name()
        return "never"  # a box of its own: the element itself stays


def subject_part(selector: Complex) -> str:
    """Something that the selector asks of the element itself, as `parts` writes it; the rarest."""
    subject = selector.subject
    if subject.ids:
        return f"#{subject.ids[0]}"
    if subject.classes:
        return f".{subject.classes[0]}"
    return f"[{subject.attributes[0].name}" if subject.attributes else subject.tag


def parts(element: Element) -> set[str]:
    """All that a selector's `subject_part` can be for it to select the element."""
    names = {*element.attributes, "class" * bool(element.classes), "id" * bool(element.id)}
    found = {f"[{name}" for name in names}
    found |= {f".{name}" for name in element.classes}
    identity = element.attribute("id")
    return found | {f"#{identity}", element.tag.lower(), ""}


def unescape(text: str) -> str:
    """CSS escapes resolved."""
    if "\\" not in text:
        return text
    return _HEX.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


Known = dict[tuple[int, int], bool]
"""What a compound with `:is()` or `:not()` said of an element, by their ids."""


def hides(selectors: tuple[Complex, ...], element: Element) -> bool:
    """Whether any of the selectors selects the element."""
    return _selects(selectors, element, {})


def _selects(selectors: tuple[Complex, ...], element: Element, known: Known) -> bool:
    return any(
        _fits(one.subject, element, known) and _stands(one.around, element, known)
        for one in selectors
    )


def _fits(compound: Compound, element: Element, known: Known) -> bool:
    """Whether a compound selects the element, whatever is around it."""
    if not _fits_plainly(compound, element):
        return False
    if not compound.among:
        return True
    key = id(compound), id(element)
    if key not in known:
        known[key] = all(
            _selects(one.selectors, element, known) is not one.negated for one in compound.among
        )
    return known[key]


def _fits_plainly(compound: Compound, element: Element) -> bool:
    """The same, `:is()` and `:not()` aside."""
    if compound.never or (compound.empty and not element.empty):
        return False
    if compound.tag and compound.tag != element.tag.lower():
        return False
    if any(name != (element.id or element.attributes.get("id")) for name in compound.ids):
        return False
    if not all(name in element.classes for name in compound.classes):
        return False
    return all(holds(wanted, element.attribute(wanted.name)) for wanted in compound.attributes)


def holds(wanted: Attribute, value: str | None) -> bool:
    """Whether an attribute's value is what a selector asks for."""
    if value is None or not wanted.operator:
        return value is not None
    text = wanted.value
    if wanted.fold_case:
        value, text = value.lower(), text.lower()
    return _OPERATORS[wanted.operator](value, text)


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda value, text: value == text,
    "~=": lambda value, text: text in value.split(),
    "|=": lambda value, text: value == text or value.startswith(f"{text}-"),
    "^=": lambda value, text: bool(text) and value.startswith(text),
    "$=": lambda value, text: bool(text) and value.endswith(text),
    "*=": lambda value, text: bool(text) and text in value,
}


def _stands(around: tuple[tuple[str, Compound], ...], element: Element, known: Known) -> bool:
    """Whether the elements around are what the rest of a selector asks for. All ways are followed
    at once: one after the other, `* ~ * ~ *` would have millions."""
    here = [element]
    for sign, compound in around:
        here = [one for one in _reached(sign, here) if _fits(compound, one, known)]
    return bool(here)


def _reached(sign: str, elements: Iterable[Element]) -> Iterator[Element]:
    """The elements to which a combinator leads from any of these, each once."""
    seen: set[int] = set()
    for element in elements:
        step = element.parent if sign in {" ", ">"} else element.previous
        while step is not None and id(step) not in seen:
            seen.add(id(step))
            yield step
            if sign in {">", "+"}:
                break
            step = step.parent if sign == " " else step.previous
