"""For a publisher's own tests: a reader of your choice in `scope["adguard"]`, without cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.types import ASGIApp, Receive, Scope, Send

from adguard.detection import Verdict
from adguard.passes import LINK_MINUTES, PASS_DAYS
from adguard.policy import Action, Decision, Reason
from adguard.reader import ReaderState

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["FakeReader", "WithReader"]

SILENT = Decision(Action.NONE, Reason.CLEAR)


@dataclass
class FakeReader:
    """Stands in for `adguard.Reader`.

    :param verdict: what the app is to find.
    :param state: what the cookie is to remember.
    :param decision: what the policy is to have said.
    :param granted: days of every pass that the app granted, in order.
    :param linked: days of every pass that the app made a link for, in order.
    """

    verdict: Verdict = Verdict.CLEAR
    state: ReaderState | None = None
    decision: Decision = SILENT
    granted: list[int] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)

    def grant_pass(self, response: Response, *, days: int = PASS_DAYS) -> None:
        """Notes the pass in `granted`; `response` stays as it is."""
        self.granted.append(days)

    def pass_link(
        self,
        *,
        days: int = PASS_DAYS,
        minutes: int = LINK_MINUTES,
        about: str | None = None,
    ) -> str:
        """Notes the pass in `linked`; returns an address that leads to no pass."""
        self.linked.append(days)
        return "/_site/pass?code=fake"

    def snippet_tag(self, nonce: str | None = None) -> Markup:
        return Markup("")

    def monetization_tag(self) -> Markup:
        return Markup("")

    def withheld(self, selector: str) -> dict[str, object]:
        return {}

    def withheld_tag(self, selector: str, kind: str = "WebPage") -> Markup:
        return Markup("")


class WithReader:
    """ASGI middleware that puts `reader` where the app looks for one.

        client = TestClient(WithReader(app, FakeReader(Verdict.EXTENSION)))

    :param app: your app, without `AdGuardMiddleware`.
    """

    def __init__(self, app: ASGIApp, reader: FakeReader) -> None:
        self.app = app
        self.reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["adguard"] = self.reader
        await self.app(scope, receive, send)
