"""The start of an answer: may the page change, and what must the headers say then?"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, Final

from starlette.types import Message

from adguard.injection.headers import choose_nonce, media_kind, refuses
from adguard.injection.kit import Kit
from adguard.injection.request import PageRequest

logger = logging.getLogger("adguard")

START: Final = "http.response.start"
DIGESTS: Final = frozenset({b"content-md5", b"digest", b"content-digest", b"repr-digest"})
OPT_OUT: Final = b"site-note"

EMPTY: Final = "empty"

_TYPE: Final = b"content-type"
_LENGTH: Final = b"content-length"
_TAG: Final = b"etag"
_POLICY: Final = b"content-security-policy"
_REPORTED: Final = b"content-security-policy-report-only"
_UNTRUE: Final = DIGESTS | {b"last-modified", b"accept-ranges", OPT_OUT}
_IS_TYPE, _IS_LENGTH, _IS_TAG, _IS_VETO, _IS_OTHER = range(5)
_ROLES: Final = {
    **dict.fromkeys(_UNTRUE | {_POLICY, _REPORTED}, _IS_OTHER),
    b"cache-control": _IS_VETO,
    b"content-disposition": _IS_VETO,
    b"content-encoding": _IS_VETO,
    b"content-range": _IS_VETO,
    b"x-accel-redirect": _IS_VETO,
    b"x-sendfile": _IS_VETO,
    _TYPE: _IS_TYPE,
    _LENGTH: _IS_LENGTH,
    _TAG: _IS_TAG,
}


Fields = list[Any] | tuple[Any, ...]
Change = tuple[Message, bytes, int | None]


def change(message: Message, page: PageRequest, kit: Kit) -> Change | str | None:
    """Reads the start of an answer and decides what becomes of it.

    One pass and few calls: this is most of what an injection costs.

    :param message: the start, made `readable`.
    :return: the new start, the snippet, and the length (bytes) the app declared or None; a short
        reason when the page must stay as it is; None when the answer is no page.
    """
    fields: Fields = message.get("headers") or ()
    media = length_at = tag_at = None
    doubts: list[Any] = []
    others: list[Any] = []
    for at, field in enumerate(fields):
        role = _ROLES.get(field[0].lower())
        if role is None:
            continue
        if role == _IS_TYPE and media is None:
            media = media_kind(field[1])
        elif role == _IS_LENGTH and length_at is None and field[1].isdigit() and field[1] != b"0":
            length_at = at
        elif role == _IS_TAG and tag_at is None:
            tag_at = at
        elif role == _IS_OTHER:
            others.append(field)
        else:
            doubts.append(field)
    status = message["status"]
    if media is None or status == 304:
        return None
    reason = media or _objection(status, doubts, others)
    if reason:
        return reason
    snippet = kit.snippet_for(page.root_path, _nonce(others) if others else None)
    kept = list(fields)
    declared = None
    if length_at is not None:
        name, value = fields[length_at]
        declared = int(value)
        kept[length_at] = (name, b"%d" % (declared + len(snippet)))
    if tag_at is not None:
        name, value = fields[tag_at]
        kept[tag_at] = (name, kit.suffix.add(value))
    if others:
        kept = [field for field in kept if field[0].lower() not in _UNTRUE]
    return {**message, "headers": kept}, snippet, declared


def untouched(message: Message, page: PageRequest) -> Message:
    """Gives the `readable` start for a body that stays as it is.

    A 304 gets the entity tag back under which the client knows the page.
    """
    message = without_opt_out(message)
    if message["status"] != 304 or not page.known_tags:
        return message
    fields: Fields = message.get("headers") or ()
    tags = [value for name, value in fields if name.lower() == _TAG]
    known = page.known_tags.get(tags[0].removeprefix(b"W/")) if len(tags) == 1 else None
    if known is None:
        return message
    kept = [
        (field[0], known) if name == _TAG else field
        for field in fields
        if (name := field[0].lower()) not in _UNTRUE
    ]
    return {**message, "headers": kept}


def _objection(status: int, doubts: Fields, others: Fields) -> str:
    """Names why status or header fields keep the body from being changed, or nothing."""
    if status != 200:
        return "status"
    for name, value in doubts:
        reason = _veto(name, value)
        if reason:
            return reason
    for name, value in others:
        if name.lower() == OPT_OUT and value.strip().lower() == b"off":
            return "opted-out"
    return ""


def _nonce(fields: Fields) -> bytes | None:
    enforced = [value for name, value in fields if name.lower() == _POLICY]
    reported = [value for name, value in fields if name.lower() == _REPORTED]
    nonce = choose_nonce(enforced, reported)
    if logger.isEnabledFor(logging.DEBUG) and refuses(enforced, nonce):
        logger.debug("The page's Content-Security-Policy keeps our script out: %r", enforced)
    return nonce


@lru_cache(maxsize=256)
def _veto(name: bytes, value: bytes) -> str:
    """Names why one header field keeps the body from being changed, or nothing."""
    value = value.strip().lower()
    reasons = {
        b"cache-control": "no-transform" if b"no-transform" in value else "",
        b"content-disposition": "attachment" if value.startswith(b"attachment") else "",
        b"content-encoding": "" if value in {b"", b"identity"} else "encoding",
        b"content-range": "range",
        # The front server sends a body of its own.
        b"x-accel-redirect": "file",
        b"x-sendfile": "file",
        # The second of its kind, or no number.
        _TYPE: "headers",
        _LENGTH: EMPTY if value == b"0" else "headers",
        _TAG: "headers",
    }
    return reasons.get(name.lower(), "")


def readable(message: Message) -> Message:
    """Gives a message with its header fields in a list or tuple.

    ASGI allows any iterable, and one that runs dry must still be there for the server.
    """
    fields = message.get("headers")
    if fields is None or isinstance(fields, (list, tuple)):
        return message
    return {**message, "headers": list(fields)}


def without_opt_out(message: Message) -> Message:
    """Gives a `readable` message without the header that is for us only."""
    for name, _ in message.get("headers") or ():
        if len(name) == len(OPT_OUT) and name.lower() == OPT_OUT:
            kept = [field for field in message["headers"] if field[0].lower() != OPT_OUT]
            return {**message, "headers": kept}
    return message
