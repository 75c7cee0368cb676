"""`python -m bench.readers PORT RATE SECONDS SEED`: many readers of one site, in one process.

They do what the in-page client does: ask for the control, report, fetch the notice that was decided
and say that it was seen. So many reports a second go out, each at its own moment, whether or not
those before were answered. One line of JSON a minute says what came of it.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
from collections import deque
from dataclasses import replace

import msgspec
import uvloop

from adguard.detection import Verdict
from bench.nodes import KEY
from bench.visits import Visit, Visits, control, fetch, report
from bench.wire import Answer, Line, Lost

__all__ = ["BUCKET", "Minute", "Readers"]

TWICE = 0.02
SEEN = 0.6
REMEMBERED = 0.1
BUCKET = 0.0005
"""Seconds: how finely times are kept apart."""
TICK = 0.004


class Minute(msgspec.Struct):
    """What the readers saw in one minute.

    :param reports: sent; `views` of them, each with an id of its own, were acknowledged.
    :param measured: controls answered and views under a remembered verdict.
    :param times: reports answered, by the `BUCKET`s that took.
    :param errors: everything else than an answer of 200, by what it was.
    :param late: seconds that sending fell behind the schedule at most: the machine was too busy.
    """

    number: int = 0
    reports: int = 0
    views: int = 0
    measured: int = 0
    times: dict[int, int] = msgspec.field(default_factory=dict)
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    late: float = 0.0


class ControlAnswer(msgspec.Struct):
    token: str
    day: int


class DecisionAnswer(msgspec.Struct):
    action: str
    url: str | None


class ReportAnswer(msgspec.Struct):
    token: str
    decision: DecisionAnswer


_control = msgspec.json.Decoder(ControlAnswer).decode
_report = msgspec.json.Decoder(ReportAnswer).decode


class Readers:
    """
    :param rate: reports a second, those that are sent twice or follow another included.
    """

    def __init__(self, port: int, rate: float, seed: str) -> None:
        self._line = Line(port)
        self._rate = rate
        self._pick = random.Random(seed)
        self._visits = Visits(KEY, seed)
        self._next: deque[Visit] = deque()
        self._tabs: deque[ControlAnswer] = deque(maxlen=1000)
        self._sent = self._serial = 0
        self._views: set[asyncio.Task[None]] = set()
        self._minute = Minute()
        self._loop = asyncio.get_running_loop()

    async def run(self, seconds: float) -> None:
        began = self._loop.time()
        while (past := self._loop.time() - began) < seconds:
            if past >= 60 * (self._minute.number + 1):
                self._tell()
            while self._sent < past * self._rate:
                self._minute.late = max(self._minute.late, past - self._sent / self._rate)
                self._begin()
            await asyncio.sleep(TICK)
        while self._views:
            await asyncio.wait(self._views)
        self._tell()
        self._line.close()

    def _tell(self) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(self._minute) + b"\n")
        sys.stdout.buffer.flush()
        self._minute = Minute(number=self._minute.number + 1)

    def _begin(self) -> None:
        if not self._next:
            self._next.extend(self._visits.some(500))
        visit = self._next.popleft()
        self._sent += 1
        if visit.verdict is Verdict.CLEAR and self._tabs and self._pick.random() < REMEMBERED:
            view = self._remembered(visit, self._tabs.popleft())
        else:
            view = self._view(visit)
        task = self._loop.create_task(view)
        self._views.add(task)
        task.add_done_callback(self._views.discard)

    async def _view(self, visit: Visit) -> None:
        asked = await self._ask(control(visit))
        if asked is None:
            return
        self._minute.measured += 1
        told = _control(asked.body)
        request = report(visit, self._mint(told.day), told.token)
        answer = await self._report(request)
        if answer is None:
            return
        self._minute.views += 1
        if self._pick.random() < TWICE:
            self._sent += 1
            await self._report(request)
        judged = _report(answer.body)
        tab = ControlAnswer(judged.token, told.day)
        if judged.decision.action == "notice" and judged.decision.url is not None:
            await self._notice(visit, answer, tab, judged.decision.url)
        elif visit.verdict is Verdict.CLEAR:
            self._tabs.append(tab)

    async def _notice(self, visit: Visit, answer: Answer, tab: ControlAnswer, url: str) -> None:
        cookie = answer.field(b"set-cookie").partition(b";")[0].decode()
        visit = replace(visit, cookie=cookie or visit.cookie)
        await self._ask(fetch(visit, url))
        if self._pick.random() < SEEN:
            await asyncio.sleep(1)
            self._sent += 1
            await self._report(report(visit, self._mint(tab.day), tab.token, "seen"))

    async def _remembered(self, visit: Visit, tab: ControlAnswer) -> None:
        request = report(visit, self._mint(tab.day), tab.token, "remembered")
        if await self._report(request) is not None:
            self._minute.views += 1
            self._minute.measured += 1

    def _mint(self, day: int) -> str:
        self._serial += 1
        return f"{day}-{self._serial:012}{secrets.token_hex(5)}"

    async def _report(self, request: bytes) -> Answer | None:
        began = self._loop.time()
        self._minute.reports += 1
        answer = await self._ask(request)
        if answer is not None:
            bucket = int((self._loop.time() - began) / BUCKET)
            times = self._minute.times
            times[bucket] = times.get(bucket, 0) + 1
        return answer

    async def _ask(self, request: bytes) -> Answer | None:
        try:
            answer = await self._line.ask(request)
        except Lost as error:
            self._err(str(error))
            return None
        if answer.status != 200:
            self._err(f"{answer.status} {answer.body[:80].decode(errors='replace').strip()}")
            return None
        return answer

    def _err(self, what: str) -> None:
        self._minute.errors[what] = self._minute.errors.get(what, 0) + 1


async def main(port: str, rate: str, seconds: str, seed: str) -> None:
    await Readers(int(port), float(rate), seed).run(float(seconds))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
