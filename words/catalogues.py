"""Translators' catalogues: made from `en.json`, brought up to date, checked, compiled.

A message's `msgctxt` is our key, its `msgid` the English sentence. The key is what identifies it:
when its English changes, the translation stays and is marked fuzzy, with the old English beside it.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

__all__ = ["LOCALE", "compiled", "faults", "gaps", "read", "template", "updated", "written"]

LOCALE = Path(__file__).parent.parent / "adguard" / "locale"
NAMES = re.compile(r"guide\.[a-z0-9-]+\.name|support\.kind\.other")
FAULTS = {
    "an exclamation mark": "[!！]",
    "a straight quote": '"',
    "two spaces in a row": r"\s\s",
    "white space at an end": r"^\s|\s$",
    "an open task": "TODO|FIXME|XXX",
}
IDLE_HEADERS = re.compile(r'^"(?:Project|Report|POT|PO|Last|Language-Team|Generated)[^"]*"\n', re.M)
"""Git knows who changed a catalogue and when; said in the file, it would make two runs differ."""


def template(english: Mapping[str, Any]) -> Catalog:
    """Returns all of `en.json` as an untranslated catalogue. Empty sentences are left out."""
    catalogue = _empty(None)
    for key, wording in english.items():
        if wording:
            text = wording if isinstance(wording, str) else (wording["one"], wording["other"])
            catalogue.add(text, context=key, flags=_flags(wording))
    return catalogue


def read(tag: str) -> Catalog:
    """Returns the catalogue of the language `tag`, such as `pt-BR`.

    :raises OSError: when there is none.
    """
    with (LOCALE / f"{tag}.po").open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"), abort_invalid=True)


def updated(catalogue: Catalog, source: Catalog) -> Catalog:
    """Returns `catalogue` with exactly the messages of `source`, in its order."""
    old = {message.context: message for message in catalogue if message.id}
    new = _empty(str(catalogue.locale))
    for message in source:
        if not message.id:
            continue
        known = old.get(message.context)
        fuzzy = known is not None and (known.fuzzy or known.id != message.id)
        if known is None or not _is_translated(known) or message.pluralizable != known.pluralizable:
            new.add(message.id, context=message.context, flags=message.flags)
            continue
        new.add(
            message.id,
            known.string,
            context=message.context,
            flags=[*message.flags, "fuzzy"] if fuzzy else message.flags,
            user_comments=known.user_comments,
            previous_id=(known.previous_id or _texts(known.id)) if fuzzy else (),
        )
    return new


def written(catalogue: Catalog) -> str:
    """Returns the text of a `.po` file, the same for the same messages."""
    file = io.BytesIO()
    write_po(file, catalogue, width=100, include_previous=True)
    return IDLE_HEADERS.sub("", file.getvalue().decode())


def compiled(catalogue: Catalog) -> bytes:
    """Returns the `.mo` file: no fuzzy sentence is in it, and none that is not whole."""
    usable = _empty(str(catalogue.locale))
    for message in catalogue:
        if message.id and _is_translated(message) and not message.fuzzy:
            usable.add(message.id, message.string, context=message.context)
    file = io.BytesIO()
    write_mo(file, usable)
    return file.getvalue()


def gaps(catalogue: Catalog) -> dict[str, str]:
    """Returns `missing` or `fuzzy` by the key of each sentence that readers get in English."""
    found = {}
    for message in catalogue:
        if message.id and message.context:
            if not _is_translated(message):
                found[message.context] = "missing"
            elif message.fuzzy:
                found[message.context] = "fuzzy"
    return found


def faults(catalogue: Catalog) -> Iterator[str]:
    """Yields a sentence for whatever would mislead a reader or break a page: a placeholder that
    was lost or made up, a mark of exclamation, other markup, a sentence left in English, a button
    called by another name than it has."""
    whole = [message for message in catalogue if message.id and _is_translated(message)]
    called: dict[str, set[str]] = {}
    for message in whole:
        called.setdefault(_texts(message.id)[0], set()).update(_texts(message.string))
    for message in whole:
        quoted = [name for name in re.findall("“(.*?)”", _texts(message.id)[-1]) if name in called]
        for text in _texts(message.string):
            wrong = [
                f"“{name}” is {' or '.join(sorted(called[name]))}"
                for name in quoted
                if not any(own in text for own in called[name])
            ]
            for fault in (*_wrong(message, text), *wrong):
                yield f"{message.context}: {fault}: {text}"


def _wrong(message: Message, text: str) -> Iterator[str]:
    sources = _texts(message.id)
    try:
        fields = sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError as error:
        yield f"a stray brace ({error})"
        return
    wanted = sorted(name for _, name, _, _ in Formatter().parse(sources[-1]) if name is not None)
    if fields != wanted and not (message.pluralizable and ["n", *fields] == sorted(wanted)):
        yield f"has {fields}, not {wanted}"
    if re.findall(r"<[^>]*>|&\w+;", text) != re.findall(r"<[^>]*>|&\w+;", sources[-1]):
        yield "other markup than the English"
    for fault, pattern in FAULTS.items():
        if re.search(pattern, text):
            yield fault
    if (
        len(sources[-1].split()) > 3
        and text in sources
        and not NAMES.fullmatch(message.context or "")
    ):
        yield "the English left as it is"


def _empty(locale: str | None) -> Catalog:
    return Catalog(
        locale,
        header_comment="# What readers meet. docs/languages.md says how to change it.",
        creation_date=datetime(1970, 1, 1, tzinfo=UTC),
        fuzzy=False,
    )


def _flags(wording: Any) -> list[str]:
    """Translators' tools check the placeholders of what is marked."""
    return ["python-brace-format"] if "{" in json.dumps(wording) else []


def _texts(text: Any) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (text or "",)


def _is_translated(message: Message) -> bool:
    return all(_texts(message.string))
