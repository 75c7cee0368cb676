"""What the cookies remember."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.detection import Verdict
from adguard.reader import (
    LIFETIME_DAYS,
    AllowStage,
    Choice,
    CookieJar,
    ReaderState,
    day_of,
    decode,
    encode,
    find_cookie,
    month_of,
)

TODAY = 20_780
KEY, OLD_KEY = "k" * 32, "o" * 40
days = st.integers(TODAY, TODAY + LIFETIME_DAYS)
counts = st.integers(0, 999)


def maybe(strategy: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    return st.just(0) | strategy


@st.composite
def states(draw: st.DrawFn) -> ReaderState:
    def pair() -> tuple[int, int]:
        return draw(st.just((0, 0)) | st.tuples(days, st.integers(1, 999)))

    visit, later, denied = pair(), pair(), pair()
    month = draw(st.just((0, 0)) | st.tuples(st.integers(24_000, 25_000), st.integers(1, 999)))
    seen = draw(st.none() | st.tuples(st.sampled_from(Verdict), days))
    return ReaderState(
        first_day=TODAY,
        bucket=draw(st.none() | st.integers(0, 9999)),
        verdict=seen[0] if seen else Verdict.UNKNOWN,
        verdict_day=seen[1] if seen else 0,
        views=draw(counts),
        visit_day=visit[0],
        visit_views=visit[1],
        month=month[0],
        month_views=month[1],
        asks=tuple(draw(st.lists(days, max_size=12))),
        open_ask=draw(st.booleans()),
        later_day=later[0],
        later_count=later[1],
        never_day=draw(maybe(days)),
        not_blocking_day=denied[0],
        not_blocking_count=denied[1],
        pressed_day=draw(maybe(days)),
        allow=draw(st.sampled_from(AllowStage)),
        pass_day=draw(maybe(days)),
        cleared=draw(st.booleans()),
    )


@given(states())
def test_every_state_survives_the_way_through_the_cookie(state: ReaderState) -> None:
    assert decode(encode(state), TODAY) == state


@given(states())
def test_the_whole_cookie_stays_under_200_bytes(state: ReaderState) -> None:
    cookie = CookieJar([KEY]).write_state(state, secure=True, today=TODAY)
    pair, _, _ = cookie.partition(b";")
    assert len(pair) < 200


@given(st.text(max_size=120))
def test_a_text_that_is_no_state_is_nothing_and_never_an_error(text: str) -> None:
    state = decode(text, TODAY)
    assert state is None or isinstance(state, ReaderState)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_state_are_nothing_and_never_an_error(packed: bytes) -> None:
    state = decode("2" + urlsafe_b64encode(packed).decode(), TODAY)
    assert state is None or decode(encode(state), TODAY) == state


def packed(*values: object) -> str:
    return "2" + urlsafe_b64encode(msgspec.msgpack.encode(values)).decode().rstrip("=")


def test_a_state_of_an_older_release_with_fewer_values_is_read() -> None:
    assert decode(packed(TODAY), TODAY) == ReaderState(first_day=TODAY)


def test_every_value_keeps_its_place_so_that_older_cookies_are_read() -> None:
    counters = (2, TODAY, 2, 24318, 2, (TODAY,), True, 1, TODAY, TODAY, 1, TODAY)
    older = packed(TODAY - 9, 7, "extension", TODAY, *counters, 0, TODAY - 1, "p", TODAY - 2)
    state = decode(older, TODAY)
    assert state is not None
    assert (state.not_blocking_day, state.pressed_day, state.pass_day) == (
        *(TODAY, TODAY - 1),
        TODAY - 2,
    )
    assert state.allow is AllowStage.PRESSED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "1~20780",
        encode(ReaderState(first_day=TODAY))[1:],
        "3" + encode(ReaderState(first_day=TODAY))[1:],
        encode(ReaderState(first_day=TODAY))[:-4],
        packed("x"),
        packed(TODAY, None, "e"),
        packed(TODAY, None, "clear", "one"),
        packed({"first_day": TODAY}),
        packed(TODAY + 2),
        packed(TODAY - LIFETIME_DAYS - 1),
    ],
)
def test_a_malformed_foreign_or_expired_state_means_no_cookie(text: str) -> None:
    assert decode(text, TODAY) is None


def header(cookie: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"cookie", b"theme=dark; " + cookie.partition(b";")[0])]


@pytest.mark.parametrize("secure", [True, False])
def test_a_state_written_by_any_key_of_the_list_is_read_and_the_newest_signs(secure: bool) -> None:
    state = ReaderState(first_day=TODAY, views=3)
    cookie = CookieJar([OLD_KEY]).write_state(state, secure=secure, today=TODAY)
    both, new = CookieJar([KEY, OLD_KEY]), CookieJar([KEY])
    assert both.read_state(header(cookie), secure=secure, today=TODAY) == state
    assert new.read_state(header(cookie), secure=secure, today=TODAY) is None
    renewed = both.write_state(state, secure=secure, today=TODAY)
    assert new.read_state(header(renewed), secure=secure, today=TODAY) == state


def test_the_cookie_is_host_bound_over_tls_and_plain_in_development() -> None:
    jar, state = CookieJar([KEY]), ReaderState(first_day=TODAY)
    secure = jar.write_state(state, secure=True, today=TODAY).decode()
    plain = jar.write_state(state, secure=False, today=TODAY).decode()
    assert secure.startswith("__Host-site_note=")
    assert secure.endswith("; Path=/; Max-Age=34128000; HttpOnly; SameSite=Lax; Secure")
    assert plain.startswith("site_note=")
    assert "Secure" not in plain
    assert jar.forget_state(secure=True).startswith(b"__Host-site_note=; Path=/; Max-Age=0;")
    assert [cookie.partition(b"=")[0] for cookie in jar.forget_all(secure=False)] == [
        b"site_note",
        b"site_pass",
    ]


def test_the_cookie_ends_thirteen_months_after_the_first_day_and_is_never_renewed() -> None:
    jar, state = CookieJar([KEY]), ReaderState(first_day=TODAY)
    late = jar.write_state(state, secure=True, today=TODAY + 394)
    assert b"Max-Age=86400;" in late
    assert jar.read_state(header(late), secure=True, today=TODAY + 395) == state
    assert jar.read_state(header(late), secure=True, today=TODAY + 396) is None
    assert b"Max-Age=0;" in jar.write_state(state, secure=True, today=TODAY + 500)


@given(st.binary(max_size=300))
def test_bytes_that_were_never_signed_are_no_state(value: bytes) -> None:
    jar = CookieJar([KEY])
    headers = [(b"cookie", b"site_note=" + value), (b"accept", b"*/*")]
    assert jar.read_state(headers, secure=False, today=TODAY) is None


def test_a_tampered_or_oversized_cookie_is_no_cookie() -> None:
    jar = CookieJar([KEY])
    pair = jar.write_state(ReaderState(first_day=TODAY, views=3), secure=False, today=TODAY)
    value = pair.partition(b";")[0]
    other = encode(ReaderState(first_day=TODAY, views=2)).encode()
    tampered = b"site_note=" + other + value[value.index(b".") :]
    assert tampered != value
    for cookie in (tampered, value + b"A" * 500, value[:-1]):
        assert jar.read_state([(b"cookie", cookie)], secure=False, today=TODAY) is None


def test_a_pass_stands_until_its_last_day_and_is_not_a_state() -> None:
    jar = CookieJar([KEY])
    cookie = jar.write_pass(days=30, secure=True, today=TODAY)
    assert cookie.startswith(b"__Host-site_pass=")
    assert b"Max-Age=2592000;" in cookie
    headers = header(cookie)
    assert jar.read_pass(headers, secure=True, today=TODAY + 30)
    assert not jar.read_pass(headers, secure=True, today=TODAY + 31)
    assert not jar.read_pass([], secure=True, today=TODAY)
    state = jar.write_state(ReaderState(first_day=TODAY), secure=True, today=TODAY)
    swapped = state.partition(b";")[0].replace(b"site_note", b"site_pass")
    assert not jar.read_pass([(b"cookie", swapped)], secure=True, today=TODAY)


PASS = CookieJar([KEY]).write_pass(days=30, secure=False, today=TODAY).partition(b";")[0]


@settings(max_examples=1000, deadline=None)
@given(place=st.integers(0, len(PASS) - 1), byte=st.integers(0, 255), more=st.binary(max_size=4))
def test_no_mutated_pass_is_one(place: int, byte: int, more: bytes) -> None:
    jar = CookieJar([KEY])
    forged = PASS[:place] + bytes([byte]) + PASS[place + 1 :] + more
    until = jar.pass_until([(b"cookie", forged)], secure=False, today=TODAY)
    # Spaces around a cookie, and another after a semicolon, are not part of it.
    same = forged.split(b";")[0].strip() == PASS
    assert until == (TODAY + 30 if same else None)


def test_a_cookie_is_found_among_others_and_its_name_inside_another_is_not() -> None:
    headers = [
        (b"accept", b"*/*"),
        (b"cookie", b"xsite_note=1; a=site_note"),
        (b"cookie", b"b=2;site_note=here ; site_note=second"),
    ]
    assert find_cookie(headers, b"site_note") == b"here"
    assert find_cookie(headers, b"absent") is None


def test_days_and_months_are_utc() -> None:
    moment = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC).timestamp()
    assert day_of(moment) == TODAY
    assert month_of(TODAY) == 2026 * 12 + 10
    assert month_of(TODAY + 8) == 2026 * 12 + 11


def test_a_verdict_older_than_yesterday_is_unknown() -> None:
    state = ReaderState(first_day=TODAY).with_verdict(Verdict.EXTENSION, TODAY)
    assert state.verdict_on(TODAY + 1) is Verdict.EXTENSION
    assert state.verdict_on(TODAY + 2) is Verdict.UNKNOWN


def test_a_year_of_choices_keeps_only_the_last_twelve_asks() -> None:
    state = ReaderState(first_day=TODAY)
    for day in range(TODAY, TODAY + 365):
        state = state.with_view(Verdict.EXTENSION, blocking=True, today=day).with_ask(day)
        state = state.with_choice(list(Choice)[day % 5], day, on_interstitial=day % 2 == 0)
    assert len(state.asks) == 12
    assert len(CookieJar([KEY]).write_state(state, secure=True, today=TODAY).split(b";")[0]) < 200


def test_a_page_that_goes_on_to_an_article_leaves_the_thanks_to_it() -> None:
    pressed = ReaderState(first_day=TODAY, allow=AllowStage.PRESSED)
    at_the_gate = pressed.with_verdict(Verdict.CLEAR, TODAY, gate=True)
    assert at_the_gate.allow is AllowStage.PRESSED
    assert at_the_gate.verdict is Verdict.CLEAR
    arrived = at_the_gate.with_view(Verdict.CLEAR, blocking=False, today=TODAY)
    assert arrived.allow is AllowStage.THANKED
