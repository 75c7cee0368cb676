"""What the server alone knows of a reader, and what it served: counted as it happens."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from adguard import Rule
from adguard._version import __version__
from adguard.ledger import Span, open_store
from tests.endpoints.conftest import Site
from tests.visitor import BLOCKED, CLEAR, FROM_OUR_PAGE, NAVIGATION

MakeSite = Callable[..., Site]
EVER = Span(0, 99_999)


async def by(site: Site, dimension: str, counter: str) -> dict[str, int]:
    """How often something was counted, by value."""
    ledger = site.middleware.services.ledger
    await ledger.flush()
    with ledger.store.figures() as figures:
        rows = figures.breakdown(EVER, dimension)
    return {row.value: row.totals.raw[counter] for row in rows if row.totals.raw[counter]}


async def test_a_reader_with_a_cookie_is_counted_once_a_day(site: Site) -> None:
    visitor = await site.visitor()
    for day in range(3):
        for _ in range(4):
            await visitor.view(CLEAR if day == 2 else BLOCKED, "/a")
        site.clock.pass_days(1)
    counted = await site.counted()
    assert counted["reader_days"] == 3
    assert counted["blocked_days"] == 2


async def test_readers_without_a_blocker_and_without_a_cookie_are_no_reader_days(
    site: Site,
) -> None:
    visitor = await site.visitor()
    await visitor.view(CLEAR, "/a")
    assert "reader_days" not in await site.counted()


@pytest.mark.parametrize("mode", ["observe", "off"])
async def test_where_nothing_is_remembered_nothing_is_known_of_readers(
    make_site: MakeSite, mode: str
) -> None:
    site = make_site(mode=mode, holdout=0.5, inject="auto")
    visitor = await site.visitor()
    for signals in (BLOCKED, BLOCKED, CLEAR):
        control = (await visitor.fetch("/_site/control?v=/a")).json()
        await visitor.client.post(
            "/_site/report",
            json={
                **{"v": 1, "id": f"{control['day']}-{'x' * 20}", "token": control["token"]},
                **{"kind": "view", "path": "/a", "signals": signals},
            },
            headers={"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"},
        )
    counted = await site.counted()
    assert {"reader_days", "blocked_days", "assigned", "cleared"}.isdisjoint(counted)
    assert not {"asked", "holdout"} & set(await by(site, "variant", "extension"))


@pytest.mark.parametrize(("signals", "outcome"), [(CLEAR, "verified"), (BLOCKED, "failed")])
async def test_what_became_of_allow_is_counted_where_it_is_remembered_and_so_once(
    make_site: MakeSite, signals: dict[str, str], outcome: str
) -> None:
    site = make_site(rules=[Rule("/live", mode="observe")])
    visitor = await site.visitor()
    for _ in range(2):
        await visitor.view(BLOCKED, "/a")
    await visitor.client.post("/_site/choice", data={"choice": "allow"}, headers=FROM_OUR_PAGE)
    await visitor.view(CLEAR, "/a")
    for _ in range(5):
        await visitor.view(signals, "/live")
    assert outcome not in await site.counted()
    for _ in range(2):
        await visitor.view(signals, "/a")
    assert (await site.counted())[outcome] == 1


@pytest.mark.parametrize(("holdout", "arm"), [(0.999999, "holdout"), (0.000001, "asked")])
async def test_a_reader_is_drawn_once_at_the_first_blocked_view(
    make_site: MakeSite, holdout: float, arm: str
) -> None:
    site = make_site(holdout=holdout)
    visitor = await site.visitor()
    await visitor.view(CLEAR, "/a")
    assert await by(site, "variant", "assigned") == {}
    for _ in range(3):
        await visitor.view(BLOCKED, "/a")
    assert await by(site, "variant", "assigned") == {arm: 1}
    assert await by(site, "variant", "extension") == {arm: 3}


async def test_nobody_is_drawn_without_a_hold_out_or_with_global_privacy_control(
    make_site: MakeSite,
) -> None:
    plain, private = await make_site().visitor(), await (site := make_site(holdout=0.5)).visitor()
    private.client.headers["Sec-GPC"] = "1"
    for visitor in (plain, private):
        await visitor.view(BLOCKED, "/a")
    assert "assigned" not in await site.counted()


async def test_who_comes_back_clear_counts_once_however_often_the_blocker_goes_off(
    make_site: MakeSite,
) -> None:
    site = make_site(holdout=0.000001)
    visitor = await site.visitor()
    for signals in (CLEAR, BLOCKED, BLOCKED, CLEAR, CLEAR, BLOCKED, CLEAR):
        await visitor.view(signals, "/a")
    assert await by(site, "variant", "cleared") == {"asked": 1}


async def test_who_never_blocked_cannot_come_back(site: Site) -> None:
    visitor = await site.visitor()
    # An answer on the preferences page makes a cookie without any blocked view.
    await visitor.client.post(
        "/_site/choice",
        data={"choice": "never", "path": "/a"},
        headers={"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"},
    )
    for _ in range(2):
        await visitor.view(CLEAR, "/a")
    counted = await site.counted()
    assert counted["reader_days"] == 1
    assert "cleared" not in counted


async def test_a_hold_out_that_begins_later_counts_from_its_own_beginning(
    make_site: MakeSite,
) -> None:
    before = make_site()
    visitor = await before.visitor()
    for signals in (BLOCKED, CLEAR):
        await visitor.view(signals, "/a")
    site = make_site(holdout=0.000001)
    later = await site.visitor()
    later.client.cookies = visitor.client.cookies
    await later.view(CLEAR, "/a")
    assert "cleared" not in await site.counted()
    for signals in (BLOCKED, CLEAR, CLEAR):
        await later.view(signals, "/a")
    assert await by(site, "variant", "cleared") == {"asked": 1}


async def test_answers_and_interstitials_stand_under_the_readers_arm(make_site: MakeSite) -> None:
    site = make_site(
        holdout=0.000001,
        rules=[Rule("/markets/*", preset="strict", policy={"free_views": 1, "pass_days": 0})],
    )
    visitor = await site.visitor()
    for _ in range(2):
        await visitor.view(BLOCKED, "/markets/a")
    assert "form" in (await visitor.open("/markets/a")).text
    await visitor.client.post(
        "/_site/choice",
        data={"choice": "later", "path": "/markets/a"},
        headers={"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"},
    )
    assert set(await by(site, "variant", "interstitials")) == {"asked"}
    assert await by(site, "variant", "later") == {"asked": 1}


async def login(request: Request) -> Response:
    response = RedirectResponse("/", 303)
    request.scope["adguard"].grant_pass(response)
    return response


async def test_a_supporter_counts_with_the_first_pass_and_not_at_each_log_in(
    make_site: MakeSite,
) -> None:
    site = make_site(app=Starlette(routes=[Route("/login", login)]), sample=0.5)
    visitor = await site.visitor()
    for _ in range(3):
        assert (await visitor.open("/login")).status_code == 303
    assert await site.counted() == {"supported": 1}
    with site.middleware.services.ledger.store.figures() as figures:
        assert figures.funnel(EVER).weighted["supported"] == 1.0


async def test_a_pass_is_granted_even_when_it_cannot_be_counted(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(app=Starlette(routes=[Route("/login", login)]))
    monkeypatch.setattr(site.middleware.services.ledger, "note", lambda event: 1 / 0)
    visitor = await site.visitor()
    assert "site_pass" in (await visitor.open("/login")).headers["set-cookie"]
    assert site.middleware.services.tally.faults["grant_pass"] == 1


def pages(*, manual: bool = False) -> Starlette:
    async def page(request: Request) -> Response:
        tag = request.scope["adguard"].snippet_tag() if manual else ""
        return HTMLResponse(f"<!doctype html><p>Text</p>{tag}")

    async def gone(request: Request) -> Response:
        return HTMLResponse("<!doctype html><p>Gone</p>", 404)

    async def zipped(request: Request) -> Response:
        return HTMLResponse(gzip.compress(b"<p>Text</p>"), headers={"content-encoding": "gzip"})

    async def feed(request: Request) -> Response:
        return PlainTextResponse("{}", media_type="application/json")

    return Starlette(
        routes=[
            *(Route("/gone", gone), Route("/zipped", zipped), Route("/feed", feed)),
            Route("/{path:path}", page),
        ]
    )


async def served(site: Site) -> int:
    return (await site.counted()).get("served", 0)


async def test_pages_served_are_noted_once_a_minute_whether_injected_or_not(
    make_site: MakeSite,
) -> None:
    site = make_site(app=pages())
    services, visitor = site.middleware.services, await site.visitor()
    services.served.note()
    for path in ("/a", "/b", "/zipped", "/gone", "/feed", "/login", "/_site/help"):
        await visitor.open(path)
    site.clock.now += 59
    services.tend()
    assert await served(site) == 0
    site.clock.now += 2
    services.tend()
    services.tend()
    assert await served(site) == 3
    assert await by(site, "browser", "served") == {}


async def test_pages_of_before_midnight_belong_to_their_day(site: Site) -> None:
    services, visitor = site.middleware.services, await site.visitor()
    site.clock.now = 20_780 * 86_400 + 86_390.0
    services.served.note()
    await visitor.open("/a")
    site.clock.now += 70
    services.tend()
    await services.ledger.flush()
    with services.ledger.store.figures() as figures:
        assert figures.funnel(Span(20_780, 20_780)).raw["served"] == 1


async def test_pages_that_carry_their_snippet_themselves_are_served_too(
    make_site: MakeSite,
) -> None:
    site = make_site(app=pages(manual=True), inject="manual")
    visitor = await site.visitor()
    await visitor.open("/a")
    site.middleware.services.served.note()
    assert await served(site) == 1


async def test_what_was_served_last_is_noted_when_the_app_stops(make_site: MakeSite) -> None:
    site = make_site(app=pages())
    visitor = await site.visitor()
    await visitor.open("/a")
    received = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await site.middleware({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert await served(site) == 1


def test_without_a_lifespan_the_last_pages_are_noted_when_the_process_ends(
    tmp_path: Path,
) -> None:
    code = (
        "import asyncio, sys, httpx\n"
        "from tests.endpoints.test_counting import NAVIGATION, pages\n"
        "from adguard import AdGuardMiddleware\n"
        "app = AdGuardMiddleware(pages(), secret_key='k' * 32, store=sys.argv[1])\n"
        "async def visit():\n"
        "    transport = httpx.ASGITransport(app)\n"
        "    async with httpx.AsyncClient(transport=transport, base_url='http://a.test') as one:\n"
        "        await one.get('/a', headers=NAVIGATION)\n"
        "asyncio.run(visit())\n"
    )
    address = f"sqlite://{tmp_path}/figures.sqlite3"
    subprocess.run([sys.executable, "-c", code, address], check=True)
    with open_store(address).figures() as figures:
        assert figures.funnel(EVER).raw["served"] == 1


def test_a_process_that_forks_notes_its_own_pages_and_no_others(tmp_path: Path) -> None:
    code = (
        "import os, sys, warnings\n"
        "from adguard.services import Services\n"
        "from adguard.settings import Settings\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "clock = [20_780 * 86_400.0]\n"
        "settings = Settings(secret_key='k' * 32, store=sys.argv[1])\n"
        "services = Services(settings, lambda: clock[0])\n"
        "for _ in range(7):\n"
        "    services.tally.count_injected()\n"
        "clock[0] += 86_400\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    for _ in range(3):\n"
        "        services.tally.count_injected()\n"
        "    sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    address = f"sqlite://{tmp_path}/figures.sqlite3"
    subprocess.run([sys.executable, "-c", code, address], check=True)
    with open_store(address).figures() as figures:
        assert figures.funnel(Span(20_780, 20_780)).raw["served"] == 7
        assert figures.funnel(Span(20_781, 20_781)).raw["served"] == 3


async def test_events_say_what_is_in_force_and_change_with_the_switch(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()
    await visitor.view(BLOCKED, "/a")
    monkeypatch.setenv("ADGUARD_MODE", "observe")
    await visitor.view(BLOCKED, "/a")
    versions = await by(site, "version", "extension")
    assert list(versions.values()) == [1, 1]
    assert {version.split()[0] for version in versions} == {__version__}
    assert len({version.split()[1] for version in versions}) == 1
    assert all(len(version) <= 64 for version in versions)


async def test_a_page_for_a_client_that_says_little_of_itself_is_served_all_the_same(
    site: Site,
) -> None:
    client: httpx.AsyncClient = (await site.visitor()).client
    await client.get("/a", headers={"Accept": NAVIGATION["Accept"]})
    site.middleware.services.served.note()
    assert await served(site) == 1
