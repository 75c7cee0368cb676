"""A process that records what it reads: one id a line in, the id and whether it was new out.

python -m tests.crash.recorder sqlite:///absolute/path
"""

from __future__ import annotations

import asyncio
import sys
import time

from adguard.ledger import Event, Ledger
from tests.ledger.making import Where


async def record(ledger: Ledger, id_: str) -> None:
    event = Event(
        id=id_,
        site="default",
        at=int(time.time()),
        kind="view",
        verdict="clear",
        path=f"/{id_[-1:]}",
    )
    new = await ledger.record(event)
    sys.stdout.write(f"{id_} {'new' if new else 'known'}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    ledger = Ledger(Where(url), fold_every=0.02)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with asyncio.TaskGroup() as tasks:
        while line := await reader.readline():
            tasks.create_task(record(ledger, line.decode().strip()))
    await ledger.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
