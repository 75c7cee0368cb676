"""Figures for Prometheus: few names, bounded labels, never a path, a URL or a reader.

Counters of the site come from the store, so every worker and every node tells the same. Counters of
the process are summed over all workers where `PROMETHEUS_MULTIPROC_DIR` is set, as
prometheus-client does it; otherwise they are those of the worker that answers.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from adguard._version import __version__
from adguard.forks import start_over_in_child
from adguard.ledger import Span, Store, StoreError
from adguard.ledger.events import DAY
from adguard.tally import Tally

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Metric

__all__ = ["Exposition", "Recording"]

FRESH = 5.0
"""Seconds for which figures of the store are shown again: scrapes must not cost queries."""
MOST_LABELS = 32
OTHER = "other"
OF_AN_ARM = (
    *("assigned", "cleared", "seen", "interstitials", "later", "never", "wrong", "guide"),
    *("support", "supported", "verified", "failed"),
)
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

_PROCESS = {
    "pages_injected": ("Pages that got the snippet.", ()),
    "pages_skipped": ("HTML answers that did not get the snippet, by reason.", ("reason",)),
    "requests_refused": ("Requests to our addresses that were refused.", ("status",)),
    "faults": ("Faults of ours, by cause; readers kept their page.", ("cause",)),
    "events": ("Events by what became of them.", ("outcome",)),
}
_OUTCOMES = {
    "recorded": "recorded",
    "duplicates": "duplicate",
    "refused": "refused",
    "failed": "group_failed",
    "lost": "lost",
}
_GAUGES = {
    "journal_age": ("journal_age_seconds", "Age of the oldest event that is not in the figures."),
    "journal_bytes": ("journal_bytes", "Bytes that wait in the journal."),
    "outbox_parcels": ("outbox_parcels", "Parcels that wait for the store."),
    "spoiled_batches": ("spoiled_batches", "Batches that were set aside as unreadable."),
    "spoiled_parcels": ("spoiled_parcels", "Parcels that were set aside."),
}


class Recording(Protocol):
    """What is exposed: the ledger."""

    @property
    def store(self) -> Store: ...

    def health(self) -> dict[str, object]: ...


@cache
def _counters() -> tuple[CollectorRegistry, Mapping[str, Counter]]:
    """The counters of this process, made once: several sites may live in it."""
    from prometheus_client import CollectorRegistry, Counter  # noqa: PLC0415 -- an extra

    registry = CollectorRegistry()
    return registry, {
        name: Counter(f"adguard_{name}", text, ("site", *labels), registry=registry)
        for name, (text, labels) in _PROCESS.items()
    }


class _Figures(NamedTuple):
    """What the store said last."""

    counted: Mapping[str, float]
    arms: Mapping[str, Mapping[str, int]]
    readable: bool = True


UNREADABLE = _Figures({}, {}, readable=False)


class Exposition:
    """What `GET metrics` answers for one site.

    :param recording: the ledger.
    :param mode: tells the mode in force.
    :param clock: seconds since the epoch.
    :raises ModuleNotFoundError: prometheus-client is not installed.
    """

    def __init__(
        self,
        site: str,
        tally: Tally,
        recording: Recording,
        mode: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._site = site
        self._tally = tally
        self._recording = recording
        self._mode = mode
        self._clock = clock
        self._registry, self._process = _counters()
        self._counted: dict[tuple[str, str], int] = {}
        self._syncing = threading.Lock()
        self._reading = threading.Lock()
        self._fresh_until = 0.0
        self._figures: _Figures | None = None
        start_over_in_child(self)

    def start_over(self) -> None:
        """Begins afresh in the child of a fork: what was counted before is its parent's to tell."""
        self._syncing = threading.Lock()
        self._reading = threading.Lock()
        self._counted = {(name, label): count for name, label, count in self._counts()}

    def sync(self) -> None:
        """Adds what was counted since the last time to the counters of this process."""
        with self._syncing:
            for name, label, count in self._counts():
                new = count - self._counted.get((name, label), 0)
                if new > 0:
                    self._counted[name, label] = count
                    labels = (self._site, label) if label else (self._site,)
                    self._process[name].labels(*labels).inc(new)

    def expose(self) -> tuple[bytes, bytes]:
        """Returns media type and body. May read the store, so not for an event loop."""
        from prometheus_client import (  # noqa: PLC0415 -- an extra
            CONTENT_TYPE_LATEST,
            CollectorRegistry,
            generate_latest,
        )

        self.sync()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(self._all))
        return CONTENT_TYPE_LATEST.encode("ascii"), generate_latest(registry)

    def _counts(self) -> Iterator[tuple[str, str, int]]:
        """Name, label and count of everything this process counts; labels beyond the first 32 of a
        name stand together."""
        tally, health = self._tally, self._recording.health()
        yield "pages_injected", "", tally.injected
        for name, counts in (
            ("pages_skipped", dict(tally.skipped)),
            ("requests_refused", {str(status): n for status, n in tally.refused.copy().items()}),
            ("faults", dict(tally.faults)),
            ("events", {_OUTCOMES[key]: _whole(health.get(key)) for key in _OUTCOMES}),
        ):
            known = list(counts)[:MOST_LABELS]
            yield from ((name, label, counts[label]) for label in known)
            if len(counts) > MOST_LABELS:
                yield name, OTHER, sum(n for label, n in counts.items() if label not in known)

    def _all(self) -> Iterable[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415 -- an extra
            GaugeMetricFamily,
        )

        yield from self._process_metrics()
        info = GaugeMetricFamily("adguard_info", "What runs.", labels=["site", "version", "mode"])
        info.add_metric([self._site, __version__, self._mode()], 1)
        yield info
        health = self._recording.health()
        fine = GaugeMetricFamily(
            "adguard_recording_ok", "1 while events are kept as they should be.", labels=["site"]
        )
        fine.add_metric([self._site], float(health.get("status") == "ok"))
        yield fine
        for key, (name, text) in _GAUGES.items():
            if key in health:
                gauge = GaugeMetricFamily(f"adguard_{name}", text, labels=["site"])
                gauge.add_metric([self._site], _whole(health[key]))
                yield gauge
        yield from self._site_metrics(self._read())

    def _site_metrics(self, figures: _Figures | None) -> Iterable[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415 -- an extra
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        if figures is None:
            return
        readable = GaugeMetricFamily(
            "adguard_figures_readable", "1 while the store's figures can be read.", labels=["site"]
        )
        readable.add_metric([self._site], float(figures.readable))
        yield readable
        if not figures.readable:
            return
        counted = CounterMetricFamily(
            "adguard_counted",
            "What the whole site counted since midnight UTC, by counter; the same from every "
            "worker and node.",
            labels=["site", "counter"],
        )
        for counter, count in figures.counted.items():
            counted.add_metric([self._site, counter], count)
        yield counted
        if figures.arms:
            by_arm = CounterMetricFamily(
                "adguard_arm_counted",
                "What was observed of readers in each arm of an experiment since midnight UTC.",
                labels=["site", "arm", "counter"],
            )
            for arm, counters in figures.arms.items():
                for counter in OF_AN_ARM:
                    by_arm.add_metric([self._site, arm, counter], counters[counter])
            yield by_arm

    def _process_metrics(self) -> Iterable[Metric]:
        if not os.environ.get(MULTIPROCESS):
            return self._registry.collect()
        from prometheus_client import CollectorRegistry  # noqa: PLC0415 -- an extra
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        # The folder may also hold the publisher's own.
        summed = MultiProcessCollector(CollectorRegistry()).collect()  # type: ignore[no-untyped-call]
        return [metric for metric in summed if metric.name.startswith("adguard_")]

    def _read(self) -> _Figures | None:
        """Returns the figures; while another thread reads them, those of before, `None` the first
        time: one scrape may wait for a store that hangs, not all."""
        if self._reading.acquire(blocking=False):
            try:
                if time.monotonic() >= self._fresh_until:
                    self._figures = self._ask()
                    self._fresh_until = time.monotonic() + FRESH
            finally:
                self._reading.release()
        return self._figures

    def _ask(self) -> _Figures:
        day = int(self._clock()) // DAY
        span = Span(day, day, self._site)
        try:
            with self._recording.store.figures() as figures:
                counted = figures.funnel(span).weighted
                rows = figures.breakdown(span, "variant")
        except StoreError:
            return UNREADABLE
        # The ledger bounds their number, and keeps the rest under one name.
        return _Figures(counted, {row.value: row.totals.raw for row in rows if row.value})


class _Collector:
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self.collect = collect


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
