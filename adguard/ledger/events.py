"""What happened, as one small record: the unit of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

__all__ = ["DAY", "HOUR", "Batch", "Event", "decode", "dedupe_key", "encode", "tidy"]

HOUR = 3600
DAY = 86400
KEEP_IDS = 2
"""Days after which an event id is forgotten, counted after the day it belongs to."""


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that happened on one page view. Holds nothing that identifies a reader.

    Batches of an older version are still read after an upgrade, so new fields go to the end and
    have a default.

    :param id: `<UTC day number>-<random>`, minted by the browser and kept when it sends the
        event again; empty for what the server saw itself (never a duplicate).
    :param site: the configured name of the site, never a Host header.
    :param at: server time, Unix seconds.
    :param kind: `measured` (the control was asked) · `view` (a verdict was reported) ·
        `remembered` (a view under a recent clear verdict; counts as measured and clear) ·
        `recheck` · `seen` · `choice` · `interstitial` (the server served one) · `supported` (a
        supporter pass was granted) · `served` (pages went out; `count` says how many) ·
        `unanswered` (a page on which no consent tool answered; nothing was measured).
    :param verdict: a verdict, or empty where none is known.
    :param reason: the decision's reason code.
    :param action: `none` · `notice` · `interstitial` · `thanks`.
    :param form: `inline` · `banner` · `dialog` · empty.
    :param choice: `allow` · `support` · `later` · `never` · `not-blocking`; `way` (a way to support
        was opened); `verified` or `verify-failed` on the report that proved or disproved an earlier
        "allow"; else empty.
    :param path: the page's path; a query string or fragment is cut off before anything is kept.
    :param sample: the share of page views that is measured, above 0 and at most 1.
    :param version: what was in force: `<package version> <baits digest> <settings digest>`.
    :param fresh: the first report of a UTC day by a reader who has or gets a cookie.
    :param assigned: a bucket of the hold-out was drawn for this reader.
    :param cleared: the first clear view of a reader who was blocking.
    :param count: how many of them this event stands for; 1 but for `served`.
    """

    id: str
    site: str
    at: int
    kind: str
    verdict: str = ""
    reason: str = ""
    action: str = ""
    form: str = ""
    choice: str = ""
    path: str = ""
    section: str = ""
    country: str = ""
    browser: str = ""
    device: str = ""
    variant: str = ""
    sample: float = 1.0
    version: str = ""
    fresh: bool = False
    assigned: bool = False
    cleared: bool = False
    count: int = 1


class Batch(msgspec.Struct, frozen=True):
    """Events that were committed together; never cut again.

    :param node: the database file the batch was written to.
    :param seq: its number there; never used twice.
    """

    node: str
    seq: int
    events: Sequence[Event]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Event])


def encode(events: Iterable[Event]) -> bytes:
    """Packs events for the journal."""
    return _encoder.encode(list(events))


def decode(packed: bytes) -> list[Event]:
    """Unpacks what `encode` packed.

    :raises msgspec.DecodeError: the bytes are not a batch.
    """
    return _decoder.decode(packed)


def tidy(event: Event) -> Event:
    """Takes out what must never be stored: query strings, fragments, text that is not text."""
    changes: dict[str, str] = {}
    if "?" in event.path or "#" in event.path:
        changes["path"] = event.path.partition("?")[0].partition("#")[0]
    for name in event.__struct_fields__:
        value = changes.get(name, getattr(event, name))
        if isinstance(value, str) and not value.isascii():
            encodable = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if encodable != value:
                changes[name] = encodable
    return msgspec.structs.replace(event, **changes) if changes else event


@lru_cache(maxsize=8)
def _recent(day: int) -> frozenset[str]:
    return frozenset(f"{d}-" for d in range(day - KEEP_IDS, day + 2))


def dedupe_key(event: Event) -> str:
    """The key under which an event's id is remembered.

    It always starts with a day near the server's own, so that forgetting is one cheap range:
    an id with a foreign beginning is remembered under the day on which it came.
    """
    day = event.at // DAY
    if event.id[:6] in _recent(day) and len(event.id) <= 64:
        return event.id
    return f"{day}-~{event.id[:64]}"


def forgotten_before(now: float) -> str:
    """The smallest key that is still remembered at a time given in Unix seconds."""
    return f"{int(now) // DAY - KEEP_IDS}-"
