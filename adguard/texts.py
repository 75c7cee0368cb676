"""Every sentence a reader meets, by language, with the publisher's own words on top."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from adguard.environment import SettingsError

__all__ = ["Speech", "Texts", "wanted_languages"]

FALLBACK = "en"
LOCALE = Path(__file__).parent / "locale"
RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
)
TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
MOST_WANTED = 8


def wanted_languages(page: str = "", accept: str = "") -> tuple[str, ...]:
    """Returns language tags in order of preference: the page's own, then those of an
    `Accept-Language` header by weight. At most eight; what is no tag is left out.

    :param page: the value of the page's `lang` attribute, or "".
    :param accept: an `Accept-Language` header, or "".
    """
    weighed: list[tuple[float, str]] = []
    for part in accept[:512].split(","):
        tag, _, rest = part.strip().partition(";")
        if not TAG.fullmatch(tag.strip()):
            continue
        weight = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", rest) if rest else None
        share = float(weight[1]) if weight else 0.0 if rest else 1.0
        if share:
            weighed.append((share, tag.strip()))
    tags = [tag for _, tag in sorted(weighed, key=lambda entry: -entry[0])]
    if TAG.fullmatch(page.strip()):
        tags.insert(0, page.strip())
    return tuple(dict.fromkeys(tags))[:MOST_WANTED]


def _chain(tag: str) -> list[str]:
    """`zh-hans-tw` gives `zh-hans-tw`, `zh-hans`, `zh`."""
    parts = tag.lower().split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@dataclass(frozen=True)
class Speech:
    """One language's sentences. Call it with a key and the values that the sentence wants.

    :param lang: BCP 47 tag for the `lang` attribute.
    :param dir: `ltr` or `rtl`.
    """

    lang: str
    dir: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Returns the sentence `key`.

        :raises KeyError: when there is no such sentence, or a value it wants is missing.
        """
        return self.sentences[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self.sentences

    def date(self, day: date) -> str:
        """Returns a day the way this language writes it: `23 November 2026`."""
        return self("date", day=day.day, month=self(f"date.month.{day.month}"), year=day.year)


class Texts:
    """All catalogues, read and checked once.

    A sentence is looked up in the reader's language, its parents (`pt-BR`, `pt`), then English;
    in each the publisher's own wording wins. An override in a language that is not shipped makes
    that language available; sentences it leaves out stay English.

    :param overrides: sentences by language and key, such as `{"en": {"button.later": "Later"}}`.
    :raises SettingsError: naming the language and key, when an override has no counterpart or
        asks for a value that its counterpart does not have.
    """

    def __init__(self, overrides: Mapping[str, Mapping[str, str]] = MappingProxyType({})) -> None:
        shipped = {
            path.stem.lower(): json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(LOCALE.glob("*.json"))
        }
        english = shipped[FALLBACK]
        self._names = {path.stem.lower(): path.stem for path in LOCALE.glob("*.json")}
        own: dict[str, dict[str, str]] = {}
        for language, entries in overrides.items():
            if not TAG.fullmatch(language):
                raise SettingsError(f"texts: {language!r} is not a language tag such as 'en'")
            self._names.setdefault(language.lower(), language)
            own[language.lower()] = {
                key: self._checked(language, key, text, english) for key, text in entries.items()
            }
        self._speeches = {tag: self._speech(tag, shipped, own) for tag in sorted({*shipped, *own})}

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of every language that has sentences, sorted."""
        return tuple(sorted(self._names.values()))

    def speak(self, *wanted: str) -> Speech:
        """Returns the sentences of the first wanted language there is, else English ones."""
        for tag in wanted:
            for part in _chain(tag):
                if part in self._speeches:
                    return self._speeches[part]
        return self._speeches[FALLBACK]

    def _speech(
        self,
        tag: str,
        shipped: Mapping[str, Mapping[str, str]],
        own: Mapping[str, Mapping[str, str]],
    ) -> Speech:
        sentences: dict[str, str] = {}
        for part in reversed([*_chain(tag), FALLBACK]):
            sentences.update(shipped.get(part, {}))
            sentences.update(own.get(part, {}))
        direction = "rtl" if tag.split("-", maxsplit=1)[0] in RIGHT_TO_LEFT else "ltr"
        return Speech(self._names[tag], direction, MappingProxyType(sentences))

    @staticmethod
    def _checked(language: str, key: str, text: str, english: Mapping[str, str]) -> str:
        if key not in english:
            near = get_close_matches(key, english, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"texts: {language!r} has no sentence {key!r}{hint}")
        try:
            extra = _fields(text) - _fields(english[key])
        except ValueError as error:
            raise SettingsError(
                f"texts: {language!r}, {key!r}: {error}; write a literal brace twice"
            ) from error
        if extra:
            known = ", ".join(f"{{{name}}}" for name in sorted(_fields(english[key]))) or "none"
            raise SettingsError(
                f"texts: {language!r}, {key!r} asks for {{{min(extra)}}}; it can have: {known}"
            )
        return text
