"""Events and ledgers for tests."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from adguard.ledger import Event, Span, Store, Totals

DAY = int(time.time()) // 86400
NOW = DAY * 86400 + 43_200
"""Noon of today: ids of other days would be forgotten by the first round of expiry."""
TODAY = Span(DAY, DAY)


words = st.sampled_from(["", "a", "b", "\x1b[31m", "x" * 65, "é", "(other)"])
events = st.builds(
    Event,
    id=st.just(""),
    site=st.sampled_from(["default", "other"]),
    at=st.integers(NOW, NOW + 3 * 86400),
    kind=st.sampled_from(
        [
            *("measured", "view", "remembered", "recheck", "seen", "choice", "interstitial"),
            *("supported", "strange"),
        ]
    ),
    verdict=st.sampled_from(
        ["", "clear", "extension", "network", "protection", "unknown", "strange"]
    ),
    reason=words,
    action=st.sampled_from(["", "none", "notice", "interstitial", "thanks"]),
    form=words,
    choice=st.sampled_from(
        ["", "allow", "support", "later", "never", "not-blocking", "verified", "verify-failed"]
    ),
    path=st.sampled_from(["", "/", "/a", "/a?b", "/b#c", "a", "/" + "x" * 600]),
    section=words,
    country=words,
    browser=words,
    device=words,
    variant=words,
    sample=st.sampled_from([1.0, 0.1, 1 / 3, 0.0, 2.0]),
    version=words,
    fresh=st.booleans(),
    assigned=st.booleans(),
    cleared=st.booleans(),
    count=st.integers(1, 100),
)
"""Events as they may come, odd ones among them, of two sites and four days."""


@dataclass(frozen=True)
class Where:
    """Settings, as far as the ledger looks."""

    store: str | None


def address(path: Path) -> str:
    return f"sqlite://{path.absolute()}"


def event(number: int | str = 0, **fields: Any) -> Event:
    known = {
        "id": f"{DAY}-{number:0>22}" if number != "" else "",
        "site": "default",
        "at": NOW,
        "kind": "view",
        "verdict": "clear",
        "path": "/article",
    }
    return Event(**{**known, **fields})


def views(store: Store, span: Span = TODAY) -> float:
    return totals(store, span).views


def totals(store: Store, span: Span = TODAY) -> Totals:
    with store.figures() as figures:
        return figures.funnel(span)


def counted(store: Store, span: Span = TODAY) -> dict[str, int]:
    """The counters that are not zero."""
    return {name: n for name, n in totals(store, span).raw.items() if n}


def paths(store: Store, span: Span = TODAY, limit: int = 20) -> Sequence[tuple[str, float]]:
    with store.figures() as figures:
        return [(row.value, row.totals.views) for row in figures.top_pages(span, limit)]


def run(program: str, *arguments: str) -> str:
    """Runs a program of Python; it must end well and say nothing on its error stream."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file of this process may grow beyond what its largest file in `folder` has."""
    size = max(path.stat().st_size for path in folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
