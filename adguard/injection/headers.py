"""Header fields that decide whether and how an answer may change: pure functions over bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

_CHARSET: Final = re.compile(rb";[ \t]*charset[ \t]*=[ \t]*[\"']?([^\"';, \t]+)", re.IGNORECASE)
# Encodings in which ASCII bytes may mean something else; the labels are the WHATWG Encoding
# Standard's, and the ones browsers no longer know but servers still send.
_FOREIGN: Final = re.compile(
    rb"utf-?_?(?:7|16|32)|ucs-?[24]|unicode(?!-1-1-utf-8)|10646|2022|hz-gb|replacement|ebcdic"
    rb"|ibm-?037|cp-?037"
)
_ENTITY_TAG: Final = re.compile(rb"(?:W/)?\"[^\"]*+\"|\*")
_NONCE: Final = re.compile(rb"'nonce-([A-Za-z0-9+/_-]++={0,2})'", re.IGNORECASE)


@lru_cache(maxsize=256)
def media_kind(content_type: bytes) -> str | None:
    """Classifies a Content-Type.

    :return: None when it is not exactly `text/html`; `charset` when the encoding is not a superset
        of ASCII; else an empty string.
    """
    if content_type.partition(b";")[0].strip().lower() != b"text/html":
        return None
    found = _CHARSET.search(content_type)
    return "charset" if found and _FOREIGN.search(found[1].lower()) else ""


class TagSuffix:
    """The mark our entity tags carry, and its undoing.

    A changed body needs a tag of its own, and a weak one; the app must still meet the tag it gave
    out, strong or weak as it was, or it never answers 304 again.

    :param version: identifies the snippet; letters, digits, dots, underscores and hyphens.
    """

    def __init__(self, version: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", version):
            raise ValueError(f"snippet version {version!r} does not fit into an entity tag")
        self._strong = b"-" + version.encode() + b's"'
        self._weak = b"-" + version.encode() + b'w"'

    def add(self, tag: bytes) -> bytes | None:
        """Turns the app's tag into ours; None when it is no entity tag at all."""
        if tag[-1:] != b'"' or len(tag) < 2:
            return None
        if tag[:1] == b'"':
            return b"W/" + tag[:-1] + self._strong
        return tag[:-1] + self._weak if tag[:3] == b'W/"' else None

    def remove(self, tag: bytes) -> bytes | None:
        """Turns our tag back into the app's; None when it is not ours."""
        if not tag.startswith(b'W/"'):
            return None
        if tag.endswith(self._strong):
            return tag[2 : -len(self._strong)] + b'"'
        if tag.endswith(self._weak):
            return tag[: -len(self._weak)] + b'"'
        return None

    def reverse(self, field: bytes, *, drop_others: bool) -> tuple[bytes, dict[bytes, bytes]]:
        """Rewrites an If-None-Match.

        :param drop_others: whether tags that are not ours leave the field.
        :return: the field for the app, possibly empty, and which of its tags (without `W/`) the
            client knows under which of ours.
        """
        kept: list[bytes] = []
        known: dict[bytes, bytes] = {}
        for tag in _ENTITY_TAG.findall(field):
            original = self.remove(tag)
            if original is not None:
                kept.append(original)
                known[original.removeprefix(b"W/")] = tag
            elif not drop_others:
                kept.append(tag)
        return b", ".join(kept), known


def script_sources(policy: bytes) -> list[bytes] | None:
    """Gives the sources one policy allows for external scripts; None when it does not say."""
    directives: dict[bytes, list[bytes]] = {}
    for directive in policy.split(b";"):
        name, *sources = directive.split() or [b""]
        directives.setdefault(name.lower(), sources)
    for name in (b"script-src-elem", b"script-src", b"default-src"):
        if name in directives:
            return directives[name]
    return None


def choose_nonce(enforced: Sequence[bytes], reported: Sequence[bytes]) -> bytes | None:
    """Picks the nonce our script carries.

    :param enforced: values of Content-Security-Policy headers; each may hold several policies.
    :param reported: values of Content-Security-Policy-Report-Only headers.
    :return: the nonce of the first enforced policy that allows nothing else of ours, else any
        nonce there is, else None.
    """
    spare = None
    for sources in _each(enforced):
        nonce = _nonce(sources)
        if nonce is not None and not _open(sources):
            return nonce
        spare = spare or nonce
    return spare or next(filter(None, map(_nonce, _each(reported))), None)


def refuses(enforced: Sequence[bytes], nonce: bytes | None) -> bool:
    """Tells whether a policy surely keeps our same-origin script from running."""
    quoted = b"'nonce-%b'" % nonce if nonce else None
    return any(
        not _open(sources) and quoted not in {_canonical(source) for source in sources}
        for sources in _each(enforced)
    )


def _canonical(source: bytes) -> bytes:
    found = _NONCE.fullmatch(source)
    return b"'nonce-%b'" % found[1] if found else source


def _each(fields: Iterable[bytes]) -> Iterable[list[bytes]]:
    for field in fields:
        for policy in field.split(b","):
            sources = script_sources(policy)
            if sources is not None:
                yield sources


def _nonce(sources: list[bytes]) -> bytes | None:
    return next((found[1] for source in sources if (found := _NONCE.fullmatch(source))), None)


def _open(sources: list[bytes]) -> bool:
    """Whether a same-origin script may run without a nonce; a host may always be our own."""
    lowered = [source.lower() for source in sources]
    if b"'strict-dynamic'" in lowered:
        return False
    return any(source == b"'self'" or not source.startswith(b"'") for source in lowered)
