"""`preview`: every state that readers can meet, while `debug` is on."""

from __future__ import annotations

import anyio.to_thread
from starlette.types import Receive, Scope, Send

from adguard.preview import Preview
from adguard.services import Services, base_of

__all__ = ["Showroom"]

NAME = "preview"


class Showroom:
    """The contact sheet below the prefix; without `debug` there is none."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._base = f"{services.settings.prefix}/{NAME}"
        self._app: Preview | None = None

    def holds(self, name: str) -> bool:
        """Whether the path below the prefix is the preview's."""
        return self._settings.debug and name.partition("/")[0] == NAME

    async def respond(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request for a path that it holds; the first one makes the sheet."""
        if self._app is None:
            self._app = await anyio.to_thread.run_sync(Preview, self._settings)
        base = base_of(scope) + self._base
        await self._app.respond(name.partition("/")[2].strip("/"), base, scope, receive, send)
