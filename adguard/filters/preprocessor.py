"""The lines of a list that are in force: `!#if`, `!#include`, and what is no text at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from time import thread_time

from adguard.filters.environment import ConditionError, Environment, holds
from adguard.filters.rules import SHOWN, Problem

Include = Callable[[str], str | bytes | None]
Line = tuple[str, int, str]

MOST_CHARACTERS = 32_000_000
"""Of a list with all that it includes; the largest in use have ten million."""
MOST_LINES = 400_000
MOST_FILES = 64
DEEPEST = 6
LONGEST_LINE = 64_000
MOST_PROBLEMS = 1_000
MOST_SECONDS = 2.0
"""Of processor time; the largest lists in use take a tenth of that."""
_LINES_UNTIMED = 64
_UNTIMED = 1_000  # characters of a line

_DIRECTIVE = re.compile(r"!#([a-z_]+)\b(.*)", re.IGNORECASE)
_INCLUDABLE = re.compile(r"(?!/)(?!.*(?:\.\.|:|\\))[^\s?#]{1,200}")
_WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_HARMLESS = {"safari_cb_affinity"}


class Notes:
    """What reading a list brought to light beside its rules."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.skipped: Counter[str] = Counter()
        self._more = 0

    def problem(self, source: str, line: int, text: str, reason: str) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self._more += 1
            return
        self.problems.append(Problem(line, text[:SHOWN], reason, source))

    def all_problems(self) -> tuple[Problem, ...]:
        if not self._more:
            return tuple(self.problems)
        rest = Problem(0, "", f"{self._more:,} problems more are not shown.")
        return (*self.problems, rest)


def text_of(raw: str | bytes) -> str | None:
    """The list as text, or None when it is something else."""
    most = MOST_CHARACTERS + 1
    text = raw[:most].decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = text.removeprefix("\ufeff")
    sample = text[:65_536]
    if "\0" in sample or sample.count("\ufffd") > len(sample) // 50:
        return None
    return text


class Preprocessor:
    """Walks the lines of one list and of what it includes. `cut` says whether a bound left out
    the rest."""

    def __init__(self, environment: Environment, include: Include | None, notes: Notes) -> None:
        self.environment = environment
        self.include = include
        self.notes = notes
        self.characters = 0
        self.lines_read = 0
        self.files = 0
        self.full = False
        self.cut = False
        self.started = thread_time()

    def lines(self, raw: str | bytes, name: str) -> Iterator[Line]:
        """Yields text, number (from 1) and source of every line in force, comments included."""
        return self._walk(raw, name, (name,))

    def _walk(self, raw: str | bytes, name: str, path: tuple[str, ...]) -> Iterator[Line]:
        text = text_of(raw)
        if text is None:
            self.notes.problem(name, 0, "", "This is not a text file in UTF-8.")
            return
        if _WEB_PAGE.match(text[:200]):
            self.notes.problem(name, 1, text[:SHOWN], "This is a web page and not a filter list.")
            return
        text = self._within_bounds(text, name)
        conditions = _Conditions(self, name)
        number = 0
        # What is behind the last line that is read stays in one piece.
        lines = text.split("\n" if "\n" in text else "\r", MOST_LINES)
        while number < len(lines) and not self.full:
            line = lines[number].strip()
            number += 1
            start = number
            while line.endswith(" \\") and number < len(lines) and lines[number][:4] == "    ":
                line = line[:-2].rstrip() + lines[number].strip()
                number += 1
                if len(line) > LONGEST_LINE:
                    break
            if not self._line_fits(line, start, name) or not line:
                continue
            if line.startswith("!#"):
                yield from self._direct(line, start, name, path, conditions)
            elif conditions.in_force:
                yield line, start, name
        conditions.finish(number)

    def _within_bounds(self, text: str, name: str) -> str:
        room = MOST_CHARACTERS - self.characters
        if len(text) > room:
            self.cut, self.full = True, room <= 0
            self.notes.problem(
                name,
                0,
                "",
                f"The list has more than {MOST_CHARACTERS:,} characters; the rest is not read.",
            )
            text = text[: max(room, 0)]
        self.characters += len(text)
        return text

    def _line_fits(self, line: str, number: int, name: str) -> bool:
        self.lines_read += 1
        if self.lines_read > MOST_LINES:
            self.cut = self.full = True
            self.notes.problem(
                name,
                number,
                line,
                f"The list has more than {MOST_LINES:,} lines; the rest is not read.",
            )
            return False
        timed = self.lines_read % _LINES_UNTIMED == 0 or len(line) > _UNTIMED
        if timed and thread_time() - self.started > MOST_SECONDS:
            self.cut = self.full = True
            self.notes.problem(name, number, line, "Reading takes too long; the rest is not read.")
            return False
        if len(line) > LONGEST_LINE:
            self.notes.problem(
                name,
                number,
                line,
                f"The line has {len(line):,} characters, more than {LONGEST_LINE:,}.",
            )
            return False
        return True

    def _direct(
        self, line: str, number: int, name: str, path: tuple[str, ...], conditions: _Conditions
    ) -> Iterator[Line]:
        found = _DIRECTIVE.match(line)
        word, rest = (found[1].lower(), found[2].strip()) if found else ("", "")
        if word in {"if", "else", "endif"}:
            conditions.take(word, rest, number, line)
        elif not conditions.in_force:
            return
        elif word == "include":
            yield from self._included(rest, number, line, name, path)
        elif word not in _HARMLESS:
            self.notes.skipped["a directive that is not understood"] += 1

    def _included(
        self, target: str, number: int, line: str, name: str, path: tuple[str, ...]
    ) -> Iterator[Line]:
        reason = self._refused(target, path)
        if reason or self.include is None:
            self.notes.problem(name, number, line, reason)
            return
        self.files += 1
        try:
            raw = self.include(target)
        except Exception as error:
            self.notes.problem(name, number, line, f"{target} could not be read ({error}).")
            return
        if raw is None:
            self.notes.problem(name, number, line, f"{target} is not there.")
            return
        yield from self._walk(raw, target, (*path, target))

    def _refused(self, target: str, path: tuple[str, ...]) -> str:
        if not _INCLUDABLE.fullmatch(target):
            return "Only files in the list's own folder can be included."
        if self.include is None:
            return f"{target} is not included: only this file is at hand."
        if target in path:
            return f"{target} includes itself."
        if len(path) > DEEPEST:
            return f"Files include each other more than {DEEPEST} deep."
        if self.files >= MOST_FILES:
            return f"The list includes more than {MOST_FILES} files."
        return ""


class _Conditions:
    """The open `!#if`s of one file."""

    def __init__(self, reader: Preprocessor, name: str) -> None:
        self.reader = reader
        self.name = name
        self.stack: list[tuple[int, bool]] = []
        self.in_force = True

    def take(self, word: str, rest: str, number: int, line: str) -> None:
        if word == "if":
            self.stack.append((number, self.holds(rest, number, line)))
        elif not self.stack:
            self.reader.notes.problem(
                self.name, number, line, f"There is no !#if to this !#{word}."
            )
        elif word == "else":
            opened, value = self.stack[-1]
            self.stack[-1] = (opened, not value)
        else:
            self.stack.pop()
        self.in_force = all(value for _, value in self.stack)

    def holds(self, condition: str, number: int, line: str) -> bool:
        try:
            return holds(condition, self.reader.environment)
        except ConditionError as error:
            self.reader.notes.problem(self.name, number, line, f"{str(error).capitalize()}.")
            return False

    def finish(self, number: int) -> None:
        for opened, _ in self.stack[:8]:
            if not self.reader.full:
                self.reader.notes.problem(self.name, opened, "", "This !#if is never closed.")
