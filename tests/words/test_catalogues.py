"""Translations: complete, true to their English, compiled; and the tool that keeps them so."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from words import __main__ as tool
from words import catalogues
from words.catalogues import (
    LOCALE,
    compiled,
    faults,
    gaps,
    read,
    template,
    updated,
    written,
)

ENGLISH = json.loads((LOCALE / "en.json").read_text("utf-8"))
LANGUAGES = sorted(path.stem for path in LOCALE.glob("*.po"))
PROMISED = {"ar", "de", "es", "fr", "he", "it", "ja", "ko"}
PROMISED |= {"nl", "pl", "pt-BR", "ru", "sv", "tr", "uk", "zh-Hans"}

LITTLE = {"hello": "Hello {name}", "hours": {"one": "{n} hour", "other": "{n} hours"}, "none": ""}


def sentences(catalogue: Catalog) -> set[str]:
    return {str([m.context, *forms(m.id), *forms(m.string)]) for m in catalogue if usable(m)}


def forms(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def usable(message: Message) -> bool:
    return bool(message.id) and any(forms(message.string)) and not message.fuzzy


def test_every_promised_language_is_there() -> None:
    assert set(LANGUAGES) >= PROMISED


@pytest.mark.parametrize("tag", LANGUAGES)
def test_what_is_compiled_is_what_is_written(tag: str) -> None:
    with (LOCALE / f"{tag}.mo").open("rb") as file:
        assert sentences(read_mo(file)) == sentences(read(tag)), "run ./dev words"


def test_the_template_is_of_todays_english() -> None:
    text = (LOCALE / "adguard.pot").read_text("utf-8")
    assert text == written(template(ENGLISH)), "run ./dev words"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_sentence_is_missing_or_out_of_date(tag: str) -> None:
    assert gaps(updated(read(tag), template(ENGLISH))) == {}, "run ./dev words, then translate"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_translation_misleads_or_breaks_a_page(tag: str) -> None:
    assert list(faults(read(tag))) == []


def little(**strings: Any) -> Catalog:
    catalogue = updated(Catalog("pl"), template(LITTLE))
    for message in catalogue:
        if message.context in strings:
            message.string = strings[message.context]
    return catalogue


def test_the_template_has_every_sentence_that_has_words() -> None:
    found = [(m.context, m.id, "python-brace-format" in m.flags) for m in template(LITTLE) if m.id]
    assert found == [
        ("hello", "Hello {name}", True),
        ("hours", ("{n} hour", "{n} hours"), True),
    ]


def test_a_file_is_read_as_it_was_written_and_carries_no_date() -> None:
    catalogue = little(hello="Witaj, {name}", hours=("{n} godzina", "{n} godziny", "{n} godzin"))
    text = written(catalogue)
    again = read_po(io.BytesIO(text.encode()), locale="pl")
    assert sentences(again) == sentences(catalogue)
    assert written(again) == text
    assert not re.search(r"\d{4}|Babel|EMAIL", text)
    assert not re.search(rb"20\d\d-", compiled(catalogue))


def test_a_changed_sentence_keeps_its_translation_marked_fuzzy_with_the_old_english() -> None:
    catalogue = updated(little(hello="Witaj, {name}"), template({**LITTLE, "hello": "Hi {name}"}))
    message = catalogue.get("Hi {name}", "hello")
    assert message is not None
    assert (message.string, message.fuzzy) == ("Witaj, {name}", True)
    assert tuple(message.previous_id) == ("Hello {name}",)
    assert gaps(catalogue) == {"hello": "fuzzy", "hours": "missing"}
    assert sentences(read_mo(io.BytesIO(compiled(catalogue)))) == set()
    third = updated(catalogue, template({**LITTLE, "hello": "Hey {name}"}))
    assert "Hello {name}" in written(third), "what the translator read"


def test_a_sentence_that_gets_forms_is_translated_anew() -> None:
    plural = {**LITTLE, "hello": {"one": "Hello", "other": "Hellos"}}
    assert gaps(updated(little(hello="Witaj, {name}"), template(plural)))["hello"] == "missing"


def test_a_sentence_that_is_gone_takes_its_translation_along() -> None:
    kept = updated(little(hello="Witaj, {name}"), template({"bye": "Bye"}))
    assert "Witaj" not in written(kept)


def test_half_a_plural_is_missing() -> None:
    assert gaps(little(hours=("{n} godzina", "", "")))["hours"] == "missing"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Witaj", "has [], not ['name']"),
        ("Witaj, {nazwa}", "has ['nazwa'], not ['name']"),
        ("Witaj, {name} {name}", "has ['name', 'name'], not ['name']"),
        ("Witaj, {name", "a stray brace"),
        ("Witaj, {name}!", "an exclamation mark"),
        ("Witaj, <b>{name}</b>", "other markup"),
        ('Witaj, "{name}"', "a straight quote"),
        (" Witaj, {name}", "white space at an end"),
    ],
)
def test_a_fault_is_named(text: str, fault: str) -> None:
    [found] = faults(little(hello=text))
    assert found.startswith(f"hello: {fault}")


def test_a_plural_form_may_leave_its_number_out() -> None:
    assert not list(faults(little(hours=("godzina", "{n} godziny", "{n} godzin"))))
    assert list(faults(little(hours=("{m} godzina", "{n} godziny", "{n} godzin"))))


def test_a_long_sentence_left_in_english_is_a_fault() -> None:
    english = {"long": "Nobody has translated this"}
    catalogue = updated(Catalog("pl"), template(english))
    catalogue.get(english["long"], "long").string = english["long"]  # type: ignore[union-attr]
    assert ["English left" in fault for fault in faults(catalogue)] == [True]


def test_a_button_is_called_by_the_name_it_has() -> None:
    english = {"later": "Not now", "said": "You answered “Not now”.", "other": "Press “Pause”."}
    catalogue = updated(Catalog("pl"), template(english))
    for message in catalogue:
        message.string = message.id and {"later": "Nie teraz"}.get(
            message.context or "", "„Później”"
        )
    assert list(faults(catalogue)) == ["said: “Not now” is Nie teraz: „Później”"]


def test_the_command_begins_a_language_says_what_lacks_and_ends_well_when_nothing_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "LOCALE", tmp_path)
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    (tmp_path / "en.json").write_text(json.dumps(LITTLE), "utf-8")
    assert tool.main(["pl"]) == 1
    assert "pl: 2 missing, 0 fuzzy" in capsys.readouterr().out
    full = little(hello="Witaj, {name}", hours=("{n} godzina", "{n} godziny", "{n} godzin"))
    (tmp_path / "pl.po").write_text(written(full), "utf-8")
    assert tool.main([]) == 0
    assert "Complete." in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        "adguard.pot",
        "en.json",
        "pl.mo",
        "pl.po",
    }
    before = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert tool.main([]) == 0
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before
