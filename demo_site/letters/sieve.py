"""The local filter, and what it and Akismet together decide. Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from hashlib import blake2b

from demo_site.letters.letter import Draft, State

QUICK = 3
"""Seconds within which nobody writes a letter."""
STALE = 24 * 3600
"""Seconds after which a form is an old one."""
LINK = re.compile(
    r"https?:|www\.|\[/?url|<\s*a\b|href|\b[a-z0-9-]{2,}\.(?:com|net|org|info|biz|ru|cn|top|xyz|site"
    r"|online|shop|club|link|io|co)\b",
    re.IGNORECASE,
)

WORDS = {
    "trap": "A field that people do not see was filled in.",
    "quick": "It was sent within three seconds of the form being made.",
    "stale": "Its form was more than a day old.",
    "links": "There is an address or a link in it.",
    "repeat": "The same words came before, under another name or another story.",
    "akismet:ham": "Akismet sees no spam in it.",
    "akismet:spam": "Akismet takes it for spam.",
    "akismet:discard": "Akismet is certain that it is spam and would throw it away. It is kept "
    "until you decide, or until newer spam needs its place.",
    "told:ham": "Akismet has been told that it is not spam.",
    "told:spam": "Akismet has been told that it is spam.",
}


class Opinion(StrEnum):
    """What Akismet said. `FAULT` is everything that is not an answer."""

    HAM = "ham"
    SPAM = "spam"
    DISCARD = "discard"
    FAULT = "fault"


def objections(draft: Draft, *, trap: str, age: float) -> tuple[str, ...]:
    """Returns the codes of what speaks against printing a letter unread; repeats aside, which only
    the tray can know.

    :param trap: what stands in the field that people do not see.
    :param age: seconds since the form was made.
    """
    found = {
        "trap": bool(trap.strip()),
        "quick": age < QUICK,
        "stale": age > STALE,
        "links": bool(LINK.search(f"{draft.name}\n{draft.text}")),
    }
    return tuple(code for code, holds in found.items() if holds)


def first_state(reasons: tuple[str, ...]) -> State:
    """Where a letter waits before anybody has looked at it: never in print."""
    return State.SPAM if "trap" in reasons else State.HELD


def settled_state(
    reasons: tuple[str, ...], opinion: Opinion | None, *, trust_local_filter: bool
) -> State:
    """Returns where a letter goes once both filters have spoken. Printed is only what no filter
    doubts, and what Akismet has cleared or the publisher lets the local filter clear alone.

    :param opinion: Akismet's, or `None` where it is not asked.
    """
    if "trap" in reasons or opinion in {Opinion.SPAM, Opinion.DISCARD}:
        return State.SPAM
    if reasons or opinion is Opinion.FAULT:
        return State.HELD
    cleared = opinion is Opinion.HAM or trust_local_filter
    return State.PUBLISHED if cleared else State.HELD


def explain(reason: str) -> str:
    """The sentence for a reason's code, for the editor."""
    if reason.startswith("akismet:fault:"):
        return f"Akismet could not be asked ({reason.rpartition(':')[2]})."
    return WORDS.get(reason, reason)


def digest(*parts: str) -> str:
    """Returns the same for texts that differ in case, spaces and invisible marks alone."""
    hashed = blake2b(digest_size=16)
    for part in parts:
        shown = "".join(sign for sign in part if unicodedata.category(sign) != "Cf")
        hashed.update(" ".join(shown.casefold().split()).encode() + b"\0")
    return hashed.hexdigest()
