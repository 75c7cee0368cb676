"""One signed POST: bounded in time, following nothing."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from typing import NamedTuple
from urllib.parse import urlsplit

from adguard._version import __version__

__all__ = ["CONNECT", "WHOLE", "Outcome", "host_of", "name_of", "post", "sign"]

CONNECT = 5.0
"""Seconds for each step of a delivery: connecting, sending, waiting."""
WHOLE = 10.0
"""Seconds for a delivery, however slowly the other side drips."""


class Outcome(NamedTuple):
    """What became of one delivery.

    :param ok: the target answered 2xx.
    :param detail: what happened, in a few words, without the address.
    """

    ok: bool
    detail: str


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Returns the signature: HMAC-SHA256, in hex, of `<timestamp>.<body>`."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def name_of(url: str) -> str:
    """A short name for a target that does not give its address away."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def host_of(url: str) -> str:
    """What of an address may be shown: the rest is often a secret."""
    return urlsplit(url).hostname or ""


def post(
    url: str,
    secret: str,
    id: str,  # noqa: A002
    body: bytes,
    now: float,
    *,
    connect: float = CONNECT,
    whole: float = WHOLE,
) -> Outcome:
    """Posts a signed message; never raises for anything the network does.

    :param id: the same however often the message is sent.
    :param now: Unix seconds, signed with the body so that a message cannot be kept and sent again.
    """
    timestamp = int(now)
    headers = {
        "Host": urlsplit(url).netloc,
        "Content-Type": "application/json",
        "User-Agent": f"adguard-toolkit/{__version__}",
        "Alert-Id": id,
        "Alert-Timestamp": str(timestamp),
        "Alert-Signature": f"v1={sign(secret, timestamp, body)}",
    }
    try:
        status = _exchange(url, body, headers, connect, whole)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(False, _explain(error))
    redirected = "; redirects are not followed" if 300 <= status < 400 else ""
    return Outcome(200 <= status < 300, f"answered {status}{redirected}")


def _explain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or type(error).__name__})"
    if isinstance(error, socket.gaierror):
        return "the host is not known"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return "the connection broke"


def _exchange(url: str, body: bytes, headers: dict[str, str], connect: float, whole: float) -> int:
    parts = urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    late = threading.Event()
    with socket.create_connection((host, parts.port or (443 if tls else 80)), connect) as plain:
        held: socket.socket = plain
        if tls:
            # The handshake comes later: a wrapped socket can be shut down in the middle of it.
            context = ssl.create_default_context()
            held = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)

        def end() -> None:
            late.set()
            with contextlib.suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)

        timer = threading.Timer(whole, end)
        timer.daemon = True
        timer.start()
        connection = http.client.HTTPConnection(host)
        connection.sock = held
        try:
            if isinstance(held, ssl.SSLSocket):
                held.do_handshake()
            connection.request("POST", target, body, headers)
            return connection.getresponse().status
        except Exception as error:
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
            connection.close()
            held.close()
