"""What the dashboard asks of a store, and how long each answer takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from adguard.ledger import Figures, Span
from adguard.ledger.fold import DIMENSIONS
from adguard.ledger.store import Slice
from bench.traffic import SITE

__all__ = ["ASKED", "OPENING", "Asked", "ask", "questions"]

ASKED = 7
OPENING = "opening the figures"

Question = Callable[[Figures], object]


class Asked(Protocol):
    """A store, as far as it is asked."""

    def figures(self) -> AbstractContextManager[Figures]: ...


def questions(today: int) -> dict[str, Question]:
    """Every sort of question, over the dashboard's usual four weeks and the longest period that
    the events span: 90 days."""
    month, quarter, two = (Span(today - days + 1, today, SITE) for days in (28, 90, 2))
    page = Slice(page="/city/story-0")
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
        **{f"by {name}, 90 days": _by(quarter, name) for name in DIMENSIONS},
        "by browser, 90 days, phones": lambda f: f.breakdown(quarter, "browser", phones),
        "pages, 28 days": lambda f: f.top_pages(month),
        "pages, 90 days": lambda f: f.top_pages(quarter),
    }


def _by(span: Span, dimension: str) -> Question:
    return lambda figures: figures.breakdown(span, dimension)


def ask(store: Asked, asked: Mapping[str, Question], times: int = ASKED) -> dict[str, float]:
    """Returns the median seconds of each question. Every round opens the figures anew, as every
    page of the dashboard does."""
    taken: dict[str, list[float]] = {name: [] for name in (OPENING, *asked)}
    for _ in range(times):
        began = time.perf_counter()
        with store.figures() as figures:
            taken[OPENING].append(time.perf_counter() - began)
            for name, question in asked.items():
                began = time.perf_counter()
                question(figures)
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}
