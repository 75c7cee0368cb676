from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from adguard.ledger import Span, open_store
from adguard.ledger.events import decode
from tests.crash.process import start
from tests.crash.stream import Books, torment
from tests.ledger.making import address

DAY = int(time.time()) // 86400


class Recorder:
    """A recorder process: lines in, lines out, answers in any order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._dead = False
        self.known = 0
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def start(cls, url: str) -> Recorder:
        process, said = await start("tests.crash.recorder", url)
        assert said == "ready"
        return cls(process)

    async def send(self, id_: str) -> None:
        if self._dead:
            raise EOFError
        answer = self._waiting[id_] = asyncio.get_running_loop().create_future()
        self._in.write(f"{id_}\n".encode())
        await answer

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        await self._reading
        self._in.close()
        return await self._process.wait()

    async def _read(self) -> None:
        while (line := await self._out.readline()).endswith(b"\n"):
            id_, how = line.decode().split()
            self.known += how == "known"
            self._waiting.pop(id_).set_result(None)
        self._dead = True
        for answer in self._waiting.values():
            answer.set_exception(EOFError())


def ids_in(path: Path) -> list[str]:
    """The ids that the file remembers, and those that its journal holds."""
    with closing(sqlite3.connect(path)) as db:
        seen = [id_ for (id_,) in db.execute("SELECT id FROM seen")]
        waiting = [e.id for (b,) in db.execute("SELECT batch FROM journal") for e in decode(b)]
    assert len(waiting) == len(set(waiting))
    assert set(waiting) <= set(seen)
    return seen


@pytest.mark.parametrize("seed", [1])
async def test_twenty_kills_lose_nothing_acknowledged_and_count_nothing_twice(
    seed: int, tmp_path: Path
) -> None:
    path = tmp_path / "figures.db"
    url = address(path)

    def check(books: Books[Recorder]) -> None:
        with open_store(url).figures() as figures:
            found = figures.funnel(Span(DAY - 1, DAY + 1)).raw["clear"]
        remembered = ids_in(path)
        assert books.acknowledged <= set(remembered) <= books.sent
        assert found == len(remembered)
        assert len(books.acknowledged) <= found <= len(books.sent)

    books = await torment(
        lambda: Recorder.start(url),
        Recorder.send,
        lambda n: f"{DAY}-{n:022}",
        rounds=20,
        seed=seed,
        check=check,
    )
    assert books.kills == 20
    assert books.resent > 0
    assert books.acknowledged == books.sent == set(ids_in(path))
    assert len(books.sent) > 1000


async def test_the_books_notice_a_target_that_acknowledges_too_early(tmp_path: Path) -> None:
    """The harness itself can fail: what is acknowledged from memory is lost with it."""

    class Forgetful:
        kept: frozenset[str] = frozenset()

        def __init__(self) -> None:
            self.memory: set[str] = set()
            self.alive = True

        async def send(self, id_: str) -> None:
            await asyncio.sleep(0)
            if not self.alive:
                raise EOFError
            self.memory.add(id_)

        def kill(self) -> None:
            self.alive = False

        async def wait(self) -> int:
            return -9

    async def forgetful() -> Forgetful:
        return Forgetful()

    def check(books: Books[Forgetful]) -> None:
        assert books.acknowledged <= Forgetful.kept

    with pytest.raises(AssertionError):
        await torment(forgetful, Forgetful.send, str, rounds=1, check=check)
