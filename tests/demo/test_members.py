"""Members, what `is_supporter` says of them, and the tin that grants a pass."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from demo_site.app import create_app
from demo_site.donate import CROWNS, GIFT_SECONDS
from demo_site.gate import Patience
from tests.demo.newsroom import KEY, OURS, Clock, Visitor, make_office
from tests.visitor import BLOCKED
from tests.visitor import Visitor as Reporting

STRICT = "/markets/what-a-berth-costs"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    clock = Clock()
    visitor = Visitor(make_office(clock), clock, secret_key=KEY, store="none")
    yield visitor
    await visitor.client.aclose()


@pytest.mark.parametrize(
    ("who", "word", "answer"), [("ines", "low water", "True"), (" THEO ", "high water", "False")]
)
async def test_a_member_logs_in_and_reads_what_is_said_of_them(
    visitor: Visitor, who: str, word: str, answer: str
) -> None:
    let_in = await visitor.post("/login", who=who, word=word)
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/members")
    assert "httponly" in let_in.headers["set-cookie"].lower()
    page = await visitor.client.get("/members")
    assert f'<p class="answer-word">{answer}</p>' in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert "You are in as" in await visitor.page("/login")


async def test_the_accounts_on_the_log_in_page_are_the_accounts_there_are(
    visitor: Visitor,
) -> None:
    page = await visitor.page("/login")
    for who, word in (("ines", "low water"), ("theo", "high water")):
        assert f"<code>{who}</code>" in page
        assert f"<code>{word}</code>" in page


@pytest.mark.parametrize(
    ("who", "word"), [("ines", "high water"), ("nobody", ""), ("", ""), ("ines", "x" * 9000)]
)
async def test_a_wrong_password_opens_nothing_and_is_not_echoed(
    visitor: Visitor, who: str, word: str
) -> None:
    answer = await visitor.post("/login", who=who, word=word)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "do not belong together" in answer.text
    assert f'value="{word}"' not in answer.text
    assert (await visitor.client.get("/members")).headers["location"] == "/login"


async def test_guessing_gets_slow(visitor: Visitor) -> None:
    for _ in range(Patience.EACH):
        await visitor.post("/login", who="ines", word="guess")
    answer = await visitor.post("/login", who="ines", word="low water")
    assert (answer.status_code, "set-cookie" in answer.headers) == (429, False)
    visitor.clock.now += Patience.WINDOW + 1
    assert (await visitor.post("/login", who="ines", word="low water")).status_code == 303


async def test_logging_out_is_a_form_of_ours(visitor: Visitor) -> None:
    await visitor.post("/login", who="ines", word="low water")
    foreign = await visitor.client.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert "answer-word" in await visitor.page("/members")
    assert (await visitor.post("/logout")).headers["location"] == "/login"
    assert "answer-word" not in await visitor.page("/members")


async def test_a_member_s_session_is_no_editor_s(visitor: Visitor) -> None:
    await visitor.post("/login", who="ines", word="low water")
    visitor.client.cookies["packet_desk"] = visitor.client.cookies["packet_member"]
    assert "Waiting" not in await visitor.page("/desk")


async def test_a_member_who_pays_is_not_asked_and_meets_no_page_in_front_of_markets(
    visitor: Visitor,
) -> None:
    reader = Reporting(visitor.client, "http://news.localhost")
    reasons = {}
    for who, word in (("theo", "high water"), ("ines", "low water")):
        await visitor.post("/login", who=who, word=word)
        for _ in range(4):
            page = await reader.open("/city/four-clocks")
            answer = await reader.report(page, BLOCKED, path="/city/four-clocks")
        reasons[who] = answer["decision"]["reason"]
        strict = await reader.open(STRICT)
        assert ('class="story-text"' in strict.text) is (who == "ines")
        visitor.client.cookies.clear()
    assert reasons["ines"] == "supporter"
    assert reasons["theo"] != "supporter"


@pytest.mark.parametrize("crowns", CROWNS)
async def test_what_is_put_into_the_tin_grants_a_pass_for_a_year(
    visitor: Visitor, crowns: str
) -> None:
    answer = await visitor.post("/donate", crowns=crowns)
    assert answer.status_code == 303
    assert answer.headers["set-cookie"].startswith("site_pass=")
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    thanked = await visitor.page(answer.headers["location"])
    assert CROWNS[crowns] in thanked


@pytest.mark.parametrize("crowns", ["", "2", "-1", "1000000", "<b>"])
async def test_what_is_not_on_offer_grants_nothing(visitor: Visitor, crowns: str) -> None:
    answer = await visitor.post("/donate", crowns=crowns)
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    assert "Choose how many crowns." in answer.text


async def test_another_site_cannot_grant_a_pass(visitor: Visitor) -> None:
    answer = await visitor.client.post(
        "/donate", data={"crowns": "3"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_thanks_are_for_those_who_gave_and_for_an_hour(visitor: Visitor) -> None:
    for address in ("/donate/thanks", "/donate/thanks?gift=8", "/donate/thanks?gift=8.a.b"):
        assert (await visitor.client.get(address)).headers["location"] == "/donate"
    given = (await visitor.post("/donate", crowns="3")).headers["location"]
    visitor.clock.now += GIFT_SECONDS + 1
    assert (await visitor.client.get(given)).headers["location"] == "/donate"


async def test_a_mailed_link_brings_the_pass_once_however_often_the_mail_is_read(
    visitor: Visitor,
) -> None:
    answer = await visitor.post("/donate", crowns="8", how="mail")
    assert "set-cookie" not in answer.headers
    for taken in (303, 409):
        mail = HTMLParser(await visitor.page(answer.headers["location"]))
        link = mail.css_first(".mail-link a")
        assert link is not None
        page = HTMLParser(await visitor.page(str(link.attributes["href"])))
        fields = {
            str(field.attributes["name"]): str(field.attributes["value"])
            for field in page.css("form input[type=hidden]")
        }
        took = await visitor.post("/_site/pass", **fields)
        assert took.status_code == taken
        visitor.client.cookies.clear()


async def test_a_mail_is_for_those_who_gave(visitor: Visitor) -> None:
    assert (await visitor.client.get("/donate/mail?gift=8")).headers["location"] == "/donate"


async def test_without_the_toolkit_the_tin_still_thanks() -> None:
    clock = Clock()
    visitor = Visitor(make_office(clock), clock)
    answer = await visitor.post("/donate", crowns="1")
    assert (answer.status_code, "set-cookie" in answer.headers) == (303, False)


async def test_a_body_that_is_no_form_gets_a_sentence(visitor: Visitor) -> None:
    for path in ("/login", "/logout", "/donate", "/desk/enter", "/desk/leave"):
        answer = await visitor.client.post(
            path, content=b"{}", headers={**OURS, "Content-Type": "application/json"}
        )
        assert answer.status_code in {303, 415}, path


def test_an_office_is_made_where_none_is_given() -> None:
    first, second = create_app(middleware=False), create_app(middleware=False)
    assert first.state.office.stamps.read(second.state.office.stamps.write("x")) is None
