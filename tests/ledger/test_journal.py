from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adguard.ledger import Event, LedgerFull, LedgerUnavailable
from adguard.ledger.journal import Journal
from tests.ledger.making import event


class Pen:
    """Writes into a list, stops when told to, and breaks when told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.room = 1_000_000
        self.tried = 0
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.trouble: Exception | None = None
        self.opened = self.closed = self.forgotten = self.tended = 0
        self.more = 0
        self.takes = 0.0
        self.tending: list[tuple[float, float]] = []
        self.tended_twice = threading.Event()

    def open(self) -> None:
        self.opened += 1

    def append(self, events: list[Event]) -> set[int]:
        self.entered.set()
        assert self.free.wait(10)
        self.tried += 1
        if self.trouble is not None:
            raise self.trouble
        if len(events) > self.room:
            raise LedgerUnavailable("the disk is full")
        self.room -= len(events)
        ids = [e.id for e in events]
        known = {i for i, id_ in enumerate(ids) if id_ and (id_ in ids[:i] or self.has(id_))}
        self.batches.append([id_ for i, id_ in enumerate(ids) if i not in known])
        return known

    def append_late(self, events: list[Event]) -> None:
        self.append(events)

    def has(self, id_: str) -> bool:
        return any(id_ in batch for batch in self.batches)

    def tend(self) -> bool:
        began = time.monotonic()
        time.sleep(self.takes)
        self.tending.append((began, time.monotonic()))
        self.tended += 1
        if self.tended >= 2:
            self.tended_twice.set()
        return self.tended <= self.more

    def close(self) -> None:
        self.closed += 1

    def forget(self) -> tuple[object, ...]:
        self.forgotten += 1
        return ()

    @contextmanager
    def stuck(self) -> Iterator[None]:
        self.free.clear()
        self.entered.clear()
        try:
            yield
        finally:
            self.free.set()


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
def journal(pen: Pen) -> Iterator[Journal]:
    made = Journal(pen, delay=0.001, batch=5, capacity=20, tend_every=3600)
    yield made
    assert made.close(10)


async def put(journal: Journal, e: Event) -> bool:
    commit, index = journal.join(e, asyncio.get_running_loop())
    outcome = await commit
    if isinstance(outcome, LedgerUnavailable):
        raise outcome
    return outcome is None or index not in outcome


async def test_events_of_one_moment_share_one_write_and_one_future(
    journal: Journal, pen: Pen
) -> None:
    with pen.stuck():
        first = asyncio.ensure_future(put(journal, event(0)))
        await asyncio.to_thread(pen.entered.wait, 10)
        loop = asyncio.get_running_loop()
        commits = {id(journal.join(event(i), loop)[0]) for i in range(1, 5)}
    assert await first
    assert len(commits) == 1
    assert await asyncio.to_thread(journal.flush, 10)
    assert [len(batch) for batch in pen.batches] == [1, 4]


async def test_a_full_group_is_cut_and_order_is_kept(journal: Journal, pen: Pen) -> None:
    assert all(await asyncio.gather(*(put(journal, event(i)) for i in range(12))))
    assert [len(batch) for batch in pen.batches[:2]] == [5, 5]
    assert [id_ for batch in pen.batches for id_ in batch] == [event(i).id for i in range(12)]


async def test_every_waiter_learns_whether_its_own_event_was_new(journal: Journal) -> None:
    numbers = [1, 2, 1, 3, 2, 4, 1]
    answers = await asyncio.gather(*(put(journal, event(n)) for n in numbers))
    assert answers == [True, True, False, True, False, True, False]
    assert (journal.recorded, journal.duplicates) == (4, 3)


async def test_a_reader_who_leaves_takes_the_answer_from_nobody(journal: Journal, pen: Pen) -> None:
    with pen.stuck():
        leaving = asyncio.ensure_future(put(journal, event(1)))
        staying = asyncio.ensure_future(put(journal, event(2)))
        await asyncio.sleep(0)
        leaving.cancel()
    assert await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert pen.has(event(1).id)


async def test_a_queue_that_is_full_refuses_and_recovers(journal: Journal, pen: Pen) -> None:
    loop = asyncio.get_running_loop()
    with pen.stuck():
        waiting = [journal.join(event(i), loop)[0] for i in range(20)]
        with pytest.raises(LedgerFull, match="20 events wait"):
            journal.join(event(20), loop)
        with pytest.raises(LedgerFull):
            journal.drop_in(event(21))
        assert journal.waiting == 20
    await asyncio.gather(*set(waiting))
    assert journal.waiting == 0
    assert journal.refused == 2
    assert await put(journal, event(20))


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (LedgerUnavailable("the disk is full"), "the disk is full"),
        (KeyError("surprise"), r"the store failed \(KeyError\)"),
    ],
)
async def test_what_cannot_be_written_is_refused_to_everybody_and_can_be_sent_again(
    pen: Pen, trouble: Exception, said: str
) -> None:
    journal = Journal(pen, delay=60, batch=4, tend_every=3600)
    pen.trouble = trouble
    journal.drop_in(event(""))
    answers = await asyncio.gather(
        *(put(journal, event(i)) for i in range(3)), return_exceptions=True
    )
    assert all(isinstance(answer, LedgerUnavailable) for answer in answers)
    alone = asyncio.ensure_future(put(journal, event(9)))
    await asyncio.sleep(0)
    assert await asyncio.to_thread(journal.flush, 10)
    with pytest.raises(LedgerUnavailable, match=said):
        await alone
    assert (journal.failed, journal.recorded) == (2, 0)
    pen.trouble = None
    again = asyncio.ensure_future(put(journal, event(1)))
    await asyncio.sleep(0)
    assert await asyncio.to_thread(journal.close, 10)
    assert await again


async def test_what_nobody_sends_again_waits_until_it_can_be_written(pen: Pen) -> None:
    journal = Journal(pen, delay=0, tend_every=3600)
    pen.trouble = LedgerUnavailable("the disk is full")
    journal.drop_in(event(""))
    assert await asyncio.to_thread(journal.flush, 10)
    assert (journal.waiting, journal.lost) == (1, 0)
    pen.trouble = None
    assert await put(journal, event(1))
    assert await asyncio.to_thread(journal.flush, 10)
    assert (journal.waiting, journal.lost, journal.recorded) == (0, 0, 2)
    assert await asyncio.to_thread(journal.close, 10)


async def test_what_waits_is_written_in_a_quiet_hour_too(pen: Pen) -> None:
    written = threading.Event()

    def look() -> None:
        if quiet.recorded:
            written.set()

    quiet = Journal(pen, delay=0, tend_every=0.01, on_round=look)
    pen.trouble = LedgerUnavailable("the disk is full")
    quiet.drop_in(event(""))
    assert await asyncio.to_thread(quiet.flush, 10)
    pen.trouble = None
    assert await asyncio.to_thread(written.wait, 10)
    assert quiet.waiting == 0
    assert await asyncio.to_thread(quiet.close, 10)


async def owing(pen: Pen, count: int, *, batch: int) -> Journal:
    """A journal that owes as many events to a pen that could not write them."""
    journal = Journal(pen, delay=0, batch=batch, tend_every=3600)
    pen.trouble = LedgerUnavailable("the disk is full")
    for _ in range(count):
        journal.drop_in(event(""))
    assert await asyncio.to_thread(journal.flush, 10)
    pen.trouble = None
    assert journal.owed == count
    return journal


async def test_of_what_waits_as_much_is_written_as_there_is_room_for(pen: Pen) -> None:
    journal = await owing(pen, 30, batch=5)
    pen.room = 12
    assert await asyncio.to_thread(journal.close, 10)
    assert [len(batch) for batch in pen.batches] == [5, 5]
    assert (journal.recorded, journal.lost, journal.owed) == (10, 20, 0)


async def test_reports_are_answered_before_what_waits_is_written(pen: Pen) -> None:
    journal = await owing(pen, 10, batch=5)
    hold = threading.Event()
    write_late = pen.append_late

    def holding(events: list[Event]) -> None:
        assert hold.wait(10)
        write_late(events)

    pen.append_late = holding  # type: ignore[method-assign]
    try:
        async with asyncio.timeout(5):
            assert await put(journal, event(1))
    finally:
        hold.set()
    assert await asyncio.to_thread(journal.flush, 10)
    assert [len(batch) for batch in pen.batches] == [1, 5]
    assert await asyncio.to_thread(journal.close, 10)
    assert journal.lost == 0


async def test_what_cannot_be_caught_up_on_is_not_tried_with_every_report(pen: Pen) -> None:
    journal = await owing(pen, 5, batch=5)
    pen.room, pen.tried = 4, 0
    for number in range(1, 5):
        assert await put(journal, event(number))
    assert await asyncio.to_thread(journal.flush, 10)
    assert (pen.tried, journal.recorded) == (5, 4)
    pen.room = 100
    assert await asyncio.to_thread(journal.close, 10)
    assert (journal.recorded, journal.lost) == (9, 0)


async def test_what_waits_is_bounded_and_what_is_lost_in_the_end_is_counted(pen: Pen) -> None:
    journal = Journal(pen, delay=0, capacity=2, tend_every=3600)
    pen.trouble = LedgerUnavailable("the disk is full")
    for lost in (0, 0, 1):
        journal.drop_in(event(""))
        assert await asyncio.to_thread(journal.flush, 10)
        assert journal.lost == lost
    assert journal.waiting == 2
    assert await asyncio.to_thread(journal.close, 10)
    assert (journal.waiting, journal.lost) == (0, 3)


def test_notes_need_no_event_loop(journal: Journal, pen: Pen) -> None:
    journal.drop_in(event(1))
    journal.drop_in(event(2))
    assert journal.flush(10)
    assert [len(batch) for batch in pen.batches] == [2]


async def test_enough_events_do_not_wait_and_the_group_grows_until_it_is_taken(pen: Pen) -> None:
    journal = Journal(pen, delay=60, enough=3, batch=5, tend_every=3600)
    with pen.stuck():
        first = [asyncio.ensure_future(put(journal, event(i))) for i in range(3)]
        assert await asyncio.to_thread(pen.entered.wait, 10)
        then = [asyncio.ensure_future(put(journal, event(i))) for i in range(3, 7)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*first, *then) == [True] * 7
    assert [len(batch) for batch in pen.batches] == [3, 4]
    assert journal.close(10)


async def test_notes_and_reports_share_a_write(pen: Pen) -> None:
    journal = Journal(pen, delay=60, batch=3, tend_every=3600)
    journal.drop_in(event(1))
    report = asyncio.ensure_future(put(journal, event(2)))
    await asyncio.sleep(0)
    journal.drop_in(event(3))
    assert await report
    assert [len(batch) for batch in pen.batches] == [3]
    assert journal.close(10)


def test_it_goes_on_in_the_next_event_loop_and_after_closing(journal: Journal, pen: Pen) -> None:
    for i in range(3):
        assert asyncio.run(put(journal, event(i)))
    assert journal.close(10)
    assert pen.closed == 1
    assert asyncio.run(put(journal, event(3)))
    assert not asyncio.run(put(journal, event(0)))


def test_a_loop_that_ends_without_waiting_disturbs_nobody(journal: Journal, pen: Pen) -> None:
    async def leave() -> None:
        journal.join(event(1), asyncio.get_running_loop())

    with pen.stuck():
        asyncio.run(leave())
    assert asyncio.run(put(journal, event(2)))
    assert pen.has(event(1).id)


def test_several_loops_at_once_each_get_their_own_answers(pen: Pen) -> None:
    journal = Journal(pen, delay=0.001, batch=500, tend_every=3600)
    answers: list[bool] = []

    async def many(start: int) -> list[bool]:
        return [await put(journal, event(start + i)) for i in range(30)]

    threads = [
        threading.Thread(target=lambda s=s: answers.extend(asyncio.run(many(s))))
        for s in (0, 15, 1000)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers.count(True), answers.count(False)) == (75, 15)
    assert journal.close(10)


def test_opening_ahead_needs_no_event(journal: Journal, pen: Pen) -> None:
    journal.open()
    assert journal.flush(10)
    assert pen.opened >= 1
    assert pen.batches == []


def test_what_never_began_is_closed_already(pen: Pen) -> None:
    journal = Journal(pen)
    assert journal.flush(0)
    assert journal.close(0)
    assert pen.closed == 0


def test_closing_gives_up_on_a_writer_that_hangs_but_loses_nothing(pen: Pen) -> None:
    journal = Journal(pen, delay=0)
    with pen.stuck():
        journal.drop_in(event(1))
        assert pen.entered.wait(10)
        assert not journal.close(0.01)
        journal.drop_in(event(2))
        assert not journal.flush(0.01)
    assert journal.close(10)
    assert [batch for batch in pen.batches if batch] == [[event(1).id], [event(2).id]]


def test_folding_goes_on_while_there_is_more_and_while_events_arrive(pen: Pen) -> None:
    pen.more = 3
    journal = Journal(pen, delay=0, tend_every=0.001)
    journal.drop_in(event(1))
    assert pen.tended_twice.wait(10)
    journal.drop_in(event(2))
    assert journal.close(10)
    assert pen.has(event(2).id)


def test_between_two_rounds_of_folding_other_workers_have_as_long(pen: Pen) -> None:
    pen.more, pen.takes = 2, 0.05
    journal = Journal(pen, delay=0, tend_every=0.06)
    journal.drop_in(event(1))
    assert pen.tended_twice.wait(10)
    assert journal.close(10)
    (began, ended), (again, _) = pen.tending[:2]
    assert again - ended >= min(ended - began, 0.06)


def test_a_thread_that_cannot_start_is_told_and_nothing_is_kept(
    pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    journal = Journal(pen, delay=0)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(LedgerUnavailable, match="cannot be started"):
            journal.drop_in(event(1))
    assert journal.waiting == 0
    journal.drop_in(event(2))
    assert journal.close(10)
    assert pen.batches == [[event(2).id]]
