"""From a request to an event for the ledger: the page, its labels and the audience."""

from __future__ import annotations

import string

from starlette.requests import HTTPConnection
from starlette.types import Scope

from adguard.audience import Audience
from adguard.ledger import Event
from adguard.services import Services
from adguard.settings import LabelHook

LONGEST_LABEL = 40
_ID_LETTERS = frozenset(string.ascii_letters + string.digits + "-_")


def check_id(text: str, today: int) -> None:
    """Refuses what a browser cannot have minted as the id of an event of these days.

    :param today: the UTC day, counted from 1970-01-01.
    :raises ValueError: says what is wrong.
    """
    day, _, rest = text.partition("-")
    # Written in another way, a day would not be known again on the next one.
    named = day.isdigit() and day[0] != "0"
    if not (named and 16 <= len(rest) <= 40 and _ID_LETTERS.issuperset(text)):
        raise ValueError(
            "The event id is not a UTC day, a hyphen, and 16 to 40 URL-safe characters."
        )
    if not -2 <= int(day) - today <= 1:
        raise ValueError("The event id's day is not within two days of today.")


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
