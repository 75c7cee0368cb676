"""Group commit: many events of one moment become one durable write and one wake-up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Protocol

from adguard.ledger.errors import LedgerFull, LedgerUnavailable
from adguard.ledger.events import Event

__all__ = ["Journal", "Outcome", "Pen"]

Outcome = set[int] | LedgerUnavailable | None
"""What became of a group: the indexes of its duplicates, `None` when it had none, or why it
could not be written."""


class Pen(Protocol):
    """What the writer thread writes with."""

    def open(self) -> None: ...

    def append(self, events: list[Event]) -> set[int]: ...

    def append_late(self, events: list[Event]) -> None: ...

    def tend(self) -> bool: ...

    def close(self) -> None: ...

    def forget(self) -> tuple[object, ...]: ...


class Commit(asyncio.Future[Outcome]):
    """The future that all reports of one group await.

    One reader who leaves must not take the answer from the others: cancelling one of the waiting
    tasks does not cancel this. Such a task ends when the group is written.
    """

    def cancel(self, msg: object = None) -> bool:
        return False


class Group:
    """Events that will be committed together."""

    __slots__ = ("born", "commit", "events", "loop", "ready")

    def __init__(self) -> None:
        self.born = time.monotonic()
        self.commit: Commit | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.events: list[Event] = []
        self.ready = threading.Event()


class Call:
    """A request to the writer: make sure the store is open, or stop, and say when it is done."""

    __slots__ = ("done", "stop")

    def __init__(self, *, stop: bool) -> None:
        self.stop = stop
        self.done = threading.Event()


class Journal:
    """A bounded queue, and one thread that empties it. The thread starts with the first event.

    :param pen: what is written with; used in the writer thread only.
    :param delay: seconds a group waits for more events.
    :param enough: events at which it waits no longer; it still grows until the writer takes it.
    :param batch: events that make a group full.
    :param capacity: events that may wait before `LedgerFull`.
    :param tend_every: seconds between two rounds of folding.
    :param on_round: called by the writer after each round, whatever became of it; must be quick.
    """

    def __init__(
        self,
        pen: Pen,
        *,
        delay: float = 0.02,
        enough: int = 32,
        batch: int = 500,
        capacity: int = 10_000,
        tend_every: float = 5.0,
        on_round: Callable[[], None] | None = None,
    ) -> None:
        self._pen = pen
        self._on_round = on_round
        self._delay = delay
        self._enough = enough
        self._batch = batch
        self._capacity = capacity
        self._tend_every = tend_every
        self._reset()
        self.recorded = self.duplicates = self.refused = self.failed = self.lost = 0
        _journals.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._group: Group | None = None
        self._inbox: queue.SimpleQueue[Group | Call] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._previous: threading.Thread | None = None
        self._waiting = 0
        self._owed: list[Event] = []
        self._stalled = False

    @property
    def waiting(self) -> int:
        """Events that are not written yet."""
        return self._waiting + self.owed

    @property
    def owed(self) -> int:
        """Of these, events that could not be written and that no browser sends again."""
        return len(self._owed)

    def join(self, event: Event, loop: asyncio.AbstractEventLoop) -> tuple[Commit, int]:
        """Adds an event to the group that forms; returns what to await, and the event's index.

        :raises LedgerFull: as many events wait as may.
        """
        with self._lock:
            group = self._forming(loop)
            if group.commit is None:
                group.commit, group.loop = Commit(loop=loop), loop
            return group.commit, self._put(group, event)

    def drop_in(self, event: Event) -> None:
        """Adds an event that nobody waits for.

        :raises LedgerFull: as many events wait as may.
        """
        with self._lock:
            self._put(self._forming(None), event)

    def open(self) -> None:
        """Starts the writer, so that the first report does not wait for the file to open."""
        with self._lock:
            self._send(Call(stop=False))

    def flush(self, timeout: float) -> bool:
        """Waits until everything added so far is written; `False` when time ran out."""
        return self._call(stop=False, timeout=timeout)

    def close(self, timeout: float) -> bool:
        """Writes what waits and lets go of the store; the next event opens it again.

        :returns: `False` when time ran out; the writer then goes on by itself.
        """
        return self._call(stop=True, timeout=timeout)

    def _call(self, *, stop: bool, timeout: float) -> bool:
        call = Call(stop=stop)
        with self._lock:
            thread = self._thread
            if thread is None or thread is threading.current_thread():
                return True
            self._hand_over()
            self._inbox.put(call)
            if stop:
                self._previous, self._thread = thread, None
                self._inbox = queue.SimpleQueue()
        return call.done.wait(timeout)

    def _forming(self, loop: asyncio.AbstractEventLoop | None) -> Group:
        if self._waiting >= self._capacity:
            self.refused += 1
            raise LedgerFull(self._waiting)
        group = self._group
        if group is not None and (loop is None or group.loop is None or group.loop is loop):
            return group
        self._hand_over()
        group = self._group = Group()
        self._send(group)
        return group

    def _put(self, group: Group, event: Event) -> int:
        index = len(group.events)
        group.events.append(event)
        self._waiting += 1
        if index + 1 == self._enough:
            group.ready.set()
        if index + 1 >= self._batch:
            self._hand_over()
        return index

    def _hand_over(self) -> None:
        if self._group is not None:
            self._group.ready.set()
            self._group = None

    def _send(self, item: Group | Call) -> None:
        if self._thread is None:
            thread = threading.Thread(
                target=self._write,
                args=(self._inbox, self._previous),
                name="adguard-ledger",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError as error:
                self._group = None
                raise LedgerUnavailable("the writer cannot be started") from error
            self._thread = thread
        self._inbox.put(item)

    def _write(
        self, inbox: queue.SimpleQueue[Group | Call], previous: threading.Thread | None
    ) -> None:
        if previous is not None:
            previous.join()
        tend_at = time.monotonic() + self._tend_every
        while True:
            if (began := time.monotonic()) >= tend_at:
                with self._writing:
                    more = self._pen.tend()
                self._catch_up_wholly()
                if self._on_round is not None:
                    with contextlib.suppress(Exception):
                        self._on_round()
                done = time.monotonic()
                # Other workers get as long a turn: whoever waits for the file's lock only looks at
                # it now and then.
                tend_at = done + (min(done - began, self._tend_every) if more else self._tend_every)
            try:
                item = inbox.get(timeout=max(0.0, tend_at - time.monotonic()))
            except queue.Empty:
                continue
            if isinstance(item, Group):
                self._commit(item)
                continue
            if item.stop:
                self._catch_up_wholly()
                self.lost += len(self._owed)
                self._owed = []
            with self._writing:
                if item.stop:
                    self._pen.close()
                else:
                    self._pen.open()
            item.done.set()
            if item.stop:
                return

    def _commit(self, group: Group) -> None:
        group.ready.wait(max(0.0, group.born + self._delay - time.monotonic()))
        with self._lock:
            if self._group is group:
                self._group = None
        outcome = self._append(group)
        with self._lock:
            self._waiting -= len(group.events)
        if group.commit is not None and group.loop is not None:
            # The loop may be gone, and with it everybody who waited.
            with contextlib.suppress(RuntimeError):
                group.loop.call_soon_threadsafe(_resolve, group.commit, outcome)
        # Nobody's answer waits for this, and reports do not pay for what fails again and again.
        if not isinstance(outcome, LedgerUnavailable) and not self._stalled:
            self._catch_up()

    def _append(self, group: Group) -> Outcome:
        try:
            with self._writing:
                known = self._pen.append(group.events)
        except LedgerUnavailable as error:
            outcome = error
        except Exception as error:
            outcome = LedgerUnavailable(f"the store failed ({type(error).__name__})")
        else:
            self.recorded += len(group.events) - len(known)
            self.duplicates += len(known)
            return known or None
        self.failed += 1
        self._keep(event for event in group.events if not event.id)
        return outcome

    def _keep(self, unsent: Iterable[Event]) -> None:
        """Keeps what no browser sends again until the store takes events again."""
        self._owed += unsent
        self.lost += max(0, len(self._owed) - self._capacity)
        del self._owed[self._capacity :]

    def _catch_up(self) -> None:
        """Writes the oldest of what is owed; when that fails, no more is tried in this round."""
        late = self._owed[: self._batch]
        if not late:
            return
        try:
            with self._writing:
                self._pen.append_late(late)
        except Exception:
            self._stalled = True
        else:
            self.recorded += len(late)
            del self._owed[: len(late)]

    def _catch_up_wholly(self) -> None:
        self._stalled = False
        while self._owed and not self._stalled:
            self._catch_up()

    def pause(self) -> None:
        """Lets go of the store before a fork: SQLite must not be carried across one."""
        self._writing.acquire()
        with contextlib.suppress(Exception):
            self._pen.close()

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._writing.release()

    def start_over(self) -> None:
        """Begins afresh in the child of a fork: thread and queue stayed with the parent."""
        _inherited.append((self._lock, self._writing, self._inbox, *self._pen.forget()))
        self._reset()


def _resolve(commit: Commit, outcome: Outcome) -> None:
    if not commit.done():
        commit.set_result(outcome)


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()
_paused: list[Journal] = []
_inherited: list[tuple[object, ...]] = []


def _before_fork() -> None:
    _paused.extend(_journals)
    for journal in _paused:
        journal.pause()


def _after_in_parent() -> None:
    while _paused:
        _paused.pop().resume()


def _after_in_child() -> None:
    while _paused:
        _paused.pop().start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
