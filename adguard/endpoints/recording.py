"""From a request to an event for the ledger: the page, its labels and the audience."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from adguard.audience import Audience
from adguard.ledger import Event
from adguard.services import Services
from adguard.settings import LabelHook

LONGEST_LABEL = 40


def event_of(
    services: Services,
    scope: Scope,
    kind: str,
    path: str,
    audience: Audience,
    *,
    now: float,
    id: str = "",  # noqa: A002
    sampled: bool = True,
    **values: Any,
) -> Event:
    """Returns an event of `kind` about the page at `path`.

    :param path: decoded, without query.
    :param now: seconds since the epoch, UTC.
    :param id: `<UTC day>-<random>`; without one, the event is never a duplicate.
    :param sampled: False for what happens to every reader, not only to the measured share.
    :param values: further fields of `Event`.
    """
    return Event(
        id=id,
        site=services.settings.site,
        at=int(now),
        kind=kind,
        path=path,
        section=_label(services, scope, services.settings.section, path),
        country=_label(services, scope, services.settings.country, path),
        browser=audience.browser,
        device=audience.device,
        sample=services.settings.sample if sampled else 1.0,
        version=services.assets.version,
        **values,
    )


def _label(services: Services, scope: Scope, hook: LabelHook | None, path: str) -> str:
    """Returns what a publisher's hook says of the page at `path`, cut to 40 printable characters;
    empty when there is no hook or it fails."""
    if hook is None:
        return ""
    try:
        text = hook(HTTPConnection({**scope, "path": path, "raw_path": path.encode()}))
    except Exception as error:
        services.tally.count_fault("section or country", error)
        return ""
    if not isinstance(text, str):
        return ""
    return "".join(char for char in text if char.isprintable())[:LONGEST_LABEL]
