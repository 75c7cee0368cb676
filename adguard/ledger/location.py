"""Where a store is, as written in one address."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from adguard.ledger.errors import StoreURLError

__all__ = ["JOURNAL_MB", "Address", "Host", "Location", "locate"]

JOURNAL_MB = 2048
"""Megabytes that may wait on a node for a ClickHouse that does not answer: some twenty million
events."""

_RIGHT = (
    "clickhouse://user:password@host:9000,host2:9000/database?cluster=NAME"
    "&secure=1&journal=/absolute/file.sqlite3, with everything but letters and digits "
    "percent-encoded in user and password"
)
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@,]+)(?::(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Host(NamedTuple):
    """Where a server listens for ClickHouse's own protocol."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True)
class Address:
    """A ClickHouse server, or cluster; shown, it never shows the password.

    :param hosts: the server; of a cluster, the replicas that are asked first what it consists of.
    :param cluster: the cluster's name in the servers' `remote_servers`; empty for one server.
    :param secure: whether connections are encrypted (TLS).
    """

    hosts: tuple[Host, ...]
    database: str
    user: str = "default"
    password: str = field(default="", repr=False)
    cluster: str = ""
    secure: bool = False

    def __str__(self) -> str:
        return f"clickhouse://{','.join(map(str, self.hosts))}/{self.database}"

    def hush(self, text: str) -> str:
        """Returns a text without the password."""
        return text.replace(self.password, "…") if self.password else text


@dataclass(frozen=True)
class Location:
    """A store address, understood.

    :param kind: `sqlite`, `memory`, `none` or `clickhouse`.
    :param path: the database file of `sqlite`, the node's journal of `clickhouse`.
    :param synchronous: `FULL` survives a power cut, `NORMAL` a killed process.
    :param address: where the journal is shipped to, for `clickhouse` only.
    :param journal_mb: megabytes that may wait in the journal, for `clickhouse` only.
    """

    kind: Literal["sqlite", "memory", "none", "clickhouse"]
    path: Path | None = None
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    address: Address | None = None
    journal_mb: int = JOURNAL_MB


def _data_folder() -> Path:
    if folder := os.environ.get("ADGUARD_DATA"):
        return Path(folder).expanduser().absolute()
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser().absolute() / "adguard"


def locate(url: str | None) -> Location:
    """Understands a store address.

    :param url: `sqlite:///absolute/path`, with `?synchronous=normal` if a power cut may cost the
        last moments; `clickhouse://user:password@host[:port][,host2…]/database` with the options
        `cluster`, `secure`, `journal` (default: `journal.sqlite3` in the data folder),
        `journal_mb` and `synchronous`; `memory:`; `none`; or nothing, which means
        `figures.sqlite3` in the data folder: `ADGUARD_DATA`, else `adguard` below the XDG data
        home.
    :raises StoreURLError: anything else, saying what would be right, and nothing of a password.
    """
    if not url:
        return Location("sqlite", _data_folder() / "figures.sqlite3")
    if url == "none":
        return Location("none")
    if url == "memory:":
        return Location("memory")
    if url.startswith("clickhouse:"):
        return _clickhouse(url)
    scheme, _, rest = url.partition("://")
    path, _, query = rest.partition("?")
    if scheme != "sqlite" or not path.startswith("/") or not path.strip("/"):
        # What stands before an @ may be a password.
        shown = repr(url) if "@" not in url else "the address"
        raise StoreURLError(
            f"{shown} names no store; use sqlite:///absolute/path, clickhouse://…, memory: or none"
        )
    options = _options(query)
    synchronous = _synchronous(options)
    if options:
        raise StoreURLError(
            f"{url!r}: the only option of a SQLite store is synchronous=full or =normal"
        )
    return Location("sqlite", _file(path), synchronous)


def _clickhouse(url: str) -> Location:
    # Nothing of the address is repeated in an error: a password that is not encoded may have
    # slipped into any part of it.
    rest = url.removeprefix("clickhouse://")
    place, _, query = rest.partition("?")
    place, _, database = place.partition("/")
    login, at, listed = place.rpartition("@")
    user, _, password = login.partition(":")
    if rest == url or not _NAME.fullmatch(database) or (at and not user):
        raise StoreURLError(f"that names no ClickHouse database; use {_RIGHT}")
    options = _options(query)
    synchronous = _synchronous(options)
    secure = options.pop("secure", "0")
    cluster = options.pop("cluster", "")
    journal = options.pop("journal", None)
    size = options.pop("journal_mb", str(JOURNAL_MB))
    if options:
        raise StoreURLError(
            "the options of a ClickHouse store are cluster, secure, journal, journal_mb and "
            f"synchronous; use {_RIGHT}"
        )
    if secure not in {"0", "1"}:
        raise StoreURLError("secure must be 0 or 1")
    if cluster and not _NAME.fullmatch(cluster):
        raise StoreURLError("cluster must be a name: letters, digits, dashes and underscores")
    if journal is not None and not (journal.startswith("/") and journal.strip("/")):
        raise StoreURLError("journal must be the absolute path of a file")
    if not re.fullmatch(r"[1-9][0-9]{0,6}", size):
        raise StoreURLError("journal_mb must be a whole number of megabytes, at least 1")
    hosts = tuple(_host(one, 9440 if secure == "1" else 9000) for one in listed.split(","))
    if len(hosts) > 1 and not cluster:
        raise StoreURLError("several servers are a cluster: add ?cluster=NAME")
    return Location(
        "clickhouse",
        _data_folder() / "journal.sqlite3" if journal is None else _file(journal, encoded=False),
        synchronous,
        Address(
            hosts, database, unquote(user) or "default", unquote(password), cluster, secure == "1"
        ),
        int(size),
    )


def _host(text: str, port: int) -> Host:
    found = _HOST.fullmatch(text)
    if not found or not 0 < int(found["port"] or port) < 65536:
        raise StoreURLError(f"one of the hosts cannot be understood; use {_RIGHT}")
    return Host(found["name"].strip("[]"), int(found["port"] or port))


def _options(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def _synchronous(options: dict[str, str]) -> Literal["FULL", "NORMAL"]:
    match options.pop("synchronous", "full").lower():
        case "full":
            return "FULL"
        case "normal":
            return "NORMAL"
    raise StoreURLError("the option synchronous is synchronous=full or =normal")


def _file(path: str, *, encoded: bool = True) -> Path:
    return Path("/" + (unquote(path) if encoded else path).lstrip("/"))
