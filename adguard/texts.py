"""Every sentence a reader meets, by language, with the publisher's own words on top."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from adguard.environment import SettingsError
from adguard.languages import FALLBACK, TAG, canonical, nearest, parents
from adguard.settings import Wording

__all__ = ["LOCALE", "Speech", "Texts"]

logger = logging.getLogger("adguard")

LOCALE = Path(__file__).parent / "locale"
ENGLISH = Locale("en", "GB")
"""How an English sentence writes days and numbers: `3 November 2026`."""

Sentence = str | Callable[[int], str]


@dataclass(frozen=True)
class Speech:
    """One language's sentences. Call it with a key and the values that the sentence wants.

    :param lang: BCP 47 tag for the `lang` attribute.
    :param dir: `ltr` or `rtl`.
    :param locale: what CLDR knows of the language: how it writes days and numbers.
    """

    lang: str
    dir: str
    sentences: Mapping[str, Sentence]
    locale: Locale

    def __call__(self, key: str, **values: object) -> str:
        """Returns the sentence `key`, in the form that its number `n` asks for where it has forms.

        A value whose letters run against the language's direction is set apart by isolates, so
        that a Latin name cannot drag the full stop of a Hebrew sentence along.

        :raises KeyError: when there is no such sentence, or a value it wants is missing.
        """
        sentence = self.sentences[key]
        if not isinstance(sentence, str):
            count = int(str(values["n"]))
            sentence = sentence(count)
            values["n"] = format_decimal(count, locale=self.locale)
        against = ("R", "AL") if self.dir == "ltr" else ("L",)
        for name, value in values.items():
            if any(unicodedata.bidirectional(letter) in against for letter in str(value)):
                values[name] = f"\u2068{value}\u2069"
        return sentence.format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self.sentences

    def date(self, day: date) -> str:
        """Returns a day the way this language writes it: `23 November 2026`."""
        return format_date(day, "long", locale=self.locale)


class Texts:
    """All catalogues; a language is read when somebody first wants it, then kept.

    A sentence is looked up in the reader's language, its parents (`pt-BR`, `pt`), then English;
    in each the publisher's own wording wins. An override in a language that is not shipped makes
    that language available; sentences it leaves out come from the nearest there is.

    :param overrides: sentences by language and key, such as `{"en": {"button.later": "Later"}}`.
    :raises SettingsError: naming the language and key, when an override has no counterpart or
        asks for a value that its counterpart does not have.
    """

    def __init__(
        self, overrides: Mapping[str, Mapping[str, Wording]] = MappingProxyType({})
    ) -> None:
        self._english: dict[str, Wording] = json.loads(
            (LOCALE / f"{FALLBACK}.json").read_text(encoding="utf-8")
        )
        self._files = {canonical(path.stem): path for path in sorted(LOCALE.glob("*.mo"))}
        self._names = {tag: path.stem for tag, path in self._files.items()} | {FALLBACK: FALLBACK}
        self._own: dict[str, dict[str, Wording]] = {}
        for language, entries in overrides.items():
            if not TAG.fullmatch(language):
                raise SettingsError(f"texts: {language!r} is not a language tag such as 'en'")
            tag = canonical(language)
            self._names.setdefault(tag, language)
            for key, wording in entries.items():
                _check(language, key, wording, self._english)
            self._own.setdefault(tag, {}).update(entries)
        self._speeches: dict[str, Speech] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of every language that has sentences, sorted."""
        return tuple(sorted(self._names.values()))

    def speak(self, *wanted: str) -> Speech:
        """Returns the sentences of the first wanted language there is, else English ones."""
        found = (near[0] for tag in wanted if (near := nearest(canonical(tag), self._names)))
        tag = next(found, FALLBACK)
        if tag not in self._speeches:
            self._speeches[tag] = self._speech(tag)
        return self._speeches[tag]

    def _speech(self, tag: str) -> Speech:
        locale = _locale(tag)
        sentences = dict(_sentences(self._english, ENGLISH))
        sentences.update(_sentences(self._own.get(FALLBACK, {}), ENGLISH))
        for part in reversed(nearest(tag, self._files)):
            sentences.update(_translated(self._english, self._files[part]))
        for part in reversed(parents(tag, self._own)):
            sentences.update(_sentences(self._own[part], locale))
        return Speech(self._names[tag], locale.text_direction, MappingProxyType(sentences), locale)


def _locale(tag: str) -> Locale:
    try:
        return ENGLISH if tag == FALLBACK else Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return ENGLISH


def _sentences(wordings: Mapping[str, Wording], locale: Locale) -> Iterator[tuple[str, Sentence]]:
    for key, wording in wordings.items():
        yield key, wording if isinstance(wording, str) else _chooser(wording, locale)


def _chooser(forms: Mapping[str, str], locale: Locale) -> Sentence:
    return lambda count: forms.get(locale.plural_form(count), forms["other"])


class _Untranslated(NullTranslations):
    """Stands behind a catalogue, so that what it lacks is told from what reads as in English."""

    def pgettext(self, context: str, message: str) -> str:
        return ""

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return ""


def _translated(english: Mapping[str, Wording], file: Path) -> Iterator[tuple[str, Sentence]]:
    """Yields what the catalogue in `file` has for today's English sentences; a translation of
    an older English wording is not used."""
    try:
        with file.open("rb") as stream:
            catalogue = GNUTranslations(stream)
    except Exception as error:
        logger.warning("%s cannot be read, English stands in: %r", file.name, error)
        return
    catalogue.add_fallback(_Untranslated())
    for key, wording in english.items():
        if isinstance(wording, str):
            sentence: Sentence = catalogue.pgettext(key, wording)
        elif catalogue.npgettext(key, wording["one"], wording["other"], 1):
            sentence = _form(catalogue, key, wording)
        else:
            continue
        if sentence:
            yield key, sentence


def _form(catalogue: GNUTranslations, key: str, english: Mapping[str, str]) -> Sentence:
    return lambda count: catalogue.npgettext(key, english["one"], english["other"], count)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _check(language: str, key: str, wording: Wording, english: Mapping[str, Wording]) -> None:
    if key not in english:
        near = get_close_matches(key, english, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"texts: {language!r} has no sentence {key!r}{hint}")
    ours = english[key]
    if isinstance(wording, str):
        texts = [wording]
    elif isinstance(ours, str):
        raise SettingsError(f"texts: {language!r}, {key!r} has one form only; write a plain text")
    else:
        texts = list(wording.values())
        _check_forms(language, key, wording)
    known = _fields(ours if isinstance(ours, str) else ours["other"])
    for text in texts:
        try:
            extra = _fields(text) - known
        except ValueError as error:
            raise SettingsError(
                f"texts: {language!r}, {key!r}: {error}; write a literal brace twice"
            ) from error
        if extra:
            possible = ", ".join(f"{{{name}}}" for name in sorted(known)) or "none"
            raise SettingsError(
                f"texts: {language!r}, {key!r} asks for {{{min(extra)}}}; it can have: {possible}"
            )


def _check_forms(language: str, key: str, forms: Mapping[str, str]) -> None:
    categories = {"other", *_locale(canonical(language)).plural_form.rules}
    if "other" not in forms or not categories.issuperset(forms):
        raise SettingsError(
            f"texts: {language!r}, {key!r} has the forms {sorted(forms)}; it needs 'other' and can "
            f"have: {', '.join(sorted(categories))}"
        )
