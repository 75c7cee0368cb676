"""Akismet through its own client: the real one against a local server, and its test client."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import akismet
import httpx
import pytest

import demo_site.letters.akismet as module
from demo_site.letters.akismet import SENT, Akismet, akismet_of_environment
from demo_site.letters.letter import State
from demo_site.letters.tray import Tray
from tests.demo.akismet_server import BLOG, KEY, FakeAkismet, serve_akismet
from tests.demo.newsroom import Clock, Visitor, make_office

CONFIG = akismet.Config(key=KEY, url=BLOG)
WORDS = "The chapel clock is slow, and always was."


@pytest.fixture
def server() -> Iterator[FakeAkismet]:
    with serve_akismet() as fake:
        yield fake


@pytest.fixture
def real(server: FakeAkismet, monkeypatch: pytest.MonkeyPatch) -> Akismet:
    """The package's own client, configured as its documentation says, led to the local server."""
    monkeypatch.setenv("PYTHON_AKISMET_API_KEY", KEY)
    monkeypatch.setenv("PYTHON_AKISMET_BLOG_URL", BLOG)
    # A busy machine is not a slow Akismet: only who tests for time has little of it.
    monkeypatch.setattr(module, "STEP", 60)
    monkeypatch.setattr(module, "PATIENCE", 120)
    return Akismet(transport=server.way)


def newsroom(asked: Akismet, tray: Tray | None = None) -> Visitor:
    clock = Clock()
    return Visitor(make_office(clock, akismet=asked, tray=tray), clock)


def letter_in(visitor: Visitor, state: State) -> tuple[str, ...]:
    """The reasons of the only letter there is, which is in `state`."""
    [letter] = visitor.office.tray.in_state(state)
    assert sum(visitor.office.tray.counts().values()) == 1
    return letter.reasons


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


@pytest.mark.parametrize(
    ("mood", "state"),
    [("ham", State.PUBLISHED), ("spam", State.SPAM), ("discard", State.SPAM)],
)
async def test_what_akismet_says_decides_and_nothing_is_thrown_away(
    real: Akismet, server: FakeAkismet, mood: str, state: State
) -> None:
    server.mood = mood
    visitor = newsroom(real)
    answer = await visitor.write(WORDS)
    assert letter_in(visitor, state) == (f"akismet:{mood}",)
    page = await visitor.page(answer.headers["location"])
    assert ("is in print" in page) is (mood == "ham")
    assert ("waits for the editor" in page) is (mood != "ham")
    assert (WORDS in await visitor.page("/city/four-clocks")) is (mood == "ham")


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        ("500", "RequestError"),
        ("silent", "RequestError"),
        ("cut", "RequestError"),
        ("drip", "TimeoutError"),
        ("gibberish", "ProtocolError"),
    ],
)
async def test_a_fault_holds_the_letter_and_neither_log_nor_page_nor_file_holds_the_key(
    real: Akismet,
    server: FakeAkismet,
    mood: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    if mood == "silent":
        monkeypatch.setattr(module, "STEP", 0.3)
    if mood == "drip":
        monkeypatch.setattr(module, "PATIENCE", 0.5)
    caplog.set_level(logging.DEBUG)
    server.mood = mood
    visitor = newsroom(real, Tray(tmp_path / "letters.sqlite3"))
    answer = await visitor.write(WORDS)
    assert answer.status_code == 303
    assert letter_in(visitor, State.HELD) == (f"akismet:fault:{kind}",)
    await visitor.enter_desk()
    pages = [await visitor.page(path) for path in (answer.headers["location"], "/desk", "/privacy")]
    assert f"Akismet could not be asked ({kind})" in pages[1]
    kept = bytes_in(tmp_path)
    logged = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert kind in logged
    for place in (logged, *pages, kept.decode("latin-1")):
        assert KEY not in place
    visitor.office.tray.close()


async def test_a_wrong_key_holds_letters_and_is_not_told_to_anybody(
    server: FakeAkismet, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "another-key-that-is-nobody-s"
    client = partial(akismet.SyncClient, config=akismet.Config(key=wrong, url=BLOG))
    visitor = newsroom(Akismet(client, transport=server.way))
    await visitor.write(WORDS)
    assert letter_in(visitor, State.HELD) == ("akismet:fault:APIKeyError",)
    assert "APIKeyError" in caplog.text
    assert wrong not in caplog.text


async def test_a_key_without_a_site_holds_letters_and_is_not_told_to_anybody(
    server: FakeAkismet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYTHON_AKISMET_API_KEY", KEY)
    monkeypatch.delenv("PYTHON_AKISMET_BLOG_URL", raising=False)
    made = akismet_of_environment()
    assert made is not None
    visitor = newsroom(made)
    await visitor.write(WORDS)
    assert letter_in(visitor, State.HELD) == ("akismet:fault:ConfigurationError",)
    assert KEY not in caplog.text
    assert server.asked == []


async def test_a_client_that_is_not_installed_holds_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "akismet", None)
    visitor = newsroom(Akismet())
    await visitor.write(WORDS)
    assert letter_in(visitor, State.HELD) == ("akismet:fault:ModuleNotFoundError",)


async def test_exactly_what_the_privacy_page_says_is_sent(
    real: Akismet, server: FakeAkismet
) -> None:
    visitor = newsroom(real)
    visitor.client.headers["User-Agent"] = "A browser " + "x" * 4000
    await visitor.write(WORDS)
    [(path, fields)] = server.asked
    assert path == "/1.1/comment-check"
    assert {*fields} == {*SENT, "api_key", "blog"}
    assert fields["comment_content"] == WORDS
    assert fields["comment_author"] == "K. Maas"
    assert fields["permalink"] == "http://news.localhost/city/four-clocks"
    assert len(fields["user_agent"]) == 512
    page = await visitor.page("/privacy")
    for words in SENT.values():
        assert words in page
    assert "sent to Akismet" in await visitor.page("/city/four-clocks")


async def test_without_a_key_nothing_leaves_and_the_pages_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHON_AKISMET_API_KEY", raising=False)
    assert akismet_of_environment() is None
    clock = Clock()
    visitor = Visitor(make_office(clock, akismet=akismet_of_environment()), clock)
    await visitor.write(WORDS)
    assert letter_in(visitor, State.HELD) == ()
    assert "Nothing of it is sent anywhere" in await visitor.page("/privacy")
    story = await visitor.page("/city/four-clocks")
    assert "stays on this server" in story
    assert "Akismet" not in story


async def test_what_a_program_wrote_is_not_sent_anywhere(
    real: Akismet, server: FakeAkismet
) -> None:
    visitor = newsroom(real)
    await visitor.write(WORDS, subject="filled in")
    assert letter_in(visitor, State.SPAM) == ("trap",)
    assert server.asked == []


@pytest.mark.parametrize(
    ("words", "reason"), [("See www.example.org for more", "links"), (WORDS, "repeat")]
)
async def test_akismet_s_ham_does_not_print_what_the_local_filter_doubts(
    real: Akismet, words: str, reason: str
) -> None:
    visitor = newsroom(real)
    await visitor.write(words, "Somebody else", story="/city/counting-swifts")
    first = visitor.office.tray.counts()[State.PUBLISHED]
    await visitor.write(words)
    newest = visitor.office.tray.in_state(State.HELD)[0]
    assert reason in newest.reasons
    assert visitor.office.tray.counts()[State.PUBLISHED] == first


@pytest.mark.parametrize(
    ("mood", "was", "to", "told"),
    [
        ("ham", "published", "spam", "submit-spam"),
        ("spam", "spam", "published", "submit-ham"),
        ("discard", "spam", "published", "submit-ham"),
        ("ham", "published", "removed", None),
        ("spam", "spam", "held", None),
    ],
)
async def test_the_editor_s_word_corrects_akismet_without_an_address(
    real: Akismet, server: FakeAkismet, mood: str, was: str, to: str, told: str | None
) -> None:
    server.mood = mood
    visitor = newsroom(real)
    await visitor.write(WORDS)
    await visitor.enter_desk()
    assert (await visitor.decide(1, was, to)).status_code == 303
    paths = [path for path, _ in server.asked]
    assert paths[1:] == ([f"/1.1/{told}"] if told else [])
    if told:
        fields = server.asked[-1][1]
        assert fields["user_ip"] == "0.0.0.0"
        assert "user_agent" not in fields
        assert fields["comment_content"] == WORDS


async def test_an_editor_who_thinks_again_corrects_the_correction(
    real: Akismet, server: FakeAkismet
) -> None:
    visitor = newsroom(real)
    await visitor.write(WORDS)
    await visitor.enter_desk()
    for was, to in (("published", "spam"), ("spam", "published"), ("published", "removed")):
        await visitor.decide(1, was, to)
    paths = [path.rpartition("/")[2] for path, _ in server.asked]
    assert paths == ["comment-check", "submit-spam", "submit-ham"]


async def test_a_correction_that_does_not_arrive_costs_the_editor_nothing(
    real: Akismet, server: FakeAkismet
) -> None:
    visitor = newsroom(real)
    await visitor.write(WORDS)
    await visitor.enter_desk()
    server.mood = "500"
    assert (await visitor.decide(1, "published", "spam")).status_code == 303
    assert letter_in(visitor, State.SPAM) == ("akismet:ham",)


class Certain(akismet.TestSyncClient):
    comment_check_response = akismet.CheckResponse.DISCARD


class Doubting(akismet.TestSyncClient):
    comment_check_response = akismet.CheckResponse.SPAM


class Content(akismet.TestSyncClient):
    comment_check_response = akismet.CheckResponse.HAM


@pytest.mark.parametrize(
    ("client", "state", "reason"),
    [
        (Content, State.PUBLISHED, "akismet:ham"),
        (Doubting, State.SPAM, "akismet:spam"),
        (Certain, State.SPAM, "akismet:discard"),
    ],
)
async def test_the_package_s_own_test_client_is_understood(
    client: Any, state: State, reason: str
) -> None:
    visitor = newsroom(Akismet(partial(client, config=CONFIG)))
    await visitor.write(WORDS)
    assert letter_in(visitor, state) == (reason,)
    await visitor.enter_desk()
    other = State.PUBLISHED if state is State.SPAM else State.SPAM
    await visitor.decide(1, state.value, other.value)
    told = "told:ham" if other is State.PUBLISHED else "told:spam"
    assert letter_in(visitor, other) == (reason, told)


def test_a_real_client_would_go_to_akismet_over_https(server: FakeAkismet) -> None:
    with httpx.Client(transport=server.way()) as http:
        assert akismet.SyncClient(config=CONFIG, http_client=http).verify_key()
    assert server.asked[0][0] == "/1.1/verify-key"
