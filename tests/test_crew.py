"""Threads that hang are few, however many lose patience with them."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest

from adguard import crew as crew_module
from adguard.crew import Crew
from tests.ledger.making import run


class Slow:
    """Work that hangs until it is let go, and counts itself."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun = self.now = self.most = 0
        self.free = threading.Event()

    def __call__(self) -> str:
        with self.lock:
            self.begun += 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            assert self.free.wait(10)
        finally:
            with self.lock:
                self.now -= 1
        return "done"


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def begun(slow: Slow, count: int) -> None:
    async with asyncio.timeout(10):
        while slow.begun < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_no_more_run_at_once_and_all_get_their_answer(slow: Slow) -> None:
    crew = Crew(2)
    waiting = [asyncio.ensure_future(crew.run(slow)) for _ in range(6)]
    await begun(slow, 2)
    slow.free.set()
    assert await asyncio.gather(*waiting) == ["done"] * 6
    assert slow.most == 2


async def test_a_thread_that_nobody_waits_for_keeps_its_place(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "AGAIN", 0.005)
    crew = Crew(2)
    try:
        for _ in range(6):
            with anyio.move_on_after(0.1):
                await crew.run(slow)
        assert (slow.begun, slow.now) == (2, 2)
        waiting = asyncio.ensure_future(crew.run(lambda: "next"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    finally:
        slow.free.set()
    assert await waiting == "next"
    assert await asyncio.gather(*(crew.run(slow) for _ in range(4))) == ["done"] * 4
    assert slow.most == 2


FORKING = """
import asyncio, os, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from adguard.crew import Crew
crew, begun, free = Crew(1), threading.Event(), threading.Event()

def work():
    begun.set()
    free.wait(10)

parent = threading.Thread(target=lambda: asyncio.run(crew.run(work)))
parent.start()
begun.wait(10)
child = os.fork()
if not child:
    print(asyncio.run(asyncio.wait_for(crew.run(lambda: "done"), 10)), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
free.set()
parent.join()
"""


def test_the_child_of_a_fork_has_all_places_free() -> None:
    assert run(FORKING) == "done\n"


async def test_what_goes_wrong_is_told_and_gives_its_place_back() -> None:
    crew = Crew(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await crew.run(lambda: 1 // 0)
    assert await crew.run(lambda: 1) == 1
