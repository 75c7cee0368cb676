"""What `debug` shows a publisher: the rule behind a page in a header, the rest in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adguard import Rule
from tests.endpoints.conftest import Site, bare_environment, make_site
from tests.visitor import BLOCKED, NAVIGATION

__all__ = ["bare_environment", "make_site"]

MakeSite = Callable[..., Site]
WHY = "site-note-why"


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    logger = logging.getLogger("adguard")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/a", "preset=standard; form=dialog; mode=ask"),
        ("/markets/a", 'rule="/markets/*"; preset=strict; form=interstitial; mode=ask'),
        ("/caf%C3%A9", 'rule="/caf%C3%A9"; preset=gentle; form=inline; mode=observe'),
        ("/press/a", 'excluded="/press"'),
        ("/login/now", 'excluded="/login"'),
    ],
)
async def test_in_debug_mode_every_page_says_which_rule_decided(
    make_site: MakeSite, path: str, why: str
) -> None:
    rules = [Rule("/markets/*", preset="strict"), Rule("/café", preset="gentle", mode="observe")]
    visitor = await make_site(debug=True, rules=rules, exclude=["/press"]).visitor()
    assert (await visitor.open(path)).headers[WHY] == why


async def test_a_mode_switched_off_shows_in_the_header(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await make_site(debug=True).visitor()
    monkeypatch.setenv("ADGUARD_MODE", "off")
    assert (await visitor.open("/a")).headers[WHY].endswith("mode=off")


async def test_the_interstitial_says_it_too(make_site: MakeSite) -> None:
    visitor = await make_site(debug=True).visitor()
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    wall = await visitor.open("/markets/a")
    assert "The article." not in wall.text
    assert wall.headers[WHY].startswith('rule="/markets/*"')


async def test_without_debug_no_page_says_anything(make_site: MakeSite) -> None:
    level = logging.getLogger("adguard").level
    visitor = await make_site().visitor()
    assert WHY not in (await visitor.open("/a")).headers
    assert logging.getLogger("adguard").level == level


async def test_a_fault_while_telling_costs_nobody_the_page(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adguard.endpoints.why.quote", None)
    visitor = await make_site(debug=True).visitor()
    page = await visitor.open("/a")
    assert "The article." in page.text
    assert WHY not in page.headers
    health = (await visitor.fetch("/_site/health")).json()
    assert health["faults"] == {"debug": 1}


async def test_in_debug_mode_the_log_says_why_an_answer_was_left_as_it_was(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    async def compressed(request: Request) -> Response:
        return HTMLResponse(b"...", headers={"content-encoding": "br"})

    site = make_site(debug=True, app=Starlette(routes=[Route("/{path:path}", compressed)]))
    visitor = await site.visitor()
    visitor.client.headers["Accept-Encoding"] = "identity"
    async with visitor.client.stream("GET", "/a", headers=NAVIGATION):
        pass
    assert [record.getMessage() for record in caplog.records if record.name == "adguard"] == [
        "'/a' is left as it is: encoding"
    ]


async def test_in_debug_mode_the_log_says_when_a_pages_own_policy_shuts_us_out(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    async def closed(request: Request) -> Response:
        return HTMLResponse("<p>", headers={"content-security-policy": "script-src 'none'"})

    site = make_site(debug=True, app=Starlette(routes=[Route("/{path:path}", closed)]))
    await (await site.visitor()).open("/a")
    assert "keeps our script out" in caplog.text
