"""SQLite connections, and what their errors mean."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from adguard.ledger.errors import StoreError
from adguard.ledger.schema import APPLICATION, VERSION, migrate, twins

__all__ = ["explain", "locked", "open_to_read", "open_to_write", "passing", "unwritable"]

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "the database is locked by another process",
    sqlite3.SQLITE_LOCKED: "the database is locked by another process",
    sqlite3.SQLITE_READONLY: "the database is read-only",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_PERM: "the database file cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not a database, or it is damaged",
    sqlite3.SQLITE_IOERR: "the disk reported an error",
}


def _code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def explain(error: BaseException) -> str:
    """Says in one sentence, without a path, why a store failed."""
    if isinstance(error, OSError):
        return f"the data folder cannot be used ({os.strerror(error.errno or 0).lower()})"
    if isinstance(error, StoreError):
        return str(error)
    return _REASONS.get(_code(error), f"the store failed ({type(error).__name__})")


def unwritable(error: BaseException) -> bool:
    """Whether an error at opening means that this place can never be written to."""
    if isinstance(error, OSError):
        return True
    return _code(error) in {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    }


def locked(error: BaseException) -> bool:
    """Whether another process's transaction was waited for in vain."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def passing(error: BaseException) -> bool:
    """Whether the connection is still good after an error."""
    return _code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def open_to_write(path: Path | None, synchronous: str, busy_timeout: float) -> sqlite3.Connection:
    """Opens a store, making folder, file and tables where they are missing.

    :raises StoreError: the file is another program's, or a newer version's.
    :raises OSError: the folder cannot be made.
    :raises sqlite3.Error: the file cannot be used.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=busy_timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _prepare(db, synchronous, busy_timeout)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, synchronous: str, busy_timeout: float) -> None:
    _check_owner(db)
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # SQLite does not wait here when another process switches at the same moment.
            if not passing(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute("PRAGMA cache_size = -16000")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("PRAGMA secure_delete = FAST")
    db.execute("PRAGMA journal_size_limit = 67108864")
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _refuse_foreign(db)
        if version < VERSION:
            migrate(db, version)
            db.execute("INSERT OR IGNORE INTO meta VALUES ('node', ?)", (secrets.token_hex(8),))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _check_owner(db: sqlite3.Connection) -> int:
    db.execute("BEGIN")
    try:
        return _refuse_foreign(db)
    finally:
        db.execute("ROLLBACK")


def _refuse_foreign(db: sqlite3.Connection) -> int:
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION and (owner or tables):
        raise StoreError("the database belongs to another program; give adguard a file of its own")
    if version > VERSION:
        raise StoreError(
            f"the database was written by a newer adguard (format {version}, this one reads "
            f"{VERSION}); upgrade, or name another file"
        )
    return int(version)


def open_to_read(path: Path, busy_timeout: float) -> sqlite3.Connection:
    """Opens an existing store for reading only.

    :raises StoreError: there is none, or it cannot be read.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it")
    if not path.is_file():
        raise StoreError(f"{path} does not exist: nothing has been recorded there yet")
    try:
        try:
            return _connect_to_read(path, "mode=ro", busy_timeout)
        except sqlite3.OperationalError:
            # A closed database in a folder we may not write to: SQLite cannot make the files it
            # shares with writers. Without a write-ahead log there is no writer to share with.
            if Path(f"{path}-wal").exists():
                raise
            return _connect_to_read(path, "immutable=1", busy_timeout)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read: {explain(error)}") from error


def _connect_to_read(path: Path, how: str, busy_timeout: float) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"file:{quote(str(path))}?{how}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        version = _check_owner(db)
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("PRAGMA cache_size = -16000")
        for statement in twins(db, version) if version else ():
            db.execute(statement)
    except BaseException:
        db.close()
        raise
    if not version:
        db.close()
        raise StoreError(f"{path} is empty: nothing has been recorded there yet")
    return db
