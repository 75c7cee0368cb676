"""What `debug` shows a publisher: the rule behind a page in a header, the rest in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adguard import Rule
from tests.endpoints.conftest import Site, bare_environment, make_site
from tests.visitor import BLOCKED, CLEAR, NAVIGATION, Visitor

__all__ = ["bare_environment", "make_site"]

MakeSite = Callable[..., Site]
WHY = "site-note-why"


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
    assert wall.headers.get_list(WHY) == [
        'rule="/markets/*"; preset=strict; form=interstitial; mode=ask; at=navigation; '
        "decided=wall; until=2026-12-01"
    ]


def watch_reports(visitor: Visitor) -> list[str | None]:
    """Notes what every report's answer says in the header."""
    said: list[str | None] = []

    async def note(response: httpx.Response) -> None:
        if response.request.url.path == "/_site/report":
            said.append(response.headers.get(WHY))

    visitor.client.event_hooks["response"].append(note)
    return said


async def test_every_report_is_told_which_rule_decided_and_until_when(make_site: MakeSite) -> None:
    visitor = await make_site(debug=True).visitor()
    said = watch_reports(visitor)
    await visitor.view(CLEAR, "/a")
    for _ in range(3):
        await visitor.view(BLOCKED, "/a")
    await visitor.report(await visitor.open("/a"), BLOCKED, path="/login")
    standard = "preset=standard; form=dialog; mode=ask; at=view"
    assert said == [
        f"{standard}; decided=clear",
        f"{standard}; decided=first-view",
        f"{standard}; decided=ask",
        f"{standard}; decided=asked-this-visit; until=2026-11-24",
        'excluded="/login"; at=view; decided=excluded',
    ]


async def test_the_arm_is_told_too(make_site: MakeSite) -> None:
    visitor = await make_site(debug=True, holdout=0.9999999).visitor()
    said = watch_reports(visitor)
    await visitor.view(BLOCKED, "/a")
    assert said[0] is not None
    assert said[0].endswith("; decided=holdout; arm=holdout")


async def test_a_wall_says_which_rule_decided_also_behind_a_cache(make_site: MakeSite) -> None:
    site = make_site(debug=True, interstitial="redirect")
    visitor = await site.visitor()
    for _ in range(4):
        answer = await visitor.view(BLOCKED, "/markets/a")
    why = (await visitor.open(answer["decision"]["url"])).headers[WHY]
    assert why.endswith("; at=navigation; decided=wall; until=2026-12-01")
    await visitor.view(CLEAR, "/markets/a")
    free = await visitor.open(answer["decision"]["url"])
    assert free.status_code == 303
    assert free.headers[WHY].endswith("decided=clear")


async def test_without_debug_no_report_says_anything_and_a_fault_costs_no_answer(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = await make_site().visitor()
    said = watch_reports(silent)
    await silent.view(BLOCKED, "/a")
    site = make_site(debug=True)
    monkeypatch.setattr("adguard.endpoints.why.explain", None)
    faulty = await site.visitor()
    said_with_fault = watch_reports(faulty)
    assert (await faulty.view(BLOCKED, "/a"))["decision"]["reason"] == "first-view"
    assert said == said_with_fault == [None]
    assert site.middleware.services.tally.faults["debug"] == 1


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
