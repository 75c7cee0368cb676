"""What every store can do, and how one is named."""

# ruff: noqa: A002 -- `slice` is the word for it, and Python's own is not used here

from __future__ import annotations

import operator
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from adguard.ledger.events import DAY, Batch
from adguard.ledger.fold import COUNTERS, DIMENSIONS, WHOLE, Deltas

__all__ = [
    "EVERYTHING",
    "KEEP_DAYS",
    "SLICED",
    "Figures",
    "Parcel",
    "Point",
    "Row",
    "Slice",
    "Span",
    "Step",
    "Store",
    "Totals",
    "check_breakdown",
    "check_step",
    "total",
]

KEEP_DAYS = 760
"""Days that figures are kept: two years and a month, so that every month has its twin."""

Step = Literal["hour", "day"]

VIEWS = ("clear", "extension", "network", "protection", "unknown")


@dataclass(frozen=True)
class Span:
    """Whole UTC days, and whose.

    :param first: first day, counted from 1970-01-01.
    :param last: last day, included.
    :param site: one site's name, or `None` for all sites of the store.
    """

    first: int
    last: int
    site: str | None = None

    @classmethod
    def of(cls, since: float, until: float, site: str | None = None) -> Span:
        """Returns the whole days that hold the moments from `since` to `until` (Unix seconds).

        :raises ValueError: `until` is before `since`.
        """
        if until < since:
            first, last = (time.strftime("%Y-%m-%d", time.gmtime(at)) for at in (since, until))
            raise ValueError(f"the last day, {last}, is before the first, {first}")
        return cls(int(since // DAY), int(until // DAY), site)


SLICED = ("verdict", "browser", "device", "variant")
"""The dimensions that are kept together, so that one can be asked for within another."""


@dataclass(frozen=True)
class Slice:
    """Which views: those for which every value that is given here holds.

    :raises ValueError: a page together with something else; they are not kept together.
    """

    page: str | None = None
    browser: str | None = None
    device: str | None = None
    verdict: str | None = None
    variant: str | None = None

    def __post_init__(self) -> None:
        if self.page is not None and self.labels:
            raise ValueError(
                f"a page cannot be combined with {', '.join(self.labels)}: "
                "figures of pages are kept by themselves"
            )

    @property
    def labels(self) -> dict[str, str]:
        """The values asked for, by dimension, `page` aside."""
        asked = ((name, getattr(self, name)) for name in SLICED)
        return {name: value for name, value in asked if value is not None}


EVERYTHING = Slice()


def check_step(step: Step, slice: Slice) -> None:
    """Refuses what `Figures.block_rate` cannot answer.

    :raises ValueError: the step is none, or pages are asked for by the hour.
    """
    if step not in {"hour", "day"}:
        raise ValueError(f"{step!r} is neither 'hour' nor 'day'")
    if step == "hour" and slice.page is not None:
        raise ValueError("figures of a page are kept by the day, not by the hour")


def check_breakdown(dimension: str, slice: Slice) -> None:
    """Refuses what `Figures.breakdown` cannot answer.

    :raises ValueError: the dimension is none, or not kept together with what is asked for.
    """
    if dimension not in DIMENSIONS:
        raise ValueError(f"{dimension!r} is not one of {', '.join(DIMENSIONS)}")
    if slice.page is not None:
        raise ValueError(f"figures of a page are not kept by {dimension}")
    if slice.labels and dimension not in SLICED:
        raise ValueError(
            f"{dimension} is not kept together with {', '.join(slice.labels)}; "
            f"within them there are {', '.join(SLICED)}"
        )


@dataclass(frozen=True)
class Parcel:
    """What a number of events add to the figures, folded and admitted: the unit that is shipped.
    It never changes once it is made, so that sending it again can be recognised.

    :param node: the journal it comes from.
    :param seq: its number there, above 0 and below 2**63; never used twice. A node numbers either
        batches or parcels.
    :param shard: the shard it goes to, from 0, below the `Store.shards` of when it was made.
    """

    node: str
    seq: int
    shard: int
    deltas: Deltas


@dataclass(frozen=True)
class Totals:
    """Sums of the counters, by name.

    :param raw: how often something was observed.
    :param weighted: what that stands for: each observation counts 1/sample.
    """

    raw: dict[str, int]
    weighted: dict[str, float]

    @property
    def views(self) -> float:
        """Page views with a verdict, `unknown` included."""
        return sum(self.weighted[name] for name in VIEWS)


def total(rows: Iterable[tuple[int, tuple[int, ...]]]) -> Totals:
    """Adds up counters (in the order of `COUNTERS`) that were kept by their sampling share."""
    shares: dict[int, list[int]] = {}
    for ppm, row in rows:
        sums = shares.get(ppm)
        shares[ppm] = list(row) if sums is None else [*map(operator.add, sums, row)]
    if len(shares) == 1:
        ((ppm, sums),) = shares.items()
        raw = dict(zip(COUNTERS, sums, strict=True))
        return Totals(raw, {name: value * WHOLE / ppm for name, value in raw.items()})
    raw, weighted = dict.fromkeys(COUNTERS, 0), dict.fromkeys(COUNTERS, 0.0)
    for ppm in sorted(shares):
        for name, value in zip(COUNTERS, shares[ppm], strict=True):
            raw[name] += value
            weighted[name] += value * WHOLE / ppm
    return Totals(raw, weighted)


@dataclass(frozen=True)
class Row:
    """One value of a dimension and what was counted under it."""

    value: str
    totals: Totals


@dataclass(frozen=True)
class Point:
    """One step of a series; `at` is its beginning in Unix seconds."""

    at: int
    totals: Totals


class Figures(Protocol):
    """The figures of one moment: every answer comes from the same state of the store."""

    def funnel(self, span: Span, slice: Slice = EVERYTHING) -> Totals:
        """Returns the sums over everything."""

    def block_rate(
        self,
        span: Span,
        step: Step = "day",
        slice: Slice = EVERYTHING,
    ) -> list[Point]:
        """Returns the sums by time, oldest first; steps without any event are left out.

        :raises ValueError: see `check_step`.
        """

    def breakdown(
        self,
        span: Span,
        dimension: str,
        slice: Slice = EVERYTHING,
    ) -> list[Row]:
        """Returns the sums by one of `fold.DIMENSIONS`, most views first, then by value.

        :raises ValueError: see `check_breakdown`.
        """

    def top_pages(self, span: Span, limit: int = 20) -> list[Row]:
        """Returns the sums of the pages with most views, most views first, then by path."""

    def pages(self, span: Span, paths: Iterable[str]) -> list[Row]:
        """Returns the sums of these pages, most views first, then by path; pages that were not
        read are left out."""

    def sites(self) -> list[str]:
        """Returns the names of all sites of the store, sorted."""


class Store(Protocol):
    """Where batches are added up. Every engine keeps the same promises in its own SQL."""

    @property
    def shards(self) -> int:
        """How many shards parcels can be dealt to, at least 1.

        :raises StoreError: the store cannot be asked now.
        """

    def migrate(self) -> None:
        """Makes the tables, or brings them to this version. Safe to repeat, safe in parallel.

        :raises StoreError: it cannot be done; the message says what to do and holds no password.
        """

    def apply(self, batch: Batch) -> bool:
        """Folds a batch and adds it once; `False` when it had been added before."""

    def ship(self, parcel: Parcel) -> bool:
        """Adds a parcel once, all of it, durably; `False` when it had been added before.

        :raises DoubtfulError: a part of it may have been added, and would be counted twice. Nothing
            was added now.
        :raises StoreError: it is not known whether it was added. Shipping the same again is right.
        """

    def figures(self) -> AbstractContextManager[Figures]:
        """Opens a consistent view of everything the store has; may be called in any thread."""

    def expire(self, now: float, keep_days: int = KEEP_DAYS) -> int:
        """Removes what is older than it may be; returns how many rows, or parts, went. Some
        engines remove a little at a time: 0 means that nothing is left to remove."""

    def health(self) -> dict[str, object]:
        """Returns what an operator should know, without any path of the machine."""

    def close(self) -> None:
        """Lets go of files and connections."""
