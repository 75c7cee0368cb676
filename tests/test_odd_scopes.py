"""Servers and gateways that keep to ASGI loosely: the reader gets the page all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.endpoints.conftest import PAGE, Site, bare_environment, make_site

__all__ = ["bare_environment", "make_site"]

MISSING = object()
ODD: dict[str, dict[str, Any]] = {
    "no headers": {"headers": MISSING},
    "headers are None": {"headers": None},
    "headers are a generator": {"headers": ((name, b"x") for name in (b"accept", b"cookie"))},
    "headers are texts": {"headers": [("accept", "text/html"), ("cookie", "site_note=x")]},
    "headers are triples": {"headers": [(b"accept", b"text/html", b"x")]},
    "no root_path": {"root_path": MISSING},
    "root_path is None": {"root_path": None},
    "root_path is bytes": {"root_path": b"/paper"},
    "no path": {"path": MISSING},
    "path is None": {"path": None},
    "path is bytes": {"path": b"/markets/a"},
    "no method": {"method": MISSING},
    "method is None": {"method": None},
    "method in small letters": {"method": "get"},
    "no query": {"query_string": MISSING},
    "raw_path is None": {"raw_path": None},
    "no scheme": {"scheme": MISSING},
    "extensions are None": {"extensions": None},
    "extensions are a list": {"extensions": ["http.response.pathsend"]},
}


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that asks nothing of its scope."""
    fields = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(PAGE))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": PAGE.encode()})


async def answered(site: Site, **changes: Any) -> bytes:
    """The body that a GET of /markets/a brings, its length compared with the one named."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/markets/a",
        "raw_path": b"/markets/a",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"accept", b"text/html"), (b"cookie", b"site_note=x")],
        "scheme": "http",
        "extensions": {},
        **changes,
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    given = {key: value for key, value in scope.items() if value is not MISSING}
    await site.middleware(given, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    assert dict(sent[0]["headers"])[b"content-length"] == b"%d" % len(body)
    return body


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("odd", ODD)
async def test_whatever_a_scope_lacks_the_reader_gets_the_page(
    make_site: Callable[..., Site], odd: str, debug: bool
) -> None:
    site = make_site(app=bare, debug=debug)
    try:
        body = await answered(site, **ODD[odd])
    finally:
        logging.getLogger("adguard").setLevel(logging.NOTSET)
    assert b"The article." in body


@pytest.mark.parametrize(
    "odd", ["no headers", "no root_path", "root_path is None", "no query", "no scheme"]
)
async def test_what_a_scope_may_well_lack_does_not_keep_the_snippet_away(
    make_site: Callable[..., Site], odd: str
) -> None:
    assert b"/_site/client-" in await answered(make_site(app=bare), **ODD[odd])


async def test_a_fault_at_the_front_door_is_counted_and_the_page_goes_out(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(app=bare)
    monkeypatch.setattr(site.middleware.services.switch, "current", None)
    assert await answered(site, path="/a") == PAGE.encode()
    assert site.middleware.services.tally.health()["faults"] == {"front door": 1}
