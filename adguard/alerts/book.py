"""What has been said, and to whom: the memory that lets every worker and every node agree.

The book is a list of entries that only grows. An entry is written once, whoever tries: who wrote
`open` says the message. From the entries alone follows which alerts are open and what is still to
be delivered, so a worker that is killed is continued by the next one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal, Protocol

from adguard.ledger.events import DAY
from adguard.ledger.schema import APPLICATION

__all__ = ["KEEP", "Book", "Entry", "LocalBook", "Word"]

Word = Literal["open", "sent"]

KEEP = 90 * DAY
"""Seconds that entries are kept."""

MOST = 10_000
"""Entries that are kept in memory: rules that ring every hour for a month."""


@dataclass(frozen=True)
class Entry:
    """One line of the book.

    :param subject: what the rule is about, where that is not the whole site: a node; else empty.
    :param episode: counts the alerts of one rule, from 1.
    :param status: `firing` or `resolved`: the two messages of an episode.
    :param turn: counts the nodes that took it on them to deliver the message, from 0.
    :param word: `open` (this node delivers it) · `sent` (the target took it).
    :param target: for whom, as `webhook.name_of`; empty for `open`.
    :param at: Unix seconds.
    :param body: the message, for `open` only.
    """

    site: str
    rule: str
    subject: str
    episode: int
    status: str
    turn: int
    word: Word
    target: str
    node: str
    at: int
    body: str = ""

    @property
    def key(self) -> tuple[str | int, ...]:
        """What can be written once."""
        return (*self.message, self.turn, self.word, self.target)

    @property
    def message(self) -> tuple[str, str, str, int, str]:
        """The message it belongs to."""
        return (self.site, self.rule, self.subject, self.episode, self.status)

    @property
    def name(self) -> str:
        """The message's id for those who get it."""
        return ".".join(str(part) for part in self.message if part != "")


class Book(Protocol):
    """Where entries are kept. Called in one thread."""

    def write(self, entry: Entry) -> bool:
        """Writes an entry, unless one of its key stands there; says whether ours does.

        :raises StoreError: it is not known whether it does.
        """

    def read(self, site: str) -> list[Entry]:
        """Returns the entries of a site.

        :raises StoreError: they cannot be read.
        """


_TABLE = (
    "CREATE TABLE IF NOT EXISTS alerts (site TEXT NOT NULL, rule TEXT NOT NULL, "
    "subject TEXT NOT NULL, episode INTEGER NOT NULL, status TEXT NOT NULL, turn INTEGER NOT NULL, "
    "word TEXT NOT NULL, target TEXT NOT NULL, node TEXT NOT NULL, at INTEGER NOT NULL, "
    "body TEXT NOT NULL, "
    "PRIMARY KEY (site, rule, subject, episode, status, turn, word, target)) WITHOUT ROWID"
)
# What follows from an old entry must not change: the last episode of a rule stays.
_EXPIRE = (
    "DELETE FROM alerts WHERE at < ? AND EXISTS (SELECT 1 FROM alerts AS later "
    "WHERE later.site = alerts.site AND later.rule = alerts.rule "
    "AND later.subject = alerts.subject AND later.episode > alerts.episode)"
)


class LocalBook:
    """A table in the node's own database file, shared by all workers of the machine.

    While the file cannot be used, entries are kept in memory and written later: a full disk is
    what an alert has to tell of. The file is opened for each call and never made here.

    :param path: the database file; `None` keeps everything in memory.
    """

    def __init__(self, path: Path | None, busy_timeout: float = 2.5) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._known: dict[tuple[str | int, ...], Entry] = {}
        self._unsaved: list[Entry] = []

    def write(self, entry: Entry) -> bool:
        if entry.key in self._known:
            return False
        try:
            ours = self._save([entry]) == 1
        except (sqlite3.Error, OSError):
            self._unsaved.append(entry)
            ours = True
        if ours:
            self._known[entry.key] = entry
            if len(self._known) > MOST:
                newest = sorted(self._known.values(), key=lambda known: known.at)[MOST // 2 :]
                self._known = {known.key: known for known in newest}
                self._unsaved = [known for known in self._unsaved if known.key in self._known]
        return ours

    def read(self, site: str) -> list[Entry]:
        with suppress(sqlite3.Error, OSError):
            if self._unsaved:
                self._save(self._unsaved)
                self._unsaved.clear()
            if self._path is not None:
                with closing(self._open(self._path)) as db:
                    rows = db.execute("SELECT * FROM alerts WHERE site = ?", (site,)).fetchall()
                self._known = {entry.key: entry for entry in (Entry(*row) for row in rows)}
        return [entry for entry in self._known.values() if entry.site == site]

    @property
    def node(self) -> str:
        """The name of the file, the same for all workers of a machine; empty while it is not
        known."""
        if self._path is None:
            return ""
        with suppress(sqlite3.Error, OSError), closing(self._open(self._path)) as db:
            row = db.execute("SELECT value FROM meta WHERE name = 'node'").fetchone()
            return str(row[0]) if row else ""
        return ""

    def _save(self, entries: Iterable[Entry]) -> int:
        if self._path is None:
            return sum(entry.key not in self._known for entry in entries)
        with closing(self._open(self._path)) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(_TABLE)
            db.execute(_EXPIRE, (int(time.time()) - KEEP,))
            marks = ", ".join("?" * 11)
            return sum(
                db.execute(
                    f"INSERT OR IGNORE INTO alerts VALUES ({marks})",  # noqa: S608
                    astuple(entry),
                ).rowcount
                for entry in entries
            )

    def _open(self, path: Path) -> sqlite3.Connection:
        # Without `rwc`: a file that is not there is the ledger's to make, with its own mark.
        uri = path.absolute().as_uri() + "?mode=rw"
        db = sqlite3.connect(uri, uri=True, timeout=self._busy_timeout, isolation_level=None)
        try:
            if db.execute("PRAGMA application_id").fetchone() != (APPLICATION,):
                raise sqlite3.DatabaseError("not our file")
        except sqlite3.Error:
            db.close()
            raise
        return db
