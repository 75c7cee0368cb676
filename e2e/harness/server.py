"""An application under uvicorn on a free port of 127.0.0.1, with a log of what reached it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

START_SECONDS = 20
STOP_SECONDS = 10


@dataclass(frozen=True)
class Seen:
    """One request that reached Python; header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


class Server:
    """Serves what `factory` makes, in a thread, until `stop`.

    Browsers reach it as `url` (`http://news.localhost:PORT`: a secure context, and filter lists do
    not exempt it from generic hiding as they do `localhost`). Python's resolver does not know that
    name: other clients connect to `address` and send `host` as their Host header.
    """

    def __init__(self, factory: Callable[[], ASGIApp], *, name: str = "news.localhost") -> None:
        self.seen: list[Seen] = []
        self._factory = factory
        self._name = name
        self._socket = self._bind(0)
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._start()

    @property
    def host(self) -> str:
        return f"{self._name}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """Every path that reached Python, in order."""
        return [seen.path for seen in self.seen]

    def restart(self, factory: Callable[[], ASGIApp] | None = None) -> None:
        """Stops the server and starts a new application on the same port; the log goes on."""
        self.stop()
        self._factory = factory or self._factory
        self._socket = self._bind(self.port)
        self._start()

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(STOP_SECONDS)
        self._socket.close()
        self._server = self._thread = None

    def _bind(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def _start(self) -> None:
        config = uvicorn.Config(
            self._recorded(self._factory()),
            log_level="warning",
            ws="none",
            timeout_graceful_shutdown=2,
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the application did not start on {self.address}")
            time.sleep(0.01)

    def _recorded(self, app: ASGIApp) -> ASGIApp:
        async def recorded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                headers = {
                    name.decode(): value.decode("latin-1") for name, value in scope["headers"]
                }
                query = scope["query_string"].decode()
                self.seen.append(Seen(scope["method"], scope["path"], query, headers))
            await app(scope, receive, send)

        return recorded
