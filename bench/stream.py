"""Page views for sites whose servers are killed, and the books of what they acknowledged."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from adguard.reader import day_of
from adguard.signing import Tokens
from bench.nodes import KEY, Node
from bench.visits import Visit, Visits, report
from bench.wire import Line, Lost

__all__ = ["Books", "Stream"]

LANES = 48
LATER_BY = 2_000
CHUNK = 1_000
PAUSE = 0.02


class UnexpectedError(Exception):
    """A server gave an answer that is no part of this measurement."""


@dataclass(slots=True, eq=False)
class Sent:
    """One event.

    :param node: who was asked first; -1 before that.
    """

    id: str
    visit: Visit
    twice: bool
    node: int = -1
    acknowledged: bool = False


@dataclass
class Books:
    """What came of everything that was sent.

    :param acknowledged: different events, by verdict.
    :param twice: events that were acknowledged already and went out once more.
    :param again: requests whose answer was lost, or 503, so that they were sent again.
    """

    acknowledged: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    again: int = 0

    @property
    def total(self) -> int:
        return self.acknowledged.total()


class Stream:
    """Sends `count` different events, every tenth of them twice, until all are acknowledged.

    What is not acknowledged is sent again with the same id, as browsers do on the next view. Of
    those sent twice, half go out twice at once and half come back later.

    :param sticky: whether an event comes back to the node that saw it first, as it does behind a
        load balancer that keeps readers on their node; nodes that share a file need not care.
    :param seed: decides what is sent, to whom, and what is sent twice.
    """

    def __init__(self, nodes: list[Node], count: int, *, sticky: bool, seed: int) -> None:
        self.books = Books()
        self._nodes = nodes
        self._count = count
        self._sticky = sticky
        self._lines = [Line(node.port) for node in nodes]
        self._waiting: list[deque[Sent]] = [deque() for _ in nodes]
        self._later: deque[tuple[int, Sent]] = deque()
        self._fresh = self._events(seed)
        self._pick = random.Random(f"{seed} nodes")
        self._tokens = Tokens([KEY])
        self._unanswered = 0
        self._marks: list[tuple[int, asyncio.Event]] = []

    def _events(self, seed: int) -> Iterator[Sent]:
        visits, pick, day = Visits(KEY, seed), random.Random(seed), day_of(time.time())
        for start in range(0, self._count, CHUNK):
            for n, visit in enumerate(visits.some(min(CHUNK, self._count - start)), start):
                yield Sent(f"{day}-{n:012}{pick.getrandbits(40):010x}", visit, n % 10 == 7)

    async def run(self) -> Books:
        """Returns when everything is acknowledged.

        :raises UnexpectedError: an answer was neither 200 nor 503.
        """
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(LANES):
                    lanes.create_task(self._lane())
        finally:
            for line in self._lines:
                line.close()
        return self.books

    async def reached(self, total: int) -> None:
        """Waits until so many different events are acknowledged."""
        mark = (total, asyncio.Event())
        self._marks.append(mark)
        self._notice()
        await mark[1].wait()

    def _notice(self) -> None:
        for total, event in self._marks:
            if self.books.total >= total:
                event.set()
        self._marks = [mark for mark in self._marks if not mark[1].is_set()]

    async def _lane(self) -> None:
        while True:
            node = self._chosen()
            sent = None if node is None else self._next(node)
            if node is None or sent is None:
                if self._done():
                    return
                await asyncio.sleep(PAUSE)
                continue
            self._unanswered += 1
            try:
                await self._deliver(sent, node)
            finally:
                self._unanswered -= 1

    def _done(self) -> bool:
        return not (
            self._unanswered or self._later or any(self._waiting) or self.books.total < self._count
        )

    def _chosen(self) -> int | None:
        up = [n for n, node in enumerate(self._nodes) if node.up.is_set()]
        return self._pick.choice(up) if up else None

    def _next(self, node: int) -> Sent | None:
        if self._waiting[node]:
            return self._waiting[node].popleft()
        if self._later and (
            self.books.total >= min(self._later[0][0], self._count - self._unanswered)
        ):
            sent = self._later.popleft()[1]
            if not self._sticky or sent.node == node:
                return sent
            self._waiting[sent.node].append(sent)
        new = next(self._fresh, None)
        if new is not None:
            new.node = node
            if new.twice and self._pick.random() < 0.5:
                new.twice = False
                self._wait(new)
        return new

    def _wait(self, sent: Sent) -> None:
        """Puts an event in line, to be sent (again)."""
        node = sent.node if self._sticky else self._pick.randrange(len(self._nodes))
        self._waiting[node].append(sent)

    async def _deliver(self, sent: Sent, node: int) -> None:
        token = self._tokens.issue(time.time())
        try:
            answer = await self._lines[node].ask(report(sent.visit, sent.id, token))
        except Lost:
            self.books.again += 1
            self._wait(sent)
            return
        if answer.status == 503:
            self.books.again += 1
            self._wait(sent)
            await asyncio.sleep(PAUSE)
            return
        if answer.status != 200:
            raise UnexpectedError(f"answered {answer.status}: {answer.body.decode()}")
        if sent.acknowledged:
            self.books.twice += 1
            return
        sent.acknowledged = True
        self.books.acknowledged[sent.visit.verdict] += 1
        if self._marks:
            self._notice()
        if sent.twice:
            self._later.append((self.books.total + self._pick.randrange(LATER_BY), sent))
