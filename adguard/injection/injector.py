"""The Injector: reads the request and hands the app a `send` that knows what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard.injection import request
from adguard.injection.answer import Answer
from adguard.injection.kit import Kit, Snippet
from adguard.injection.start import OPT_OUT, readable, without_opt_out

OPT_OUT_LENGTH: Final = len(OPT_OUT)


class Injector:
    """Pure ASGI middleware that adds a snippet to pages and leaves everything else alone.

    No error of its own reaches the caller: the app's bytes go out as they are.

    :param on_skip: called with a short constant reason for each text/html answer to a page request
        that was left as it was.
    :param on_inject: called for each page that got the snippet.
    :param wanted: asked for each page request whether its answer is to be changed.
    :raises ValueError: when the snippet's version does not fit into an entity tag.
    """

    def __init__(
        self,
        app: ASGIApp,
        snippet: Snippet,
        *,
        on_skip: Callable[[str], None],
        on_inject: Callable[[], None],
        wanted: Callable[[Scope], bool] = lambda scope: True,
    ) -> None:
        self.app = app
        self._kit = Kit(snippet, on_skip, on_inject)
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or request.MARK in scope:
            await self.app(scope, receive, send)
            return
        page = None
        try:
            page = request.read(scope, self._kit.suffix)
            if page is not None and not self._wanted(scope):
                page.give_back()
                page = None
        except Exception as error:
            if page is not None:
                page.give_back()
                page = None
            self._kit.tell(error)
        if page is None:
            await self.app(scope, receive, _leaving_alone(send))
            return
        answer = Answer(self._kit, page, send)
        try:
            await self.app(scope, receive, answer.sender())
        finally:
            page.give_back()
        if answer.held is not None:
            await send(answer.held)


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
