"""What the endpoints share: reading a small body, proof of origin, and plain answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.types import Message, Receive, Scope, Send

from adguard.pages import PAGE_POLICY

if TYPE_CHECKING:
    from adguard.services import Services

LONGEST_BODY = 2048

Header = tuple[bytes, bytes]

_PRIVATE: tuple[Header, ...] = (
    (b"cache-control", b"private, no-store"),
    (b"cdn-cache-control", b"no-store"),
    (b"x-accel-expires", b"0"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class Refusal(Exception):  # noqa: N818
    """A request that is answered with an error; the message is one clear sentence.

    :param status: 400 to 503.
    """

    def __init__(self, status: int, sentence: str, *headers: Header) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = headers


class Gone(Exception):  # noqa: N818
    """The client disconnected before its body was complete; nobody waits for an answer."""


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Returns a request's headers by lower-case name; of a repeated header, the last."""
    return dict(scope["headers"])


def origin_of(scope: Scope, headers: dict[bytes, bytes], services: Services) -> str:
    """Returns the origin that readers see: the configured one, otherwise the scope's."""
    if services.settings.origin is not None:
        return services.settings.origin
    host = headers.get(b"host", b"").decode("latin-1").lower()
    scheme: str = scope.get("scheme", "http")
    default = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{host.removesuffix(default)}"


def require_same_origin(scope: Scope, headers: dict[bytes, bytes], services: Services) -> None:
    """Lets a POST from one of our own pages pass.

    :raises Refusal: 403 for any other.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site == b"same-origin":
            return
        raise Refusal(403, "Only this site's own pages may send this.")
    origin = headers.get(b"origin")
    if origin is None:
        raise Refusal(403, "The request does not say where it comes from (Origin is missing).")
    if origin.decode("latin-1").lower() != origin_of(scope, headers, services):
        raise Refusal(403, "Only this site's own pages may send this.")


async def read_body(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    """Returns a body of at most 2,048 bytes.

    :raises Refusal: 413 for a longer one, 400 for a Content-Length that is not a number.
    :raises Gone: when the client leaves first.
    """
    length = headers.get(b"content-length")
    if length is not None:
        if not length.isdigit():
            raise Refusal(400, "Content-Length is not a number.")
        if len(length) > 4 or int(length) > LONGEST_BODY:
            raise Refusal(413, f"The body is longer than {LONGEST_BODY} bytes.")
    body: bytes = b""
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            raise Gone
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY:
            raise Refusal(413, f"The body is longer than {LONGEST_BODY} bytes.")
        if not message.get("more_body", False):
            return body


async def answer(
    send: Send, status: int, media_type: bytes, body: bytes, *headers: Header, head: bool = False
) -> None:
    """Sends a private, uncacheable answer."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", media_type),
                (b"content-length", b"%d" % len(body)),
                *_PRIVATE,
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else body})


async def answer_json(send: Send, value: object, *headers: Header, head: bool = False) -> None:
    await answer(send, 200, b"application/json", msgspec.json.encode(value), *headers, head=head)


async def answer_page(
    send: Send, page: str, *headers: Header, status: int = 200, head: bool = False
) -> None:
    """Sends one of our own full pages, under a policy that lets nothing foreign in."""
    await answer(
        send,
        status,
        b"text/html; charset=utf-8",
        page.encode(),
        (b"content-security-policy", PAGE_POLICY.encode("ascii")),
        *headers,
        head=head,
    )


async def redirect(send: Send, location: str, *headers: Header) -> None:
    """Sends 303 See Other to an ASCII path of this site."""
    await answer(
        send, 303, b"text/plain; charset=utf-8", b"", (b"location", location.encode()), *headers
    )


async def refuse(send: Send, refusal: Refusal) -> None:
    body = (refusal.sentence + "\n").encode()
    await answer(send, refusal.status, b"text/plain; charset=utf-8", body, *refusal.headers)
