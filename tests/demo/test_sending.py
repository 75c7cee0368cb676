"""A letter that is sent is in the tray or back in the form, and never in print unseen."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from demo_site.forms import LONGEST_BODY
from demo_site.letters.letter import LONGEST_NAME, LONGEST_TEXT, State, read_draft
from demo_site.letters.tray import Limits, Tray
from tests.demo.newsroom import (
    OURS,
    STORY,
    XSS,
    Clock,
    Visitor,
    fields_of,
    make_office,
)


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    clock = Clock()
    visitor = Visitor(make_office(clock), clock)
    yield visitor
    await visitor.client.aclose()


def counts(visitor: Visitor) -> tuple[int, ...]:
    return tuple(visitor.office.tray.counts().values())


async def test_a_letter_waits_and_only_its_writer_sees_it_meanwhile(visitor: Visitor) -> None:
    answer = await visitor.write("Dear Sir,\n\nthe clock is slow.")
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert address.endswith("#letter-1")
    own = await visitor.client.get(address)
    assert "waits for the editor" in own.text
    assert "the clock is slow" in own.text
    assert own.headers["cache-control"] == "private, no-store"
    assert own.headers["x-robots-tag"] == "noindex"
    assert "set-cookie" not in own.headers
    assert "the clock is slow" not in await visitor.page(STORY)
    assert counts(visitor) == (1, 0, 0, 0)


async def test_the_writer_s_address_shows_the_letter_for_a_day_and_under_its_own_story_alone(
    visitor: Visitor,
) -> None:
    address = (await visitor.write("the clock is slow")).headers["location"]
    other = address.replace(STORY, "/city/counting-swifts")
    for wrong in (other, address.replace("letter=1.", "letter=2."), f"{STORY}?letter=1"):
        assert "waits for the editor" not in await visitor.page(wrong)
    visitor.clock.now += 24 * 3600
    assert "waits for the editor" in await visitor.page(address)
    visitor.clock.now += 1
    assert "waits for the editor" not in await visitor.page(address)


async def test_the_writer_learns_what_became_of_the_letter(visitor: Visitor) -> None:
    address = (await visitor.write("the clock is slow")).headers["location"]
    tray, now = visitor.office.tray, visitor.clock.now
    tray.decide(1, State.HELD, State.SPAM, now)
    assert "waits for the editor" in await visitor.page(address)
    tray.decide(1, State.SPAM, State.REMOVED, now)
    assert "decided not to print it" in await visitor.page(address)
    tray.decide(1, State.REMOVED, State.PUBLISHED, now)
    assert "Your letter is in print" in await visitor.page(address)
    assert "Your letter is in print" not in await visitor.page(STORY)


async def test_a_printed_letter_counts_for_readers_and_search_engines(visitor: Visitor) -> None:
    before = await visitor.page(STORY)
    await visitor.write("</script><b>slow")
    visitor.office.tray.decide(1, State.HELD, State.PUBLISHED, visitor.clock.now)
    page = await visitor.page(STORY)

    def data_of(page: str) -> dict[str, object]:
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
        assert found
        made: dict[str, object] = json.loads(found[1])
        return made

    assert data_of(before)["commentCount"] == 2
    assert data_of(page)["commentCount"] == 3
    assert data_of(page)["comment"] == [
        {
            "@type": "Comment",
            "author": {"@type": "Person", "name": "K. Maas"},
            "dateCreated": "2026-11-27T12:00:30+00:00",
            "text": "</script><b>slow",
        }
    ]
    assert '<a href="#letters">3&nbsp;letters</a>' in page


async def test_the_same_letter_sent_twice_gets_the_same_answer_and_is_one_letter(
    visitor: Visitor,
) -> None:
    first = await visitor.write("the clock is slow")
    again = await visitor.write("The clock is  slow\n")
    assert counts(visitor) == (1, 0, 0, 0)
    assert again.status_code == 303
    assert again.headers["location"].endswith("#letter-1")
    assert "waits for the editor" in await visitor.page(again.headers["location"])
    assert first.status_code == 303


@pytest.mark.parametrize(
    ("letter", "name", "named"),
    [
        ("", "K. Maas", ["letter"]),
        ("Dear Sir", " ", ["letter-name"]),
        ("\u200b", "\x00", ["letter", "letter-name"]),
        ("x" * (LONGEST_TEXT + 1), "y" * (LONGEST_NAME + 1), ["letter", "letter-name"]),
    ],
)
async def test_what_is_wrong_is_named_beside_its_field_and_what_was_typed_is_kept(
    visitor: Visitor, letter: str, name: str, named: list[str]
) -> None:
    form = await visitor.form()
    answer = await visitor.post(f"{STORY}/letters", **{**form, "letter": letter, "name": name})
    assert answer.status_code == 422
    assert counts(visitor) == (0, 0, 0, 0)
    page = HTMLParser(answer.text)
    summary = page.css_first("[role=alert]")
    assert summary is not None
    assert "autofocus" in summary.attributes
    links = [link.attributes["href"] for link in summary.css("a")]
    assert links == [f"#{field}" for field in named]
    for field in ("letter", "letter-name"):
        control = page.css_first(f"#{field}")
        assert control is not None
        described = str(control.attributes.get("aria-describedby", "")).split()
        assert all(page.css_first(f"#{id_}") for id_ in described)
        problem = [page.css_first(f"#{id_}") for id_ in described if id_.endswith("-problem")]
        assert bool(problem) is (field in named)
        assert (control.attributes.get("aria-invalid") == "true") is (field in named)
    draft = read_draft({"letter": letter, "name": name})
    kept = fields_of(answer.text)
    assert (kept["letter"], kept["name"]) == (draft.text, draft.name)
    assert kept["stamp"] == form["stamp"]


async def test_a_mended_form_goes_through(visitor: Visitor) -> None:
    returned = await visitor.write("Dear Sir", "")
    visitor.clock.now += 5
    fields = {**fields_of(returned.text), "name": "K. Maas"}
    assert (await visitor.post(f"{STORY}/letters", **fields)).status_code == 303
    assert visitor.office.tray.in_state(State.HELD)[0].reasons == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://news.localhost"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {},
    ],
)
async def test_another_site_s_form_is_refused_and_its_words_are_handed_back(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    form = await visitor.form()
    visitor.clock.now += 30
    answer = await visitor.client.post(
        f"{STORY}/letters",
        data={**form, "letter": "Dear Sir", "name": "K. Maas"},
        headers=headers,
    )
    assert answer.status_code == 403
    assert counts(visitor) == (0, 0, 0, 0)
    assert fields_of(answer.text)["letter"] == "Dear Sir"


async def test_an_older_browser_proves_itself_by_its_origin(visitor: Visitor) -> None:
    form = await visitor.form()
    answer = await visitor.client.post(
        f"{STORY}/letters",
        data={**form, "letter": "Dear Sir", "name": "K. Maas"},
        headers={"Origin": "http://news.localhost"},
    )
    assert answer.status_code == 303


@pytest.mark.parametrize("stamp", ["", "four-clocks", "four-clocks.abc.def", "x" * 4000])
async def test_a_form_that_is_not_ours_comes_back_as_one_that_is(
    visitor: Visitor, stamp: str
) -> None:
    answer = await visitor.write("Dear Sir", stamp=stamp)
    assert answer.status_code == 422
    assert counts(visitor) == (0, 0, 0, 0)
    visitor.clock.now += 5
    again = await visitor.post(f"{STORY}/letters", **fields_of(answer.text))
    assert again.status_code == 303
    assert visitor.office.tray.in_state(State.HELD)[0].text == "Dear Sir"


async def test_another_story_s_form_is_not_this_one_s(visitor: Visitor) -> None:
    form = await visitor.form("/city/counting-swifts")
    assert (await visitor.write("Dear Sir", stamp=form["stamp"])).status_code == 422


@pytest.mark.parametrize(
    ("seconds", "reasons"), [(1, ("quick",)), (30, ()), (86_400, ()), (86_401, ("stale",))]
)
async def test_the_age_of_a_form_is_a_reason_to_look_and_not_to_lose(
    visitor: Visitor, seconds: int, reasons: tuple[str, ...]
) -> None:
    form = await visitor.form()
    visitor.clock.now += seconds
    answer = await visitor.post(
        f"{STORY}/letters", **{**form, "letter": "Dear Sir", "name": "K. Maas"}
    )
    assert answer.status_code == 303
    assert visitor.office.tray.in_state(State.HELD)[0].reasons == reasons


async def test_the_trap_is_for_programs(visitor: Visitor) -> None:
    page = HTMLParser(await visitor.page(STORY))
    trap = page.css_first("[name=subject]")
    assert trap is not None
    assert trap.attributes["tabindex"] == "-1"
    assert trap.attributes["autocomplete"] == "off"
    assert trap.parent is not None
    assert trap.parent.attributes["aria-hidden"] == "true"
    answer = await visitor.write("Dear Sir", subject="Cheap")
    assert answer.status_code == 303
    assert counts(visitor) == (0, 0, 1, 0)
    assert "waits for the editor" in await visitor.page(answer.headers["location"])


async def test_the_longest_letter_fits_in_any_script(visitor: Visitor) -> None:
    for sign in ("漢", "\N{FAMILY}"):
        letter = sign * (LONGEST_TEXT // (2 if sign != "漢" else 1))
        assert (await visitor.write(letter)).status_code == 303
    assert (await visitor.write("\r\n".join("a" * 1000))).status_code == 303


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"letter=" + b"x" * LONGEST_BODY, "application/x-www-form-urlencoded", 413),
        (b"letter=x", "text/plain", 415),
        (b'{"letter": "x"}', "application/json", 415),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 415),
        (b"a=1&" * 40, "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_is_no_form_of_ours_gets_a_sentence(
    visitor: Visitor, body: bytes, kind: str, status: int
) -> None:
    answer = await visitor.client.post(
        f"{STORY}/letters", content=body, headers={**OURS, "Content-Type": kind}
    )
    assert answer.status_code == status
    summary = HTMLParser(answer.text).css_first("[role=alert]")
    assert summary is not None
    assert summary.text(strip=True).endswith(".")


async def test_a_full_tray_hands_the_letter_back_with_the_time_to_wait() -> None:
    clock = Clock()
    visitor = Visitor(make_office(clock, tray=Tray(limits=Limits(each=1))), clock)
    await visitor.write("the first")
    answer = await visitor.write("the second")
    assert answer.status_code == 429
    assert 500 < int(answer.headers["retry-after"]) <= 600
    assert "in 10 minutes" in answer.text
    assert fields_of(answer.text)["letter"] == "the second"
    clock.now += 601
    again = await visitor.post(f"{STORY}/letters", **fields_of(answer.text))
    assert again.status_code == 303


async def test_a_broken_tray_costs_the_letters_and_not_the_paper(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    clock = Clock()
    visitor = Visitor(make_office(clock, tray=Tray(tmp_path)), clock)
    story = await visitor.client.get(STORY)
    assert story.status_code == 200
    assert "cannot be shown just now" in story.text
    answer = await visitor.write("Dear Sir")
    assert answer.status_code == 503
    assert fields_of(answer.text)["letter"] == "Dear Sir"
    await visitor.enter_desk()
    desk = await visitor.client.get("/desk")
    assert (desk.status_code, "cannot be opened" in desk.text) == (503, True)
    decided = await visitor.decide(1, "held", "published")
    assert decided.status_code == 503


async def test_a_publisher_may_trust_the_local_filter() -> None:
    clock = Clock()
    visitor = Visitor(make_office(clock, trust_local_filter=True), clock)
    await visitor.write("the clock is slow")
    await visitor.write("see www.example.org")
    assert counts(visitor) == (1, 1, 0, 0)


async def test_asking_for_the_form_s_address_leads_to_the_form(visitor: Visitor) -> None:
    answer = await visitor.client.get(f"{STORY}/letters")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{STORY}#letter")
    assert (await visitor.client.get("/city/nothing/letters")).status_code == 404
    assert (await visitor.client.get("/markets/four-clocks/letters")).status_code == 404


@pytest.mark.parametrize("words", XSS)
async def test_markup_is_shown_as_text_wherever_it_comes_back(visitor: Visitor, words: str) -> None:
    shape = shape_of(await visitor.page(STORY))
    returned = await visitor.write(words, "")
    assert fields_of(returned.text)["letter"] == read_draft({"letter": words}).text
    plain = await visitor.write("plain", "")
    assert shape_of(returned.text) == shape_of(plain.text)
    own = await visitor.write(words, words)
    visitor.office.tray.decide(1, State.HELD, State.PUBLISHED, visitor.clock.now)
    page = await visitor.page(STORY)
    assert own.status_code == 303
    printed = HTMLParser(page).css_first("#letter-1")
    assert printed is not None
    assert read_draft({"letter": words}).text in printed.text()
    assert shape_of(page) >= shape
    assert not [tag for tag in shape_of(page) if tag[0] in {"img", "b", "svg"} and tag not in shape]
    assert scripts_in(page) == scripts_in(await visitor.page("/city/counting-swifts"))


def shape_of(page: str) -> set[tuple[str, tuple[str, ...]]]:
    """Every kind of tag in a page, with the names of its attributes."""
    body = HTMLParser(page).body
    assert body is not None
    return {(str(node.tag), tuple(node.attributes)) for node in body.traverse()}


def scripts_in(page: str) -> int:
    return len(HTMLParser(page).css("script"))
