"""Consent on the server: what a report must say, what is not remembered, what is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from adguard.presets import Rule
from tests.endpoints.conftest import Site
from tests.visitor import BLOCKED, CLEAR, FROM_OUR_PAGE, Visitor

Make = Callable[..., Site]


async def send(visitor: Visitor, kind: str = "view", **changes: Any) -> httpx.Response:
    control = (await visitor.fetch("/_site/control?r=/")).json()
    body = {
        "v": 1,
        "id": f"{control['day']}-{'x' * 20}{kind}",
        "token": control["token"],
        "kind": kind,
        "path": "/",
        "signals": BLOCKED,
        **changes,
    }
    headers = {**FROM_OUR_PAGE, "Origin": visitor.origin}
    return await visitor.client.post("/_site/report", json=body, headers=headers)


@pytest.mark.parametrize("signals", [BLOCKED, CLEAR], ids=["blocked", "clear"])
async def test_a_page_from_before_consent_was_asked_for_is_neither_counted_nor_remembered(
    signals: dict[str, str], make_site: Make
) -> None:
    site = make_site(consent_mode="required")
    visitor = await site.visitor()
    for _ in range(3):
        answer = await send(visitor, signals=signals)
        assert answer.json()["decision"]["reason"] == "no-consent"
        assert answer.json()["memory"] is False
        assert "set-cookie" not in answer.headers
    assert await site.counted() == {}


async def test_a_reader_who_has_agreed_is_counted_and_remembered(make_site: Make) -> None:
    site = make_site(consent_mode="required")
    answer = await send(await site.visitor(), agreed=True)
    assert answer.json()["decision"]["reason"] == "first-view"
    assert "set-cookie" in answer.headers
    assert (await site.counted())["extension"] == 1


async def test_who_takes_consent_back_loses_the_cookie_however_old_the_page(
    make_site: Make,
) -> None:
    site = make_site(consent_mode="required")
    visitor = await site.visitor()
    await send(visitor, agreed=True)
    assert len(visitor.client.cookies) == 1
    counted = await site.counted()
    answer = await send(visitor, "left", token="long-gone")
    assert answer.status_code == 200
    assert answer.json()["decision"]["action"] == "none"
    assert len(visitor.client.cookies) == 0
    assert await site.counted() == counted


async def test_consent_is_taken_back_only_from_our_own_pages(make_site: Make) -> None:
    visitor = await make_site(consent_mode="required").visitor()
    body = {"v": 1, "id": "20000-xxxxxxxxxxxxxxxx", "token": "", "kind": "left", "path": "/"}
    answer = await visitor.client.post(
        "/_site/report", json=body, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


async def test_a_page_on_which_nobody_answered_is_counted_and_no_view(make_site: Make) -> None:
    site = make_site(consent_mode="required", sample=0.5)
    visitor = await site.visitor()
    await visitor.fetch("/_site/control?n=/story")
    assert await site.counted() == {"unanswered": 1}


async def asked(visitor: Visitor, verdict: str = "extension", page: str = "/") -> int:
    answer = await visitor.client.get(
        f"/_site/note?form=inline&verdict={verdict}",
        headers={**FROM_OUR_PAGE, "Referer": visitor.origin + page},
    )
    return answer.status_code


async def test_a_page_that_keeps_its_verdict_asks_at_once_and_heeds_what_was_chosen(
    make_site: Make,
) -> None:
    site = make_site(consent_mode="local_only", rules=[Rule("/paid/*", preset="strict")])
    visitor = await site.visitor()
    assert [await asked(visitor) for _ in range(3)] == [200, 200, 200]
    assert [await asked(visitor, verdict) for verdict in ("protection", "clear", "unknown")] == [
        *(204, 204, 204)
    ]
    assert await asked(visitor, page="/paid/story") == 200
    assert await asked(visitor, page="/login") == 204
    await visitor.client.post(
        "/_site/choice",
        data={"choice": "later", "path": "/"},
        headers={**FROM_OUR_PAGE, "Origin": visitor.origin},
    )
    assert [await asked(visitor), await asked(visitor, page="/paid/story")] == [204, 204]


async def test_a_supporter_is_not_asked_where_verdicts_stay_in_the_page(make_site: Make) -> None:
    async def yes(_: object) -> bool:
        return True

    visitor = await make_site(consent_mode="local_only", is_supporter=yes).visitor()
    assert await asked(visitor) == 204


async def test_elsewhere_the_notice_comes_to_whoever_asks_for_it(make_site: Make) -> None:
    visitor = await make_site().visitor()
    assert await asked(visitor, "clear") == 200
