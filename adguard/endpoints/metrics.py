"""`GET metrics`: figures for Prometheus, where the option `metrics` is on."""

from __future__ import annotations

from starlette.types import Receive, Scope

from adguard.endpoints.http import Answer, Refusal
from adguard.services import Services


async def metrics(services: Services, scope: Scope, receive: Receive) -> Answer:
    if services.exposition is None:
        raise Refusal(404, "There is nothing here.")
    media_type, body = await services.scrapes.run(services.exposition.expose)
    return Answer(200, media_type, body)
