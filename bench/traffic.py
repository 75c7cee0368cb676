"""Ten million things that happened, made up from a seed as fast as Python can.

Three months of a newspaper: by day and night, five verdicts, twenty kinds of browser and device,
3,000 pages of which some are read much and most hardly, twelve sections, forty countries, three
releases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from adguard.ledger import Event
from adguard.ledger.events import DAY, HOUR

__all__ = ["CHUNK", "SITE", "Traffic"]

SITE = "default"
CHUNK = 50_000
"""Events that are made at once; also how many a node ships at once."""

PAGES = 3000
SECTIONS = ("city", "world", "money", "sport", "culture", "science", "opinion", "travel", "food",
            "weather", "games", "local")  # fmt: skip
COUNTRIES = tuple(f"{a}{b}" for a in "BCDFG" for b in "ABEILNRT")
BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 7, 8, 7, 6, 6, 7, 6, 5, 5, 5, 6, 7, 8, 8, 7, 5, 3)
"""How busy the hours of a day are."""


class Sort(NamedTuple):
    """One sort of event: what its fields say, and how many of a thousand are of it."""

    often: float
    kind: str
    verdict: str = ""
    reason: str = ""
    action: str = ""
    form: str = ""
    choice: str = ""
    variant: str = ""
    fresh: bool = False
    assigned: bool = False
    cleared: bool = False


SORTS = (
    Sort(460, "measured"),
    Sort(50, "remembered", "clear", "clear", "none"),
    Sort(250, "view", "clear", "clear", "none"),
    Sort(20, "view", "clear", "clear", "none", variant="asked", fresh=True),
    Sort(2, "view", "clear", "clear", "none", variant="asked", cleared=True),
    Sort(1, "view", "clear", "clear", "none", variant="holdout", cleared=True),
    Sort(2, "view", "clear", "clear", "none", choice="verified", variant="asked"),
    Sort(30, "view", "extension", "first-view", "none", variant="asked", fresh=True, assigned=True),
    Sort(5, "view", "extension", "holdout", "none", variant="holdout", fresh=True, assigned=True),
    Sort(30, "view", "extension", "ask", "notice", "dialog", variant="asked"),
    Sort(10, "view", "extension", "ask", "notice", "inline", variant="asked"),
    Sort(40, "view", "extension", "quiet-later", "none", variant="asked"),
    Sort(8, "view", "extension", "holdout", "none", variant="holdout"),
    Sort(10, "view", "extension", "asked-this-visit", "none", variant="asked"),
    Sort(10, "view", "network", "first-view", "none", variant="asked", fresh=True),
    Sort(6, "view", "network", "ask", "notice", "banner", variant="asked"),
    Sort(18, "view", "protection", "protection", "none"),
    Sort(10, "view", "unknown", "unknown", "none"),
    Sort(22, "seen", "extension", variant="asked"),
    Sort(9, "choice", "extension", choice="later", variant="asked"),
    Sort(2, "choice", "extension", choice="never", variant="asked"),
    Sort(4, "choice", "extension", choice="allow", variant="asked"),
    Sort(0.5, "choice", "extension", choice="support", variant="asked"),
    Sort(0.5, "choice", "extension", choice="not-blocking", variant="asked"),
    Sort(2, "recheck", "clear", "recheck", "thanks", variant="asked"),
    Sort(1, "recheck", "extension", "recheck", "none", variant="asked"),
    Sort(2, "interstitial", "extension", variant="asked"),
)

BROWSERS = {
    ("chrome", "desktop"): 30, ("chrome", "phone"): 22, ("chrome", "tablet"): 2,
    ("safari", "phone"): 16, ("safari", "desktop"): 7, ("safari", "tablet"): 3,
    ("firefox", "desktop"): 8, ("firefox", "phone"): 1, ("edge", "desktop"): 6,
    ("edge", "phone"): 0.2, ("samsung", "phone"): 3, ("samsung", "tablet"): 0.3,
    ("opera", "desktop"): 0.8, ("opera", "phone"): 0.5, ("brave", "desktop"): 0.6,
    ("vivaldi", "desktop"): 0.2, ("duckduckgo", "phone"): 0.4, ("other", "desktop"): 0.5,
    ("other", "phone"): 0.5, ("other", "other"): 0.2,
}  # fmt: skip


class Traffic:
    """Events of whole days, oldest first.

    :param first: the first day, counted from 1970-01-01.
    :param days: how many days they spread over, whatever their number.
    """

    def __init__(self, first: int, days: int, seed: int = 1) -> None:
        self._first = first
        self._days = days
        self._pick = random.Random(seed)
        self._serial = 0
        self._pages = [(f"/{_section(n)}/story-{n}", _section(n)) for n in range(PAGES)]
        self._read = list(accumulate(1 / (n + 3) for n in range(PAGES)))
        self._sorts = list(accumulate(sort.often for sort in SORTS))
        self._browsers = list(accumulate(BROWSERS.values()))
        self._countries = list(accumulate(1 / (n + 1) ** 2 for n in range(len(COUNTRIES))))

    def events(self, count: int, *, ids: bool = False) -> Iterator[list[Event]]:
        """Makes `count` events in lists of at most `CHUNK`.

        :param ids: whether browsers minted them, in the order of time but for a second or so;
            otherwise nothing is ever a duplicate.
        """
        moments = self._moments(count)
        for start in range(0, count, CHUNK):
            yield self._some(min(CHUNK, count - start), moments, ids=ids)

    def _some(self, count: int, moments: Iterator[int], *, ids: bool) -> list[Event]:
        choices, version = self._pick.choices, self._version
        sorts = choices(SORTS, cum_weights=self._sorts, k=count)
        browsers = choices(list(BROWSERS), cum_weights=self._browsers, k=count)
        pages = choices(self._pages, cum_weights=self._read, k=count)
        countries = choices(COUNTRIES, cum_weights=self._countries, k=count)
        names = self._ids(count) if ids else [""] * count
        # By position: names would take as long again as all the rest of this.
        return [
            Event(
                name, SITE, at, sort[1], sort[2], sort[3], sort[4], sort[5], sort[6], path, section,
                country, browser, device, sort[7], 1.0, version(at), sort[8], sort[9], sort[10],
            )
            for name, at, sort, (browser, device), (path, section), country in zip(
                names, moments, sorts, browsers, pages, countries, strict=False
            )
        ]  # fmt: skip

    def _moments(self, count: int) -> Iterator[int]:
        """The seconds at which events happen: as many in each hour as its share of the day."""
        total, made = self._days * sum(BY_HOUR), 0
        due = 0
        for hour in range(24 * self._days):
            due += BY_HOUR[hour % 24]
            here = count * due // total - made
            begins = self._first * DAY + hour * HOUR
            for n in range(here):
                yield begins + n * HOUR // here
            made += here

    def _ids(self, count: int) -> list[str]:
        pick, first = self._pick, self._serial
        self._serial += count
        day = self._first
        return [
            f"{day}-{40_000_000 + n + pick.randrange(1000)}{pick.getrandbits(64):016x}"
            for n in range(first, first + count)
        ]

    def _version(self, at: int) -> str:
        release = 3 * (at // DAY - self._first) // self._days
        return f"0.{release}.0 b7k2xq s9mfd{release}"


def _section(page: int) -> str:
    return SECTIONS[page % len(SECTIONS)]
