"""The start of an answer: may the page change, and what must the headers say then?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from starlette.types import Message

from adguard.injection.headers import TagSuffix, choose_nonce, media_kind, refuses

logger = logging.getLogger("adguard")

START: Final = "http.response.start"
DIGESTS: Final = frozenset({b"content-md5", b"digest", b"content-digest", b"repr-digest"})
OPT_OUT: Final = b"site-note"

_TYPE: Final = b"content-type"
_LENGTH: Final = b"content-length"
_TAG: Final = b"etag"
_POLICY: Final = b"content-security-policy"
_REPORTED: Final = b"content-security-policy-report-only"
_UNTRUE: Final = DIGESTS | {b"last-modified", b"accept-ranges", OPT_OUT}
_VETOES: Final[dict[bytes, Callable[[bytes], str]]] = {
    b"cache-control": lambda value: "no-transform" if b"no-transform" in value else "",
    b"content-disposition": lambda value: "attachment" if value[:10] == b"attachment" else "",
    b"content-encoding": lambda value: "" if value in {b"", b"identity"} else "encoding",
    b"content-range": lambda _: "range",
    # The front server sends a body of its own.
    b"x-accel-redirect": lambda _: "file",
    b"x-sendfile": lambda _: "file",
    OPT_OUT: lambda value: "opted-out" if value == b"off" else "",
    _TYPE: lambda _: "doubled",
    _LENGTH: lambda _: "doubled",
    _TAG: lambda _: "doubled",
}

_IS_TYPE, _IS_LENGTH, _IS_TAG, _IS_VETO, _IS_OTHER = range(5)
_ROLES: Final = {
    **dict.fromkeys(_VETOES, _IS_VETO),
    **dict.fromkeys(_UNTRUE | {_POLICY, _REPORTED}, _IS_OTHER),
    _TYPE: _IS_TYPE,
    _LENGTH: _IS_LENGTH,
    _TAG: _IS_TAG,
}


class Start:
    """The start of an answer, its header fields read once.

    :param message: any `http.response.start`.
    :ivar message: the same with its fields in a sequence: ASGI allows any iterable, and one that
        runs dry must still be there for the server.
    """

    __slots__ = ("_fields", "_length_at", "_others", "_tag_at", "_type_at", "_vetoes", "message")

    def __init__(self, message: Message) -> None:
        self.message = message = readable(message)
        self._fields: list[Any] | tuple[Any, ...] = message.get("headers") or ()
        type_at = length_at = tag_at = None
        vetoes: list[int] = []
        others: list[int] = []
        for at, field in enumerate(self._fields):
            role = _ROLES.get(field[0].lower())
            if role is None:
                continue
            if role == _IS_VETO:
                vetoes.append(at)
            elif role == _IS_TYPE and type_at is None:
                type_at = at
            elif role == _IS_LENGTH and length_at is None:
                length_at = at
            elif role == _IS_TAG and tag_at is None:
                tag_at = at
            else:
                others.append(at)
        self._type_at = type_at
        self._length_at = length_at
        self._tag_at = tag_at
        self._vetoes = vetoes
        self._others = others

    def objection(self) -> str | None:
        """Names why the body must stay as it is, or nothing; None when this is no page at all."""
        media = None if self._type_at is None else media_kind(self._fields[self._type_at][1])
        if media is None or media:
            return media
        if self.message["status"] != 200:
            return "status"
        for at in self._vetoes + self._others:
            name, value = self._fields[at]
            veto = _VETOES.get(name.lower())
            if veto is not None and (reason := veto(value.strip().lower())):
                return reason
        if self._length_at is not None and not self._fields[self._length_at][1].isdigit():
            return "length"
        return ""

    def nonce(self) -> bytes | None:
        """Gives the nonce our script carries, and says so when the policies shut it out."""
        if not self._others:
            return None
        enforced = self._values(_POLICY)
        nonce = choose_nonce(enforced, self._values(_REPORTED))
        if logger.isEnabledFor(logging.DEBUG) and refuses(enforced, nonce):
            logger.debug("The page's Content-Security-Policy keeps our script out: %r", enforced)
        return nonce

    def changed(self, more: int, suffix: TagSuffix) -> tuple[Message, int | None]:
        """Gives the start for a body longer by `more` bytes, and the length the app declared."""
        kept = list(self._fields)
        declared = None
        if self._length_at is not None:
            name, value = kept[self._length_at]
            declared = int(value)
            kept[self._length_at] = (name, b"%d" % (declared + more))
        lost = [at for at in self._others if kept[at][0].lower() in _UNTRUE]
        if self._tag_at is not None:
            name, value = kept[self._tag_at]
            tag = suffix.add(value)
            if tag is None:
                lost.append(self._tag_at)
            else:
                kept[self._tag_at] = (name, tag)
        for at in sorted(lost, reverse=True):
            del kept[at]
        return {**self.message, "headers": kept}, declared

    def untouched(self, known_tags: dict[bytes, bytes]) -> Message:
        """Gives the start for a body that stays as it is.

        :param known_tags: a 304 with one of these tags gets the tag back that the client knows.
        """
        message = without_opt_out(self.message)
        if message["status"] != 304 or not known_tags or self._tag_at is None:
            return message
        known = known_tags.get(self._fields[self._tag_at][1].removeprefix(b"W/"))
        if known is None:
            return message
        kept = [
            (field[0], known) if name == _TAG else field
            for field in message["headers"]
            if (name := field[0].lower()) not in _UNTRUE
        ]
        return {**message, "headers": kept}

    def _values(self, name: bytes) -> list[bytes]:
        return [self._fields[at][1] for at in self._others if self._fields[at][0].lower() == name]


def readable(message: Message) -> Message:
    """Gives a start with its header fields in a list or tuple."""
    fields = message.get("headers")
    if fields is None or isinstance(fields, (list, tuple)):
        return message
    return {**message, "headers": list(fields)}


def without_opt_out(message: Message) -> Message:
    """Gives a `readable` start without the header that is for us only."""
    for field in message.get("headers") or ():
        if len(field[0]) == len(OPT_OUT) and field[0].lower() == OPT_OUT:
            kept = [other for other in message["headers"] if other[0].lower() != OPT_OUT]
            return {**message, "headers": kept}
    return message
