"""What a reader wrote: cleaned, checked, and where it stands. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

LONGEST_NAME = 80
LONGEST_TEXT = 2000

# They turn the direction of what follows, a whole page if it is not theirs alone.
TURNING = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
# Letters and symbols by their category, yet blank: Hangul fillers, a Braille cell without dots.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028]")


class State(StrEnum):
    HELD = "held"
    PUBLISHED = "published"
    SPAM = "spam"
    REMOVED = "removed"


@dataclass(frozen=True)
class Letter:
    """A letter that has arrived.

    :param story: the slug of the article it stands under.
    :param reasons: codes of what speaks against printing it, and what Akismet said.
    :param received: Unix seconds.
    """

    number: int
    story: str
    name: str
    text: str
    state: State
    reasons: tuple[str, ...]
    received: float

    @property
    def paragraphs(self) -> list[str]:
        return paragraphs_of(self.text)

    @property
    def when(self) -> datetime:
        return datetime.fromtimestamp(self.received, UTC)

    @property
    def day(self) -> str:
        """`20 November 2026`, UTC."""
        return f"{self.when.day} {self.when:%B %Y}"

    @property
    def akismet(self) -> str:
        """What Akismet holds this letter for: what it was told last, else what it said; `ham`,
        `spam`, or "" when it never saw the letter or gave no answer."""
        for reason in reversed(self.reasons):
            source, _, said = reason.partition(":")
            if source in {"akismet", "told"} and said in {"ham", "spam", "discard"}:
                return "ham" if said == "ham" else "spam"
        return ""


@dataclass(frozen=True)
class Draft:
    """What came with a form, cleaned.

    :param problems: a sentence by field, for the reader to mend.
    """

    name: str
    text: str
    problems: Mapping[str, str] = field(default_factory=dict)


def read_draft(fields: Mapping[str, str]) -> Draft:
    """Reads the fields `name` and `letter`. Nothing is cut: what is too long is a problem."""
    name = clean_line(fields.get("name", ""))
    text = clean_text(fields.get("letter", ""))
    problems = {}
    if not _says_something(text):
        problems["letter"] = "Write a few words: the letter is empty."
    elif len(text) > LONGEST_TEXT:
        problems["letter"] = (
            f"The letter has {len(text):,} characters; the column holds {LONGEST_TEXT:,}. "
            "Shorten it a little."
        )
    if not _says_something(name):
        problems["letter-name"] = "Give a name, as it should be printed. It need not be your own."
    elif len(name) > LONGEST_NAME:
        problems["letter-name"] = (
            f"The name has {len(name)} characters; the line holds {LONGEST_NAME}."
        )
    return Draft(name, text, problems)


def clean_text(raw: str) -> str:
    """Returns `raw` with plain newlines, at most one empty line in a row, and without control
    characters or marks that turn the direction of a page."""
    text = LINE_ENDS.sub("\n", raw).replace("\u2029", "\n\n").replace("\t", " ")
    kept = "".join(sign for sign in text if sign == "\n" or _may_stand(sign))
    lines = "\n".join(line.rstrip() for line in kept.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def clean_line(raw: str) -> str:
    """The same for what stands on one line."""
    return " ".join(clean_text(raw).split())


def paragraphs_of(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part]


def _may_stand(sign: str) -> bool:
    return unicodedata.category(sign) not in {"Cc", "Cs"} and sign not in TURNING


def _says_something(text: str) -> bool:
    """Whether there is a letter, digit, symbol or mark to be seen."""
    return any(unicodedata.category(sign)[0] in "LNPS" for sign in text if sign not in BLANK)
