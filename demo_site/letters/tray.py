"""The editor's tray: letters in a small SQLite file, on the disk before a reader is answered."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo_site.letters.letter import Draft, Letter, State
from demo_site.letters.sieve import digest, first_state

MEMORY = ":memory:"
KEPT_DAYS = 30
"""What an editor removed or called spam is deleted after this long."""
DAY = 86_400
PATIENCE = 5.0
"""Seconds for which another process's lock is waited for."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS letter (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    story TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'published', 'spam', 'removed')),
    reasons TEXT NOT NULL,
    received REAL NOT NULL,
    decided REAL NOT NULL,
    same TEXT NOT NULL UNIQUE,
    wording TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS letter_of_story ON letter (story, state, number);
CREATE INDEX IF NOT EXISTS letter_by_state ON letter (state, number);
CREATE INDEX IF NOT EXISTS letter_by_wording ON letter (wording);
CREATE INDEX IF NOT EXISTS letter_by_time ON letter (received);
"""
COLUMNS = "number, story, name, text, state, reasons, received"


class TrayError(Exception):
    """The tray cannot be read or written; the message is for the log."""


class TrayFullError(Exception):
    """More letters than an editor can read; nothing was kept, and the reader has to be told.

    :param wait: seconds after which another attempt makes sense.
    """

    def __init__(self, wait: int) -> None:
        super().__init__(f"the tray is full; try again in {wait} seconds")
        self.wait = wait


@dataclass(frozen=True)
class Limits:
    """How much may come in. Client addresses play no part: none is kept, and behind a proxy they
    are everybody's.

    :param window: seconds.
    :param each: letters in a window, of those that something speaks against and of the others.
    :param waiting: letters that are held; those that something speaks against may be half of them.
    :param spam: letters that a filter took for spam and nobody has decided on. Of more, the oldest
        give way, and those that filled the trap before all others.
    """

    window: int = 600
    each: int = 60
    waiting: int = 5000
    spam: int = 5000


class Tray:
    """Keeps letters. Methods wait for the disk: call them in a thread. Several processes may share
    one file.

    :param place: a file, made on first use, or `MEMORY`.
    """

    def __init__(self, place: Path | str = MEMORY, limits: Limits | None = None) -> None:
        self._place = str(place)
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        with self._lock:
            self._drop()

    def receive(
        self, story: str, draft: Draft, reasons: tuple[str, ...], now: float
    ) -> tuple[Letter, bool]:
        """Keeps a letter where nobody sees it yet.

        :returns: the letter, and whether it is new: the same name and words under the same story
            are the same letter, in whatever state it is by now.
        :raises TrayFullError: too many letters.
        """
        same, wording = digest(story, draft.name, draft.text), digest(draft.text)
        with self._writing() as db:
            db.execute(
                "DELETE FROM letter WHERE state IN ('spam', 'removed') AND decided > 0"
                " AND decided < ?",
                (now - KEPT_DAYS * DAY,),
            )
            found = _one(db, "same = ?", same)
            if found is not None:
                return found, False
            if db.execute("SELECT 1 FROM letter WHERE wording = ?", (wording,)).fetchone():
                reasons = (*reasons, "repeat")
            state = first_state(reasons)
            self._admit(db, state, bool(reasons), now)
            db.execute(
                "INSERT INTO letter (story, name, text, state, reasons, received, decided, same,"
                " wording) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
                (story, draft.name, draft.text, state, " ".join(reasons), now, same, wording),
            )
            made = _one(db, "same = ?", same)
        assert made is not None  # noqa: S101 (it was written a line above)
        return made, True

    def settle(self, number: int, to: State, add: tuple[str, ...]) -> Letter | None:
        """Moves a letter that is held to where the filters see it; an editor has not decided.

        :returns: the letter; `None` when it is gone, or not held any more.
        """
        with self._writing() as db:
            if to is State.SPAM:
                self._make_room(db)
            return _move(db, number, State.HELD, to, add=add, decided=0)

    def decide(
        self, number: int, was: State, to: State, now: float, *, add: tuple[str, ...] = ()
    ) -> Letter | None:
        """Moves a letter, as an editor wants it, from one state to another and adds reasons.

        :returns: the letter; `None` when it is gone, or not in the state `was` any more.
        """
        with self._writing() as db:
            return _move(db, number, was, to, add=add, decided=now)

    def letter(self, number: int) -> Letter | None:
        with self._using() as db:
            return _one(db, "number = ?", number)

    def published(self, story: str, most: int = 200) -> list[Letter]:
        """The newest `most` printed letters of a story, oldest first."""
        with self._using() as db:
            return _many(db, "story = ? AND state = 'published'", story, most=most)[::-1]

    def in_state(self, state: State, before: int | None = None, most: int = 50) -> list[Letter]:
        """Letters in one state, newest first.

        :param before: only letters that came before this number.
        """
        last = 2**62 if before is None else before
        with self._using() as db:
            return _many(db, "state = ? AND number < ?", state, last, most=most)

    def counts(self) -> dict[State, int]:
        """How many letters are in each state."""
        with self._using() as db:
            found = dict(db.execute("SELECT state, count(*) FROM letter GROUP BY state"))
        return {state: found.get(state.value, 0) for state in State}

    def _admit(self, db: sqlite3.Connection, state: State, doubted: bool, now: float) -> None:
        limits = self.limits
        recent, oldest = db.execute(
            "SELECT count(*), min(received) FROM letter WHERE received > ? AND (reasons != '') = ?",
            (now - limits.window, doubted),
        ).fetchone()
        if recent >= limits.each:
            raise TrayFullError(max(1, int(oldest + limits.window - now) + 1))
        if state is State.SPAM:
            self._make_room(db)
            return
        (waiting,) = db.execute("SELECT count(*) FROM letter WHERE state = 'held'").fetchone()
        if waiting >= (limits.waiting // 2 if doubted else limits.waiting):
            raise TrayFullError(limits.window)

    def _make_room(self, db: sqlite3.Connection) -> None:
        """Deletes so much undecided spam that one more finds its place."""
        db.execute(
            "DELETE FROM letter WHERE number IN (SELECT number FROM letter WHERE state = 'spam'"
            " AND decided = 0 ORDER BY reasons LIKE 'trap%', number DESC LIMIT -1 OFFSET ?)",
            (self.limits.spam - 1,),
        )

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                yield self._connection
            except (sqlite3.Error, OSError) as error:
                # The next call opens the file anew: it may be back by then.
                if self._place != MEMORY:
                    self._drop()
                raise TrayError(f"{type(error).__name__}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._using() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._place != MEMORY:
            Path(self._place).parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._place, os.O_RDWR | os.O_CREAT, 0o600))
        opened = sqlite3.connect(
            self._place, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            _share(opened)
            opened.execute("PRAGMA synchronous = FULL")
            opened.executescript(SCHEMA)
            if opened.execute("PRAGMA user_version").fetchone() == (0,):
                # Files of before do not say whether an editor or a filter called it spam.
                opened.execute("UPDATE letter SET decided = 0 WHERE state = 'spam'")
                opened.execute("PRAGMA user_version = 1")
        except BaseException:
            opened.close()
            raise
        return opened

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _move(
    db: sqlite3.Connection,
    number: int,
    was: State,
    to: State,
    *,
    add: Sequence[str],
    decided: float,
) -> Letter | None:
    found = _one(db, "number = ? AND state = ?", number, was)
    if found is None:
        return None
    db.execute(
        "UPDATE letter SET state = ?, reasons = ?, decided = ? WHERE number = ?",
        (to, " ".join((*found.reasons, *add)), decided, number),
    )
    return _one(db, "number = ?", number)


def _many(db: sqlite3.Connection, where: str, *values: object, most: int) -> list[Letter]:
    rows = db.execute(
        f"SELECT {COLUMNS} FROM letter WHERE {where} ORDER BY number DESC LIMIT ?",  # noqa: S608
        (*values, most),
    )
    return [
        Letter(number, story, name, text, State(state), tuple(reasons.split()), received)
        for number, story, name, text, state, reasons, received in rows
    ]


def _one(db: sqlite3.Connection, where: str, *values: object) -> Letter | None:
    return next(iter(_many(db, where, *values, most=1)), None)


def _share(db: sqlite3.Connection) -> None:
    """Lets any number of readers and a writer use the file at once."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # SQLite does not wait here when another process switches at the same moment.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
