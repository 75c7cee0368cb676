"""A picture: one state in one form, language, theme and scheme; and which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, product
from urllib.parse import parse_qsl, urlencode

from adguard.pages import FORMS
from adguard.preview.states import GROUPS, PAGE, State

__all__ = ["ALL", "SCHEMES", "Picture", "Wanted", "form_of", "languages_first", "pictures_of"]

ALL = "all"
SCHEMES = ("light", "dark")
SIZES = {"phone": 360, "narrow": 320, "wide": 1280}
"""Widths in CSS pixels."""
A_SHEET = 96
"""Pictures on one page of the sheet: each is a page that a browser draws."""
WORDS = {"banner": "strip"}
"""Words for forms in addresses, where filter lists hunt the usual ones."""


@dataclass(frozen=True)
class Picture:
    state: State
    form: str
    lang: str
    theme: str
    scheme: str

    @property
    def query(self) -> str:
        """What its address asks for."""
        form = WORDS.get(self.form, self.form)
        values = {"state": self.state.name, "form": form, "lang": self.lang, "scheme": self.scheme}
        return urlencode(values)


def pictures_of(
    states: Iterable[State],
    languages: Sequence[str],
    themes: Sequence[str],
    schemes: Sequence[str] = SCHEMES,
    forms: Sequence[str] | None = None,
) -> Iterator[Picture]:
    """Combines them, state by state.

    :param forms: those wanted of a state that has several.
    """
    for state in states:
        shown = [form for form in state.forms if forms is None or form in (*forms, PAGE)]
        for form, lang, theme, scheme in product(shown, languages, themes, schemes):
            yield Picture(state, form, lang, theme, scheme)


def form_of(word: str) -> str:
    """Returns the form that an address names; the dialog if it names none."""
    return next((form for form in FORMS if WORDS.get(form, form) == word), "dialog")


def languages_first(first: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Returns the languages, one of them in front."""
    return (first, *(language for language in languages if language != first))


@dataclass(frozen=True)
class Wanted:
    """What a visitor of the sheet wants to see, as the address says it.

    :param size: a name of `SIZES`.
    :param page: of the sheet, from 1.
    """

    group: str = ALL
    form: str = "dialog"
    lang: str = ""
    theme: str = ""
    scheme: str = "light"
    size: str = "phone"
    page: int = 1

    def pick(
        self, states: Iterable[State], languages: Sequence[str], themes: Sequence[str]
    ) -> Iterator[Picture]:
        """Finds the pictures, on all pages."""
        return pictures_of(
            [state for state in states if self.group in (ALL, state.group)],
            languages if self.lang == ALL else [self.lang],
            themes if self.theme == ALL else [self.theme],
            SCHEMES if self.scheme == ALL else [self.scheme],
            None if self.form == ALL else [self.form],
        )

    def sheet(self, pictures: Iterable[Picture]) -> list[Picture]:
        """Returns those of this page of the sheet."""
        return list(islice(pictures, (self.page - 1) * A_SHEET, self.page * A_SHEET))

    def turned(self, page: int) -> str:
        """Returns the query of another page of the sheet."""
        fields = asdict(replace(self, page=page))
        return urlencode({**fields, "form": WORDS.get(self.form, self.form)})


def read_wanted(query: str, languages: Sequence[str], themes: Sequence[str]) -> Wanted:
    """Returns what the query asks for; what it does not say, or says wrongly, is the default."""
    given = dict(parse_qsl(query[:1000]))
    page = given.get("page", "")
    return Wanted(
        group=_of(given, "group", (ALL, *GROUPS)),
        form=ALL if given.get("form") == ALL else form_of(given.get("form", "")),
        lang=_of(given, "lang", (languages[0], *languages, ALL)),
        theme=_of(given, "theme", (themes[0], *themes, ALL)),
        scheme=_of(given, "scheme", (*SCHEMES, ALL)),
        size=_of(given, "size", tuple(SIZES)),
        page=int(page) if re.fullmatch("[1-9][0-9]{0,3}", page) else 1,
    )


def _of(given: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    value = given.get(name, "")
    return value if value in known else known[0]
