"""What a reader typed is cleaned, never cut, and comes back with a sentence where it must."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_site.letters.letter import (
    LONGEST_NAME,
    LONGEST_TEXT,
    TURNING,
    Letter,
    State,
    clean_line,
    clean_text,
    read_draft,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        ("one\u2029two", "one\n\ntwo"),
        ("  one  \n\n  ", "one"),
        ("a\x00b\x1bc\x7fd\x9be", "abcde"),
        ("tab\tbed", "tab bed"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("\N{FAMILY}\N{ZERO WIDTH JOINER}\N{BOY}", "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{BOY}"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_newlines_are_kept_and_control_characters_are_not(typed: str, kept: str) -> None:
    assert clean_text(typed) == kept


@given(st.text())
def test_a_cleaned_text_stays_as_it_is_and_holds_nothing_that_controls(typed: str) -> None:
    cleaned = clean_text(typed)
    assert clean_text(cleaned) == cleaned
    assert not TURNING & set(cleaned)
    assert all(sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cs"} for sign in cleaned)
    cleaned.encode()


def test_a_name_stands_on_one_line() -> None:
    assert clean_line(" K.\r\n  Maas\n\nThe  Editor ") == "K. Maas The Editor"


def test_what_is_missing_is_named_field_by_field() -> None:
    assert set(read_draft({}).problems) == {"letter", "letter-name"}
    assert set(
        read_draft({"letter": "Dear Sir", "name": "\u200b\u2060 \u3164\u2800"}).problems
    ) == {"letter-name"}
    assert read_draft({"letter": "!", "name": "7"}).problems == {}


def test_what_is_too_long_is_not_cut_and_the_sentence_says_by_how_much() -> None:
    draft = read_draft({"letter": "x" * (LONGEST_TEXT + 1), "name": "y" * (LONGEST_NAME + 1)})
    assert len(draft.text) == LONGEST_TEXT + 1
    assert "2,001" in draft.problems["letter"]
    assert "81" in draft.problems["letter-name"]
    assert not read_draft({"letter": "x" * LONGEST_TEXT, "name": "y" * LONGEST_NAME}).problems


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((), ""),
        (("links", "akismet:fault:RequestError"), ""),
        (("akismet:ham",), "ham"),
        (("akismet:discard", "links"), "spam"),
        (("akismet:ham", "told:spam"), "spam"),
        (("akismet:spam", "told:ham", "told:spam"), "spam"),
    ],
)
def test_akismet_holds_a_letter_for_what_it_said_or_was_told_last(
    reasons: tuple[str, ...], said: str
) -> None:
    letter = Letter(1, "four-clocks", "K.", "one\n\ntwo", State.HELD, reasons, 0.0)
    assert letter.akismet == said
    assert letter.paragraphs == ["one", "two"]
    assert letter.day == "1 January 1970"
