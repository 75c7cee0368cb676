"""A browser without a browser's costs: raw ASGI calls and one jar of cookies, for long journeys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from starlette.types import ASGIApp, Message

from tests.visitor import FIREFOX

HOST = "news.localhost"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
Headers = list[tuple[bytes, bytes]]


class Reply(NamedTuple):
    status: int
    headers: Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def all(self, name: str) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


class Lean:
    """
    :param app: the middleware.
    :param secure: whether it is asked over TLS.
    """

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self.app = app
        self.scheme = "https" if secure else "http"
        self.cookies: dict[str, str] = {}
        self.extra: dict[str, str] = {}
        self._sent = 0

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> Reply:
        """Sends one request as it is, with no cookies but those in `headers`."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": self.scheme,
            "path": path,
            "raw_path": path.encode("utf-8", "surrogateescape"),
            "root_path": "",
            "query_string": query.encode("utf-8", "surrogateescape"),
            "headers": [(b"host", HOST.encode()), (b"user-agent", FIREFOX.encode()), *headers],
            "client": ("127.0.0.1", 1),
            "server": (HOST, 80),
        }
        received = iter([{"type": "http.request", "body": body, "more_body": False}])
        reply = [0, [], b""]

        async def receive() -> Message:
            return next(received, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply[0], reply[1] = message["status"], list(message.get("headers", ()))
            else:
                reply[2] += message.get("body", b"")

        await self.app(scope, receive, send)
        return Reply(*reply)  # type: ignore[arg-type]

    async def request(self, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
        """Sends a request as a browser on one of our own pages would, and keeps the cookies."""
        sent = {"sec-fetch-site": "same-origin", **self.extra}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
        reply = await self.ask(method, target, body, pairs)
        for line in reply.all("set-cookie"):
            for morsel in SimpleCookie(line).values():
                if morsel["max-age"] == "0":
                    self.cookies.pop(morsel.key, None)
                else:
                    self.cookies[morsel.key] = morsel.value
        return reply

    async def open(self, path: str) -> Reply:
        return await self.request(
            "GET", path, accept="text/html", sec_fetch_dest="document", sec_fetch_site="none"
        )

    async def report(
        self, path: str, signals: dict[str, str], kind: str = "view", **fields: Any
    ) -> dict[str, Any]:
        control = await self.request("GET", f"/_site/control?r={quote(path)}")
        asked = json.loads(control.body)
        self._sent += 1
        report = {
            **{"v": 1, "id": f"{asked['day']}-{self._sent:022d}", "token": asked["token"]},
            **{"kind": kind, "path": path, "signals": signals, **fields},
        }
        reply = await self.request(
            "POST", "/_site/report", json.dumps(report).encode(), content_type=JSON
        )
        assert reply.status == 200, reply.text
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    async def choose(self, **form: str) -> Reply:
        return await self.request(
            "POST", "/_site/choice", urlencode(form).encode(), content_type=FORM, accept="text/html"
        )
