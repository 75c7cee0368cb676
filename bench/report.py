"""`python -m bench.report`: the report endpoint over a socket, against a raw no-op POST.

Each server is its own process (uvicorn, uvloop, httptools, one worker); the load comes from this
one over 64 kept-alive connections. CPU is the server's own, of all its threads, from /proc; a
round's ends where the server's next begins, so that what it adds up afterwards counts. Servers take
turns every half second, since the speed of a shared machine wanders within seconds, and ratios are
medians of each round's own.
"""

from __future__ import annotations

import datetime
import json
import multiprocessing
import operator
import os
import platform
import secrets
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from adguard import AdGuardMiddleware
from adguard.detection import Verdict
from adguard.reader import CookieJar, ReaderState, day_of
from adguard.signing import Tokens

KEY = "a key that only the benchmark knows 1234"
CONNECTIONS = 64
REQUESTS = 1_500
ROUNDS = 25
AFTERWARDS = 2.0
"""Seconds in which a server has added up what it took."""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
CLEAR = {"fetch": "loaded", "element": "visible", "n1": "loaded", "n2": "loaded", "n3": "loaded",
         "c1": "visible", "c2": "visible"}  # fmt: skip
BLOCKED = {"script": "loaded", "image": "loaded", "fetch": "loaded", "element": "visible",
           "n1": "blocked", "n2": "blocked", "n3": "blocked", "c1": "hidden",
           "c2": "hidden"}  # fmt: skip
BLOCKED_SHARE = 0.3


async def no_op(scope: Scope, receive: Receive, send: Send) -> None:
    """The floor: the body is read, a constant goes out."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def site(store: str) -> ASGIApp:
    return AdGuardMiddleware(no_op, secret_key=KEY, store=store)


def serve(make: Callable[[], ASGIApp], listening: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 (the load process needs none)

    config = uvicorn.Config(
        make(), log_level="error", access_log=False, loop="uvloop", http="httptools", lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listening])


class Server:
    """One server process on a free port of 127.0.0.1."""

    def __init__(self, name: str, make: Callable[[], ASGIApp]) -> None:
        self.name = name
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = listening.getsockname()[1]
        context = multiprocessing.get_context("fork")
        self.process: BaseProcess = context.Process(target=serve, args=(make, listening))
        self.process.start()
        listening.close()
        self.used: list[float] = []

    @property
    def microseconds(self) -> list[float]:
        """Of CPU a request, by round."""
        return [(after - before) / REQUESTS * 1e6 for before, after in pairwise(self.used)]

    def cpu(self) -> float:
        """Seconds of CPU that the threads of the process have used."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(10)


def requests(count: int) -> list[bytes]:
    """Reports as a browser sends them, 30 % of them blocked and with a signed cookie."""
    now = time.time()
    today = day_of(now)
    tokens, jar = Tokens([KEY]), CookieJar([KEY])
    state = ReaderState(first_day=today - 9, views=4, verdict=Verdict.EXTENSION, verdict_day=today)
    cookie = jar.write_state(state, secure=False, today=today).partition(b";")[0].decode()
    made = []
    for number in range(count):
        blocked = number % 10 < BLOCKED_SHARE * 10
        body = json.dumps(
            {
                "v": 1,
                "id": f"{today}-{int(now * 1000) % 86_400_000 + number}{secrets.randbits(64)}",
                "token": tokens.issue(now),
                "kind": "view",
                "path": f"/city/story-{number % 200}",
                "lang": "en",
                "signals": BLOCKED if blocked else CLEAR,
                "brave": False,
                "gpc": False,
                "earlier": "",
                "client": "k7r2xq9mfd",
            },
            separators=(",", ":"),
        )
        made.append(
            (
                "POST /_site/report HTTP/1.1\r\nHost: news.localhost\r\n"
                f"User-Agent: {FIREFOX}\r\nAccept: */*\r\nAccept-Language: en-GB,en;q=0.5\r\n"
                "Accept-Encoding: gzip, deflate, br, zstd\r\n"
                "Referer: http://news.localhost/city/story\r\n"
                "Content-Type: application/json\r\nOrigin: http://news.localhost\r\n"
                "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"
                + (f"Cookie: {cookie}\r\n" if blocked else "")
                + f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
    return made


class Connection:
    """One kept-alive connection that sends the next request as soon as the last is answered."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""

    def answered(self) -> bool:
        """Reads what is there; returns whether the answer is complete."""
        self._got += self.socket.recv(65_536)
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"answered {self._got[:300]!r}")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return False
        self._got = b""
        return True


def load(server: Server, waiting: list[bytes]) -> None:
    """Sends everything in `waiting`. No framework here: a client that is slower than the raw server
    would make that one look cheap, because it then never has to wake the client up."""
    expected, answered = len(waiting), 0
    poll = select.epoll()
    connections = {
        c.socket.fileno(): c for c in (Connection(server.port) for _ in range(CONNECTIONS))
    }
    for number, connection in connections.items():
        poll.register(number, select.EPOLLIN)
        connection.socket.sendall(waiting.pop())
    while answered < expected:
        ready = poll.poll(20)
        if not ready:
            raise RuntimeError(f"{server.name}: only {answered} of {expected} were answered")
        for number, _ in ready:
            connection = connections[number]
            if connection.answered():
                answered += 1
                if waiting:
                    connection.socket.sendall(waiting.pop())
    for connection in connections.values():
        connection.socket.close()
    poll.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        servers = [
            Server("raw no-op POST", lambda: no_op),
            Server("report, every check, nothing kept", lambda: site("none")),
            Server("report, every check, durable", lambda: site(f"sqlite://{folder}/b.sqlite3")),
        ]
        try:
            for server in servers:
                load(server, requests(1_000))
            time.sleep(AFTERWARDS)
            for _ in range(ROUNDS):
                for server in servers:
                    server.used.append(server.cpu())
                    load(server, requests(REQUESTS))
            time.sleep(AFTERWARDS)
            for server in servers:
                server.used.append(server.cpu())
        finally:
            for server in servers:
                server.stop()
    floor = servers[0].microseconds
    print(f"Report endpoint: {CONNECTIONS} connections, {ROUNDS} x {REQUESTS} requests each, "
          f"{BLOCKED_SHARE:.0%} blocked; server CPU per request")  # fmt: skip
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, "
          f"{datetime.date.today()}")  # fmt: skip
    for server in servers:
        median = statistics.median(server.microseconds)
        spread = f"{min(server.microseconds):.0f}-{max(server.microseconds):.0f}"
        ratio = statistics.median(map(operator.truediv, server.microseconds, floor))
        print(f"  {server.name:36} {median:7.1f} µs  ({spread:>9})  {ratio:5.2f} x raw")
    print("  target: durable at most 3.50 x raw")


if __name__ == "__main__":
    main()
