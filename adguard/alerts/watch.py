"""Looks at the figures in the background, in one worker of a machine."""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from adguard.alerts.book import Book, LocalBook
from adguard.alerts.delivery import Delivery, Post
from adguard.alerts.episodes import Desk, firing, news, orphans
from adguard.alerts.readings import Readings, gather
from adguard.alerts.rules import AILING, OF_A_NODE, Finding, judge
from adguard.alerts.webhook import post
from adguard.forks import start_over_in_child
from adguard.ledger import Store, StoreError
from adguard.ledger.lease import Lease

__all__ = ["EVERY", "Recording", "Watch"]

logger = logging.getLogger("adguard.alerts")

EVERY = 60.0
"""Seconds between two looks at the figures."""
CLOSE_WITHIN = 1.0


class Recording(Protocol):
    """What is watched: the ledger."""

    @property
    def store(self) -> Store: ...

    def health(self) -> dict[str, object]: ...


class Watch:
    """Watches one site, in one thread, in the one worker of a machine that holds the lease.

    The lease is its own and not the one for folding: several sites may share a store, and each
    has its own addresses. While the thread waits it holds no file but the lease's.

    :param site: whose figures.
    :param urls: who is told.
    :param secret: signs what they are told.
    :param recording: the ledger; not kept alive.
    :param path: the node's database file; `None` where figures are in memory.
    :param shared: the book of all nodes, where there are several.
    :param every: seconds between two looks.
    :param clock: seconds since the epoch.
    :param elapsed: seconds that no setting of a clock moves.
    """

    def __init__(
        self,
        site: str,
        urls: Sequence[str],
        secret: str,
        recording: Recording,
        path: Path | None,
        *,
        shared: Book | None = None,
        every: float = EVERY,
        clock: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        post: Post = post,
    ) -> None:
        self._site = site
        self._recording = weakref.ref(recording)
        self._lease_path = path and path.with_name(f"{path.name}.{site}.alerts")
        self._local = LocalBook(path)
        self._shared = shared
        self._node = ""
        self._every = every
        self._clock = clock
        self._elapsed = elapsed
        self._delivery = Delivery(
            urls, secret, clock=clock, elapsed=elapsed, chance=chance, post=post
        )
        self._ailing_since: float | None = None
        self._trouble = ""
        self._look_at = 0.0
        self._firing: list[str] = []
        self._undelivered = 0
        self._reset()
        start_over_in_child(self)

    def _reset(self) -> None:
        # Where nothing can be written, that is what has to be told, and by one worker.
        self._lease = Lease(self._lease_path, or_folder=True)
        self._held = False
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start_over(self) -> None:
        """Begins afresh in the child of a fork: the thread stayed with the parent, and so does the
        lease."""
        self.retire()
        self._reset()

    def begin(self) -> None:
        """Starts the thread, unless it runs. Cheap; for one thread at a time."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=_run, args=(weakref.ref(self), self._stop), name="adguard-alerts", daemon=True
        )
        with suppress(RuntimeError):
            self._thread.start()

    def close(self, timeout: float = CLOSE_WITHIN) -> None:
        """Stops, waiting `timeout` seconds at the most for a delivery under way; what was not
        delivered is continued by the next worker. `begin` starts it again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def retire(self) -> None:
        """Lets another worker watch. For the thread, at its end."""
        self._held = False
        self._lease.release()

    def health(self) -> dict[str, object]:
        """Returns whether this worker is `watching`, and if so the rules that are `firing` and how
        many deliveries are `undelivered`, as of the last round."""
        found: dict[str, object] = {"watching": self._held}
        if self._held:
            found |= {"firing": list(self._firing), "undelivered": self._undelivered}
        return found

    def step(self) -> float:
        """Looks and delivers what is due, if we hold the lease; returns the seconds until there is
        more to do."""
        self._held = self._lease.held()
        recording = self._recording()
        if not self._held or recording is None:
            return self._every
        findings: list[Finding] | None = None
        if self._elapsed() >= self._look_at:
            self._look_at = self._elapsed() + self._every
            findings = judge(self._read(recording))
        open_rules: list[str] = []
        left, next_at = 0, self._look_at
        for book, subject, node in self._books():
            try:
                if findings is not None:
                    mine = [f for f in findings if self._is_for(f, book)]
                    self._write(book, mine, subject, node)
                entries = book.read(self._site)
                open_rules += firing(entries)
                more, due = self._delivery.run(book, entries, node, self._stop.is_set)
            except StoreError as error:
                self._tell(f"what was said before cannot be read: {error}")
                continue
            left, next_at = left + more, min(next_at, due)
        self._firing, self._undelivered = sorted(open_rules), left
        return max(0.05, next_at - self._elapsed())

    def _books(self) -> list[tuple[Book, str, str]]:
        """Each book, with the subject of what it holds and this node's name in it."""
        if self._shared is None:
            return [(self._local, "", "")]
        # Kept from then on: an alert must be taken back under the name it was raised under.
        self._node = self._node or self._local.node or socket.gethostname()
        return [(self._local, self._node, self._node), (self._shared, "", self._node)]

    def _is_for(self, finding: Finding, book: Book) -> bool:
        return self._shared is None or (finding.rule in OF_A_NODE) == (book is self._local)

    def _write(self, book: Book, findings: list[Finding], subject: str, node: str) -> None:
        now = self._clock()
        entries = book.read(self._site)
        desk = Desk(self._site, subject, node, socket.gethostname())
        due = news(findings, entries, desk, now)
        due += orphans(entries, self._delivery.targets, node, now)
        for entry in due:
            if book.write(entry):
                logger.warning("Alert: %s is %s", entry.rule, entry.status)

    def _read(self, recording: Recording) -> Readings:
        ailing, reason = self._ailing(recording.health())
        try:
            with recording.store.figures() as figures:
                return gather(figures, self._site, self._clock(), ailing=ailing, reason=reason)
        except StoreError as error:
            self._tell(f"the figures cannot be read: {error}")
            return Readings(ailing=ailing, reason=reason, known=False)

    def _ailing(self, health: Mapping[str, object]) -> tuple[float, str]:
        """For how long recording has been late or away. By a clock that nobody sets: when the
        other jumps, everything looks late for a moment."""
        age = health.get("journal_age", 0)
        late = isinstance(age, (int, float)) and age > AILING
        if health.get("status") == "ok" and not late:
            self._ailing_since = None
            return 0.0, ""
        if self._ailing_since is None:
            self._ailing_since = self._elapsed()
        reason = str(health.get("reason") or "events wait for too long")
        return max(1.0, self._elapsed() - self._ailing_since), reason

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            logger.warning("Alerts: %s", trouble)


def _run(alive: weakref.ref[Watch], stop: threading.Event) -> None:
    delay = 0.0
    while not stop.wait(delay):
        watch = alive()
        if watch is None:
            return
        try:
            delay = watch.step()
        except Exception:
            logger.exception("Watching failed; readers and figures are not affected")
            delay = EVERY
        del watch
    if (watch := alive()) is not None:
        watch.retire()
