"""Tokens and destinations: signed for one purpose, with a key list for rotation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard import signing
from adguard.signing import Destinations, Seal, TokenError, Tokens, is_local_path

KEY, OLD_KEY = "k" * 32, "o" * 40
NOW = 1_795_000_000.0


def test_a_token_stands_for_ten_minutes_or_as_long_as_it_is_allowed_to() -> None:
    tokens = Tokens([KEY])
    token = tokens.issue(NOW)
    assert tokens.check(token, NOW + 600).issued == int(NOW)
    assert tokens.check(token, NOW + 2100, lifetime=2100).issued == int(NOW)
    with pytest.raises(TokenError, match="too old: 601 > 600 seconds"):
        tokens.check(token, NOW + 601)
    with pytest.raises(TokenError, match="too old: 2101 > 2100 seconds"):
        tokens.check(token, NOW + 2101, lifetime=2100)


def test_a_token_from_another_machines_slightly_faster_clock_is_accepted() -> None:
    tokens = Tokens([KEY])
    assert tokens.check(tokens.issue(NOW + 60), NOW).issued == int(NOW + 60)
    with pytest.raises(TokenError, match="future"):
        tokens.check(tokens.issue(NOW + 62), NOW)


def test_two_tokens_of_one_second_differ() -> None:
    tokens = Tokens([KEY])
    first, second = (tokens.check(tokens.issue(NOW), NOW) for _ in range(2))
    assert first.nonce != second.nonce


@given(st.text(max_size=200))
def test_a_text_that_was_not_issued_is_no_token(text: str) -> None:
    with pytest.raises(TokenError):
        Tokens([KEY]).check(text, NOW)


@given(st.integers(0, 60), st.characters(codec="ascii"))
def test_a_token_with_one_character_changed_is_no_token(at: int, char: str) -> None:
    tokens = Tokens([KEY])
    token = tokens.issue(NOW)
    at %= len(token)
    changed = token[:at] + char + token[at + 1 :]
    if changed != token and at < len(token) - 1:
        with pytest.raises(TokenError):
            tokens.check(changed, NOW)


def test_every_key_verifies_and_the_newest_signs() -> None:
    old, both, new = Tokens([OLD_KEY]), Tokens([KEY, OLD_KEY]), Tokens([KEY])
    assert both.check(old.issue(NOW), NOW)
    assert new.check(both.issue(NOW), NOW)
    with pytest.raises(TokenError):
        new.check(old.issue(NOW), NOW)


def test_a_value_sealed_for_one_purpose_is_worthless_for_another() -> None:
    sealed = Seal([KEY], "state").seal("1")
    assert Seal([KEY], "state").open(sealed) == "1"
    assert Seal([KEY], "pass").open(sealed) is None
    assert Seal([KEY], "state").open(sealed + "A" * 2000) is None


def test_the_child_of_a_fork_counts_its_tokens_from_a_start_of_its_own() -> None:
    tokens = Tokens([KEY])
    parent = tokens.check(tokens.issue(NOW), NOW).nonce
    signing._start_anew()
    child = tokens.check(tokens.issue(NOW), NOW).nonce
    assert parent[:16] != child[:16]


def test_a_seal_is_what_itsdangerous_writes_and_reads() -> None:
    seal = Seal([KEY, OLD_KEY], "state")
    assert seal.derive_key(None) == seal.derive_key(KEY.encode())
    assert seal.derive_key(None) != seal.derive_key(OLD_KEY.encode())
    assert seal.seal("1~20780") == seal.sign("1~20780").decode()
    assert seal.unsign(seal.seal("1~20780")) == b"1~20780"
    assert Seal([OLD_KEY], "state").validate(Seal([OLD_KEY], "state").seal("x"))
    assert not seal.validate("x.y")


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "javascript:alert(1)",
        "",
        "relative",
        "/a b",
        "/a\r\nset-cookie: x=1",
        "/\x00",
        "/ü",
        "/" + "a" * 1024,
        "/?" + "&" * 700,
    ],
)
def test_a_destination_away_from_the_site_is_never_signed(path: str) -> None:
    assert Destinations([KEY]).sign(path) is None


def test_a_destination_comes_back_as_it_was_and_no_other_value_opens() -> None:
    destinations = Destinations([KEY])
    sealed = destinations.sign("/markets/a?page=2&x=%20")
    assert sealed is not None
    assert destinations.open(sealed) == "/markets/a?page=2&x=%20"
    assert destinations.open("/markets/a") is None
    foreign = Seal([KEY], "destination").seal("https://evil.example/")
    assert destinations.open(foreign) is None


@given(st.text(max_size=30))
def test_a_local_path_stays_on_the_site(text: str) -> None:
    from urllib.parse import urljoin

    if is_local_path(text):
        assert urljoin("https://here.example/x", text).startswith("https://here.example/")
