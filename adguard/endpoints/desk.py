"""`dashboard`: the figures in a browser, where the settings say who may read them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from adguard.dashboard import Dashboard, Gate
from adguard.experiment import true_shares
from adguard.services import Services, base_of
from adguard.settings import Settings

__all__ = ["Desk"]

NAME = "dashboard"


class Desk:
    """The dashboard below the prefix; without an authenticator or a password there is none."""

    def __init__(self, services: Services) -> None:
        settings = services.settings
        self._base = f"{settings.prefix}/{NAME}"
        self._app: Dashboard | None = None
        if settings.dashboard is not None or settings.dashboard_password:
            self._app = Dashboard(
                lambda: services.ledger.store,
                Gate(
                    authenticator=settings.dashboard,
                    password=settings.dashboard_password,
                    keys=settings.keys,
                    clock=services.clock,
                ),
                origin=settings.origin,
                publisher=settings.publisher,
                rpm=settings.rpm,
                currency=settings.currency,
                shares=_shares(settings),
                clock=services.clock,
            )

    def holds(self, name: str) -> bool:
        """Whether the path below the prefix is the dashboard's."""
        return self._app is not None and name.partition("/")[0] == NAME

    async def respond(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request for a path that it holds."""
        if self._app is not None:
            base = base_of(scope) + self._base
            await self._app.respond(name.partition("/")[2].strip("/"), base, scope, receive, send)


def _shares(settings: Settings) -> dict[str, Mapping[str, float]]:
    if not settings.arms.drawn:
        return {}
    dealt = true_shares(settings.holdout, settings.arms.shares, settings.site)
    return {settings.site: dealt}
