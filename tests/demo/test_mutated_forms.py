"""Thousands of forms, each with something wrong: none printed unseen, none lost, none our error."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

import akismet
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo_site.forms import LONGEST_BODY
from demo_site.letters.akismet import Akismet
from demo_site.letters.letter import State, read_draft
from demo_site.letters.sieve import digest
from tests.demo.newsroom import OURS, STORY, XSS, Clock, Visitor, fields_of, make_office

DAMAGE = ["none", "cut", "bytes", "twice", "percent"]
NAMES = ["letter", "name", "stamp", "subject"]
LENGTHS = [80, 81, 2000, 2001, 4000, 12_000]
WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from([*XSS, "", " ", "\x00", "\ufeff", "Dear Sir", "http://x.example", "\ud7ff"]),
    st.sampled_from([sign * length for sign in "x漢" for length in LENGTHS]),
)


@st.composite
def mutated_forms(draw: st.DrawFn, damage: str) -> tuple[dict[str, str], bytes, int]:
    """Headers, body, and the seconds since the form was made."""
    fields = {"letter": "The clock is slow.", "name": "K. Maas", "stamp": "?", "subject": ""}
    for name in draw(st.sets(st.sampled_from(NAMES), max_size=3)):
        change = draw(st.sampled_from(["value", "drop", "rename"]))
        if change == "value":
            fields[name] = draw(WORDS)
        elif change == "drop":
            fields.pop(name, None)
        else:
            fields[draw(st.text(max_size=9))] = fields.pop(name, "")
    if draw(st.booleans()):
        fields["letter"] = draw(WORDS)
    body = urlencode(fields, errors="replace").encode()
    if damage == "cut":
        body = body[: draw(st.integers(0, len(body)))]
    elif damage == "bytes":
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=20)) + body[at:]
    elif damage == "twice":
        body = body + b"&" + body * draw(st.integers(1, 6))
    elif damage == "percent":
        body = body.replace(b"e", draw(st.sampled_from([b"%", b"%ff", b"%C3", b"%00", b"+"])))
    headers = draw(
        st.sampled_from(
            [
                *[OURS] * 6,
                {"Sec-Fetch-Site": "cross-site"},
                {"Origin": "http://news.localhost"},
                {"Origin": "\xff"},
                {},
            ]
        )
    )
    kind = draw(
        st.sampled_from(
            [*["application/x-www-form-urlencoded"] * 9, "text/plain", "", "multipart/form-data"]
        )
    )
    return {**headers, "Content-Type": kind}, body, draw(st.sampled_from([0, 2, 30, 30, 90_000]))


class Room:
    """One paper for thousands of forms, on a loop of its own."""

    def __init__(self, asked: Akismet | None = None) -> None:
        self.clock = Clock()
        self.visitor = Visitor(make_office(self.clock, akismet=asked), self.clock)
        self.stamp = self.visitor.office.stamps.write("four-clocks")
        self.made = self.clock.now
        self.runner = asyncio.Runner()

    def send(self, headers: dict[str, str], body: bytes, age: int) -> httpx.Response:
        self.clock.now = self.made + age
        body = body.replace(b"stamp=%3F", b"stamp=" + self.stamp.encode())
        request = self.visitor.client.build_request(
            "POST",
            f"{STORY}/letters",
            content=body,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        )
        return self.runner.run(self.visitor.client.send(request))

    def letter_behind(self, answer: httpx.Response) -> tuple[str, str, State]:
        """Name, words and state of the letter that `answer` says has arrived."""
        found = re.search(r"#letter-(\d+)$", answer.headers["location"])
        assert found
        letter = self.visitor.office.tray.letter(int(found[1]))
        assert letter is not None
        return letter.name, letter.text, letter.state


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.runner.close()


def typed_in(body: bytes) -> dict[str, str]:
    """What a person would say they typed: read by other means than the paper's."""
    fields: dict[str, str] = {}
    for part in body.decode("utf-8", "replace").split("&"):
        name, equals, value = part.partition("=")
        if name or equals:
            fields[decoded(name)] = decoded(value)
    return fields


def seen(text: str) -> list[str]:
    """The letters and digits of a text."""
    return [sign for sign in text if sign.isalnum()]


def decoded(written: str) -> str:
    raw = re.sub(
        rb"%([0-9a-fA-F]{2})",
        lambda found: bytes([int(found[1], 16)]),
        written.replace("+", " ").encode(),
    )
    return raw.decode("utf-8", "replace")


FIXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize("damage", DAMAGE)  # a thousand of each
@settings(max_examples=1000, suppress_health_check=FIXED, database=None)
@given(data=st.data())
def test_of_5000_mutated_forms_none_is_printed_unseen_none_lost_and_none_an_error_of_ours(
    room: Room, damage: str, data: st.DataObject
) -> None:
    headers, body, age = data.draw(mutated_forms(damage))
    answer = room.send(headers, body, age)
    assert answer.status_code in {303, 400, 403, 413, 415, 422}
    assert room.visitor.office.tray.counts()[State.PUBLISHED] == 0
    typed = typed_in(body)
    draft = read_draft(typed)
    assert seen(draft.text) == seen(typed.get("letter", ""))
    if answer.status_code == 303:
        name, text, state = room.letter_behind(answer)
        assert state in {State.HELD, State.SPAM}
        assert (digest(name), digest(text)) == (digest(draft.name), digest(draft.text))
    elif answer.status_code in {403, 422}:
        kept = fields_of(answer.text)
        assert (kept["name"], kept["letter"]) == (draft.name, draft.text)
    else:
        # What cannot be read cannot be handed back: a sentence says why, and the browser has it.
        assert 'role="alert"' in answer.text
        assert {
            400: body.count(b"&") >= 20,
            413: len(body) > LONGEST_BODY,
            415: "urlencoded" not in headers["Content-Type"],
        }[answer.status_code]


class Content(akismet.TestSyncClient):
    comment_check_response = akismet.CheckResponse.HAM


@settings(max_examples=200, suppress_health_check=FIXED, database=None)
@given(form=mutated_forms("none"))
def test_an_akismet_that_finds_all_well_prints_only_what_the_local_filter_does_not_doubt(
    glad_room: Room, form: tuple[dict[str, str], bytes, int]
) -> None:
    answer = glad_room.send(*form)
    assert answer.status_code in {303, 400, 403, 413, 415, 422}
    for letter in glad_room.visitor.office.tray.in_state(State.PUBLISHED):
        assert letter.reasons == ("akismet:ham",)


@pytest.fixture
def glad_room() -> Iterator[Room]:
    config = akismet.Config(key="any", url="http://news.localhost/")
    room = Room(Akismet(partial(Content, config=config)))
    yield room
    room.runner.close()


def test_the_reading_of_the_test_is_not_the_reading_of_the_paper() -> None:
    assert typed_in(b"a=%C3%A9+b&c=%zz&d") == {"a": "é b", "c": "%zz", "d": ""}
