"""From a request to an event for the ledger: the page, its labels and the audience."""

from __future__ import annotations

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
    verdict: str = "",
    reason: str = "",
    action: str = "",
    form: str = "",
    choice: str = "",
    variant: str = "",
    sampled: bool = True,
    fresh: bool = False,
    assigned: bool = False,
    cleared: bool = False,
) -> Event:
    """Returns an event of `kind` about the page at `path`; the fields are those of `Event`.

    :param path: decoded, without query.
    :param now: seconds since the epoch, UTC.
    :param id: `<UTC day>-<random>`; without one, the event is never a duplicate.
    :param sampled: False for what happens to every reader, not only to the measured share.
    """
    settings = services.settings
    section, country = settings.section, settings.country
    # By position: names would cost as much again as all the rest of this.
    return Event(
        id,
        settings.site,
        int(now),
        kind,
        verdict,
        reason,
        action,
        form,
        choice,
        path,
        _label(services, scope, section, path) if section is not None else "",
        _label(services, scope, country, path) if country is not None else "",
        audience.browser,
        audience.device,
        variant,
        settings.sample if sampled else 1.0,
        services.version,
        fresh,
        assigned,
        cleared,
    )


def _label(services: Services, scope: Scope, hook: LabelHook, path: str) -> str:
    """Returns what a publisher's hook says of the page at `path`, cut to 40 printable characters;
    empty when it fails."""
    try:
        text = hook(HTTPConnection({**scope, "path": path, "raw_path": path.encode()}))
    except Exception as error:
        services.tally.count_fault("section or country", error)
        return ""
    if not isinstance(text, str):
        return ""
    return "".join(char for char in text if char.isprintable())[:LONGEST_LABEL]
