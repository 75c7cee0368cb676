"""What every store can do, and how one is named."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import parse_qsl, unquote

from adguard.ledger.errors import StoreURLError
from adguard.ledger.events import DAY, Batch
from adguard.ledger.fold import COUNTERS, WHOLE

__all__ = ["Figures", "Location", "Point", "Row", "Span", "Store", "Totals", "locate", "total"]

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
            raise ValueError(f"until ({until:.0f}) is before since ({since:.0f})")
        return cls(int(since // DAY), int(until // DAY), site)


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
        sums = shares.setdefault(ppm, [0] * len(COUNTERS))
        for i, value in enumerate(row):
            sums[i] += value
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

    def funnel(self, span: Span) -> Totals:
        """Returns the sums over everything."""

    def block_rate(self, span: Span, step: Step = "day") -> list[Point]:
        """Returns the sums by time, oldest first; steps without any event are left out."""

    def breakdown(self, span: Span, dimension: str) -> list[Row]:
        """Returns the sums by one of `fold.DIMENSIONS`, most views first."""

    def top_pages(self, span: Span, limit: int = 20) -> list[Row]:
        """Returns the sums of the pages with most views."""


class Store(Protocol):
    """Where batches are added up. Every engine keeps the same promises in its own SQL."""

    def migrate(self) -> None:
        """Makes the tables, or brings them to this version. Safe to repeat, safe in parallel."""

    def apply(self, batch: Batch) -> bool:
        """Adds a batch once; `False` when it had been added before."""

    def figures(self) -> AbstractContextManager[Figures]:
        """Opens a consistent view of everything that was acknowledged, folded or not."""

    def expire(self, now: float) -> int:
        """Removes what is older than it may be; returns how many rows went."""

    def health(self) -> dict[str, object]:
        """Returns what an operator should know, without any path of the machine."""

    def close(self) -> None:
        """Lets go of files and connections."""


@dataclass(frozen=True)
class Location:
    """A store address, understood.

    :param kind: `sqlite`, `memory` or `none`.
    :param path: the database file, for `sqlite` only.
    :param synchronous: `FULL` survives a power cut, `NORMAL` a killed process.
    """

    kind: Literal["sqlite", "memory", "none"]
    path: Path | None = None
    synchronous: Literal["FULL", "NORMAL"] = "FULL"


def _data_folder() -> Path:
    if folder := os.environ.get("ADGUARD_DATA"):
        return Path(folder).expanduser().absolute()
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser().absolute() / "adguard"


def locate(url: str | None) -> Location:
    """Understands a store address.

    :param url: `sqlite:///absolute/path`, with `?synchronous=normal` if a power cut may cost the
        last moments; `memory:`; `none`; or nothing, which means `figures.sqlite3` in the folder
        `ADGUARD_DATA`, else in `adguard` below the XDG data home.
    :raises StoreURLError: anything else, saying what would be right.
    """
    if not url:
        return Location("sqlite", _data_folder() / "figures.sqlite3")
    if url == "none":
        return Location("none")
    if url == "memory:":
        return Location("memory")
    if url.startswith("clickhouse:"):
        raise StoreURLError(
            "clickhouse:// stores are not part of this release; use sqlite:///absolute/path"
        )
    scheme, _, rest = url.partition("://")
    path, _, query = rest.partition("?")
    if scheme != "sqlite" or not path.startswith("/") or not path.strip("/"):
        raise StoreURLError(f"{url!r} names no store; use sqlite:///absolute/path, memory: or none")
    options = dict(parse_qsl(query, keep_blank_values=True))
    synchronous = options.pop("synchronous", "full").upper()
    if options or synchronous not in {"FULL", "NORMAL"}:
        raise StoreURLError(
            f"{url!r}: the only option of a SQLite store is synchronous=full or =normal"
        )
    file = Path("/" + unquote(path).lstrip("/"))
    return Location("sqlite", file, "FULL" if synchronous == "FULL" else "NORMAL")
