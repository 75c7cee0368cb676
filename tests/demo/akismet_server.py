"""A server on loopback that speaks Akismet's documented API, and the real client's way there.

Paths, parameters and answers are those of akismet.com/developers/comment-check and of what the
client itself takes for an answer; what stands in the bodies of its faults is made up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx

KEY = "abcdef012345-a-key-nobody-may-see"
BLOG = "http://news.localhost/"
REQUIRED = ("api_key", "blog", "user_ip")
THANKS = "Thanks for making the web a better place."


@dataclass
class FakeAkismet:
    """What it does next, and what it was asked.

    :param mood: `ham`, `spam`, `discard`, or a fault: `500`, `silent` (never answers), `drip` (a
        byte now and then), `gibberish`, `cut` (closes at once).
    """

    mood: str = "ham"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def answer(self, path: str, fields: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        if fields.get("api_key", fields.get("key")) != KEY:
            helps = {"X-akismet-debug-help": "We were unable to parse your key"}
            return 200, "invalid", helps
        if path == "/1.1/verify-key":
            return 200, "valid", {}
        missing = [name for name in REQUIRED if not fields.get(name)]
        if missing:
            return 200, f"Missing required field: {missing[0]}.", {}
        if path in {"/1.1/submit-ham", "/1.1/submit-spam"}:
            return 200, THANKS, {}
        if path != "/1.1/comment-check":
            return 404, "", {}
        tip = {"X-akismet-pro-tip": "discard"} if self.mood == "discard" else {}
        return 200, "false" if self.mood == "ham" else "true", tip

    def way(self) -> httpx.BaseTransport:
        """Leads the client's requests here; their path, headers and body stay as they are."""
        return _Way(self.port)


class _Way(httpx.HTTPTransport):
    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert (request.url.scheme, request.url.host) == ("https", "rest.akismet.com")
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return super().handle_request(request)


@contextmanager
def serve_akismet() -> Iterator[FakeAkismet]:
    fake = FakeAkismet()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
            fields = {name: values[-1] for name, values in parse_qs(body).items()}
            fake.asked.append((self.path, fields))
            if fake.mood == "silent":
                fake.over.wait()
                return
            if fake.mood == "cut":
                return
            if fake.mood == "drip":
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                try:
                    while not fake.over.wait(0.02):
                        self.wfile.write(b"f")
                        self.wfile.flush()
                except OSError:
                    pass  # The client has given up, as it should.
                return
            status, text, headers = fake.answer(self.path, fields)
            if fake.mood == "500":
                # An answer as such things are: with everything it was sent in it.
                status, text = 500, f"Internal error at {self.path} with {body}"
            if fake.mood == "gibberish":
                text = f"<html>{body}</html>"
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield fake
        finally:
            fake.over.set()
            server.shutdown()
            thread.join()
