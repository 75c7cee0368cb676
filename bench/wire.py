"""HTTP/1.1 over kept-alive sockets, as cheap as Python can: the load must not be the bottleneck."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, cast

__all__ = ["Answer", "Line", "Lost"]


class Lost(Exception):  # noqa: N818
    """No whole answer came: whether the server acted upon the request, nobody knows."""


class Answer(NamedTuple):
    """
    :param head: the status line and the headers, as they came.
    """

    status: int
    head: bytes
    body: bytes

    def field(self, name: bytes) -> bytes:
        """Returns a header's value, empty when it is not there."""
        return _field(self.head.lower(), self.head, name)


def _field(lower: bytes, head: bytes, name: bytes) -> bytes:
    start = lower.find(b"\r\n" + name.lower() + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()


class Connection(asyncio.Protocol):
    """One socket with one request on its way at a time."""

    def __init__(self) -> None:
        self.alive = False
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._answer: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.alive = True

    def send(self, request: bytes) -> asyncio.Future[Answer]:
        if self._transport is None or not self.alive:
            raise Lost("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(_field(head.lower(), head, b"content-length") or b"0")
        if len(body) < length:
            return
        self._got = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Lost("the server closed the connection"))

    def close(self) -> None:
        self.alive = False
        if self._transport is not None:
            self._transport.abort()


IDLE = 3.0
"""Seconds after which a connection is not used again: servers close theirs after five."""


class Line:
    """Kept-alive connections to one port of 127.0.0.1; more are made while all are busy.

    :param patience: seconds until an answer counts as lost.
    """

    def __init__(self, port: int, patience: float = 10.0) -> None:
        self._port = port
        self._patience = patience
        self._idle: list[tuple[Connection, float]] = []

    async def ask(self, request: bytes) -> Answer:
        """Sends one request and returns its answer.

        :raises Lost: there was none.
        """
        connection = await self._connection()
        try:
            async with asyncio.timeout(self._patience):
                answer = await connection.send(request)
        except TimeoutError:
            connection.close()
            raise Lost(f"no answer within {self._patience:g} s") from None
        except BaseException:
            connection.close()
            raise
        if b"\r\nconnection: close" in answer.head.lower():
            connection.close()
        else:
            self._idle.append((connection, asyncio.get_running_loop().time()))
        return answer

    async def _connection(self) -> Connection:
        loop = asyncio.get_running_loop()
        while self._idle:
            connection, since = self._idle.pop()
            if connection.alive and loop.time() - since < IDLE:
                return connection
            connection.close()
        try:
            _, made = await loop.create_connection(Connection, "127.0.0.1", self._port)
        except OSError as error:
            raise Lost(f"no connection: {error}") from None
        return made

    def close(self) -> None:
        for connection, _ in self._idle:
            connection.close()
        self._idle.clear()
