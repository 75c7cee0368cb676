"""Kills whatever records, at random moments, and keeps the books of what was acknowledged.

It does not know what it kills: give it a way to start a target and a way to send one id to it.
`test_kill.py` runs it over a process with a ledger; a server behind HTTP works the same way.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

__all__ = ["Books", "Killable", "torment"]


class Killable(Protocol):
    """A running target. `asyncio.subprocess.Process` is one."""

    def kill(self) -> None: ...

    async def wait(self) -> int: ...


T = TypeVar("T", bound=Killable)


@dataclass
class Books(Generic[T]):
    """What was sent and what was acknowledged.

    :param mint: makes a new id from a running number.
    :param lanes: how many are on their way at once.
    """

    mint: Callable[[int], str]
    lanes: int = 16
    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)
    resent: int = 0
    kills: int = 0

    def next(self) -> str:
        """An id that was not acknowledged yet, sent again, or a new one."""
        if self.open:
            self.resent += 1
            return self.open.pop()
        fresh = self.mint(len(self.sent))
        self.sent.add(fresh)
        return fresh


Send = Callable[[T, str], Awaitable[None]]
"""Sends one id and returns when it is acknowledged; any `OSError`, `EOFError` or
`asyncio.IncompleteReadError` means that it was not."""

_LOST = (OSError, EOFError)


async def torment(
    start: Callable[[], Awaitable[T]],
    send: Send[T],
    mint: Callable[[int], str],
    *,
    rounds: int = 20,
    lanes: int = 16,
    seed: int = 0,
    check: Callable[[Books[T]], None] = lambda books: None,
) -> Books[T]:
    """Starts a target `rounds` times, streams ids at it and kills it in the middle of that; then
    starts it once more and sends again what was never acknowledged.

    :param start: starts the target and returns when it listens.
    :param check: looks at the books after every kill, and at the end.
    :returns: the books; at the end everything sent is acknowledged.
    """
    chance = random.Random(seed)
    books: Books[T] = Books(mint, lanes)
    for _ in range(rounds):
        target = await start()
        quota = chance.randrange(1, 30 * lanes)
        enough = asyncio.Event()
        streams = [
            asyncio.ensure_future(_stream(target, send, books, quota, enough)) for _ in range(lanes)
        ]
        await enough.wait()
        # Anywhere in the cycle of gathering, writing, syncing and answering.
        await asyncio.sleep(chance.uniform(0, 0.03))
        target.kill()
        await target.wait()
        await asyncio.gather(*streams)
        books.kills += 1
        check(books)
    target = await start()
    try:
        for again in list(books.open):
            books.resent += 1
            await send(target, again)
            books.acknowledged.add(again)
            books.open.remove(again)
    finally:
        target.kill()
        await target.wait()
    check(books)
    return books


async def _stream(
    target: T, send: Send[T], books: Books[T], quota: int, enough: asyncio.Event
) -> None:
    goal = len(books.acknowledged) + quota
    while True:
        id_ = books.next()
        try:
            await send(target, id_)
        except _LOST:
            books.open.append(id_)
            enough.set()
            return
        books.acknowledged.add(id_)
        if len(books.acknowledged) >= goal:
            enough.set()
