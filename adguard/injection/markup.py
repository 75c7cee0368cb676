"""What the first and the last bytes of a page say about touching it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

HEAD_BYTES: Final = 1024
TAIL_BYTES: Final = 128

_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_AMP: Final = frozenset(
    mark + kind for mark in (b"amp", "⚡".encode()) for kind in (b"", b"4ads", b"4email")
)
_PROLOGUE: Final = (
    rb"(?:\xef\xbb\xbf)?+(?:[ \t\n\r\f]++|<!--(?:[^-]++|-(?!->))*+-->|<[!?](?!--)[^>]*+>)*+"
)
_BEFORE_HTML: Final = re.compile(_PROLOGUE)
_HTML_TAG: Final = re.compile(
    _PROLOGUE + rb"<(?i:html)(?:>|[ \t\n\r\f/]((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>)",
)
_ATTRIBUTE: Final = re.compile(
    rb"([^\s=/>\"']++)(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"']++))?+"
)
_CLOSING: Final = re.compile(
    rb"</body[ \t\n\r\f]*+>[ \t\n\r\f]*+(?:</(?i:html)[ \t\n\r\f]*+>[ \t\n\r\f]*+)?+\Z"
)
_MARKUP: Final = re.compile(rb"<[a-z/!?]")


def untouchable(head: bytes) -> str | None:
    """Tells from its first bytes whether a document must stay as it is.

    :param head: the document's beginning, as much of it as is known.
    :return: `amp` or `charset` when it must, an empty string when it need not, None while more
        bytes could still change the answer (never once `HEAD_BYTES` are given).
    """
    # Pages of a site begin alike, so their beginnings are judged once each.
    end = head.find(b">", head.find(b"<html", 0, HEAD_BYTES), HEAD_BYTES) + 1
    if end and _is_plain(head[:end]):
        return ""
    tag = _HTML_TAG.match(head, 0, HEAD_BYTES)
    if tag is not None:
        return "amp" if _is_amp(tag[1] or b"") else ""
    if head.startswith(_BYTE_ORDER_MARKS):
        return "charset"
    if len(head) >= HEAD_BYTES:
        return ""
    before = _BEFORE_HTML.match(head)
    rest = head[before.end() if before else 0 :][:5].lower()
    undecided = b"<html".startswith(rest) or rest.startswith((b"<!", b"<?"))
    return None if undecided or len(head) < 3 else ""


@lru_cache(maxsize=128)
def _is_plain(beginning: bytes) -> bool:
    tag = _HTML_TAG.fullmatch(beginning)
    return tag is not None and not _is_amp(tag[1] or b"")


def _is_amp(attributes: bytes) -> bool:
    names = {found[1].lower() for found in _ATTRIBUTE.finditer(attributes)}
    return not names.isdisjoint(_AMP)


def after_snippet(chunk: bytes) -> int | None:
    """Tells how much of a document the snippet goes before.

    Only the end is looked at: a search for `</body>` finds it in scripts, comments and attributes.

    :param chunk: the document's last chunk.
    :return: bytes from the closing `</body>` that ends the document, else 0; None when the
        document ends within a tag or comment, whose text the snippet would become.
    """
    found = chunk.rfind(b"</body>", -TAIL_BYTES)
    if found >= 0:
        tail = chunk[found:]
        if _closes(tail):
            return len(tail)
    tail = chunk[-TAIL_BYTES:].lower()
    found = tail.rfind(b"</body")
    if found >= 0 and _CLOSING.match(tail, found):
        return len(tail) - found
    opened = tail.rfind(b"<")
    within = opened > tail.rfind(b">") and _MARKUP.match(tail, opened)
    return None if within else 0


@lru_cache(maxsize=128)
def _closes(tail: bytes) -> bool:
    return _CLOSING.match(tail) is not None
