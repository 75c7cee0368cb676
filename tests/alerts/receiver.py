"""A real HTTP server on loopback that takes alerts, or behaves badly."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

Behaviour = Callable[[BaseHTTPRequestHandler, "Receiver"], None]


@dataclass
class Delivered:
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.json.decode(self.body)
        return told


@dataclass
class Receiver:
    """:ivar behave: what becomes of a request, once it was read; changed by tests."""

    url: str = ""
    behave: Behaviour = field(default_factory=lambda: accept)
    delivered: list[Delivered] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [each.headers["alert-id"] for each in self.delivered]


def answer(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def accept(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    answer(handler, 204)


def fail(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    answer(handler, 500)


def drop(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def hang(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    """Says nothing until the test is over."""
    receiver.done.wait(30)


def drip(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    """Answers one byte at a time, never too late for a time-out of one read."""
    try:
        while not receiver.done.wait(0.02):
            handler.wfile.write(b"x")
    except OSError:
        pass


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """:param certificate: speak TLS with this certificate and key."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.delivered.append(Delivered(headers, body))
            receiver.behave(self, receiver)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is for the thread of each connection.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        receiver.url = f"{scheme}://127.0.0.1:{server.server_port}/hook?key=a-secret"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.done.set()
            server.shutdown()
            thread.join()
