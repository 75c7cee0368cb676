"""From a request to an event for the ledger: the page, its labels and the audience."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from adguard.audience import Audience
from adguard.ledger import Event
from adguard.services import Services

LONGEST_LABEL = 40


def event_of(
    services: Services,
    scope: Scope,
    kind: str,
    path: str,
    audience: Audience,
    *,
    now: float,
    **values: Any,
) -> Event:
    """Returns an event of `kind` about the page at `path`.

    :param path: decoded, without query.
    :param now: seconds since the epoch, UTC.
    :param values: further fields of `Event`; without an `id` it is never a duplicate.
    """
    return Event(
        site=services.settings.site,
        at=int(now),
        kind=kind,
        path=path,
        section=_label(services, scope, "section", path),
        country=_label(services, scope, "country", path),
        browser=audience.browser,
        device=audience.device,
        sample=services.settings.sample,
        version=services.assets.version,
        **{"id": "", **values},
    )


def _label(services: Services, scope: Scope, name: str, path: str) -> str:
    """Returns what the publisher's hook `name` (`section` or `country`) says of the page at
    `path`, cut to 40 printable characters; empty when there is no hook or it fails."""
    hook = getattr(services.settings, name)
    if hook is None:
        return ""
    try:
        text = hook(HTTPConnection({**scope, "path": path, "raw_path": path.encode()}))
    except Exception as error:
        services.tally.count_fault(name, error)
        return ""
    if not isinstance(text, str):
        return ""
    return "".join(char for char in text if char.isprintable())[:LONGEST_LABEL]
