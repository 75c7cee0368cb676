"""Who is let in, and who is not."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from typing import Any

import pytest

from adguard.dashboard import Gate
from adguard.dashboard import gate as gate_module
from tests.dashboard.conftest import KEYS, PASSWORD, Clock, Make

OURS = {"sec-fetch-site": "same-origin"}


def locked(clock: Clock, password: str = PASSWORD) -> Gate:
    return Gate(password=password, keys=KEYS, clock=clock)


async def test_the_password_opens_a_session_for_twelve_hours(make: Make, clock: Clock) -> None:
    client = make(gate=locked(clock))
    assert (await client.get("/")).status_code == 401
    form = {"password": PASSWORD, "query": "days=7&browser=Firefox"}
    answer = await client.post("/enter", data=form, headers=OURS)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?browser=Firefox&days=7"
    written = answer.headers["set-cookie"]
    assert re.match(r"__Secure-site_desk=\d+\.\S+; HttpOnly; Max-Age=43200; Path=/", written)
    assert "SameSite=strict" in written
    assert "Secure" in written
    assert (await client.get("/")).status_code == 200
    clock.now += 12 * 3600
    assert (await client.get("/")).status_code == 401


async def test_leaving_ends_the_session(make: Make, clock: Clock) -> None:
    client = make(gate=locked(clock))
    await client.post("/enter", data={"password": PASSWORD}, headers=OURS)
    assert (await client.get("/leave")).status_code == 303
    assert (await client.get("/")).status_code == 200
    assert (await client.post("/leave", headers=OURS)).status_code == 303
    assert (await client.get("/")).status_code == 401


@pytest.mark.parametrize("password", ["", "x", PASSWORD + " ", PASSWORD.upper(), "é"])
async def test_nothing_else_opens_it(make: Make, clock: Clock, password: str) -> None:
    client = make(gate=locked(clock))
    answer = await client.post("/enter", data={"password": password}, headers=OURS)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "That is not the password" in answer.text


async def test_the_sixth_guess_waits_even_if_it_is_right(make: Make, clock: Clock) -> None:
    client = make(gate=locked(clock))
    for _ in range(5):
        await client.post("/enter", data={"password": "a guess"}, headers=OURS)
    answer = await client.post("/enter", data={"password": PASSWORD}, headers=OURS)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 200
    assert "Try again in 5 minutes" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {},
    ],
)
async def test_forms_of_other_sites_do_nothing(
    make: Make, clock: Clock, headers: dict[str, str]
) -> None:
    client = make(gate=locked(clock))
    answer = await client.post("/enter", data={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_an_old_browser_says_where_a_form_comes_from_by_its_origin(
    make: Make, clock: Clock
) -> None:
    origin = {"origin": "https://desk.example"}
    client = make(gate=locked(clock))
    assert (await client.post("/enter", data={"password": PASSWORD}, headers=origin)).is_redirect
    behind = make(gate=locked(clock), origin="https://www.example.org")
    assert (await behind.post("/enter", data={"password": PASSWORD}, headers=origin)).is_error


@pytest.mark.parametrize(
    ("content", "status"), [(b"x" * 5000, 400), (b"password=%ff", 400), (b"\xff", 400), (b"", 403)]
)
async def test_what_is_no_form_is_refused(
    make: Make, clock: Clock, content: bytes, status: int
) -> None:
    client = make(gate=locked(clock))
    assert (await client.post("/enter", content=content, headers=OURS)).status_code == status


async def test_a_session_is_worth_nothing_elsewhere_or_changed(clock: Clock) -> None:
    session = locked(clock).new_session()
    connection: Any = None
    assert await locked(clock).admits(connection, session)
    assert not await locked(clock, "another password").admits(connection, session)
    other = Gate(password=PASSWORD, keys=("o" * 32,), clock=clock)
    assert not await other.admits(connection, session)
    until, _, rest = session.partition(".")
    assert not await locked(clock).admits(connection, f"{int(until) + 1}.{rest}")
    assert not await locked(clock).admits(connection, "é" * 300)


async def test_a_way_back_never_leads_elsewhere(make: Make, clock: Clock) -> None:
    client = make(gate=locked(clock))
    for query in ("//elsewhere.example", "days=7\r\nset-cookie: a=b", "x" * 3000):
        answer = await client.post(
            "/enter", data={"password": PASSWORD, "query": query}, headers=OURS
        )
        assert answer.headers["location"] == "/"


class Broken:
    def __call__(self, connection: object) -> bool:
        raise RuntimeError("the user table is gone")


async def yes(connection: object) -> bool:
    return True


async def no(connection: object) -> bool:
    return False


@pytest.mark.parametrize(
    ("authenticator", "admitted"),
    [
        (yes, True),
        (no, False),
        (lambda _: True, True),
        (functools.partial(yes), True),
        (functools.partial(no), False),
        (lambda _: asyncio.sleep(0, True), True),
        (lambda _: "admin", False),
        (lambda _: None, False),
        (lambda _: 1, False),
        (Broken(), False),
    ],
)
async def test_only_a_plain_yes_of_an_authenticator_lets_anybody_in(
    make: Make, authenticator: Any, admitted: bool
) -> None:
    client = make(gate=Gate(authenticator=authenticator, keys=KEYS))
    answer = await client.get("/")
    assert answer.status_code == (200 if admitted else 403)
    assert ("behind a blocker" in answer.text) is admitted


async def test_an_authenticator_that_takes_too_long_lets_nobody_in(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "PATIENCE", 0.01)

    async def asleep(connection: object) -> bool:
        await asyncio.Event().wait()
        return True

    client = make(gate=Gate(authenticator=asleep, keys=KEYS))
    assert (await client.get("/")).status_code == 403


async def test_an_authenticator_that_hangs_holds_few_threads_however_often_it_is_asked(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "PATIENCE", 0.1)
    asked: list[object] = []
    released = threading.Event()

    def hanging(connection: object) -> bool:
        asked.append(connection)
        released.wait(10)
        return True

    client = make(gate=Gate(authenticator=hanging, keys=KEYS))
    try:
        answers = [await client.get("/") for _ in range(gate_module.AT_ONCE + 3)]
        assert {answer.status_code for answer in answers} == {403}
        assert len(asked) == gate_module.AT_ONCE
    finally:
        released.set()
    monkeypatch.setattr(gate_module, "PATIENCE", 10)
    assert (await client.get("/")).status_code == 200


async def test_beside_an_authenticator_no_password_opens_anything(make: Make) -> None:
    client = make(gate=Gate(authenticator=no, keys=KEYS))
    answer = await client.post("/enter", data={"password": ""}, headers=OURS)
    assert answer.status_code == 404


def test_a_gate_without_either_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="an authenticator or a password"):
        Gate(keys=KEYS)
