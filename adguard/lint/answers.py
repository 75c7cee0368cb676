"""Whether the server answers our own addresses as the client needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from playwright.sync_api import APIRequestContext, APIResponse
from playwright.sync_api import Error as BrowserError

from adguard.assets import Assets
from adguard.baits import IMAGE_SIZE, MARKER, Kind
from adguard.lint.findings import Finding, Level, Topic

TIMEOUT_MILLISECONDS = 15_000
PNG = b"\x89PNG\r\n\x1a\n"


class Asked(NamedTuple):
    """An address, and how its answer is told from somebody else's.

    :param name: what to call it.
    :param path: below the prefix, without a slash in front.
    :param fits: whether a body is ours.
    :param fresh: browsers must ask each time.
    """

    name: str
    path: str
    fits: Callable[[bytes], bool]
    fresh: bool = False


def check_answers(client: APIRequestContext, base: str, assets: Assets) -> Iterator[Finding]:
    """Asks for everything of ours that a page asks for.

    :param base: origin and prefix, without a slash at the end.
    """
    for asked in wanted(assets):
        url = f"{base}/{asked.path}"
        try:
            answer = get(client, url, follow=0)
        except BrowserError as error:
            first = error.message.strip().splitlines()[0]
            yield _found(Level.BROKEN, asked, f"{asked.name} does not answer ({url}): {first}.")
            continue
        yield from _judge(asked, url, answer)


def get(client: APIRequestContext, url: str, *, follow: int = 5) -> APIResponse:
    """Asks for `url`. Browsers know that every name below `localhost` is this machine (RFC 6761);
    resolvers often do not.

    :param follow: redirects at most.
    :raises playwright.sync_api.Error: no answer in 15 seconds.
    """
    parts = urlsplit(url)
    headers = {}
    if (parts.hostname or "").endswith(".localhost"):
        headers["host"] = parts.netloc
        port = f":{parts.port}" if parts.port else ""
        url = parts._replace(netloc=f"127.0.0.1{port}").geturl()
    return client.get(url, headers=headers, max_redirects=follow, timeout=TIMEOUT_MILLISECONDS)


def wanted(assets: Assets) -> Iterator[Asked]:
    """Client, notice, controls and baits, and the pages for readers."""
    marker = MARKER.encode()
    bodies: dict[Kind, Callable[[bytes], bool]] = {
        Kind.SCRIPT: lambda body: marker in body,
        Kind.IMAGE: _is_our_image,
        Kind.FETCH: _is_marked,
    }
    controls = assets.baits.controls
    yield Asked("The client", assets.client, lambda body: marker in body)
    yield Asked("The note script", assets.note, lambda body: b"site-note" in body)
    yield Asked("The note style", assets.style, lambda body: b"site-note" in body)
    yield Asked("The control", "control?r=%2F", _is_marked, fresh=True)
    yield Asked("The script control", controls.script[1:], bodies[Kind.SCRIPT], fresh=True)
    yield Asked("The image control", controls.image[1:], bodies[Kind.IMAGE], fresh=True)
    for bait in assets.baits.network:
        yield Asked(f"The bait {bait.id}", bait.path[1:], bodies[bait.kind], fresh=True)
    for name in ("note?form=inline", "help", "support", "preferences"):
        yield Asked(f"The page {name}", name, lambda body: b"site-note" in body)
    yield Asked("The health", "health", lambda body: body.lstrip().startswith(b"{"))


def _judge(asked: Asked, url: str, answer: APIResponse) -> Iterator[Finding]:
    if 300 <= answer.status < 400:
        to = answer.headers.get("location", "elsewhere")
        message = f"{asked.name} is sent elsewhere ({url} answers {answer.status}, {to})."
        yield _found(Level.BROKEN, asked, message)
    elif answer.status >= 400:
        hint = " Does a firewall know its name?" if answer.status == 403 else ""
        yield _found(
            Level.BROKEN, asked, f"{asked.name} is not there ({url} answers {answer.status}).{hint}"
        )
    elif not asked.fits(answer.body()):
        message = f"{asked.name} is not ours ({url}): something else answers in its place."
        yield _found(Level.BROKEN, asked, message)
    elif asked.fresh and "no-store" not in answer.headers.get("cache-control", ""):
        said = answer.headers.get("cache-control", "nothing")
        message = f"{asked.name} may be kept by browsers ({url}): cache-control says {said}, and "
        yield _found(Level.DEGRADED, asked, message + "no-store is wanted.")


def _is_our_image(body: bytes) -> bool:
    size = (int.from_bytes(body[16:20]), int.from_bytes(body[20:24]))
    return body.startswith(PNG) and size == IMAGE_SIZE


def _is_marked(body: bytes) -> bool:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return False
    return isinstance(said, dict) and said.get("marker") == MARKER


def _found(level: Level, asked: Asked, message: str) -> Finding:
    return Finding(level=level, topic=Topic.LIVE, subject=asked.name, message=message)
