"""Sentences: which language a reader gets, and what a publisher may change."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from babel.messages import Catalog

import adguard
from adguard.settings import SettingsError
from adguard.texts import Texts
from words.catalogues import compiled

LOCALE = Path(adguard.__file__).parent / "locale"
CATALOGUE = json.loads((LOCALE / "en.json").read_text("utf-8"))
LITTLE = {"hello": "Hello {name}", "hours": {"one": "{n} hour", "other": "{n} hours"}, "bye": "Bye"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Catalogues of three sentences: English and, half of it, Polish."""
    (tmp_path / "en.json").write_text(json.dumps(LITTLE), "utf-8")
    polish = Catalog("pl")
    polish.add("Hello {name}", "Witaj, {name}", context="hello")
    hours = ("{n} godzina", "{n} godziny", "{n} godzin")
    polish.add(("{n} hour", "{n} hours"), hours, context="hours")
    (tmp_path / "pl.mo").write_bytes(compiled(polish))
    monkeypatch.setattr("adguard.texts.LOCALE", tmp_path)
    return tmp_path


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
    assert speech("button.close") == Texts().speak("pt-BR")("button.close")


def test_a_region_nobody_translated_speaks_its_language() -> None:
    texts = Texts({"pt": {"button.later": "Agora não"}})
    assert texts.speak("pt-AO").lang == "pt"


def test_the_publishers_wording_wins_over_ours() -> None:
    texts = Texts({"en": {"button.later": "Some other time"}})
    assert texts.speak("en-GB")("button.later") == "Some other time"


def test_the_publishers_english_wording_also_fills_gaps_of_other_languages() -> None:
    texts = Texts({"en": {"button.later": "Later"}, "da": {"button.back": "Tilbage"}})
    assert texts.speak("da")("button.later") == "Later"


def test_the_publishers_english_wording_leaves_our_translations_alone() -> None:
    speech = Texts({"en": {"button.later": "Later"}}).speak("de")
    assert speech("button.later") == Texts().speak("de")("button.later") != "Later"


def test_of_two_wordings_of_the_publishers_the_nearer_wins() -> None:
    texts = Texts({"pt-BR": {"button.later": "Depois"}, "pt": {"button.later": "Mais tarde"}})
    assert texts.speak("pt-BR")("button.later") == "Depois"
    assert texts.speak("pt-PT")("button.later") == "Mais tarde"


def test_a_language_of_the_publishers_own_fills_its_gaps_with_the_nearest_there_is() -> None:
    texts = Texts({"pt-PT": {"button.back": "Recuar"}, "zh-TW": {"button.back": "返回"}})
    lisbon, taipei = texts.speak("pt-PT"), texts.speak("zh-TW")
    assert (lisbon.lang, lisbon("button.back")) == ("pt-PT", "Recuar")
    assert lisbon("button.later") == Texts().speak("pt-BR")("button.later")
    assert taipei("button.later") == "Not now", "simplified sentences are not for Taipei"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-hans-hk", "zh-Hans"),
        ("zh-TW", "en"),
        ("zh-Hant", "en"),
        ("zh-Hant-CN", "en"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("iw", "he"),
        ("iw-IL", "he"),
        ("nb", "en"),
        ("de-Latn-CH-1996", "de"),
        ("en-US", "en"),
        ("de-Cyrl", "en"),
    ],
)
def test_a_language_we_have_answers_for_its_neighbours_in_the_same_script(
    wanted: str, spoken: str
) -> None:
    assert Texts().speak(wanted).lang == spoken


def test_a_publishers_norwegian_is_for_all_who_read_bokmal() -> None:
    texts = Texts({"no": {"button.back": "Tilbake"}})
    assert texts.speak("nb-NO")("button.back") == "Tilbake"
    assert Texts({"nb": {"button.back": "Tilbake"}}).speak("no").lang == "nb"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("lang", "n", "said"),
    [
        ("en", 1, "1 hour"),
        ("en", 12345, "12,345 hours"),
        ("pl", 1, "1 godzina"),
        ("pl", 3, "3 godziny"),
        ("pl", 5, "5 godzin"),
        ("pl", 22, "22 godziny"),
        ("pl", 12345, "12\u00a0345 godzin"),
    ],
)
def test_a_number_takes_the_form_its_language_wants(lang: str, n: int, said: str) -> None:
    assert Texts().speak(lang)("hours", n=n) == said


@pytest.mark.usefixtures("folder")
def test_a_publisher_writes_forms_by_the_names_of_cldr_or_one_text_for_all() -> None:
    forms = {"one": "{n} час", "few": "{n} часа", "many": "{n} часов", "other": "{n} часа"}
    texts = Texts({"ru": {"hours": forms}, "pl": {"hours": "godzin: {n}"}})
    assert [texts.speak("ru")("hours", n=n) for n in (21, 3, 11)] == [
        "21 час",
        "3 часа",
        "11 часов",
    ]
    assert texts.speak("pl")("hours", n=1) == "godzin: 1"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("key", "forms", "message"),
    [
        ("hours", {"one": "{n} timme"}, "it needs 'other' and can have: one, other"),
        ("hours", {"few": "{n}", "other": "{n}"}, "can have: one, other"),
        ("hours", {"other": "{m} timmar"}, r"asks for \{m\}; it can have: \{n\}"),
        ("bye", {"other": "Hej"}, "'bye' has one form only; write a plain text"),
    ],
)
def test_forms_that_cannot_be_used_are_refused(
    key: str, forms: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        Texts({"sv": {key: forms}})


def test_what_is_not_translated_is_english(folder: Path) -> None:
    speech = Texts().speak("pl")
    assert speech("hello", name="Ola") == "Witaj, Ola"
    assert speech("bye") == "Bye"
    assert Texts({"en": {"bye": "See you"}}).speak("pl")("bye") == "See you"


def test_a_translation_of_an_older_english_sentence_is_not_used(folder: Path) -> None:
    newer = {**LITTLE, "hello": "Good day, {name}", "hours": {"one": "An hour", "other": "{n} h"}}
    (folder / "en.json").write_text(json.dumps(newer), "utf-8")
    speech = Texts().speak("pl")
    assert speech("hello", name="Ola") == "Good day, Ola"
    assert speech("hours", n=3) == "3 h"


@pytest.mark.parametrize("content", [b"", b"not a catalogue", b"\xde\x12\x04\x95" + b"\xff" * 40])
def test_a_broken_catalogue_costs_a_language_and_no_page(
    folder: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "pl.mo").write_bytes(content)
    assert Texts().speak("pl")("bye") == "Bye"
    assert "pl.mo cannot be read, English stands in" in caplog.text


def test_a_language_is_read_once_and_not_before_it_is_wanted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = Texts()
    (folder / "pl.mo").rename(folder / "moved.mo")
    assert "pl" in texts.languages
    assert texts.speak("pl")("hello", name="Ola") == "Hello Ola", "not read at the start"
    (folder / "moved.mo").rename(folder / "pl.mo")
    texts = Texts()
    assert texts.speak("pl") is texts.speak("pl-PL", "en")


def test_a_name_that_runs_against_the_language_is_set_apart() -> None:
    def title(lang: str, publisher: str) -> str:
        return Texts({lang: {"support.none.body": "<{publisher}>"}}).speak(lang)(
            "support.none.body", publisher=publisher
        )

    assert title("he", "The Harbour Post") == "<\u2068The Harbour Post\u2069>"
    assert title("he", "הארץ") == "<הארץ>"
    assert title("en", "الأهرام") == "<\u2068الأهرام\u2069>"
    assert title("en", "The Harbour Post") == "<The Harbour Post>"


def test_hebrew_and_arabic_read_from_right_to_left() -> None:
    texts = Texts({"ar-EG": {"button.back": "رجوع"}, "fa": {"button.back": "بازگشت"}})
    assert {texts.speak(tag).dir for tag in ("he", "ar", "ar-EG", "fa")} == {"rtl"}
    assert texts.speak("de").dir == "ltr"


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


@pytest.mark.parametrize(
    ("lang", "written"),
    [
        ("en", "3 November 2026"),
        ("de", "3. November 2026"),
        ("es", "3 de noviembre de 2026"),
        ("pl", "3 listopada 2026"),
        ("ja", "2026年11月3日"),
        ("ar", "3 نوفمبر 2026"),
    ],
)
def test_a_day_is_written_as_its_language_does(lang: str, written: str) -> None:
    assert Texts().speak(lang).date(date(2026, 11, 3)) == written


def test_a_language_unknown_to_cldr_writes_days_as_english_does() -> None:
    texts = Texts({"tlh": {"button.back": "yIchegh"}})
    assert texts.speak("tlh").date(date(2026, 11, 3)) == "3 November 2026"


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_sentence_keeps_the_tone(key: str) -> None:
    wording = CATALOGUE[key]
    assert isinstance(wording, str) or wording.keys() == {"one", "other"}, "English has two forms"
    for sentence in [wording] if isinstance(wording, str) else wording.values():
        assert "!" not in sentence
        assert "ad blocker" not in sentence.lower(), "nobody is accused of a tool"
        assert sentence == sentence.strip()
        assert "  " not in sentence
        assert all(character.isprintable() for character in sentence)
