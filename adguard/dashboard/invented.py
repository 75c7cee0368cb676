"""Figures of a newspaper that does not exist: for looking at the dashboard before there are any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import sin
from random import Random

from adguard._version import __version__
from adguard.ledger.events import DAY, HOUR, Event

__all__ = ["SITE", "invent_day"]

SITE = "demo"
VIEWS = 2400
"""Page views on a usual day."""

# How much of the traffic, and how many of its views are behind a blocker.
BROWSERS = {
    ("Chrome", "desktop"): (24, 0.36),
    ("Chrome", "phone"): (23, 0.07),
    ("Safari", "phone"): (19, 0.12),
    ("Firefox", "desktop"): (12, 0.55),
    ("Edge", "desktop"): (9, 0.27),
    ("Safari", "desktop"): (6, 0.22),
    ("Samsung Internet", "phone"): (4, 0.19),
    ("Safari", "tablet"): (3, 0.14),
}
COUNTRIES = {"DE": 46, "AT": 17, "CH": 12, "NL": 8, "FR": 6, "PL": 4, "": 7}
STORIES = {
    "city": ("the-last-ferry", "night-buses-return", "a-bridge-too-narrow", "harbour-budget"),
    "markets": ("grain-falls", "who-owns-the-cranes", "rates-explained"),
    "culture": ("an-organ-tuned", "the-tide-museum", "letters-found", "summer-of-kites"),
    "sport": ("rowers-win-by-a-length", "the-long-season"),
    "opinion": ("leave-the-trees", "a-quieter-square"),
    "": ("",),
}
POPULAR = {"city": 34, "markets": 14, "culture": 17, "sport": 15, "opinion": 9, "": 11}
HOURS = (2, 1, 1, 1, 1, 3, 7, 11, 12, 11, 10, 10, 11, 10, 9, 9, 9, 10, 12, 13, 12, 10, 7, 4)
WEEK = (1.0, 1.04, 1.02, 1.03, 0.98, 0.78, 0.86)  # the week of day 0 began on a Thursday
QUIET = {
    "first-view": 30,
    "not-yet": 18,
    "quiet-later": 24,
    "asked-this-visit": 14,
    "never": 8,
    "supported": 3,
    "free-view": 3,
}
ANSWERS = {"": 34, "later": 45, "never": 6, "not-blocking": 1, "allow": 10, "support": 4}
SHORT_ANSWERS = {"": 30, "later": 44, "never": 5, "not-blocking": 1, "allow": 16, "support": 4}
ARMS = {"asked": 60, "short-copy": 30, "holdout": 10}


@dataclass
class _Day:
    day: int
    random: Random
    version: str
    found: list[Event] = field(default_factory=list)


def invent_day(day: int, seed: int = 1, until: int | None = None) -> list[Event]:
    """Returns all that happened on a day, oldest first: the same for the same day and seed.

    :param day: counted from 1970-01-01.
    :param until: Unix seconds at which the day is cut off.
    """
    here = _Day(day, Random(f"{seed}/{day}"), _version(day))  # noqa: S311 -- not for secrets
    season = 1 + 0.08 * sin(day / 23) + here.random.gauss(0, 0.03)
    for _ in range(round(VIEWS * WEEK[day % 7] * season)):
        here.found += _view(here)
    served = round(len(here.found) / 24)
    for hour in range(24):
        moment = day * DAY + hour * HOUR
        event = partial(Event, "", SITE, moment, version=here.version)
        here.found.append(event(kind="served", count=served))
    found = sorted(here.found, key=lambda event: event.at)
    return found if until is None else [event for event in found if event.at <= until]


def _version(day: int) -> str:
    """Settings change now and then, baits and package less often."""
    baits, settings = f"{day // 53:08x}", f"{day // 17:08x}"
    return f"{__version__} {baits} {settings}"


def _pick(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def _view(here: _Day) -> Iterator[Event]:
    """One page view and all that comes of it."""
    random = here.random
    parts = [part for part, _ in BROWSERS.values()]
    (browser, device), (_, rate) = random.choices(list(BROWSERS.items()), parts)[0]
    section = _pick(random, POPULAR)
    hour = random.choices(range(24), HOURS)[0]
    slug = random.choice(STORIES[section])
    event = partial(
        Event,
        "",
        SITE,
        here.day * DAY + hour * HOUR + random.randrange(HOUR),
        path=f"/{section}/{slug}" if section else "/",
        section=section,
        country=_pick(random, COUNTRIES),
        browser=browser,
        device=device,
        version=here.version,
    )
    rate *= 1 + 0.1 * sin(here.day / 11) + (0.05 if here.day // 17 % 2 else 0)
    if random.random() < 0.014:
        yield event(kind="measured")
        if random.random() < 0.6:
            yield event(kind="view", verdict="unknown", reason="unknown", action="none")
    elif random.random() < rate:
        yield from _blocked(random, event)
    elif random.random() < 0.45:
        yield event(kind="remembered")
    else:
        yield event(kind="measured")
        known = "protection" if random.random() < 0.05 else "clear"
        yield event(kind="view", verdict=known, reason=known, action="none")


def _blocked(random: Random, event: partial[Event]) -> Iterator[Event]:
    verdict = "network" if random.random() < 0.16 else "extension"
    arm = _pick(random, ARMS)
    held_out = arm == "holdout"
    at = partial(event, variant=arm)
    view = partial(
        at,
        kind="view",
        verdict=verdict,
        fresh=random.random() < 0.4,
        assigned=random.random() < 0.09,
    )
    yield at(kind="measured")
    if not held_out and random.random() < 0.16:
        yield view(reason="ask", action="notice", form="inline")
        answers = SHORT_ANSWERS if arm == "short-copy" else ANSWERS
        yield from _asked(random, partial(at, verdict=verdict, form="inline"), answers)
    else:
        reason = "holdout" if held_out else _pick(random, QUIET)
        yield view(reason=reason, action="none")
    if random.random() < 0.0009:
        yield at(kind="measured")
        yield at(kind="view", verdict="clear", reason="clear", action="none", cleared=True)


def _asked(random: Random, at: partial[Event], answers: dict[str, int]) -> Iterator[Event]:
    if random.random() < 0.19:
        return
    yield at(kind="seen")
    answer = _pick(random, answers)
    if answer:
        yield at(kind="choice", choice=answer)
    if answer == "support" and random.random() < 0.6:
        yield at(kind="choice", choice="way")
    if answer == "support" and random.random() < 0.3:
        yield at(kind="supported")
    if answer != "allow" or random.random() < 0.35:
        return
    clear = partial(at, verdict="clear", reason="clear")
    yield clear(kind="recheck", action="thanks")
    if random.random() < 0.86:
        yield at(kind="measured")
        yield clear(kind="view", action="none", form="", choice="verified", cleared=True)
        for _ in range(random.randrange(5)):
            yield clear(kind="remembered", form="")
    else:
        yield at(kind="measured")
        yield at(
            kind="view", action="none", reason="quiet-pressed", choice="verify-failed", form=""
        )
