"""Header fields that decide whether and how an answer may change: pure functions over bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

QUOTE: Final = ord('"')

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

    def add(self, tag: bytes) -> bytes:
        """Turns the app's tag into ours; what is no entity tag becomes one that never matches."""
        if len(tag) < 2 or tag[-1] != QUOTE:
            return tag + self._strong[:-1]
        if tag[0] == QUOTE:
            return b"W/" + tag[:-1] + self._strong
        return tag[:-1] + self._weak

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


def choose_nonce(enforced: Sequence[bytes], reported: Sequence[bytes]) -> bytes | None:
    """Picks the nonce our script carries.

    :param enforced: values of Content-Security-Policy headers; each may hold several policies.
    :param reported: values of Content-Security-Policy-Report-Only headers.
    :return: the nonce of the first enforced policy that lets nothing else of ours run, else any
        nonce for scripts there is, else None.
    """
    spare = None
    for sources in map(_script_sources, _policies(enforced)):
        nonce = _nonce(sources)
        if nonce is not None and not _open(sources):
            return nonce
        spare = spare or nonce
    return spare or next(filter(None, map(_nonce, map(_script_sources, _policies(reported)))), None)


def refuses(enforced: Sequence[bytes], nonce: bytes | None) -> bool:
    """Tells whether a policy surely keeps our same-origin script from running."""
    for policy in _policies(enforced):
        sandbox = policy.get(b"sandbox")
        if sandbox is not None and b"allow-scripts" not in sandbox:
            return True
        sources = _script_sources(policy)
        nonces = {found[1] for source in sources or () if (found := _NONCE.fullmatch(source))}
        if not _open(sources) and nonce not in nonces:
            return True
    return False


def _policies(fields: Iterable[bytes]) -> Iterable[dict[bytes, list[bytes]]]:
    for policy in b",".join(fields).split(b","):
        directives: dict[bytes, list[bytes]] = {}
        for directive in policy.split(b";"):
            name, *values = directive.split() or [b""]
            directives.setdefault(name.lower(), values)
        yield directives


def _script_sources(policy: dict[bytes, list[bytes]]) -> list[bytes] | None:
    for name in (b"script-src-elem", b"script-src", b"default-src"):
        if name in policy:
            return policy[name]
    return None


def _nonce(sources: list[bytes] | None) -> bytes | None:
    found = (_NONCE.fullmatch(source) for source in sources or ())
    return next((match[1] for match in found if match), None)


def _open(sources: list[bytes] | None) -> bool:
    """Whether a same-origin script may run without a nonce; a host may always be our own."""
    if sources is None:
        return True
    lowered = [source.lower() for source in sources]
    if b"'strict-dynamic'" in lowered:
        return False
    return any(source == b"'self'" or not source.startswith(b"'") for source in lowered)
