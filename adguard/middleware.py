"""The front door: our prefix, the interstitial, or the app's own answer with the snippet in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard.endpoints import Endpoints
from adguard.endpoints.interstitial import withhold
from adguard.endpoints.why import telling
from adguard.injection import Injector
from adguard.scope import Reader
from adguard.services import Services, full_path, route_of
from adguard.settings import Settings, build_settings

__all__ = ["AdGuardMiddleware"]

logger = logging.getLogger("adguard")


class AdGuardMiddleware:
    """ASGI middleware that knows, asks and counts.

    Mount it inside the compressor and, if `is_supporter` needs the user, inside authentication.

    :param app: any ASGI app.
    :param settings: a `Settings`; `options` replace its fields.
    :param options: fields of `Settings`; each may also come from `ADGUARD_<NAME>`.
    :raises SettingsError: naming the option that does not exist or cannot be used.
    """

    if TYPE_CHECKING:
        # Positional for type checkers: beside `**options`, frameworks' factories want it so. At run
        # time some frameworks pass `app=`.
        def __init__(
            self, app: ASGIApp, /, settings: Settings | None = None, **options: Any
        ) -> None:
            self.app = app

    else:

        def __init__(self, app, settings=None, **options):
            self._mount(app, settings, options)

    def _mount(self, app: ASGIApp, settings: Settings | None, options: dict[str, Any]) -> None:
        self.app = app
        self.services = Services(build_settings(settings, options))
        self._prefix = self.services.settings.prefix + "/"
        self._endpoints = Endpoints(self.services)
        self._injector = Injector(
            app,
            self.services.assets.snippet,
            on_skip=self.services.tally.count_skipped,
            on_inject=self.services.tally.count_injected,
        )
        self._automatic = self.services.settings.inject == "auto"
        self._withholds = self.services.settings.book.withholds
        self._tells = self.services.settings.debug
        if self._tells:
            logger.setLevel(logging.DEBUG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "adguard" in scope:
            if scope["type"] == "lifespan":
                await self._lifespan(scope, receive, send)
            else:
                await self.app(scope, receive, send)
            return
        try:
            if type(scope.get("headers")) is not list:
                _mend_headers(scope)
            route: str = route_of(scope) if scope.get("root_path") else scope["path"]
            ours = route.startswith(self._prefix)
            if not ours:
                scope["adguard"] = Reader(self.services, scope)
        except Exception as error:
            self.services.tally.count_fault("front door", error)
            await self.app(scope, receive, send)
            return
        if ours:
            await self._endpoints(route[len(self._prefix) :], scope, receive, send)
            return
        if self._tells:
            send = telling(self.services, scope, send)
        if self._withholds and await withhold(self.services, scope, send):
            return
        page = self._injector.read(scope) if self._automatic else None
        if page is None:
            await self.app(scope, receive, send)
            return
        if self._is_silent(scope):
            await self._injector.leave_alone(page, scope, receive, send)
        else:
            await self._injector.inject(page, scope, receive, send)

    def _is_silent(self, scope: Scope) -> bool:
        try:
            ruling, mode = self.services.ruling(full_path(scope))
        except Exception as error:
            self.services.tally.count_fault("front door", error)
            return True
        return mode == "off" or ruling.excluded

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Opens and closes the ledger with the app; without a lifespan it opens by itself."""

        async def watched(message: Message) -> None:
            try:
                if message["type"] == "lifespan.startup.complete":
                    self.services.ledger.open()
                elif message["type"] in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
                    await self.services.aclose()
            except Exception:
                logger.exception("The ledger failed with the app's lifespan; the app goes on")
            await send(message)

        await self.app(scope, receive, watched)


def _mend_headers(scope: Scope) -> None:
    """Lets a request's headers be read more than once: ASGI allows any iterable, and some gateways
    leave out what they have none of."""
    if not isinstance(scope.get("headers"), (list, tuple)):
        scope["headers"] = list(scope.get("headers") or ())
