"""A regular expression run without going back: slower than `re`, and never catastrophic.

Thompson's construction: all states the expression can be in are followed at once, so the time is
bounded by the size of the expression times the length of the text.
"""

from __future__ import annotations

from collections.abc import Callable

from adguard.filters.tree import (
    WORD,
    Chars,
    Choice,
    ExpressionError,
    Group,
    Look,
    Mark,
    Node,
    Repeat,
    Sequence,
    width,
)

LARGEST = 1_000
"""Steps of a program; counted repeats are written out."""
FARTHEST_LOOK = 32
"""Characters that a look ahead may read."""
HOPELESS = "the regular expression could take too long to decide"

Test = Callable[[str, int], bool]


class Automaton:
    """A program of steps. `reads[i]` is the set step i reads; without one, step i leads on to
    `ways[i]` at once, if `tests[i]` allows."""

    def __init__(self, tree: Node) -> None:
        """:raises ExpressionError: when the program is too large, or needs what was captured."""
        self.reads: list[int | None] = []
        self.ways: list[tuple[int, ...]] = []
        self.tests: list[Test | None] = []
        self._lay(tree)
        self.end = len(self.reads)

    def search(self, text: str, start: int = 0, *, anywhere: bool = True) -> bool:
        """Whether it matches in `text`, from `start` on or, unless `anywhere`, just there."""
        states: set[int] = set()
        reads, ways = self.reads, self.ways
        for at in range(start, len(text) + 1):
            if anywhere or at == start:
                states.add(0)
            reached = self._closure(states, text, at)
            if self.end in reached:
                return True
            if not reached and not anywhere:
                return False
            if at < len(text):
                bit = 1 << min(ord(text[at]), 128)
                states = {ways[state][0] for state in reached if (reads[state] or 0) & bit}
        return False

    def _closure(self, states: set[int], text: str, at: int) -> set[int]:
        """The steps that read, and the end, as reached without reading."""
        reached: set[int] = set()
        seen = set(states)
        pending = list(states)
        while pending:
            state = pending.pop()
            if state == self.end or self.reads[state] is not None:
                reached.add(state)
                continue
            test = self.tests[state]
            if test is None or test(text, at):
                fresh = [way for way in self.ways[state] if way not in seen]
                seen.update(fresh)
                pending.extend(fresh)
        return reached

    def _step(self, read: int | None = None, test: Test | None = None) -> int:
        if len(self.reads) >= LARGEST:
            raise ExpressionError(f"the regular expression takes more than {LARGEST:,} steps")
        self.reads.append(read)
        self.tests.append(test)
        self.ways.append((len(self.reads),))
        return len(self.reads) - 1

    def _lay(self, node: Node) -> None:
        if isinstance(node, Chars):
            self._step(node.mask)
        elif isinstance(node, Sequence):
            for item in node.items:
                self._lay(item)
        elif isinstance(node, Choice):
            self._lay_choice(node)
        elif isinstance(node, Repeat):
            self._lay_repeat(node)
        elif isinstance(node, Group):
            self._lay(node.body)
        elif isinstance(node, Mark):
            self._step(test=MARKS[node.kind])
        elif isinstance(node, Look):
            self._step(test=_look(node))
        else:
            raise ExpressionError(HOPELESS)  # what a group captured is not kept

    def _lay_choice(self, node: Choice) -> None:
        fork = self._step()
        begins, ends = [], []
        for branch in node.branches:
            begins.append(len(self.reads))
            self._lay(branch)
            ends.append(self._step())
        self.ways[fork] = tuple(begins)
        for end in ends:
            self.ways[end] = (len(self.reads),)

    def _lay_repeat(self, node: Repeat) -> None:
        for _ in range(node.low):
            before = len(self.reads)
            self._lay(node.body)
            if len(self.reads) == before:
                return  # a body without steps, repeated, is still none
        if node.high is None:
            fork = self._step()
            self._lay(node.body)
            self.ways[self._step()] = (fork,)
            self.ways[fork] = (fork + 1, len(self.reads))
            return
        forks = []
        for _ in range(node.high - node.low):
            forks.append(self._step())
            self._lay(node.body)
        for fork in forks:
            self.ways[fork] = (fork + 1, len(self.reads))


def _look(node: Look) -> Test:
    """A look ahead is made anew at every place, so it must be short."""
    if width(node.body) > FARTHEST_LOOK:
        raise ExpressionError(HOPELESS)
    inner = Automaton(node.body)
    return lambda text, at: inner.search(text, at, anywhere=False) is not node.negative


def _boundary(text: str, at: int) -> bool:
    def word(index: int) -> bool:
        return 0 <= index < len(text) and bool(WORD >> min(ord(text[index]), 128) & 1)

    return word(at - 1) is not word(at)


MARKS: dict[str, Test] = {
    "^": lambda text, at: at == 0,
    "$": lambda text, at: at == len(text),
    "b": _boundary,
    "B": lambda text, at: not _boundary(text, at),
}
