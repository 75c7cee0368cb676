"""`python -m bench.injection`: what an injection costs, against its floor and its alternatives.

In process: CPU time of calling the app with a browser's request and forgetting what it sends. Over
a socket: CPU time of the server's process (uvicorn, uvloop, httptools), the client in another. All
shapes are interleaved in small batches, so that a busy machine is busy for all; figures are medians
over the rounds.
"""

from __future__ import annotations

import asyncio
import datetime
import multiprocessing
import os
import platform
import socket
import statistics
import sys
import time
from collections.abc import Callable, Mapping

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.shapes import KB, SHAPES, answer, page

SIZES = {"10 kB": 10 * KB, "100 kB": 100 * KB, "1 MB": 1000 * KB}
CHUNK = 16 * 1024
ROUNDS = 25
BATCH = 10
BATCH_SECONDS = 0.004
SOCKET_ROUNDS = {"10 kB": 81, "100 kB": 41, "1 MB": 15}
SOCKET_REQUESTS = {"10 kB": 40, "100 kB": 20, "1 MB": 6}
MAYBE = "image, plain HTTP"
RAW, WRAP, FLOOR, OURS, WHOLE, *_ = SHAPES

CHROME = [
    (b"host", b"news.localhost:8000"),
    (b"connection", b"keep-alive"),
    (b"sec-ch-ua", b'"Chromium";v="156", "Not_A Brand";v="99"'),
    (b"sec-ch-ua-mobile", b"?0"),
    (b"sec-ch-ua-platform", b'"Linux"'),
    (b"upgrade-insecure-requests", b"1"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"sec-fetch-site", b"none"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-user", b"?1"),
    (b"sec-fetch-dest", b"document"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"en-GB,en;q=0.9"),
    (b"cookie", b"theme=dark; visits=3"),
]
PROGRAM = [
    (b"host", b"news.localhost:8000"),
    (b"user-agent", b"okhttp/5.1.0"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip"),
    (b"connection", b"keep-alive"),
    (b"authorization", b"Bearer 0123456789abcdef"),
]
Fields = list[tuple[bytes, bytes]]
Times = dict[str, float]


def asking_for(accept: bytes, destination: bytes) -> Fields:
    """Chrome's request by a page for something else than a page."""
    changed = {
        b"accept": accept,
        b"sec-fetch-dest": destination,
        b"sec-fetch-mode": b"cors" if destination == b"empty" else b"no-cors",
        b"sec-fetch-site": b"same-origin",
    }
    navigating = (b"upgrade-insecure-requests", b"sec-fetch-user")
    return [(name, changed.get(name, value)) for name, value in CHROME if name not in navigating]


def scope(fields: Fields) -> Scope:
    """A scope as a server makes it: with names and values that nobody has hashed before."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/news/harbour",
        "raw_path": b"/news/harbour",
        "query_string": b"",
        "root_path": "",
        "headers": [(bytes(bytearray(name)), bytes(bytearray(value))) for name, value in fields],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_000),
        "state": {},
    }


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def forget(message: Message) -> None:
    pass


async def batch(app: ASGIApp, fields: Fields) -> float:
    """CPU seconds of `BATCH` calls."""
    scopes = [scope(fields) for _ in range(BATCH)]
    began = time.process_time()
    for one in scopes:
        await app(one, receive, forget)
    return time.process_time() - began


async def compare(apps: Mapping[str, ASGIApp], fields: Fields) -> Times:
    """Median microseconds of one call, by shape."""
    batches: dict[str, int] = {}
    for name, app in apps.items():
        await batch(app, fields)
        batches[name] = max(1, int(BATCH_SECONDS / max(await batch(app, fields), 1e-6)))
    rounds: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(ROUNDS):
        for name, app in apps.items():
            spent = [await batch(app, fields) for _ in range(batches[name])]
            rounds[name].append(statistics.median(spent) / BATCH * 1e6)
    return {name: statistics.median(times) for name, times in rounds.items()}


def shaped(app: ASGIApp, *names: str) -> dict[str, ASGIApp]:
    return {name: make(app) for name, make in SHAPES.items() if not names or name in names}


async def in_process() -> dict[str, Times]:
    return {size: await compare(shaped(answer(page(at))), CHROME) for size, at in SIZES.items()}


async def streamed() -> Times:
    app = answer(page(SIZES["1 MB"]), CHUNK)
    return await compare(shaped(app, RAW, WRAP, FLOOR, OURS, WHOLE), CHROME)


async def left_alone() -> dict[str, Times]:
    body = b"x" * 10 * KB
    asked = {
        "image": (b"image/png", asking_for(b"image/avif,image/*,*/*;q=0.8", b"image")),
        "script": (b"text/javascript", asking_for(b"*/*", b"script")),
        "JSON call": (b"application/json", asking_for(b"*/*", b"empty")),
        "JSON call by a program": (b"application/json", PROGRAM),
        MAYBE: (b"image/png", [field for field in CHROME if field[0][:4] != b"sec-"]),
    }
    return {
        name: await compare(shaped(answer(body, media=media), RAW, WRAP, OURS, WHOLE), fields)
        for name, (media, fields) in asked.items()
    }


# --- over a socket ----------------------------------------------------------------------------


def dispatching() -> ASGIApp:
    """One app with every shape and size under a path of its own, and the CPU seconds spent."""
    apps = {
        f"/{at}/{size.replace(' ', '')}": make(answer(page(SIZES[size])))
        for at, make in enumerate(SHAPES.values())
        for size in SIZES
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/cpu":
            said = b"%.6f" % time.process_time()
            await answer(said, media=b"text/plain")(scope, receive, send)
            return
        await apps[scope["path"]](scope, receive, send)

    return app


def serve(listening: socket.socket) -> None:
    config = uvicorn.Config(
        dispatching(), loop="uvloop", http="httptools", log_level="critical", lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listening])


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.fields = b"".join(b"%b: %b\r\n" % field for field in CHROME)

    def get(self, path: str) -> bytes:
        self.socket.sendall(b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), self.fields))
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.receive()
        head, _, body = got.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        if not head.startswith(b"HTTP/1.1 200") or len(lengths) != 1:
            raise SystemExit(f"{path}: the server answered {head!r}")
        parts = [body]
        left = lengths[0] - len(body)
        while left > 0:
            parts.append(self.receive())
            left -= len(parts[-1])
        return b"".join(parts)

    def receive(self) -> bytes:
        got = self.socket.recv(1_048_576)
        if not got:
            raise SystemExit("the server closed the connection")
        return got

    def cpu(self) -> float:
        return float(self.get("/cpu"))


def socket_rounds(client: Client, size: str) -> Times:
    count = SOCKET_REQUESTS[size]
    rounds: dict[str, list[float]] = {name: [] for name in SHAPES}
    asking = []
    for _ in range(SOCKET_ROUNDS[size]):
        for at, name in enumerate(SHAPES):
            path = f"/{at}/{size.replace(' ', '')}"
            client.get(path)
            idle, began = client.cpu(), client.cpu()
            for _ in range(count):
                client.get(path)
            rounds[name].append((client.cpu() - began) * 1e6)
            asking.append((began - idle) * 1e6)
    # Each batch holds one request for the CPU time itself.
    bias = statistics.median(asking)
    return {name: (statistics.median(spent) - bias) / count for name, spent in rounds.items()}


def over_socket() -> dict[str, Times]:
    """Server CPU, median microseconds a request, by size and shape."""
    listening = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=serve, args=(listening,))
    process.start()
    try:
        client = Client(listening.getsockname()[1])
        return {size: socket_rounds(client, size) for size in SIZES}
    finally:
        process.terminate()
        process.join()


# --- printing ---------------------------------------------------------------------------------


def table(title: str, columns: Mapping[str, Times], show: Callable[[Times, str], str]) -> None:
    print(f"\n{title}\n")
    print("| shape | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join(show(times, name) for times in columns.values()) + " |")


def over_raw(times: Times, name: str) -> str:
    if name == RAW:
        return f"({times[RAW]:.2f})"
    return f"{times[name] - times[RAW]:.2f}"


def ratio_to(base: str) -> Callable[[Times, str], str]:
    return lambda times, name: f"{times[name] / times[base]:.2f}"


def verdict(claim: str, value: float, limit: float) -> bool:
    met = value <= limit
    print(f"- {claim}: {value:.2f}, at most {limit} — {'met' if met else 'NOT MET'}")
    return met


def main() -> None:
    now = datetime.datetime.now(datetime.UTC)
    print(
        f"{now:%Y-%m-%d %H:%M} UTC · {processor()}, {os.cpu_count()} cores · "
        f"{platform.system()} · Python {platform.python_version()} · load {os.getloadavg()[0]:.1f}"
    )
    whole_pages = asyncio.run(in_process())
    stream = asyncio.run(streamed())
    alone = asyncio.run(left_alone())
    socketed = over_socket()
    table("One message, in process: µs over raw (raw itself)", whole_pages, over_raw)
    table("The same as ratios to raw", whole_pages, ratio_to(RAW))
    chunks = {"1 MB in 16 kB chunks": stream}
    table("Streamed, in process: ratios to a wrapper that does nothing", chunks, ratio_to(WRAP))
    table("Requests that cannot be injected, in process: µs over raw", alone, over_raw)
    table("Over a socket: server CPU per request, ratios to raw", socketed, ratio_to(RAW))
    small = whole_pages["10 kB"]
    # Without Sec-Fetch-Dest, which browsers send to secure origins only, it may be for a page.
    told = [name for name in alone if name != MAYBE]
    worst = max(told, key=lambda name: alone[name][OURS] - alone[name][RAW])
    print("\nTargets\n")
    met = [
        verdict("10 kB in process, µs over raw", small[OURS] - small[RAW], 10),
        verdict(
            "10 kB over a socket, x raw", socketed["10 kB"][OURS] / socketed["10 kB"][RAW], 1.5
        ),
        verdict("1 MB streamed, x a wrapper that does nothing", stream[OURS] / stream[WRAP], 1.4),
        verdict(
            f"not injected ({worst}), µs over raw", alone[worst][OURS] - alone[worst][RAW], 1.5
        ),
    ]
    sys.exit(not all(met))


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return next(iter(names), platform.machine())


if __name__ == "__main__":
    main()
