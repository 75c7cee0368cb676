"""The editor's desk: who comes in, what is decided, and that it is decided once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from demo_site.desk import PAGE
from demo_site.gate import HOURS, Patience
from demo_site.letters.letter import Draft, State
from tests.demo.newsroom import NOON, OURS, PASSWORD, STORY, XSS, Clock, Visitor, make_office


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    clock = Clock()
    visitor = Visitor(make_office(clock), clock)
    yield visitor
    await visitor.client.aclose()


@pytest.fixture
async def editor(visitor: Visitor) -> Visitor:
    await visitor.enter_desk()
    return visitor


def letters_in(page: str) -> list[str]:
    return [heading.text() for heading in HTMLParser(page).css(".desk-letter h3")]


async def test_nobody_reads_letters_without_the_password(visitor: Visitor) -> None:
    await visitor.write("a private matter")
    page = await visitor.client.get("/desk?show=held")
    assert "a private matter" not in page.text
    assert 'type="password"' in page.text
    refused = await visitor.decide(1, "held", "published")
    assert refused.status_code == 403
    wrong = await visitor.post("/desk/enter", word="between the tide")
    assert wrong.status_code == 403
    assert "That is not the password." in wrong.text
    assert "set-cookie" not in wrong.headers
    assert visitor.office.tray.counts()[State.HELD] == 1


async def test_the_right_one_opens_the_desk_for_twelve_hours(visitor: Visitor) -> None:
    answer = await visitor.post("/desk/enter", word=PASSWORD)
    kept = answer.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=strict" in kept
    visitor.clock.now += HOURS * 3600
    assert "Waiting" in await visitor.page("/desk")
    visitor.clock.now += 1
    assert "Waiting" not in await visitor.page("/desk")


async def test_over_https_the_session_is_bound_to_the_host(visitor: Visitor) -> None:
    answer = await visitor.client.post(
        "https://news.localhost/desk/enter", data={"word": PASSWORD}, headers=OURS
    )
    assert answer.headers["set-cookie"].startswith("__Host-packet_desk=")
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("session", ["", "editor", "editor.abc.def", "x" * 5000, "\u00e9"])
async def test_a_session_that_is_not_ours_opens_nothing(visitor: Visitor, session: str) -> None:
    headers = {"Cookie": f"packet_desk={session}".encode()}
    page = await visitor.client.get("/desk", headers=cast("dict[str, str]", headers))
    assert (page.status_code, "Waiting" in page.text) == (200, False)


async def test_a_session_ends_with_its_password_and_another_s_is_worth_nothing(
    editor: Visitor,
) -> None:
    session = editor.client.cookies["packet_desk"]
    clock = Clock()
    for office in (make_office(clock, desk_password="another"), make_office(clock)):
        other = Visitor(office, clock)
        other.client.cookies["packet_desk"] = session
        assert ("Waiting" in await other.page("/desk")) is (office.desk_password == PASSWORD)
    member = Visitor(make_office(clock), clock)
    member.client.cookies["packet_desk"] = member.office.members._signer.write("editor")
    assert "Waiting" not in await member.page("/desk")


async def test_guessing_gets_slow_and_the_right_word_does_not_help_meanwhile(
    visitor: Visitor,
) -> None:
    for _ in range(Patience.EACH):
        assert (await visitor.post("/desk/enter", word="guess")).status_code == 403
    for word in ("guess", PASSWORD):
        answer = await visitor.post("/desk/enter", word=word)
        assert answer.status_code == 429
        assert "in 6 minutes" in answer.text or "in 5 minutes" in answer.text
        assert int(answer.headers["retry-after"]) <= Patience.WINDOW + 1
    visitor.clock.now += Patience.WINDOW + 1
    await visitor.enter_desk()


async def test_without_a_password_the_desk_is_closed_and_letters_wait() -> None:
    clock = Clock()
    visitor = Visitor(make_office(clock, desk_password=""), clock)
    assert (await visitor.write("Dear Sir")).status_code == 303
    assert "The desk is closed" in await visitor.page("/desk")
    assert (await visitor.post("/desk/enter", word="")).status_code == 403
    assert (await visitor.decide(1, "held", "published")).status_code == 403
    assert visitor.office.tray.counts()[State.HELD] == 1


@pytest.mark.parametrize("path", ["/desk/enter", "/desk/leave", "/desk/decide"])
async def test_another_site_cannot_send_the_desk_s_forms(editor: Visitor, path: str) -> None:
    await editor.write("Dear Sir")
    fields = {"number": "1", "was": "held", "to": "published", "word": PASSWORD}
    answer = await editor.client.post(path, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert editor.office.tray.counts()[State.HELD] == 1


async def test_a_letter_is_printed_and_the_editor_told_with_the_way_back(editor: Visitor) -> None:
    await editor.write("the clock is slow", "K. <b> Maas")
    assert letters_in(await editor.page("/desk")) == ["K. <b> Maas"]
    answer = await editor.decide(1, "held", "published")
    assert answer.headers["location"] == "/desk?show=held&done=1.held#said"
    page = await editor.page(answer.headers["location"])
    assert "K. &lt;b&gt; Maas’s letter is in print." in page
    assert "Nothing waits" in page
    assert "the clock is slow" in await editor.page(STORY)
    undo = {
        str(field.attributes["name"]): str(field.attributes["value"])
        for field in HTMLParser(page).css("#said input, #said button")
    }
    await editor.post("/desk/decide", **undo)
    assert "the clock is slow" not in await editor.page(STORY)
    assert letters_in(await editor.page("/desk")) == ["K. <b> Maas"]


@pytest.mark.parametrize("to", ["published", "spam", "removed"])
async def test_every_tray_shows_its_letters_and_an_empty_one_says_so(
    editor: Visitor, to: str
) -> None:
    empty = await editor.page(f"/desk?show={to}")
    assert HTMLParser(empty).css_first(".desk-empty") is not None
    await editor.write("the clock is slow")
    await editor.decide(1, "held", to)
    page = await editor.page(f"/desk?show={to}")
    assert letters_in(page) == ["K. Maas"]
    offered = {
        str(button.attributes["value"]) for button in HTMLParser(page).css(".desk-deeds button")
    }
    assert to not in offered
    assert len(offered) >= 2


async def test_the_spam_tray_says_how_long_what_is_kept(editor: Visitor) -> None:
    await editor.write("Buy now", subject="yes")
    editor.clock.now += 100 * 86_400
    await editor.write("the clock is slow")
    await editor.enter_desk()
    page = await editor.page("/desk?show=spam")
    assert letters_in(page) == ["K. Maas"]
    assert "is kept until you decide" in page
    assert f"more than {editor.office.tray.limits.spam:,} letters" in page
    assert "deleted after 30 days" in page


async def test_two_editors_decide_once(editor: Visitor) -> None:
    await editor.write("the clock is slow")
    await editor.decide(1, "held", "spam")
    late = await editor.decide(1, "held", "published")
    assert late.status_code == 409
    assert "somebody else has decided" in late.text
    assert editor.office.tray.counts()[State.SPAM] == 1
    assert (await editor.decide(99, "held", "published")).status_code == 409


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"number": "1", "was": "held", "to": "burnt"},
        {"number": "1", "was": "", "to": "spam"},
        {"number": "١", "was": "held", "to": "spam"},
        {"number": "-1", "was": "held", "to": "spam"},
        {"number": "9" * 40, "was": "held", "to": "spam"},
        {"number": "1 OR 1=1", "was": "held", "to": "spam"},
    ],
)
async def test_a_bent_form_changes_nothing(editor: Visitor, fields: dict[str, str]) -> None:
    await editor.write("the clock is slow")
    answer = await editor.post("/desk/decide", **fields)
    assert answer.status_code == 400
    assert "Nothing has changed." in answer.text
    assert editor.office.tray.counts()[State.HELD] == 1


@pytest.mark.parametrize(
    "query",
    [
        "show=burnt",
        "before=x",
        "before=" + "9" * 40,
        "done=1.burnt",
        "done=99.held",
        "done=",
        "a=%ff",
    ],
)
async def test_a_bent_address_shows_the_letters_that_wait(editor: Visitor, query: str) -> None:
    await editor.write("the clock is slow")
    page = await editor.client.get(f"/desk?{query}")
    assert page.status_code == 200
    assert letters_in(page.text) == ["K. Maas"]


async def test_a_full_tray_is_read_page_by_page(editor: Visitor) -> None:
    for number in range(PAGE + 2):
        editor.office.tray.receive("four-clocks", Draft(f"R{number}", f"Letter {number}"), (), NOON)
    page = await editor.page("/desk")
    assert len(letters_in(page)) == PAGE
    older = HTMLParser(page).css_first('a[href*="before="]')
    assert older is not None
    second = await editor.page(str(older.attributes["href"]))
    assert letters_in(second) == ["R1", "R0"]
    assert HTMLParser(second).css_first('a[href*="before="]') is None


async def test_the_editor_learns_what_speaks_against_a_letter(editor: Visitor) -> None:
    await editor.write("see www.example.org", subject="x")
    page = await editor.page("/desk?show=spam")
    assert "people do not see was filled in" in page
    assert "an address or a link" in page


async def test_a_letter_to_a_story_that_is_out_of_print_can_still_be_read(editor: Visitor) -> None:
    editor.office.tray.receive("yesterday-s-story", Draft("K. Maas", "Dear Sir"), (), NOON)
    assert letters_in(await editor.page("/desk")) == ["K. Maas"]
    assert (await editor.decide(1, "held", "spam")).status_code == 303


@pytest.mark.parametrize("words", XSS)
async def test_markup_in_a_letter_is_text_on_the_desk(editor: Visitor, words: str) -> None:
    await editor.write("plain", "plain")
    plain = HTMLParser(await editor.page("/desk"))
    editor.office.tray.decide(1, State.HELD, State.REMOVED, NOON)
    await editor.write(words, words)
    page = HTMLParser(await editor.page("/desk"))
    for tag in ("script", "img", "b", "svg", "a"):
        assert len(page.css(tag)) == len(plain.css(tag))
    heading = page.css_first(".desk-letter h3")
    assert heading is not None
    assert heading.text() == " ".join(words.split())


async def test_leaving_closes_the_desk(editor: Visitor) -> None:
    answer = await editor.post("/desk/leave")
    assert 'packet_desk=""' in answer.headers["set-cookie"]
    assert "Waiting" not in await editor.page("/desk")


async def test_no_cache_and_no_search_engine_keeps_the_desk(editor: Visitor) -> None:
    page = await editor.client.get("/desk")
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
