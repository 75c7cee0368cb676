"""The routes under the prefix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.types import Receive, Scope, Send

from adguard.endpoints.choice import choice
from adguard.endpoints.control import control
from adguard.endpoints.health import health
from adguard.endpoints.http import Gone, Refusal, refuse
from adguard.endpoints.readable import help_page, note, preferences, support_page
from adguard.endpoints.report import ReportEndpoint
from adguard.services import Services

__all__ = ["Endpoints"]

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
GET = frozenset({"GET", "HEAD"})
POST = frozenset({"POST"})


class Endpoints:
    """Answers everything below the prefix; bad input gets one clear sentence and is counted."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._handlers: dict[str, tuple[frozenset[str], Handler]] = {
            "control": (GET, partial(control, services)),
            "report": (POST, ReportEndpoint(services)),
            "choice": (POST, partial(choice, services)),
            "note": (GET, partial(note, services)),
            "help": (GET, partial(help_page, services)),
            "support": (GET, partial(support_page, services)),
            "preferences": (GET, partial(preferences, services)),
            "health": (GET, partial(health, services)),
        }

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request for `name`, the path below the prefix without a leading slash."""
        started = False

        async def watched(message: dict[str, object]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._answer(name, scope, receive, watched)  # type: ignore[arg-type]
        except Gone:
            return
        except Refusal as refusal:
            self._services.tally.count_refused(refusal.status)
            await refuse(send, refusal)
        except Exception as error:
            self._services.tally.count_fault(f"endpoint {name[:40]}", error)
            if started:
                raise
            await refuse(send, Refusal(500, "Something failed on our side; it has been noted."))

    async def _answer(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        entry = self._handlers.get(name)
        if entry is None:
            asset = self._services.assets.find(name)
            if asset is None:
                raise Refusal(404, "There is nothing here.")
            _require_method(scope, GET)
            await self._services.assets.respond(asset, scope, send)
            return
        methods, handler = entry
        _require_method(scope, methods)
        await handler(scope, receive, send)


def _require_method(scope: Scope, methods: frozenset[str]) -> None:
    if scope["method"] not in methods:
        allowed = ", ".join(sorted(methods)).encode()
        raise Refusal(405, "This address does not take that method.", (b"allow", allowed))
