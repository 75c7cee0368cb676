"""Which files stand under a database's name: somebody may move, replace or delete them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # pragma: no cover
    fcntl = None  # type: ignore[assignment]

__all__ = ["Whereabouts", "find", "remove_log"]

_File = tuple[int, int] | None
"""Device and number of a file, `None` where there is none."""


class Whereabouts(NamedTuple):
    """The files under a database's name: its own, and the log of what is not in it yet."""

    database: _File
    log: _File


def find(path: Path) -> Whereabouts:
    """Returns what stands there now."""
    return Whereabouts(_file(path), _file(_log(path)))


def remove_log(path: Path, log: _File) -> None:
    """Removes a log, and its index, after its database was moved or replaced: SQLite would take
    it for the log of whatever stands there by now, and damage that.

    Every process that had the database open may call this, at once or much later. Only the log
    that is named goes, so the first one removes it and none removes the next database's.
    """
    if fcntl is None or log is None:
        return
    name = _log(path)
    with contextlib.suppress(OSError), open(name, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _file(name) == log:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}-shm")
            os.unlink(name)


def _log(path: Path) -> str:
    return f"{path}-wal"


def _file(path: Path | str) -> _File:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
