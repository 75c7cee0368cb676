"""The Injector: reads the request and hands the app a `send` that knows what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard.injection import request
from adguard.injection.answer import Answer
from adguard.injection.kit import Kit, Snippet
from adguard.injection.request import PageRequest
from adguard.injection.start import OPT_OUT, readable, without_opt_out

OPT_OUT_LENGTH: Final = len(OPT_OUT)


class Injector:
    """Pure ASGI middleware that adds a snippet to pages and leaves everything else alone.

    No error of its own reaches the caller: the app's bytes go out as they are.

    :param on_skip: called with a short constant reason for each text/html answer to a page request
        that was left as it was.
    :param on_inject: called for each page that got the snippet.
    :raises ValueError: when the snippet's version does not fit into an entity tag.
    """

    def __init__(
        self,
        app: ASGIApp,
        snippet: Snippet,
        *,
        on_skip: Callable[[str], None],
        on_inject: Callable[[], None],
    ) -> None:
        self.app = app
        self._kit = Kit(snippet, on_skip, on_inject)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self.read(scope) if scope["type"] == "http" else None
        if page is None:
            await self.app(scope, receive, send)
        else:
            await self.inject(page, scope, receive, send)

    def read(self, scope: Scope) -> PageRequest | None:
        """Gives the request as one for a page, to go on with `inject` or `leave_alone`; None when
        its answer is none of ours. Looking at those too would double what an image costs."""
        if request.MARK in scope:
            return None
        try:
            return request.read(scope, self._kit.suffix)
        except Exception as error:
            self._kit.tell(error)
            return None

    async def inject(self, page: PageRequest, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer, and adds the snippet if the answer is a page."""
        answer = Answer(self._kit, page, send)
        try:
            await self.app(scope, receive, answer.sender())
        finally:
            page.give_back()
        if answer.held is not None:
            await send(answer.held)

    async def leave_alone(
        self, page: PageRequest, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Lets the app answer as if we were not there, but for the opt-out header."""
        page.give_back()
        await self.app(scope, receive, _leaving_alone(send))


def _leaving_alone(send: Send) -> Send:
    """Wraps a `send` for answers that are none of ours: they only lose the opt-out header."""

    def send_on(message: Message) -> Awaitable[None]:
        if "headers" in message:
            try:
                for name, _ in (message := readable(message))["headers"]:
                    if len(name) == OPT_OUT_LENGTH and name.lower() == OPT_OUT:
                        message = without_opt_out(message)
                        break
            except Exception:
                return send(message)
        return send(message)

    return send_on
