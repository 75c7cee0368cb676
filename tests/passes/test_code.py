"""Codes: what they say, and that nobody else can say it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.passes import MOST_DAYS, Code, Codes
from adguard.signing import Seal

KEY, OTHER_KEY = "k" * 32, "o" * 32
UNTIL = 1_800_000_000
ALPHABET = string.ascii_letters + string.digits + "-_"
CODES = Codes([KEY], "gazette")
ONE = CODES.issue(days=365, until=UNTIL)


@given(days=st.integers(1, MOST_DAYS), until=st.integers(1, 2**32 - 1))
def test_a_code_says_for_how_long_and_until_when(days: int, until: int) -> None:
    text = CODES.issue(days=days, until=until)
    code = CODES.read(text)
    assert code is not None
    assert (code.days, code.until) == (days, until)
    assert len(text) == 49
    assert set(text) <= set(ALPHABET)


def test_two_codes_are_never_the_same_pass() -> None:
    codes = [CODES.read(CODES.issue(days=1, until=UNTIL)) for _ in range(1000)]
    assert len({code.nonce for code in codes if code is not None}) == 1000


def test_spaces_that_a_mail_program_put_into_a_code_are_left_out() -> None:
    assert CODES.read(f" {ONE[:20]}\r\n {ONE[20:]}\n") == CODES.read(ONE)


@given(place=st.integers(0, 48), char=st.sampled_from(ALPHABET + ".=/+ \0é"))
def test_a_code_with_one_other_character_is_none(place: int, char: str) -> None:
    forged = ONE[:place] + char + ONE[place + 1 :]
    assert (CODES.read(forged) is None) == (forged != ONE)


@given(st.text(max_size=120))
def test_any_text_that_is_no_code_is_none(text: str) -> None:
    assert CODES.read(text) is None


@given(st.text(alphabet=ALPHABET, min_size=49, max_size=49))
def test_what_only_looks_like_a_code_is_none(text: str) -> None:
    assert CODES.read(text) is None


def test_a_code_of_another_site_or_purpose_is_none() -> None:
    assert Codes([KEY], "courier").read(ONE) is None
    value = ONE[:22]
    for purpose in ("pass", "state", "token", "code", "code.courier", "code-about.gazette"):
        forged = Seal([KEY], purpose).seal(value).replace(".", "")
        assert CODES.read(forged) is None, purpose


def test_a_code_stands_while_its_key_is_in_the_list_and_no_longer() -> None:
    assert Codes([OTHER_KEY, KEY], "gazette").read(ONE) == CODES.read(ONE)
    assert Codes([OTHER_KEY], "gazette").read(ONE) is None


def test_codes_about_one_payment_are_one_pass() -> None:
    def about(payment: str, codes: Codes = CODES, until: int = UNTIL) -> Code:
        code = codes.read(codes.issue(days=30, until=until, about=payment))
        assert code is not None
        return code

    first = about("evt_1")
    assert about("evt_1", until=UNTIL + 5).nonce == first.nonce
    assert about("evt_2").nonce != first.nonce
    assert about("\ud800").nonce != first.nonce
    assert about("evt_1", Codes([KEY], "courier")).nonce != first.nonce
    assert about("evt_1", Codes([OTHER_KEY], "gazette")).nonce != first.nonce


@pytest.mark.parametrize("days", [0, -1, 396])
def test_a_pass_for_no_day_or_for_more_than_thirteen_months_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="1 to 395 days"):
        CODES.issue(days=days, until=UNTIL)


@pytest.mark.parametrize("until", [0, -1, 2**32])
def test_a_time_that_is_none_is_refused(until: int) -> None:
    with pytest.raises(ValueError, match="Unix seconds"):
        CODES.issue(days=1, until=until)
