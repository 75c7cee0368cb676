"""What Prometheus scrapes: the site's figures from any worker, and labels that stay few."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adguard.insight.exposition import FRESH, MOST_LABELS, Exposition
from adguard.ledger import Batch, Store, StoreError, open_store
from adguard.ledger.fold import CAPS, OTHER
from adguard.tally import Tally
from tests.ledger.making import NOW, address, event

ROOT = Path(__file__).parents[2]


class Ledger:
    """A ledger, as far as an exposition looks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: dict[str, object] = {"status": "ok"}

    def health(self) -> dict[str, object]:
        return self.told


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    store = open_store(address(tmp_path / "figures.db"))
    store.migrate()
    return Ledger(store)


def scrape(exposition: Exposition, site: str) -> dict[tuple[str, ...], float]:
    """Name and labels, the site's aside -> value."""
    media_type, body = exposition.expose()
    assert media_type.startswith(b"text/plain; version=")
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = dict(sample.labels)
            if labels.pop("site") == site and not sample.name.endswith("_created"):
                found[sample.name, *labels.values()] = sample.value
    return found


def made(ledger: Ledger, site: str, tally: Tally | None = None) -> Exposition:
    return Exposition(site, tally or Tally(), ledger, lambda: "ask", lambda: float(NOW))


def test_the_sites_figures_of_the_day_come_from_the_store(ledger: Ledger) -> None:
    events = [event(n, site="figures", verdict="extension") for n in range(3)]
    events += [event(9, site="figures", sample=0.5), event(10, site="other")]
    events += [event(11, site="figures", at=NOW - 86_400)]
    ledger.store.apply(Batch("n", 1, events))
    found = scrape(made(ledger, "figures"), "figures")
    assert found["adguard_counted_total", "extension"] == 3
    assert found["adguard_counted_total", "clear"] == 2
    assert found["adguard_counted_total", "served"] == 0
    assert found["adguard_figures_readable",] == 1


def test_what_the_process_counted_is_added_once(ledger: Ledger) -> None:
    tally = Tally()
    exposition = made(ledger, "process", tally)
    for _ in range(2):
        tally.count_injected()
        tally.count_skipped("encoding")
    tally.count_refused(404)
    tally.count_fault("why", ZeroDivisionError())
    ledger.told |= {"recorded": 7, "duplicates": 1, "journal_age": 12, "outbox_parcels": 3}
    exposition.sync()
    tally.count_injected()
    for _ in range(2):
        found = scrape(exposition, "process")
        assert found["adguard_pages_injected_total",] == 3
        assert found["adguard_pages_skipped_total", "encoding"] == 2
        assert found["adguard_requests_refused_total", "404"] == 1
        assert found["adguard_faults_total", "why"] == 1
        assert found["adguard_events_total", "recorded"] == 7
        assert found["adguard_events_total", "duplicate"] == 1
    assert found["adguard_journal_age_seconds",] == 12
    assert found["adguard_outbox_parcels",] == 3
    assert "adguard_journal_bytes" not in {name for name, *_ in found}


def test_labels_stay_few_whatever_happens(ledger: Ledger) -> None:
    tally = Tally()
    for number in range(100):
        tally.count_skipped(f"reason {number}")
    found = scrape(made(ledger, "labels", tally), "labels")
    reasons = {labels[0]: n for (name, *labels), n in found.items() if "skipped" in name}
    assert len(reasons) == MOST_LABELS + 1
    assert reasons["other"] == 100 - MOST_LABELS


def test_arms_are_told_apart_and_stay_few(ledger: Ledger) -> None:
    many = [f"arm-{number}" for number in range(60)]
    fields: dict[str, Any] = {"site": "arms", "verdict": "extension"}
    events = [event("", variant=arm, assigned=True, **fields) for arm in many]
    events += [event("", variant="arm-7", choice="verified", cleared=True, **fields)] * 2
    ledger.store.apply(Batch("n", 1, [*events, event("", **fields)]))
    found = scrape(made(ledger, "arms"), "arms")
    arms = {labels[0] for (name, *labels) in found if name == "adguard_arm_counted_total"}
    assert len(arms) == CAPS["variant"] + 1
    assert {"arm-7", OTHER} <= arms
    assert found["adguard_arm_counted_total", "arm-7", "verified"] == 2
    assert found["adguard_arm_counted_total", OTHER, "assigned"] == 60 - CAPS["variant"]
    untouched = scrape(made(ledger, "no experiment"), "no experiment")
    assert not any(name == "adguard_arm_counted_total" for name, *_ in untouched)


def test_trouble_is_a_figure_and_no_error(ledger: Ledger) -> None:
    class Away:
        def figures(self) -> None:
            raise StoreError("the figures cannot be read")

    away: Any = Away()
    ledger.store, ledger.told = away, {"status": "unavailable", "reason": "the disk is full"}
    found = scrape(made(ledger, "trouble"), "trouble")
    assert found["adguard_figures_readable",] == 0
    assert found["adguard_recording_ok",] == 0
    assert not any(name == "adguard_counted_total" for name, *_ in found)


def test_scrapes_within_five_seconds_ask_the_store_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("adguard.insight.exposition.time.monotonic", lambda: clock[0])
    exposition = made(ledger, "fresh")
    assert scrape(exposition, "fresh")["adguard_counted_total", "clear"] == 0
    ledger.store.apply(Batch("n", 1, [event(1, site="fresh")]))
    assert scrape(exposition, "fresh")["adguard_counted_total", "clear"] == 0
    clock[0] += FRESH
    assert scrape(exposition, "fresh")["adguard_counted_total", "clear"] == 1


def test_while_the_store_is_read_other_scrapes_get_what_it_said_last(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("adguard.insight.exposition.time.monotonic", lambda: clock[0])
    store, begun, released = ledger.store, threading.Event(), threading.Event()

    class Slow:
        def figures(self) -> Any:
            begun.set()
            assert released.wait(10)
            return store.figures()

    slow: Any = Slow()
    exposition = made(ledger, "slow")
    for known in (False, True):
        ledger.store = slow
        begun.clear()
        released.clear()
        reading = threading.Thread(target=exposition.expose)
        reading.start()
        try:
            assert begun.wait(10)
            found = scrape(exposition, "slow")
            assert (("adguard_counted_total", "clear") in found) is known
            assert found.get(("adguard_figures_readable",)) == (1 if known else None)
        finally:
            released.set()
            reading.join()
        clock[0] += FRESH
    assert scrape(exposition, "slow")["adguard_figures_readable",] == 1


FORKING = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from tests.insight.test_exposition import Ledger, made
from adguard.ledger import open_store
from adguard.tally import Tally
tally = Tally()
exposition = made(Ledger(open_store(sys.argv[1])), "forked", tally)
for _ in range(7):
    tally.count_injected()
exposition._syncing.acquire()
child = os.fork()
if not child:
    tally.count_injected()
    exposition.sync()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
exposition._syncing.release()
text = exposition.expose()[1].decode()
print(next(line for line in text.splitlines() if line.startswith("adguard_pages_injected_total")))
"""


def test_a_process_that_forks_tells_what_it_counted_and_its_child_the_rest(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "forked"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FORKING, address(tmp_path / "figures.db")],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert float(done.stdout.split()[-1]) == 8


WORKER = """
import sys
from tests.insight.test_exposition import Ledger, made
from adguard.ledger import open_store
from adguard.tally import Tally
from prometheus_client import Counter
Counter("the_publishers_own", "Not ours").inc()
ledger, tally = Ledger(open_store(sys.argv[1])), Tally()
for _ in range(int(sys.argv[2])):
    tally.count_injected()
exposition = made(ledger, "many", tally)
text = exposition.expose()[1].decode()
assert "the_publishers_own" not in text, text
print(next(line for line in text.splitlines() if line.startswith("adguard_pages_injected_total")))
"""


def test_workers_are_summed_where_prometheus_client_is_told_a_folder(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    said = [
        subprocess.run(
            [sys.executable, "-c", WORKER, address(tmp_path / "figures.db"), str(number)],
            cwd=ROOT,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in (2, 3)
    ]
    assert [float(line.split()[-1]) for line in said] == [2, 5]
