"""One answer on its way through the Injector."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from starlette.types import Message, Send

from adguard.injection.kit import Kit
from adguard.injection.markup import HEAD_BYTES, after_snippet, untouchable
from adguard.injection.request import FILE_MESSAGES, PageRequest
from adguard.injection.start import (
    DIGESTS,
    EMPTY,
    START,
    change,
    readable,
    untouched,
    without_opt_out,
)

# Above this a second message costs a server less than a copy of the page.
JOIN_BYTES: Final = 262_144

BODY: Final = "http.response.body"
TRAILERS: Final = "http.response.trailers"

_WAITING, _LOOKING, _STREAMING, _DONE, _ASIDE = range(5)


class Answer:
    """Decides at the start, looks at the first bytes, adds the snippet to the last chunk.

    The start is held back only when it names a length, and only until the first chunk has shown
    that the page may be touched.

    :ivar held: the start not yet sent, if any.
    """

    __slots__ = (
        "_declared",
        "_head",
        "_kit",
        "_original",
        "_padding",
        "_page",
        "_seen",
        "_send",
        "_snippet",
        "_state",
        "held",
    )

    def __init__(self, kit: Kit, page: PageRequest, send: Send) -> None:
        self._kit = kit
        self._page = page
        self._send = send
        self._state = _WAITING
        self._original: Message | None = None
        self._declared: int | None = None
        self._padding = False
        self._head = b""
        self._seen = 0
        self.held: Message | None = None

    def sender(self) -> Send:
        """Gives the `send` for the app; what a message became is sent when its result is awaited.

        Plain functions, since chunks that only pass are most of the work.
        """
        send = self._send
        turn = self._turn
        passing = False

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal passing
            if passing and message.get("more_body", False):
                return send(message)
            try:
                out = turn(message)
            except Exception as error:
                self._kit.tell(error)
                out = self._step_aside(message, "fault")
            passing = self._state == _STREAMING and self._declared is None
            if len(out) == 1:
                return send(out[0])
            return _send_all(send, out)

        return send_on

    def _turn(self, message: Message) -> tuple[Message, ...]:
        state = self._state
        kind = message["type"]
        if kind == BODY:
            if state in (_LOOKING, _STREAMING):
                if message.get("more_body", False):
                    return self._chunk(message)
                return self._last(message)
        elif kind == START:
            if state == _WAITING:
                return self._start(message)
        elif kind == TRAILERS and state == _DONE:
            fields = [f for f in message.get("headers", ()) if f[0].lower() not in DIGESTS]
            return ({**message, "headers": fields},)
        elif kind in FILE_MESSAGES and state == _LOOKING:
            return self._step_aside(message, "file")
        return self._release(message)

    def _start(self, message: Message) -> tuple[Message, ...]:
        self._original = message = readable(message)
        outcome = change(message, self._page, self._kit)
        if outcome is None or isinstance(outcome, str):
            self._state = _ASIDE
            if outcome and not self._page.head:
                self._kit.skipped(outcome, self._page.path)
            return (untouched(message, self._page),)
        start, self._snippet, self._declared = outcome
        self._state = _LOOKING
        if self._declared is None:
            return (start,)
        self.held = start
        return ()

    def _chunk(self, message: Message) -> tuple[Message, ...]:
        body = message.get("body", b"")
        self._seen += len(body)
        if self._state == _LOOKING:
            plain = isinstance(body, bytes) and not self._head
            head = body if plain else self._head + bytes(body[:HEAD_BYTES])
            reason = untouchable(head)
            if reason:
                return self._step_aside(message, reason)
            if reason is None:
                self._head = head
            else:
                self._state = _STREAMING
        return self._release(message)

    def _last(self, message: Message) -> tuple[Message, ...]:
        body = message.get("body", b"")
        if not isinstance(body, bytes):
            body = bytes(memoryview(body))
        if self._state == _LOOKING:
            empty = not (body or self._seen or self._page.head)
            reason = EMPTY if empty else untouchable(self._head + body if self._head else body)
            if reason:
                return self._step_aside(message, reason)
        if self._page.head:
            self._state = _ASIDE
            return self._release(message)
        if self._declared is not None and self._seen + len(body) != self._declared:
            return self._step_aside(message, "length")
        behind = 0 if self._padding else after_snippet(body)
        if behind is None:
            return self._step_aside(message, "unfinished")
        out: tuple[Message, ...]
        if len(body) > JOIN_BYTES:
            out = _two(message, self._snippet)
        else:
            view = memoryview(body)
            at = len(body) - behind
            out = ({**message, "body": b"".join((view[:at], self._snippet, view[at:]))},)
        self._state = _DONE
        if not self._padding:
            self._kit.injected()
        if self.held is None:
            return out
        start, self.held = self.held, None
        return (start, *out)

    def _release(self, message: Message) -> tuple[Message, ...]:
        """Sends the held start first, if any; from then on its length is promised."""
        if self.held is None:
            return (message,)
        start, self.held = self.held, None
        return (start, message)

    def _step_aside(self, message: Message, reason: str) -> tuple[Message, ...]:
        """Leaves the page as it is; a length already promised is made up with white space."""
        state, self._state = self._state, _ASIDE
        if state == _DONE:
            return (message,)
        if not (self._page.head or self._padding):
            self._kit.skipped(reason, self._page.path)
        if state == _WAITING:
            return (self._original or message,)
        if self.held is not None and self._original is not None:
            self.held = None
            return (without_opt_out(self._original), message)
        promised = self._declared is not None and reason != "length" and not self._page.head
        if not promised or message["type"] != BODY:
            return (message,)
        padding = b" " * len(self._snippet)
        if not message.get("more_body", False):
            return _two(message, padding)
        self._state, self._padding, self._snippet = _STREAMING, True, padding
        return (message,)


async def _send_all(send: Send, messages: tuple[Message, ...]) -> None:
    for message in messages:
        await send(message)


def _two(message: Message, rest: bytes) -> tuple[Message, Message]:
    """Follows a body message, its body untouched, by the rest of the answer."""
    return {**message, "more_body": True}, {"type": BODY, "body": rest, "more_body": False}
