"""One worker of a machine at a time folds and expires: who holds the lock beside the database."""

from __future__ import annotations

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover
    fcntl = None  # type: ignore[assignment]

__all__ = ["Lease"]


class Lease:
    """A lock that the system takes back when its holder dies.

    It spares work, it guards nothing: folding is exact however many do it at once. So where there
    are no file locks (Windows), or no file, everybody holds it.

    :param path: the lock's file, made when it is missing; `None` for a store without a file.
    :param or_folder: where the file cannot be made, lock its folder instead, or the nearest above
        it that is there.
    """

    def __init__(self, path: Path | None, *, or_folder: bool = False) -> None:
        self._path = path
        self._or_folder = or_folder
        self._file: int | None = None

    def held(self) -> bool:
        """Takes the lease if it is free; says whether we hold it. Never waits."""
        if self._path is None or fcntl is None or self._file is not None:
            return True
        try:
            file = self._open(self._path)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def _open(self, path: Path) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            if not self._or_folder:
                raise
            folder = next(folder for folder in path.parents if folder.is_dir())
            return os.open(folder, os.O_RDONLY | os.O_CLOEXEC)

    def release(self) -> None:
        """Gives the lease back, if we hold it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
