"""What the dashboard asks of a store, and how long each answer takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from adguard.dashboard.question import Question as Wanted
from adguard.dashboard.question import read_question
from adguard.dashboard.sheet import read_sheet
from adguard.ledger import Figures, Span, Store
from adguard.ledger.fold import DIMENSIONS
from adguard.ledger.store import Slice
from bench.traffic import SITE

__all__ = ["ADDRESSES", "ASKED", "OPENING", "Asked", "Page", "ask", "pages", "questions"]

ASKED = 7
OPENING = "opening the figures"

ADDRESSES = (
    "",
    "days=7",
    "days=90",
    "days=1",
    "verdict=extension",
    "browser=firefox",
    "page=%2Fcity%2Fstory-0",
)
"""Pages of the dashboard, by what follows the question mark."""

Question = Callable[[Figures], object]


class Asked(Protocol):
    """A store, as far as it is asked."""

    def figures(self) -> AbstractContextManager[Figures]: ...


def questions(today: int) -> dict[str, Question]:
    """Every sort of question, over the dashboard's usual four weeks and the longest period that
    the events span: 90 days."""
    month, quarter, two = (Span(today - days + 1, today, SITE) for days in (28, 90, 2))
    page = Slice(page="/city/story-0")
    extension = Slice(verdict="extension")
    firefox, phones = Slice(browser="firefox"), Slice(device="phone", verdict="extension")
    return {
        "sites": lambda f: f.sites(),
        "funnel, 28 days": lambda f: f.funnel(month),
        "funnel, 90 days": lambda f: f.funnel(quarter),
        "funnel, 90 days, Firefox": lambda f: f.funnel(quarter, firefox),
        "funnel, 90 days, one page": lambda f: f.funnel(quarter, page),
        "by day, 28 days": lambda f: f.block_rate(month),
        "by day, 90 days": lambda f: f.block_rate(quarter),
        "by day, 90 days, extension on phones": lambda f: f.block_rate(quarter, slice=phones),
        "by day, 90 days, one page": lambda f: f.block_rate(quarter, slice=page),
        "by hour, 2 days": lambda f: f.block_rate(two, "hour"),
        "by hour, 2 days, Firefox": lambda f: f.block_rate(two, "hour", firefox),
        "by hour, 2 days, extension": lambda f: f.block_rate(two, "hour", extension),
        **{f"by {name}, 90 days": _by(quarter, name) for name in DIMENSIONS},
        "by browser, 90 days, phones": lambda f: f.breakdown(quarter, "browser", phones),
        "pages, 28 days": lambda f: f.top_pages(month),
        "pages, 90 days": lambda f: f.top_pages(quarter),
    }


def _by(span: Span, dimension: str) -> Question:
    return lambda figures: figures.breakdown(span, dimension)


def ask(
    stores: Mapping[int, Asked], asked: Mapping[str, Question], times: int = ASKED
) -> dict[int, dict[str, float]]:
    """Returns the median seconds of each question, by a store's number of events. Stores are asked
    in turn; every round opens the figures anew, as every page of the dashboard does."""
    taken: dict[int, dict[str, list[float]]] = {
        size: {name: [] for name in (OPENING, *asked)} for size in stores
    }
    for _ in range(times):
        for size, store in stores.items():
            began = time.perf_counter()
            with store.figures() as figures:
                taken[size][OPENING].append(time.perf_counter() - began)
                for name, question in asked.items():
                    began = time.perf_counter()
                    question(figures)
                    taken[size][name].append(time.perf_counter() - began)
    return {
        size: {name: statistics.median(seconds) for name, seconds in found.items()}
        for size, found in taken.items()
    }


@dataclass(frozen=True)
class Page:
    """What one page of the dashboard asked of its store.

    :param slowest: median seconds of the query that takes longest, and which that is.
    :param total: median seconds of all queries of the page together.
    """

    queries: int
    slowest: tuple[float, str]
    total: float


class _Timed:
    """Figures that say how long each answer took."""

    def __init__(self, figures: Figures, note: Callable[[str, float], None]) -> None:
        self._figures = figures
        self._note = note

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._figures, name)

        def timed(*asked: Any, **more: Any) -> Any:
            began = time.perf_counter()
            answer = method(*asked, **more)
            said = ", ".join(str(one) for one in asked[1:] if isinstance(one, str | int))
            self._note(f"{name}({said})", time.perf_counter() - began)
            return answer

        return timed


class _Listening:
    def __init__(self, store: Asked, note: Callable[[str, float], None]) -> None:
        self._store = store
        self._note = note

    @contextmanager
    def figures(self) -> Iterator[Figures]:
        with self._store.figures() as figures:
            yield cast("Figures", _Timed(figures, self._note))


def pages(store: Asked, now: float, times: int = ASKED) -> dict[str, Page]:
    """Reads pages of the dashboard with its own code and returns what each of them asked."""
    found = {}
    for address in ADDRESSES:
        rounds = [_heard(store, read_question(address, now)) for _ in range(times)]
        each = [statistics.median(took for took, _ in calls) for calls in zip(*rounds, strict=True)]
        which = each.index(max(each))
        total = statistics.median(sum(took for took, _ in heard) for heard in rounds)
        found[address] = Page(len(each), (each[which], rounds[0][which][1]), total)
    return found


def _heard(store: Asked, asked: Wanted) -> list[tuple[float, str]]:
    """What a page asks, in turn, and the seconds it took."""
    heard: list[tuple[float, str]] = []

    def note(name: str, took: float) -> None:
        heard.append((took, name))

    read_sheet(cast("Store", _Listening(store, note)), asked)
    return heard
