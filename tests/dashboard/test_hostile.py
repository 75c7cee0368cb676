"""Whatever is sent to the desk, it answers, and never with a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from adguard.dashboard import Dashboard, Gate
from adguard.ledger import Event
from adguard.ledger.sqlite import SqliteStore
from tests.dashboard.conftest import KEYS, NOW, PASSWORD

FIELDS = ("days", "from", "to", "site", "browser", "device", "verdict", "variant", "page", "")


@pytest.fixture(scope="module")
def desks() -> Iterator[tuple[Dashboard, Dashboard]]:
    """One that is open, and one that asks for a password."""
    store = SqliteStore(None)
    store.append([Event("", "default", int(NOW), "view", "clear", path="/an-article")])
    gates = (Gate(authenticator=lambda _: True, keys=KEYS), Gate(password=PASSWORD, keys=KEYS))
    yield tuple(Dashboard(lambda: store, gate, clock=lambda: NOW) for gate in gates)  # type: ignore[misc]
    store.close()


async def status_of(
    desk: Dashboard,
    *,
    path: str = "/",
    query: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    body: bytes = b"",
    method: str = "GET",
) -> int:
    """The status of the answer to a request that a server passes on as it came."""
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [*headers, (b"host", b"desk.example")],
        "scheme": "http",
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await desk(scope, receive, send)
    return int(sent[0]["status"])


async def test_a_query_that_is_no_text_asks_for_nothing(desks: tuple[Dashboard, Dashboard]) -> None:
    desk, locked = desks
    assert await status_of(desk, query=b"days=7&x=\xff") == 200
    assert await status_of(desk, query=b"\xff=\xfe&browser=\xff") == 200
    assert await status_of(locked, query=b"\xff") == 401


@pytest.mark.parametrize("origin", [b"http://[", b"http://[::1", b"\xff", b"//", b"http://", b""])
async def test_a_form_from_an_origin_that_is_none_is_refused(
    desks: tuple[Dashboard, Dashboard], origin: bytes
) -> None:
    form = {"path": "/enter", "method": "POST", "body": b"password=" + PASSWORD.encode()}
    headers = ((b"origin", origin),)
    assert await status_of(desks[1], headers=headers, **form) == 403  # type: ignore[arg-type]


async def test_a_host_that_is_none_is_no_fault(desks: tuple[Dashboard, Dashboard]) -> None:
    for host in (b"[", b"[::1", b"\xff", b"a b", b""):
        assert await status_of(desks[0], headers=((b"host", host),)) == 200
        assert await status_of(desks[1], headers=((b"host", host),)) == 401


@given(
    st.lists(st.tuples(st.sampled_from(FIELDS), st.binary(max_size=24)), max_size=5),
    st.binary(max_size=24),
    st.sampled_from(["/", "/enter", "/leave", "/\udcff", "//", "/desk-x.css"]),
    st.sampled_from(["GET", "HEAD", "POST", "BREW"]),
    st.sampled_from([b"cookie", b"origin", b"host", b"sec-fetch-site"]),
)
@settings(max_examples=300, deadline=None)
async def test_nothing_that_is_sent_is_a_fault_of_ours(
    desks: tuple[Dashboard, Dashboard],
    fields: list[tuple[str, bytes]],
    junk: bytes,
    path: str,
    method: str,
    header: bytes,
) -> None:
    query = b"&".join(name.encode() + b"=" + value for name, value in fields)
    request = {"path": path, "method": method, "query": query, "body": junk}
    for desk in desks:
        assert await status_of(desk, headers=((header, junk),), **request) < 500  # type: ignore[arg-type]


async def test_a_websocket_is_turned_away_and_no_fault(desks: tuple[Dashboard, Dashboard]) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await desks[0]({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close"}]
