"""The code on the preferences page, and what a note forgets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from adguard.codes import Code, CodeError, read_code, write_code
from adguard.detection import Verdict
from adguard.forgetting import essence, forget, horizon_of
from adguard.policy import Action, Moment, Situation, decide, is_blocking
from adguard.presets import Rule
from adguard.reader import Choice, CookieJar, ReaderState, decode, encode
from adguard.settings import Settings
from adguard.variants import Variant
from tests.histories import ANSWERING, SILENT, Happening, years

KEY = "k" * 32
TODAY = 20_780
SETTINGS = Settings(
    secret_key=KEY,
    rules=[
        Rule("/markets/*", preset="strict"),
        Rule("/gentle/*", preset="gentle"),
        Rule("/often/*", policy={"first_ask": 5, "window_days": 9, "quiet_days": (2, 3, 4, 50)}),
    ],
    variants=[Variant("late", 0.5, policy={"first_ask": 7})],
)
HORIZON = horizon_of(SETTINGS)
POLICIES = [
    SETTINGS.arms.policy(arm, policy) for policy in SETTINGS.book.policies for arm in ("", "late")
]


def situation(state: ReaderState, today: int, verdict: Verdict, number: int) -> Situation:
    return Situation(verdict=verdict, state=state, today=today, policy=POLICIES[number])


def live(history: list[Happening], *, forgetful: bool = True) -> Iterator[tuple[int, ReaderState]]:
    """Yields day and note after each happening; `forgetful` as the server is, or not."""
    state, today = ReaderState(first_day=TODAY), TODAY
    for happened in history:
        today += happened.pause
        number = 2 if happened.walled else 0
        for _ in range(happened.views):
            blocking = is_blocking(happened.verdict, protection_blocks=False)
            state = state.with_view(happened.verdict, blocking=blocking, today=today)
            asked = decide(situation(state, today, happened.verdict, number), Moment.VIEW)
            if asked.action is Action.NOTICE:
                state = state.with_ask(today)
            if forgetful:
                state = forget(state, today, HORIZON)
        if happened.choice is not None:
            state = state.with_choice(happened.choice, today, on_interstitial=happened.walled)
            if forgetful:
                state = forget(state, today, HORIZON)
        yield today, state


def decisions(state: ReaderState, today: int) -> list[object]:
    """What every policy in force says of the next view and navigation, verdict by verdict."""
    said: list[object] = []
    for number in range(len(POLICIES)):
        for verdict in (Verdict.EXTENSION, Verdict.NETWORK, Verdict.CLEAR):
            blocking = is_blocking(verdict, protection_blocks=False)
            seen = state.with_view(verdict, blocking=blocking, today=today)
            said.append(decide(situation(seen, today, verdict, number), Moment.VIEW))
        stored = state.verdict_on(today)
        said.append(decide(situation(state, today, stored, number), Moment.NAVIGATION))
    return said


@example(SILENT, 0)
@example(ANSWERING, 1)
@given(years, st.integers(0, 100))
def test_what_a_note_forgets_changes_no_decision_ever(history: list[Happening], later: int) -> None:
    kept, whole = live(history), live(history, forgetful=False)
    for (today, one), (_, other) in zip(kept, whole, strict=True):
        for day in (today, today + later):
            assert decisions(one, day) == decisions(other, day)


@example(SILENT)
@example(ANSWERING)
@given(years)
def test_a_code_decides_as_the_note_does_on_its_day(history: list[Happening]) -> None:
    for today, state in live(history):
        code = read_code(write_code(state, today, HORIZON, arm="", has_pass=False))
        assert code.day == today
        assert decisions(code.state, today) == decisions(state, today)


@given(years, years, st.integers(0, 9_999), st.integers(0, 9_999))
def test_a_code_holds_nothing_of_who_a_reader_is(
    early: list[Happening], history: list[Happening], one: int, other: int
) -> None:
    """Two readers whose silences of long ago, bucket and first day differ, and who did the same
    since, have the same code."""
    for today, state in live(history):
        first = replace(state, bucket=one, experiment=one, first_day=today - 300)
        second = replace(state, bucket=other, experiment=other, cleared=True)
        codes = {
            write_code(reader, today, HORIZON, arm="asked", has_pass=False)
            for reader in (first, second)
        }
        assert len(codes) == 1


def test_the_codes_values_are_these_and_no_others() -> None:
    """Whoever adds a value to the note has to decide here whether a code may hold it."""
    of_the_reader = {"bucket", "experiment", "cleared"}
    assert set(asdict(ReaderState(first_day=TODAY))) - of_the_reader == {
        *("first_day", "verdict", "verdict_day", "views", "visit_day", "visit_views", "month"),
        *("month_views", "asks", "open_ask", "later_count", "later_day", "never_day"),
        *("not_blocking_count", "not_blocking_day", "reserved", "pressed_day", "allow"),
        "pass_day",
    }
    full = ReaderState(first_day=1, bucket=1, experiment=1, cleared=True)
    bare = essence(full, TODAY, HORIZON, arm="asked")
    assert (bare.first_day, bare.bucket, bare.experiment, bare.cleared) == (TODAY, None, 0, False)


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ([Choice.NEVER], {"never_day"}),
        ([Choice.NOT_BLOCKING], {"not_blocking_count", "not_blocking_day"}),
        ([Choice.NOT_BLOCKING, Choice.NOT_BLOCKING], {"not_blocking_count"}),
    ],
)
def test_beside_a_silence_for_every_page_a_code_says_only_the_verdict(
    choices: list[Choice], kept: set[str]
) -> None:
    history = [Happening(1, Verdict.EXTENSION, 4, True, Choice.LATER)] * 3
    *_, (today, state) = live(history)
    for choice in choices:
        state = state.with_choice(choice, today, on_interstitial=False)
    values = asdict(read_code(write_code(state, today, HORIZON, arm="", has_pass=False)).state)
    bare = asdict(ReaderState(first_day=today))
    assert {name for name in values if values[name] != bare[name]} == {
        *("verdict", "verdict_day"),
        *kept,
    }


def test_supporters_and_readers_held_out_share_one_code_a_day_and_verdict() -> None:
    readers = [state for _, state in live([Happening(0, Verdict.EXTENSION, 2, False, None)] * 9)]
    for arm, has_pass in (("holdout", False), ("", True)):
        codes = {write_code(r, TODAY, HORIZON, arm=arm, has_pass=has_pass) for r in readers}
        assert len(codes) == 1


@given(years)
def test_a_note_counts_no_further_than_the_settings_ask(history: list[Happening]) -> None:
    for _, state in live(history):
        assert max(state.views, state.visit_views, state.month_views) <= 7
        assert len(state.asks) <= 4
        assert state.later_count <= 4


def test_a_plain_site_counts_two_views_and_remembers_four_asks() -> None:
    plain = horizon_of(Settings(secret_key=KEY))
    assert (plain.views, plain.asks, plain.window, plain.day_pass) == (2, 4, 30, 0)
    assert (plain.laters, plain.later, plain.pressed) == (3, 90, 3)


@given(years, st.integers(0, 9_999))
def test_over_any_year_the_cookie_stays_under_200_bytes(
    history: list[Happening], bucket: int
) -> None:
    jar = CookieJar([KEY])
    for forgetful in (True, False):
        for today, state in live(history, forgetful=forgetful):
            drawn = replace(state, bucket=bucket, experiment=9_999)
            pair, _, _ = jar.write_state(drawn, secure=True, today=today).partition(b";")
            assert len(pair) < 200
            assert decode(encode(drawn), TODAY) == drawn


@given(years)
def test_a_code_is_short_and_survives_a_mail(history: list[Happening]) -> None:
    for today, state in live(history):
        text = write_code(state, today, HORIZON, arm="copy-b", has_pass=False)
        assert len(text) < 80
        assert text.isalnum()
        mailed = f"> {text[:9].upper()} \r\n {text[9:]}\n"[2:]
        assert read_code(mailed) == read_code(text)


def test_the_code_of_a_reader_who_answered_fits_on_a_line_of_a_phone() -> None:
    *_, (today, state) = live([Happening(1, Verdict.EXTENSION, 2, False, Choice.LATER)] * 3)
    assert len(write_code(state, today, HORIZON, arm="", has_pass=False)) <= 40


@given(st.data())
def test_a_code_with_a_wrong_letter_is_noticed(data: st.DataObject) -> None:
    *_, (today, state) = live([Happening(1, Verdict.EXTENSION, 2, True, Choice.LATER)] * 3)
    text = write_code(state, today, HORIZON, arm="", has_pass=False)
    place = data.draw(st.integers(2, len(text) - 2))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
    if letter != text[place]:
        with pytest.raises(CodeError, match="letter wrong"):
            read_code(text[:place] + letter + text[place + 1 :])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with 's1'"),
        ("hello", "begins with 's1'"),
        ("s1", "copied as a whole"),
        ("s1é", "copied as a whole"),
        ("s1" + "a" * 400, "at most 200 characters"),
        ("s1aaaaaaaaaa", "copied as a whole"),
    ],
)
def test_what_is_no_code_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(CodeError, match=says):
        read_code(text)


@given(st.text(max_size=80) | st.text("abcdefghijklmnopqrstuvwxyz234567", max_size=60))
def test_no_text_is_an_error_of_another_kind(text: str) -> None:
    for tried in (text, "s1" + text):
        with contextlib.suppress(CodeError):
            assert isinstance(read_code(tried), Code)


def test_a_code_with_a_right_check_and_wrong_values_is_refused() -> None:
    from base64 import b32encode

    import msgspec

    from adguard.codes import BEGINNING, _check

    for values in (
        [],
        [7],
        ["x"],
        [TODAY, False, "Bad Name"],
        [TODAY, False, "", 9],
        [TODAY, False, "", 0, 0, -1],
        [TODAY, False, "", 0, 0, 1, 1, 1, [1] * 13],
        [TODAY, *[0] * 30],
        {"day": TODAY},
    ):
        packed = msgspec.msgpack.encode(values)
        text = BEGINNING + b32encode(packed + _check(packed)).decode().rstrip("=").lower()
        with pytest.raises(CodeError):
            read_code(text)
