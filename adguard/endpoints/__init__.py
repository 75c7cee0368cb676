"""The routes under the prefix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.types import Receive, Scope, Send

from adguard.assets import Asset
from adguard.endpoints.choice import choice
from adguard.endpoints.control import control
from adguard.endpoints.desk import Desk
from adguard.endpoints.health import health
from adguard.endpoints.http import Answer, Gone, Refusal, answer_page, headers_of, refused
from adguard.endpoints.metrics import metrics
from adguard.endpoints.passes import pass_page
from adguard.endpoints.preview import Showroom
from adguard.endpoints.readable import article_before, help_page, note, preferences, visit_of
from adguard.endpoints.report import ReportEndpoint
from adguard.endpoints.support import support_page, way
from adguard.services import Services

__all__ = ["Endpoints"]

Handler = Callable[[Scope, Receive], Awaitable[Answer]]
GET = frozenset({"GET", "HEAD"})
POST = frozenset({"POST"})
MESSAGES = {
    400: "bad-request",
    403: "forbidden",
    404: "not-found",
    405: "method",
    413: "too-large",
    415: "unsupported",
    429: "too-many",
    503: "unavailable",
}


class Endpoints:
    """Answers everything below the prefix; bad input gets one clear sentence and is counted."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._rooms = (Desk(services), Showroom(services))
        self._handlers: dict[str, tuple[frozenset[str], Handler]] = {
            "control": (GET, partial(control, services)),
            "report": (POST, ReportEndpoint(services)),
            "choice": (POST, partial(choice, services)),
            "note": (GET, partial(note, services)),
            "help": (GET, partial(help_page, services)),
            "support": (GET, partial(support_page, services)),
            "pass": (GET | POST, partial(pass_page, services)),
            "way": (GET, partial(way, services)),
            "preferences": (GET, partial(preferences, services)),
            "health": (GET, partial(health, services)),
            "metrics": (GET, partial(metrics, services)),
        }

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request for `name`, the path below the prefix without a leading slash."""
        room = next((room for room in self._rooms if room.holds(name)), None)
        asset: Asset | None = None
        answer: Answer | None = None
        try:
            entry = self._handlers.get(name)
            if entry is not None:
                methods, handler = entry
                _require_method(scope, methods)
                answer = await handler(scope, receive)
            elif room is None:
                asset = self._services.assets.find(name)
                if asset is None:
                    raise Refusal(404, "There is nothing here.")  # noqa: TRY301
                _require_method(scope, GET)
        except Gone:
            return
        except Refusal as refusal:
            self._services.tally.count_refused(refusal.status)
            answer = self._refused(refusal, scope)
        except Exception as error:
            self._services.tally.count_fault(
                f"endpoint {name if name in self._handlers else 'file'}", error
            )
            failure = Refusal(500, "Something failed on our side; it has been noted.")
            answer = self._refused(failure, scope)
        if answer is not None:
            await answer.send(send, head=scope["method"] == "HEAD")
        elif asset is not None:
            await self._services.assets.respond(asset, scope, send)
        elif room is not None:
            await room.respond(name, scope, receive, send)

    def _refused(self, refusal: Refusal, scope: Scope) -> Answer:
        """Returns the refusal as a page where a person will read it, else as one plain line."""
        plain = refused(refusal)
        if b"text/html" not in headers_of(scope).get(b"accept", b""):
            return plain
        try:
            visit = visit_of(self._services, scope, {})
            topic = MESSAGES.get(refusal.status, "error")
            article = article_before(self._services, scope)
            page = self._services.pages.message(visit, topic, article=article)
        except Exception as error:
            self._services.tally.count_fault("message page", error)
            return plain
        shown = answer_page(page)
        return shown._replace(status=refusal.status, headers=shown.headers + refusal.headers)


def _require_method(scope: Scope, methods: frozenset[str]) -> None:
    if scope["method"] not in methods:
        allowed = ", ".join(sorted(methods)).encode()
        raise Refusal(405, "This address does not take that method.", (b"allow", allowed))
