"""Nothing that the tray has taken is lost, by whatever process, and nobody sees it unasked."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from demo_site.letters.letter import Draft, State
from demo_site.letters.tray import DAY, KEPT_DAYS, Limits, Tray, TrayError, TrayFullError
from tests.demo.newsroom import NOON

ONE = Draft("K. Maas", "The chapel clock is slow.")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made" / "letters.sqlite3"


def test_a_letter_is_there_for_another_process_at_once_and_not_in_print(file: Path) -> None:
    letter, fresh = Tray(file).receive("four-clocks", ONE, (), NOON)
    assert (letter.number, fresh, letter.state) == (1, True, State.HELD)
    other = Tray(file)
    assert other.letter(1) == letter
    assert other.published("four-clocks") == []
    assert other.in_state(State.HELD) == [letter]


def test_the_file_is_its_owner_s_alone(file: Path) -> None:
    Tray(file).counts()
    assert file.stat().st_mode & 0o077 == 0


def test_the_same_letter_again_is_the_same_letter_and_keeps_its_state(file: Path) -> None:
    tray = Tray(file)
    tray.receive("four-clocks", ONE, (), NOON)
    tray.decide(1, State.HELD, State.PUBLISHED, NOON)
    again, fresh = tray.receive("four-clocks", Draft("k.  maas", ONE.text.upper()), (), NOON + 9)
    assert (again.number, fresh, again.state) == (1, False, State.PUBLISHED)
    assert sum(tray.counts().values()) == 1


def test_the_same_words_elsewhere_are_another_letter_and_doubted() -> None:
    tray = Tray()
    tray.receive("four-clocks", ONE, (), NOON)
    for story, name in (("counting-swifts", ONE.name), ("four-clocks", "Somebody else")):
        letter, fresh = tray.receive(story, Draft(name, ONE.text), (), NOON)
        assert (fresh, letter.reasons) == (True, ("repeat",))


def test_a_letter_is_moved_only_from_where_it_was_seen() -> None:
    tray = Tray()
    tray.receive("four-clocks", ONE, ("links",), NOON)
    moved = tray.decide(1, State.HELD, State.SPAM, NOON, add=("told:spam",))
    assert moved is not None
    assert (moved.state, moved.reasons) == (State.SPAM, ("links", "told:spam"))
    assert tray.decide(1, State.HELD, State.PUBLISHED, NOON) is None
    assert tray.decide(2, State.HELD, State.PUBLISHED, NOON) is None
    assert tray.counts() == {
        State.HELD: 0,
        State.PUBLISHED: 0,
        State.SPAM: 1,
        State.REMOVED: 0,
    }


def test_printed_letters_come_oldest_first_and_the_newest_of_too_many() -> None:
    tray = Tray()
    for number in range(1, 6):
        tray.receive("four-clocks", Draft(f"Reader {number}", f"Letter {number}"), (), NOON)
        tray.decide(number, State.HELD, State.PUBLISHED, NOON)
    assert [letter.number for letter in tray.published("four-clocks", most=3)] == [3, 4, 5]
    assert [letter.number for letter in tray.in_state(State.PUBLISHED, 4, 2)] == [3, 2]
    assert tray.published("counting-swifts") == []


def test_what_an_editor_calls_spam_or_removes_is_deleted_after_its_time_and_nothing_else() -> None:
    tray = Tray()
    for number, state in enumerate(State, start=1):
        tray.receive("four-clocks", Draft(f"Reader {number}", f"Letter {number}"), (), NOON)
        tray.decide(number, State.HELD, state, NOON)
    last = NOON + KEPT_DAYS * DAY
    tray.receive("four-clocks", Draft("A", "On the last day"), (), last)
    assert sum(tray.counts().values()) == 5
    tray.receive("four-clocks", Draft("B", "A second later"), (), last + 1)
    assert tray.counts() == {
        State.HELD: 3,
        State.PUBLISHED: 1,
        State.SPAM: 0,
        State.REMOVED: 0,
    }


def test_what_a_filter_takes_for_spam_is_kept_until_an_editor_decides() -> None:
    tray = Tray()
    tray.receive("four-clocks", ONE, ("trap",), NOON)
    tray.receive("four-clocks", Draft("B", "Two"), (), NOON)
    settled = tray.settle(2, State.SPAM, ("akismet:discard",))
    assert settled is not None
    assert (settled.state, settled.reasons) == (State.SPAM, ("akismet:discard",))
    later = NOON + 100 * KEPT_DAYS * DAY
    tray.receive("four-clocks", Draft("C", "Three"), (), later)
    assert tray.counts()[State.SPAM] == 2
    tray.decide(2, State.SPAM, State.REMOVED, later)
    tray.receive("four-clocks", Draft("D", "Four"), (), later + KEPT_DAYS * DAY)
    assert tray.letter(2) is not None
    tray.receive("four-clocks", Draft("E", "Five"), (), later + KEPT_DAYS * DAY + 1)
    assert tray.letter(2) is None
    assert tray.letter(1) is not None


def test_filters_settle_only_what_waits() -> None:
    tray = Tray()
    tray.receive("four-clocks", ONE, (), NOON)
    tray.decide(1, State.HELD, State.PUBLISHED, NOON)
    assert tray.settle(1, State.SPAM, ("akismet:spam",)) is None
    assert tray.counts()[State.PUBLISHED] == 1


def test_of_too_much_spam_the_oldest_gives_way_and_what_filled_the_trap_first() -> None:
    tray = Tray(limits=Limits(spam=3))
    tray.receive("four-clocks", Draft("A", "By an editor"), (), NOON)
    tray.decide(1, State.HELD, State.SPAM, NOON)
    tray.receive("four-clocks", Draft("A", "By Akismet"), (), NOON)
    tray.settle(2, State.SPAM, ("akismet:spam",))
    for number in range(3, 8):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), ("trap",), NOON)
    assert [letter.number for letter in tray.in_state(State.SPAM)] == [7, 6, 2, 1]
    for number in range(8, 12):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), (), NOON)
        tray.settle(number, State.SPAM, ("akismet:spam",))
    assert [letter.number for letter in tray.in_state(State.SPAM)] == [11, 10, 9, 1]
    tray.receive("four-clocks", Draft("A", "Letter 12"), ("trap",), NOON)
    assert [letter.number for letter in tray.in_state(State.SPAM)] == [12, 11, 10, 1]


def test_no_amount_of_spam_keeps_a_letter_out() -> None:
    tray = Tray(limits=Limits(waiting=3))
    for number in range(9):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), ("trap",), NOON)
    assert tray.receive("four-clocks", ONE, (), NOON)[1]


def test_letters_that_something_speaks_against_fill_half_of_the_tray_at_most() -> None:
    tray = Tray(limits=Limits(waiting=4))
    for number in range(2):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), ("links",), NOON)
    with pytest.raises(TrayFullError):
        tray.receive("four-clocks", Draft("A", "Letter 3"), ("links",), NOON)
    for number in range(4, 6):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), (), NOON)
    with pytest.raises(TrayFullError):
        tray.receive("four-clocks", Draft("A", "Letter 6"), (), NOON)


def test_spam_in_a_file_of_before_waits_for_an_editor(file: Path) -> None:
    with closing(sqlite3.connect(_made(file))) as old, old:
        old.execute("UPDATE letter SET decided = received")
        old.execute("PRAGMA user_version = 0")
    tray = Tray(file)
    tray.receive("four-clocks", Draft("C", "Later"), (), NOON + 40 * DAY)
    assert tray.letter(1) is not None


def _made(file: Path) -> Path:
    with closing(Tray(file)) as tray:
        tray.receive("four-clocks", ONE, ("trap",), NOON)
    return file


def test_too_many_letters_are_refused_with_the_time_to_wait_and_doubted_ones_apart() -> None:
    tray = Tray(limits=Limits(window=600, each=2))
    for number in range(2):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), ("links",), NOON + number)
    with pytest.raises(TrayFullError) as full:
        tray.receive("four-clocks", Draft("A", "Letter 3"), ("links",), NOON + 10)
    assert 590 <= full.value.wait <= 592
    assert tray.receive("four-clocks", Draft("A", "Letter 4"), (), NOON + 10)[1]
    assert tray.receive("four-clocks", Draft("A", "Letter 0"), ("links",), NOON)[1] is False
    assert tray.receive("four-clocks", Draft("A", "Letter 5"), ("links",), NOON + 601)[1]


def test_a_tray_that_nobody_empties_stops_taking() -> None:
    tray = Tray(limits=Limits(waiting=2))
    for number in range(2):
        tray.receive("four-clocks", Draft("A", f"Letter {number}"), (), NOON)
    with pytest.raises(TrayFullError):
        tray.receive("four-clocks", Draft("A", "Letter 3"), (), NOON)
    tray.decide(1, State.HELD, State.PUBLISHED, NOON)
    assert tray.receive("four-clocks", Draft("A", "Letter 3"), (), NOON)[1]


def test_workers_that_write_at_once_lose_nothing_and_double_nothing(file: Path) -> None:
    trays = [Tray(file) for _ in range(4)]

    def send(number: int) -> int:
        draft = Draft("A", f"Letter {number // 2}")  # each twice
        return trays[number % 4].receive("four-clocks", draft, (), NOON)[0].number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(send, range(80)))
    assert len(set(numbers)) == 40
    assert Tray(file).counts()[State.HELD] == 40


def test_a_tray_that_cannot_be_opened_says_so_and_is_tried_anew(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this was never a database, and that for more than a hundred bytes" * 9)
    tray = Tray(file)
    for _ in range(2):
        with pytest.raises(TrayError, match="DatabaseError"):
            tray.receive("four-clocks", ONE, (), NOON)
    file.unlink()
    assert tray.receive("four-clocks", ONE, (), NOON)[1]


def test_what_fails_half_way_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tray = Tray(file)
    tray.receive("four-clocks", ONE, (), NOON)
    with sqlite3.connect(file) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON letter BEGIN SELECT raise(FAIL, 'x'); END"
        )
    other.close()
    with pytest.raises(TrayError):
        tray.receive("four-clocks", Draft("A", "Another"), (), NOON + 40 * DAY)
    assert sum(Tray(file).counts().values()) == 1


def test_a_closed_tray_opens_again(file: Path) -> None:
    tray = Tray(file)
    tray.receive("four-clocks", ONE, (), NOON)
    tray.close()
    assert tray.letter(1) is not None
    tray.close()
