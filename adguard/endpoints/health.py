"""`GET health`: how this process is doing, in numbers that name no reader."""

from __future__ import annotations

from starlette.types import Receive, Scope

from adguard._version import __version__
from adguard.endpoints.http import Answer, answer_json
from adguard.services import Services


async def health(services: Services, scope: Scope, receive: Receive) -> Answer:
    store = services.ledger.health()
    tally = services.tally.health()
    fine = store.get("status") == "ok" and not tally["recent_faults"]
    return answer_json(
        {
            "status": "ok" if fine else "degraded",
            "version": __version__,
            "mode": services.switch.current(),
            "store": store,
            **tally,
            "alerts": None if services.watch is None else services.watch.health(),
        },
    )
