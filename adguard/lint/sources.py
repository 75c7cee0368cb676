"""Where filter lists come from on this machine: files, folders, Debian's package."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from adguard.lint.findings import Finding, Level, Topic
from adguard.lint.profiles import Blockers

MOST_BYTES = 64 * 1024 * 1024
"""A bigger file is not read; the biggest list in use has some 10 MB."""
MOST_FILES = 512
SUFFIXES = {".txt", ".list"}
PACKAGES = (
    Path("/usr/share/chromium/extensions/ublock-origin/assets"),
    Path(
        "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/"
        "uBlock0@raymondhill.net/assets"
    ),
)
NOT_LISTS = {"badlists.txt", "license.txt", "readme.txt"}

_TITLE = re.compile(rb"^[ \t]*[!#][ \t]*Title:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)
_HEAD = 4096
_MARKS = {
    b"\xff\xfe": "it is text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "it is text in UTF-16; save it as UTF-8",
    b"\x1f\x8b": "it is packed (gzip); unpack it first",
    b"PK\x03\x04": "it is packed (zip); unpack it first",
}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class SourceError(ValueError):
    """The lists asked for cannot be had; the message says which, and what to do."""


def written(path: Path) -> str:
    """A path as text that can be printed: a file's name may be any bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One list, not yet read.

    :param id: its name in `data/profiles.json`, or "" for one that no profile knows.
    :param title: what it calls itself, else its file's name.
    :param kind: `file`, `folder`, `package`, `download` or `cache`.
    """

    id: str
    title: str
    kind: str
    path: Path
    data: bytes = field(repr=False)

    @cached_property
    def branches(self) -> bool:
        """Whether blockers read it in different ways: it has conditions or includes others."""
        return b"!#if" in self.data or b"!#include" in self.data

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def include(self, name: str) -> bytes | None:
        """The file that the list names in `!#include`, which has to be in the list's folder."""
        wanted = PurePosixPath(name)
        if wanted.is_absolute() or ".." in wanted.parts or ":" in name:
            return None
        path = self.path.parent / wanted
        try:
            data = _read(path)
            inside = path.resolve().is_relative_to(self.path.parent.resolve())
        except (OSError, ValueError):
            return None
        return data if inside else None


@dataclass
class Gathered:
    """Lists by id, the unknown ones, and what could not be used."""

    known: dict[str, Source] = field(default_factory=dict)
    unknown: list[Source] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def all(self) -> tuple[Source, ...]:
        return (*self.known.values(), *self.unknown)

    def add(self, source: Source) -> None:
        """Takes a list; the first of two with one id stays, and the other is told."""
        if not source.id:
            self.unknown.append(source)
            return
        first = self.known.setdefault(source.id, source)
        if first is not source and first.data != source.data:
            self.tell(
                Level.NOTE,
                source.title,
                f"{written(source.path)} is not used: {written(first.path)} is the same list and "
                "came first.",
            )

    def tell(self, level: Level, subject: str, message: str) -> None:
        self.findings.append(
            Finding(level=level, topic=Topic.LIST, subject=subject, message=message)
        )


def from_paths(paths: Iterable[Path], blockers: Blockers) -> Gathered:
    """Reads files and folders (`.txt` and `.list` files below them, at most 512).

    :raises SourceError: for a path that does not exist, or a folder without a list.
    """
    gathered = Gathered()
    for path in paths:
        if path.is_dir():
            files = list(_files(path, gathered))
            if not files:
                raise SourceError(f"--lists: there is no .txt or .list file in {written(path)}.")
            _take(gathered, files, "folder", blockers)
        elif path.exists():
            _take(gathered, [path], "file", blockers)
        else:
            raise SourceError(f"--lists: {written(path)} does not exist.")
    return gathered


def from_package(blockers: Blockers, places: Iterable[Path] = PACKAGES) -> Gathered:
    """Reads the lists in Debian's uBlock Origin package, if it is installed."""
    gathered = Gathered()
    for place in places:
        if place.is_dir():
            _take(gathered, _files(place, gathered), "package", blockers)
            break
    return gathered


def make(path: Path, data: bytes, kind: str, blockers: Blockers, known: str = "") -> Source:
    """Returns the list in `data`, recognised by its title and file name unless `known` names it."""
    found = _TITLE.search(data, 0, _HEAD)
    title = found[1].decode("utf-8", "replace").strip() if found else ""
    name = known or blockers.recognise(title, path.name)
    if not title:
        title = blockers.lists[name].title if name else written(Path(path.name))
    return Source(id=name, title=title, kind=kind, path=path, data=data)


def complaint(data: bytes) -> str:
    """Why `data` cannot be a filter list, or "". It judges the first kilobytes only; what a list
    made of nonsense holds shows when it is read."""
    head = data[:_HEAD]
    if not data.strip():
        return "it is empty"
    for mark, said in _MARKS.items():
        if head.startswith(mark):
            return said
    if _CONTROL.search(head):
        return "it is a binary file"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "it is a web page (a login or error page, perhaps)"
    return ""


def _take(gathered: Gathered, files: Iterable[Path], kind: str, blockers: Blockers) -> None:
    for path in files:
        place = written(path)
        name = place.rpartition("/")[2]
        try:
            data = _read(path)
        except OSError as error:
            gathered.tell(Level.DEGRADED, name, f"{place} cannot be read: {_cause(error)}.")
            continue
        except ValueError as error:
            gathered.tell(Level.DEGRADED, name, f"{place} is not read: {error}.")
            continue
        wrong = complaint(data)
        if wrong:
            gathered.tell(Level.DEGRADED, name, f"{place} is no filter list: {wrong}.")
            continue
        gathered.add(make(path, data, kind, blockers))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES // 1024 // 1024} MB")
    return data


def _cause(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _files(folder: Path, gathered: Gathered) -> Iterator[Path]:
    def deny(error: OSError) -> None:
        place = written(Path(error.filename))
        gathered.tell(Level.DEGRADED, place, f"{place} cannot be read: {_cause(error)}.")

    count = 0
    for path in sorted(_walk(folder, deny)):
        if path.suffix.lower() not in SUFFIXES or path.name.lower() in NOT_LISTS:
            continue
        count += 1
        if count > MOST_FILES:
            place = written(folder)
            gathered.tell(Level.DEGRADED, place, f"{place} holds more than {MOST_FILES} lists.")
            return
        yield path


def _walk(folder: Path, deny: Callable[[OSError], None]) -> Iterator[Path]:
    """Every file below, without following links to folders: a circle of links ends nowhere."""
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            entries = sorted(here.iterdir())
        except OSError as error:
            deny(error)
            continue
        for entry in entries:
            if entry.is_dir():
                if not entry.is_symlink():
                    pending.append(entry)
            else:
                yield entry
