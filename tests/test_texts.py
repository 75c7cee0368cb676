"""Sentences: which language a reader gets, and what a publisher may change."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adguard
from adguard.settings import SettingsError
from adguard.texts import Texts, wanted_languages

CATALOGUE = json.loads((Path(adguard.__file__).parent / "locale" / "en.json").read_text("utf-8"))


def test_the_pages_own_language_comes_before_the_readers() -> None:
    assert wanted_languages("de", "fr, en;q=0.8") == ("de", "fr", "en")


def test_the_readers_languages_are_ordered_by_their_weight() -> None:
    assert wanted_languages("", "en;q=0.5, sv;q=0.9, pt-BR") == ("pt-BR", "sv", "en")


def test_a_language_the_reader_refuses_is_not_wanted() -> None:
    assert wanted_languages("", "en;q=0, de") == ("de",)


@settings(deadline=None)
@given(st.text(), st.text())
def test_whatever_a_browser_sends_gives_at_most_eight_tags(page: str, accept: str) -> None:
    wanted = wanted_languages(page, accept)
    assert len(wanted) <= 8
    assert all(re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", tag) for tag in wanted)


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{2}(-[A-Z]{2})?", fullmatch=True), unique=True, max_size=8))
def test_a_list_without_weights_keeps_its_order(tags: list[str]) -> None:
    assert wanted_languages("", ", ".join(tags)) == tuple(tags)


def test_a_weight_that_is_no_number_counts_as_none() -> None:
    assert wanted_languages("", "de;q=high, en") == ("en",)


def test_english_answers_for_a_language_that_is_not_there() -> None:
    speech = Texts().speak("tlh", "x")
    assert (speech.lang, speech.dir) == ("en", "ltr")
    assert speech("button.later") == "Not now"


def test_a_regional_language_falls_back_to_its_parent_then_to_english() -> None:
    texts = Texts({"pt": {"button.later": "Agora não"}, "pt-BR": {"button.back": "Voltar"}})
    speech = texts.speak("pt-br")
    assert speech.lang == "pt-BR"
    assert speech("button.back") == "Voltar"
    assert speech("button.later") == "Agora não"
    assert speech("button.close") == "Close"


def test_a_region_nobody_translated_speaks_its_language() -> None:
    texts = Texts({"pt": {"button.later": "Agora não"}})
    assert texts.speak("pt-AO").lang == "pt"


def test_the_publishers_wording_wins_over_ours() -> None:
    texts = Texts({"en": {"button.later": "Some other time"}})
    assert texts.speak("en-GB")("button.later") == "Some other time"


def test_the_publishers_english_wording_also_fills_gaps_of_other_languages() -> None:
    texts = Texts({"en": {"button.later": "Later"}, "de": {"button.back": "Zurück"}})
    assert texts.speak("de")("button.later") == "Later"


def test_hebrew_and_arabic_read_from_right_to_left() -> None:
    texts = Texts({"he": {"button.back": "חזרה"}, "ar-EG": {"button.back": "رجوع"}})
    assert texts.speak("he").dir == "rtl"
    assert texts.speak("ar-EG").dir == "rtl"
    assert texts.languages == ("ar-EG", "en", "he")


def test_an_override_of_an_unknown_sentence_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"'en' has no sentence 'button.latter'.*button.later"):
        Texts({"en": {"button.latter": "Later"}})


def test_an_override_of_a_sentence_nobody_could_mean_says_so() -> None:
    with pytest.raises(SettingsError, match=r"no sentence 'zzzzzzzz'$"):
        Texts({"en": {"zzzzzzzz": "?"}})


def test_an_override_cannot_ask_for_a_value_that_is_never_given() -> None:
    with pytest.raises(SettingsError, match=r"asks for \{name\}; it can have: \{publisher\}"):
        Texts({"en": {"ask.title.extension": "Dear {name}"}})
    with pytest.raises(SettingsError, match=r"it can have: none"):
        Texts({"en": {"button.later": "{later}"}})


def test_an_override_cannot_reach_into_a_value() -> None:
    with pytest.raises(SettingsError, match="asks for"):
        Texts({"en": {"ask.title.extension": "{publisher.__class__}"}})


def test_an_override_with_a_lone_brace_is_refused() -> None:
    with pytest.raises(SettingsError, match="write a literal brace twice"):
        Texts({"en": {"button.later": "Not now {"}})


def test_an_override_for_something_that_is_no_language_is_refused() -> None:
    with pytest.raises(SettingsError, match="'English!' is not a language tag"):
        Texts({"English!": {}})


def test_a_missing_sentence_is_an_error_and_can_be_asked_for() -> None:
    speech = Texts().speak()
    assert "button.later" in speech
    assert "button.never.ever" not in speech
    with pytest.raises(KeyError):
        speech("button.never.ever")


def test_a_day_is_written_out() -> None:
    assert Texts().speak("en").date(date(2026, 11, 3)) == "3 November 2026"


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_sentence_keeps_the_tone(key: str) -> None:
    sentence = CATALOGUE[key]
    assert "!" not in sentence
    assert "ad blocker" not in sentence.lower(), "nobody is accused of a tool"
    assert sentence == sentence.strip()
    assert "  " not in sentence
    assert all(character.isprintable() for character in sentence)
