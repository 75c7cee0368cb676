"""Reports: every check, every answer, and what is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adguard.ledger import LedgerFull
from tests.endpoints.conftest import Site
from tests.visitor import BLOCKED, CLEAR, FROM_OUR_PAGE, Visitor

JSON = {**FROM_OUR_PAGE, "Content-Type": "application/json"}


async def body_of(visitor: Visitor, **changes: Any) -> dict[str, Any]:
    control = (await visitor.fetch("/_site/control?v=/a")).json()
    return {
        "v": 1,
        "id": f"{control['day']}-{'a' * 22}",
        "token": control["token"],
        "kind": "view",
        "path": "/a",
        "signals": CLEAR,
        **changes,
    }


async def post(visitor: Visitor, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return await visitor.client.post("/_site/report", content=content, headers={**JSON, **headers})


async def test_a_reader_without_a_blocker_gets_a_clear_verdict_and_no_cookie(site: Site) -> None:
    visitor = await site.visitor()
    answer = await visitor.view(CLEAR, "/a")
    assert (answer["verdict"], answer["decision"]["reason"]) == ("clear", "clear")
    assert answer["memory"] is True
    assert not visitor.client.cookies


async def test_the_second_blocked_view_brings_the_dialog_and_the_third_is_quiet(
    site: Site,
) -> None:
    visitor = await site.visitor()
    answers = [await visitor.view(BLOCKED, "/a") for _ in range(3)]
    assert [answer["decision"]["action"] for answer in answers] == ["none", "notice", "none"]
    assert answers[1]["decision"]["form"] == "dialog"
    assert answers[1]["decision"]["url"].startswith("/_site/note?form=dialog&verdict=extension")
    assert "site_note" in visitor.client.cookies


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Content-Type": "text/html"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "text/plain;charset=UTF-8"}, 200),
        ({"Content-Type": "APPLICATION/JSON; charset=utf-8"}, 200),
        ({"Content-Length": "3000"}, 413),
        ({"Content-Length": "many"}, 400),
    ],
)
async def test_a_report_needs_the_right_headers(
    site: Site, headers: dict[str, str], status: int
) -> None:
    visitor = await site.visitor()
    answer = await post(visitor, await body_of(visitor), **headers)
    assert answer.status_code == status
    counted = await site.counted()
    assert counted.get("clear", 0) == (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://news.localhost", 200),
        ("https://news.localhost", 403),
        ("http://evil.example", 403),
        ("null", 403),
        (None, 403),
    ],
)
async def test_a_browser_without_sec_fetch_headers_proves_itself_by_origin(
    site: Site, origin: str | None, status: int
) -> None:
    visitor = await site.visitor()
    body = json.dumps(await body_of(visitor))
    headers = {"Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
    answer = await visitor.client.post("/_site/report", content=body, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"v": 2}, 400, "version 2"),
        ({"v": "1"}, 400, "not understood"),
        ({"id": "x"}, 400, "not understood"),
        ({"id": "20778-" + "a" * 22}, 200, ""),
        ({"id": "20777-" + "a" * 22}, 400, "within two days"),
        ({"id": "20782-" + "a" * 22}, 400, "within two days"),
        ({"id": "020780-" + "a" * 22}, 400, "is not a UTC day"),
        ({"id": "20780-" + "a" * 41}, 400, "is not a UTC day"),
        ({"token": "forged"}, 403, "not issued"),
        ({"token": "x" * 500}, 400, "not understood"),
        ({"kind": "party"}, 400, "not understood"),
        ({"path": "a"}, 400, "begins with a slash"),
        ({"path": "/" + "a" * 512}, 400, "not understood"),
        ({"lang": "the page's language, or what a template made of it"}, 200, ""),
        ({"signals": {"n1": "exploded"}}, 400, "'exploded'"),
        ({"signals": {"n1": 1}}, 400, "not understood"),
        ({"signals": {f"s{n}": "loaded" for n in range(33)}}, 400, "not understood"),
        ({"signals": {"later-signal": "loaded", **CLEAR}}, 200, ""),
        ({"unheard": "of"}, 200, ""),
    ],
)
async def test_a_reports_content_is_checked_and_the_answer_says_what_is_wrong(
    site: Site, changes: dict[str, Any], status: int, sentence: str
) -> None:
    visitor = await site.visitor()
    answer = await post(visitor, await body_of(visitor, **changes))
    assert answer.status_code == status
    if status != 200:
        assert sentence in answer.text
        assert answer.text.count("\n") == 1
        health = (await visitor.fetch("/_site/health")).json()
        assert health["refused"] == {str(status): 1}
    assert (await site.counted()).get("clear", 0) == (status == 200)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"{" * 2000, b'{"v":1}'])
async def test_a_body_that_is_no_report_gets_400(site: Site, body: bytes) -> None:
    assert (await post(await site.visitor(), body)).status_code == 400


async def test_a_body_over_2048_bytes_gets_413_even_when_its_length_is_not_announced(
    site: Site,
) -> None:
    visitor = await site.visitor()

    async def chunks() -> Any:
        for _ in range(3):
            yield b"x" * 1000

    answer = await visitor.client.post("/_site/report", content=chunks(), headers=JSON)
    assert answer.status_code == 413


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=2100)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
async def test_no_body_whatsoever_is_accepted_by_luck_or_breaks_the_endpoint(
    site: Site, body: bytes
) -> None:
    assert (await post(await site.visitor(), body)).status_code in {400, 413}


async def test_a_report_sent_again_with_its_id_counts_once_and_is_answered_again(
    site: Site,
) -> None:
    visitor = await site.visitor()
    body = await body_of(visitor)
    first, second = await post(visitor, body), await post(visitor, body)
    assert first.json()["verdict"] == second.json()["verdict"] == "clear"
    assert (await site.counted())["clear"] == 1


async def test_one_token_is_good_for_eight_reports(site: Site) -> None:
    visitor = await site.visitor()
    body = await body_of(visitor)
    statuses = []
    for number in range(10):
        answer = await post(visitor, {**body, "id": body["id"][:-1] + str(number)})
        statuses.append(answer.status_code)
    assert statuses == [200] * 8 + [429] * 2
    assert answer.headers["retry-after"] == "600"
    assert (await site.counted())["clear"] == 8


async def test_a_page_gets_its_token_back_while_it_is_fresh_and_little_used(site: Site) -> None:
    visitor = await site.visitor()
    body = await body_of(visitor)
    answers = [
        (await post(visitor, {**body, "id": body["id"][:-1] + str(number)})).json()["token"]
        for number in range(3)
    ]
    assert answers[:2] == [body["token"]] * 2
    assert answers[2] != body["token"]
    late = await body_of(visitor, id=body["id"][:-1] + "x")
    site.clock.now += 240
    renewed = (await post(visitor, late)).json()["token"]
    assert renewed != late["token"]
    site.clock.now += 2100
    seen = {**late, "id": body["id"][:-1] + "y", "token": renewed, "kind": "seen", "signals": {}}
    assert (await post(visitor, seen)).status_code == 200


async def test_a_token_is_too_old_after_ten_minutes(site: Site) -> None:
    visitor = await site.visitor()
    body = await body_of(visitor)
    site.clock.now += 601
    assert "too old" in (await post(visitor, body)).text


async def test_a_remembered_clear_view_counts_with_the_last_answers_token(site: Site) -> None:
    visitor = await site.visitor()
    answer = await visitor.view(CLEAR, "/a")
    site.clock.now += 1500
    body = {
        "v": 1,
        "id": f"20780-{'r' * 22}",
        "token": answer["token"],
        "kind": "remembered",
        "path": "/b",
    }
    remembered = await post(visitor, body)
    assert remembered.json()["verdict"] == "clear"
    site.clock.now += 900
    assert "too old: 2400 > 2100" in (await post(visitor, body)).text
    counted = await site.counted()
    assert counted["clear"] == 2
    assert counted["measured"] == 2


async def test_a_view_kept_after_a_503_is_taken_with_the_token_of_a_later_clear_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()
    kept = await body_of(visitor, signals=BLOCKED)

    async def full(event: object) -> bool:
        raise LedgerFull(1)

    with monkeypatch.context() as patch:
        patch.setattr(site.middleware.services.ledger, "record", full)
        assert (await post(visitor, kept)).status_code == 503
    later = await visitor.view(CLEAR, "/b")
    assert later["memory"] is True
    assert (await post(visitor, {**kept, "token": later["token"]})).status_code == 200
    counted = await site.counted()
    assert (counted["extension"], counted["clear"]) == (1, 1)


async def test_looking_again_at_the_same_page_measures_no_second_view(site: Site) -> None:
    visitor = await site.visitor()
    await visitor.view(BLOCKED, "/a")
    for _ in range(3):
        assert (await visitor.fetch("/_site/control?r=/a")).json()["mode"] == "ask"
    assert (await site.counted())["measured"] == 1
    assert (await visitor.fetch("/_site/control?r=/login")).json()["mode"] == "off"


async def test_a_body_nested_beyond_reason_is_not_understood(site: Site) -> None:
    answer = await post(await site.visitor(), b'{"x":' + b"[" * 2000)
    assert answer.status_code == 400


async def test_while_the_store_is_full_the_answer_is_503_and_nothing_is_remembered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()

    async def full(event: object) -> bool:
        raise LedgerFull(1)

    with monkeypatch.context() as patch:
        patch.setattr(site.middleware.services.ledger, "record", full)
        answer = await post(visitor, await body_of(visitor, signals=BLOCKED))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("options", [{"mode": "observe"}, {"mode": "off"}])
async def test_observe_counts_and_never_asks_and_off_does_neither(
    make_site: Callable[..., Site], options: dict[str, Any]
) -> None:
    site = make_site(**options)
    visitor = await site.visitor()
    for number in range(3):
        body = await body_of(visitor, signals=BLOCKED)
        answer = await post(visitor, {**body, "id": body["id"][:-1] + str(number)})
        assert answer.json()["decision"]["reason"] == f"mode-{options['mode']}"
        assert "set-cookie" not in answer.headers
    counted = await site.counted()
    assert counted.get("extension", 0) == (3 if options["mode"] == "observe" else 0)


async def test_the_mode_switches_without_a_restart(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()
    assert "/_site/client-" in (await visitor.open("/a")).text
    monkeypatch.setenv("ADGUARD_MODE", "off")
    assert "/_site/client-" not in (await visitor.open("/a")).text
    assert (await visitor.fetch("/_site/control?v=/a")).json()["mode"] == "off"
    monkeypatch.delenv("ADGUARD_MODE")
    assert (await visitor.fetch("/_site/control?v=/a")).json()["mode"] == "ask"


async def test_excluded_pages_are_left_alone_and_silent_even_from_a_cache(site: Site) -> None:
    visitor = await site.visitor()
    assert "client-" not in (await visitor.open("/login")).text
    assert (await visitor.fetch("/_site/control?v=/login")).json()["mode"] == "off"
    answer = await post(visitor, await body_of(visitor, path="/login", signals=BLOCKED))
    assert answer.json()["decision"]["reason"] == "excluded"
    assert await site.counted() == {"measured": 1}


async def test_bots_are_neither_asked_nor_counted(site: Site) -> None:
    visitor = await site.visitor()
    visitor.client.headers["User-Agent"] = "Mozilla/5.0 (compatible; Googlebot/2.1)"
    answers = [await visitor.view(BLOCKED, "/a") for _ in range(3)]
    assert {answer["decision"]["reason"] for answer in answers} == {"bot"}
    assert not visitor.client.cookies
    assert await site.counted() == {}


async def test_held_out_readers_are_measured_like_everybody_and_never_asked(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(holdout=1.0)
    visitor = await site.visitor()
    answers = [await visitor.view(BLOCKED, "/a") for _ in range(4)]
    assert [a["decision"]["reason"] for a in answers] == ["holdout"] * 4
    assert (await site.counted())["extension"] == 4


async def test_readers_with_global_privacy_control_are_in_no_arm(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(holdout=1.0)
    visitor = await site.visitor()
    visitor.client.headers["Sec-GPC"] = "1"
    await visitor.view(BLOCKED, "/a")
    assert (await visitor.view(BLOCKED, "/a"))["decision"]["action"] == "notice"


async def test_a_site_that_keeps_verdicts_in_the_page_takes_no_reports(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(consent_mode="local_only")
    visitor = await site.visitor()
    assert (await post(visitor, await body_of(visitor))).status_code == 403


async def test_section_and_country_hooks_see_the_page_and_stay_bounded(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(
        section=lambda connection: connection.url.path.split("/")[1] + "\n" + "x" * 100,
        country=lambda connection: 1 / 0,
    )
    visitor = await site.visitor()
    await visitor.view(CLEAR, "/culture/a")
    await site.counted()
    from adguard.ledger import Span

    with site.middleware.services.ledger.store.figures() as figures:
        sections = [row.value for row in figures.breakdown(Span(0, 99_999), "section")]
    assert sections == [("culture" + "x" * 100)[:40]]
    health = (await visitor.fetch("/_site/health")).json()
    assert health["faults"]["section or country"] >= 1
    assert health["status"] == "degraded"


async def test_seen_is_counted_for_the_reader_who_was_asked(site: Site) -> None:
    visitor = await site.visitor()
    for _ in range(2):
        answer = await visitor.view(BLOCKED, "/a")
    body = {
        "v": 1,
        "id": f"20780-{'s' * 22}",
        "token": answer["token"],
        "kind": "seen",
        "path": "/a",
    }
    assert (await post(visitor, body)).status_code == 200
    counted = await site.counted()
    assert (counted["decided"], counted["seen"]) == (1, 1)


async def test_allow_is_proven_by_the_recheck_and_counted_by_the_next_clear_view(
    site: Site,
) -> None:
    visitor = await site.visitor()
    for _ in range(2):
        answer = await visitor.view(BLOCKED, "/a")
    await visitor.client.post("/_site/choice", data={"choice": "allow"}, headers=FROM_OUR_PAGE)
    body = {
        "v": 1,
        "id": f"20780-{'q' * 22}",
        "token": answer["token"],
        "kind": "recheck",
        "path": "/a",
        "signals": {**CLEAR, "c1": "hidden"},
        "earlier": "network-bait",
    }
    rechecked = (await post(visitor, body)).json()
    assert rechecked["verdict"] == "clear"
    assert rechecked["decision"]["action"] == "thanks"
    assert rechecked["memory"] is False
    assert "verified" not in await site.counted()
    assert (await visitor.view(CLEAR, "/b"))["decision"]["action"] == "none"
    assert (await site.counted())["verified"] == 1


async def test_control_answers_every_page_with_a_fresh_token_and_counts_it(site: Site) -> None:
    visitor = await site.visitor()
    answers = [await visitor.fetch("/_site/control?v=/a%3Fq%3D1") for _ in range(2)]
    assert answers[0].json()["token"] != answers[1].json()["token"]
    assert answers[0].headers["cache-control"] == "private, no-store"
    head = await visitor.client.head("/_site/control")
    assert head.content == b""
    assert (await site.counted())["measured"] == 2
