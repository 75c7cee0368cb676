"""Which codes were taken: a unique insert decides, so that of many who try one succeeds."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, Protocol

from adguard.ledger import StoreError
from adguard.ledger.connect import explain, open_to_read, open_to_write
from adguard.ledger.events import DAY
from adguard.passes.code import Code

__all__ = ["AGAIN", "KEEP", "LocalTaken", "MemoryTaken", "Outcome", "Taken"]

Outcome = Literal["new", "again", "taken"]

AGAIN = 600
"""Seconds in which the same form may be sent again: a second click, or an answer that got lost."""

KEEP = 90 * DAY
"""Seconds for which a taken code is remembered after its time: another one about the same payment
may have been issued later."""


class Taken(Protocol):
    """The memory of codes that were taken. Safe in any thread, and blocking."""

    def take(self, code: Code, hand: str, now: float) -> Outcome:
        """Takes a code, once.

        :param hand: what tells this form from all others; with it, the code can be taken again
            for ten minutes.
        :returns: `new` the first time, `again` for the same hand, `taken` for any other.
        :raises StoreError: it was not taken; the same may be tried again.
        """

    def taken_at(self, code: Code) -> int | None:
        """Returns when a code was taken, in Unix seconds; `None` when nobody did.

        :raises StoreError: it is not known.
        """

    def close(self) -> None:
        """Lets go of connections; the next use opens them again."""


class LocalTaken:
    """The table `taken` of the machine's own database file, shared by all its workers."""

    def __init__(self, path: Path, busy_timeout: float = 2.5) -> None:
        self._path = path
        self._busy_timeout = busy_timeout

    def take(self, code: Code, hand: str, now: float) -> Outcome:
        row = (code.nonce, hand, int(now), code.until + KEEP)
        try:
            # Always to the disk, whatever the figures are content with.
            with closing(open_to_write(self._path, "FULL", self._busy_timeout)) as db:
                # One statement is a transaction: no other worker comes between.
                if db.execute("INSERT OR IGNORE INTO taken VALUES (?, ?, ?, ?)", row).rowcount:
                    return "new"
                found = db.execute(
                    "SELECT hand, at FROM taken WHERE code = ?", (code.nonce,)
                ).fetchone()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the code could not be taken: {explain(error)}") from error
        return _again(found, hand, now)

    def give_back(self, code: Code) -> None:
        """Forgets that a code was taken, if the file can be written."""
        with (
            suppress(StoreError, sqlite3.Error, OSError),
            closing(open_to_write(self._path, "FULL", self._busy_timeout)) as db,
        ):
            db.execute("DELETE FROM taken WHERE code = ?", (code.nonce,))

    def node(self) -> str:
        """Returns the name of the file, the same for all workers of a machine.

        :raises StoreError: it cannot be read.
        """
        try:
            with closing(open_to_read(self._path, self._busy_timeout)) as db:
                (name,) = db.execute("SELECT value FROM meta WHERE name = 'node'").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"the codes cannot be read: {explain(error)}") from error
        return str(name)

    def taken_at(self, code: Code) -> int | None:
        if not self._path.is_file():
            return None
        try:
            with closing(open_to_read(self._path, self._busy_timeout)) as db:
                row = db.execute("SELECT at FROM taken WHERE code = ?", (code.nonce,)).fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"the codes cannot be read: {explain(error)}") from error
        return None if row is None else int(row[0])

    def close(self) -> None:
        """The file is opened for each use."""


class MemoryTaken:
    """What one process remembers, where nothing is kept: another worker, or a restart, knows
    nothing of it, and a code can be taken again there until its time is over."""

    MOST = 100_000

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def take(self, code: Code, hand: str, now: float) -> Outcome:
        with self._lock:
            found = self._rows.get(code.nonce)
            if found is None:
                if len(self._rows) >= self.MOST:
                    del self._rows[next(iter(self._rows))]
                self._rows[code.nonce] = (hand, int(now))
                return "new"
        return _again(found, hand, now)

    def taken_at(self, code: Code) -> int | None:
        found = self._rows.get(code.nonce)
        return None if found is None else found[1]

    def close(self) -> None:
        """There is nothing to let go of."""


def _again(found: tuple[str, int] | None, hand: str, now: float) -> Outcome:
    if found is not None and hand and found[0] == hand and now - found[1] < AGAIN:
        return "again"
    return "taken"
