"""What the endpoints share: reading a small body, proof of origin, and plain answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.types import Message, Receive, Scope, Send

from adguard.pages import PAGE_POLICY

if TYPE_CHECKING:
    from adguard.services import Services

LONGEST_BODY = 2048
PLAIN = b"text/plain; charset=utf-8"

Header = tuple[bytes, bytes]

JSON = b"application/json"

# No cache keeps the answer to a POST, so it needs no more than this.
_POSTED: tuple[Header, ...] = (
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_PRIVATE: tuple[Header, ...] = (
    *_POSTED,
    (b"cdn-cache-control", b"no-store"),
    (b"x-accel-expires", b"0"),
    (b"x-robots-tag", b"noindex"),
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


def comes_from_here(scope: Scope, headers: dict[bytes, bytes], services: Services) -> bool:
    """Whether the Referer is a page of this site."""
    origin = origin_of(scope, headers, services).encode()
    return headers.get(b"referer", b"").lower().startswith(origin + b"/")


def referer_of(headers: dict[bytes, bytes]) -> tuple[str, str]:
    """Returns path and query of the Referer, empty where it has none or is no URL."""
    try:
        parts = urlsplit(headers.get(b"referer", b"").decode("latin-1"))
    except ValueError:
        return "", ""
    return parts.path, parts.query


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


async def read_form(
    services: Services, scope: Scope, headers: dict[bytes, bytes], receive: Receive
) -> dict[str, str]:
    """Returns the fields of a form that one of our own pages sent; of a repeated one, the last.

    :raises Refusal: 403 for a form from elsewhere, 415, 413 or 400 for what is no small form.
    """
    require_same_origin(scope, headers, services)
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/x-www-form-urlencoded":
        raise Refusal(415, "Send a form as application/x-www-form-urlencoded.")
    body = await read_body(receive, headers)
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=8, errors="strict")
    except ValueError:
        raise Refusal(400, "The form is not understood.") from None
    return {name: values[-1] for name, values in fields.items()}


class Answer(NamedTuple):
    """A private, uncacheable answer, ready to be sent."""

    status: int
    media_type: bytes
    body: bytes
    headers: tuple[Header, ...] = ()
    standing: tuple[Header, ...] = _PRIVATE

    async def send(self, send: Send, *, head: bool = False) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [
                    (b"content-type", self.media_type),
                    (b"content-length", b"%d" % len(self.body)),
                    *self.standing,
                    *self.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": b"" if head else self.body})


def answer_json(value: object, *headers: Header) -> Answer:
    return Answer(200, JSON, msgspec.json.encode(value), headers)


def answer_post(value: object, headers: tuple[Header, ...]) -> Answer:
    """Returns the answer to a script's POST."""
    return Answer(200, JSON, msgspec.json.encode(value), headers, _POSTED)


def answer_page(page: str, *headers: Header, policy: str = PAGE_POLICY) -> Answer:
    """Returns one of our own full pages, under a policy that lets nothing foreign in."""
    under = (b"content-security-policy", policy.encode("ascii"))
    return Answer(200, b"text/html; charset=utf-8", page.encode(), (under, *headers))


def redirect(location: str, *headers: Header) -> Answer:
    """Returns 303 See Other to an ASCII path of this site, or to a URL that the publisher set."""
    return Answer(303, PLAIN, b"", ((b"location", location.encode()), *headers))


def refused(refusal: Refusal) -> Answer:
    body = (refusal.sentence + "\n").encode()
    return Answer(refusal.status, PLAIN, body, refusal.headers)


def query_of(scope: Scope) -> dict[str, str]:
    """Returns the query's fields; of a repeated one, the last.

    :raises Refusal: 400 for more than sixteen.
    """
    try:
        fields = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=16)
    except ValueError:
        raise Refusal(400, "The address has too many fields.") from None
    return {name: values[-1] for name, values in fields.items()}
