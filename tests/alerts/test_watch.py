"""The watch over a real store and a real receiver: once per site, whoever looks."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adguard.alerts import sign
from adguard.alerts.rules import AILING
from adguard.ledger import StoreError
from adguard.ledger.lease import Lease
from tests.alerts.receiver import Receiver, accept, fail
from tests.alerts.watching import NOW, SECRET, Broken, Scene, fill, store_of

ROOT = Path(__file__).parents[2]
FIRING = "news.unknown_rate.1.firing"
RESOLVED = "news.unknown_rate.1.resolved"


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited for nothing"
        time.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "figures.db"
    fill(store_of(made), 1, NOW, clear=300, unknown=100)
    return made


def test_what_is_wrong_is_told_once_and_that_it_is_right_again(
    path: Path, receiver: Receiver
) -> None:
    scene = Scene(path, receiver.url)
    for _ in range(5):
        scene.wait(60)
    assert receiver.ids == [FIRING]
    (got,) = receiver.delivered
    stamp = int(got.headers["alert-timestamp"])
    assert got.headers["alert-signature"] == f"v1={sign(SECRET, stamp, got.body)}"
    assert (got.told["id"], got.told["value"], got.told["n"]) == (FIRING, 0.25, 400)
    assert scene.watch.health() == {"watching": True, "firing": ["unknown_rate"], "undelivered": 0}
    fill(scene.ledger.store, 2, NOW, clear=700)
    scene.wait(60)
    assert receiver.ids == [FIRING, RESOLVED]
    assert scene.watch.health()["firing"] == []


def test_a_site_that_is_too_small_is_left_alone(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "small.db"
    fill(store_of(path), 1, NOW, extension=200, unknown=99)
    scene = Scene(path, receiver.url)
    scene.wait(60)
    assert receiver.ids == []


def test_another_sites_trouble_is_not_ours(path: Path, receiver: Receiver) -> None:
    scene = Scene(path, receiver.url)
    scene.watch._site = "sports"
    scene.wait(60)
    assert receiver.ids == []


def test_a_receiver_that_is_down_is_tried_again_and_the_rest_goes_on(
    path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(path, receiver.url, chance=lambda: 1.0)
    receiver.behave = fail
    scene.wait(0)
    assert scene.watch.health()["undelivered"] == 1
    assert "127.0.0.1: answered 500" in caplog.text
    assert "a-secret" not in caplog.text
    scene.wait(4.9)
    assert receiver.ids == [FIRING]
    receiver.behave = accept
    scene.wait(0.2)
    assert receiver.ids == [FIRING, FIRING]
    assert scene.watch.health()["undelivered"] == 0
    scene.wait(600)
    assert len(receiver.ids) == 2


def test_recording_that_is_late_or_away_for_five_minutes_rings_by_a_clock_nobody_sets(
    path: Path, receiver: Receiver
) -> None:
    scene = Scene(path, receiver.url)
    scene.watch._site = "sports"
    scene.ledger.told = {"status": "ok", "reason": "", "journal_age": AILING + 1}
    scene.wait(0)
    scene.now += 86_400
    scene.wait(AILING - 1)
    assert receiver.ids == []
    scene.ledger.told = {"status": "unavailable", "reason": "the disk is full"}
    scene.wait(60)
    (got,) = receiver.delivered
    assert got.told["rule"] == "journal"
    assert "the disk is full" in got.told["text"]
    scene.ledger.told = {"status": "ok", "reason": "", "journal_age": 3}
    scene.wait(60)
    assert receiver.ids == ["sports.journal.1.firing", "sports.journal.1.resolved"]


def test_while_figures_cannot_be_read_no_alert_is_taken_back(
    path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(path, receiver.url)
    scene.wait(0)
    broken: Any = Broken(lambda: StoreError("the database is locked by another process"))
    scene.ledger.store = broken
    for _ in range(3):
        scene.wait(60)
    assert receiver.ids == [FIRING]
    assert caplog.text.count("locked by another process") == 1


def test_only_the_holder_of_the_lease_looks(path: Path, receiver: Receiver) -> None:
    first, second = Scene(path, receiver.url), Scene(path, receiver.url)
    first.wait(0)
    second.wait(0)
    assert receiver.ids == [FIRING]
    assert second.watch.health() == {"watching": False}
    first.watch.retire()
    fill(first.ledger.store, 2, NOW, clear=700)
    second.wait(60)
    assert receiver.ids == [FIRING, RESOLVED]


def test_sites_that_share_a_store_are_watched_side_by_side(path: Path, receiver: Receiver) -> None:
    first, second = Scene(path, receiver.url), Scene(path, receiver.url)
    second.watch._lease = Lease(path.with_name("figures.db.sports.alerts"))
    first.wait(0)
    second.wait(0)
    assert first.watch.health()["watching"]
    assert second.watch.health()["watching"]


def test_two_that_both_believe_to_hold_the_lease_say_it_once(
    path: Path, receiver: Receiver
) -> None:
    scenes = [Scene(path, receiver.url) for _ in range(4)]
    for scene in scenes:
        scene.watch._lease = Lease(None)
    for scene in scenes:
        scene.wait(0)
    assert receiver.ids == [FIRING]


def test_the_thread_looks_by_itself_stops_when_told_and_starts_again(
    path: Path, receiver: Receiver
) -> None:
    scene = Scene(path, receiver.url, every=0.02)
    scene.watch._elapsed = scene.watch._delivery._elapsed = time.monotonic
    scene.watch.begin()
    until(lambda: receiver.ids == [FIRING])
    scene.watch.begin()
    assert sum(t.name == "adguard-alerts" for t in threading.enumerate()) == 1
    scene.watch.close()
    assert scene.watch.health() == {"watching": False}
    fill(scene.ledger.store, 2, NOW, clear=700)
    scene.watch.begin()
    until(lambda: receiver.ids == [FIRING, RESOLVED])
    scene.watch.close()
    assert not any(t.name == "adguard-alerts" for t in threading.enumerate())


def test_a_watch_that_fails_is_logged_and_goes_on(
    path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(path, receiver.url, every=0.02)
    scene.watch._elapsed = time.monotonic
    broken: Any = Broken(ZeroDivisionError)
    scene.ledger.store = broken
    with caplog.at_level(logging.ERROR):
        scene.watch.begin()
        until(lambda: "Watching failed" in caplog.text)
    scene.watch.close()


def test_a_forked_worker_watches_on_its_own(path: Path, receiver: Receiver) -> None:
    program = """
import os, sys, time, warnings
from pathlib import Path
from tests.alerts.watching import Scene
warnings.simplefilter("ignore", DeprecationWarning)
scene = Scene(Path(sys.argv[1]), sys.argv[2])
scene.watch._elapsed = scene.watch._delivery._elapsed = time.monotonic
scene.watch.begin()
while not scene.watch.health()["watching"]:
    time.sleep(0.01)
child = os.fork()
if not child:
    assert scene.watch.health() == {"watching": False}
    scene.watch.begin()
    time.sleep(0.1)
    held = scene.watch.health()["watching"]
    os._exit(held)
_, status = os.waitpid(child, 0)
assert status == 0, "the child took the lease that its parent holds"
while not (seen := scene.watch.health()).get("firing") or seen["undelivered"]:
    time.sleep(0.01)
scene.watch.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), receiver.url],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert receiver.ids.count(FIRING) == 1


WORKER = """
import os, sys, time
from pathlib import Path
from adguard.alerts import Watch
from adguard.ledger import open_store
from tests.alerts.watching import Ledger, SECRET
path, url = Path(sys.argv[1]), sys.argv[2]
ledger = Ledger(open_store(f"sqlite://{path}"))
watch = Watch("news", [url], SECRET, ledger, path, every=0.05)
watch.begin()
print("up", flush=True)
while not watch.health()["watching"]:
    time.sleep(0.01)
path.with_name(f"holder.{os.getpid()}").touch()
while True:
    time.sleep(60)
"""


def test_of_three_workers_one_tells_and_when_it_is_killed_another_goes_on(
    path: Path, receiver: Receiver
) -> None:
    workers = {
        worker.pid: worker
        for worker in (
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(path), receiver.url],
                stdout=subprocess.PIPE,
                cwd=ROOT,
            )
            for _ in range(3)
        )
    }

    def holders() -> list[int]:
        return [int(file.suffix[1:]) for file in path.parent.glob("holder.*")]

    try:
        for worker in workers.values():
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"up\n"
        until(lambda: FIRING in receiver.ids and bool(holders()))
        (holder,) = holders()
        workers[holder].kill()
        workers[holder].wait()
        until(lambda: len(holders()) == 2)
        fill(store_of(path), 2, NOW, clear=700)
        until(lambda: RESOLVED in receiver.ids)
    finally:
        for worker in workers.values():
            worker.kill()
            worker.communicate()
    assert receiver.ids == [FIRING, RESOLVED]
