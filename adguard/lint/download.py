"""Filter lists from their makers, kept in a cache and asked for again only when they changed."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from adguard.lint.findings import Finding, Level, Topic
from adguard.lint.profiles import Blockers
from adguard.lint.sources import Gathered, Source, complaint, make

AGENT: Final = "adguard-toolkit lint (+https://pypi.org/project/adguard-toolkit/)"
MOST_BYTES: Final = 32 * 1024 * 1024
TIMEOUT: Final = httpx.Timeout(30, connect=10)
AT_ONCE: Final = 4
MOST_STEPS: Final = 5
"""Redirects that are followed."""
MOST_INCLUDES: Final = 32
LONGEST_NAME: Final = 300

_INCLUDE = re.compile(rb"^!#include[ \t]+([^ \t\r\n][^\r\n]*)", re.MULTILINE)
_CHECKSUM = re.compile(rb"^[ \t]*![ \t]*checksum[ \t:-]+([\w+/=]+).*\n?", re.I | re.M)

Progress = Callable[[str, int, int | None], None]
"""Called with a list's id, the bytes so far and the bytes to come, if known."""


class DownloadError(Exception):
    """A list cannot be had from its maker.

    :ivar offline: no connection came about at all.
    """

    def __init__(self, message: str, *, offline: bool = False) -> None:
        super().__init__(message)
        self.offline = offline


class Kept(msgspec.Struct, kw_only=True):
    """What the cache knows of a list: of this version, from that address, whole if it has that
    SHA-256."""

    url: str
    sha256: str
    fetched: str
    etag: str = ""
    modified: str = ""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`adguard/lists` in the user's cache folder (XDG base directories)."""
    base = environment.get("XDG_CACHE_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return folder / "adguard" / "lists"


def fetch(
    ids: Iterable[str],
    blockers: Blockers,
    *,
    folder: Path,
    progress: Progress = lambda *_: None,
    finished: Callable[[str], None] = lambda _: None,
    transport: httpx.BaseTransport | None = None,
) -> Gathered:
    """Downloads the lists named, at most four at a time; a copy in `folder` stands in for one that
    cannot be had. Proxies come from the usual environment variables.

    :raises DownloadError: when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise DownloadError(f"The cache {folder} cannot be written: {error.strerror}.") from error
    gathered = Gathered()
    wanted = list(dict.fromkeys(ids))
    offline = 0
    with (
        httpx.Client(
            timeout=TIMEOUT,
            headers={"user-agent": AGENT, "accept": "text/plain,*/*;q=0.1"},
            transport=transport,
        ) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def one(name: str) -> Source | DownloadError:
            try:
                return _fetch(client, name, blockers, folder, progress)
            except DownloadError as error:
                return error
            finally:
                finished(name)

        for name, got in zip(wanted, pool.map(one, wanted), strict=True):
            if isinstance(got, Source):
                gathered.add(got)
                continue
            offline += got.offline
            title = blockers.lists[name].title
            kept = _load(folder, name)
            if kept is None:
                gathered.tell(Level.DEGRADED, title, f"{title} could not be downloaded: {got}.")
                continue
            entry, data = kept
            gathered.add(make(_place(folder, name), data, "cache", blockers, name))
            gathered.tell(
                Level.NOTE,
                title,
                f"{title} could not be downloaded ({got}); the copy of {entry.fetched[:10]} is "
                "used.",
            )
    if wanted and offline == len(wanted):
        gathered.findings = [
            Finding(
                level=Level.NOTE if len(gathered.known) == len(wanted) else Level.DEGRADED,
                topic=Topic.LIST,
                subject="download",
                message="No connection to any list's server: is this machine offline, or does it "
                "need a proxy (HTTPS_PROXY)? "
                + (
                    f"{len(gathered.known)} of {len(wanted)} lists are copies from the cache."
                    if gathered.known
                    else "The cache holds no copy."
                ),
            )
        ]
    return gathered


def _fetch(
    client: httpx.Client, name: str, blockers: Blockers, folder: Path, progress: Progress
) -> Source:
    url = blockers.lists[name].url
    kept = _load(folder, name)
    headers = {}
    if kept is not None and kept[0].url == url:
        if kept[0].etag:
            headers["if-none-match"] = kept[0].etag
        if kept[0].modified:
            headers["if-modified-since"] = kept[0].modified
    answer, data = _get(client, url, headers, lambda got, of: progress(name, got, of))
    path = _place(folder, name)
    if answer.status_code == httpx.codes.NOT_MODIFIED and kept is not None:
        return make(path, kept[1], "cache", blockers, name)
    if answer.status_code != httpx.codes.OK:
        raise DownloadError(f"its server answered {answer.status_code}")
    wrong = complaint(data) or _damage(data)
    if wrong:
        raise DownloadError(wrong)
    path.parent.mkdir(exist_ok=True)
    _fetch_includes(client, url, data, path)
    entry = Kept(
        url=url,
        sha256=hashlib.sha256(data).hexdigest(),
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        etag=answer.headers.get("etag", ""),
        modified=answer.headers.get("last-modified", ""),
    )
    _write(path, data)
    _write(path.with_suffix(".json"), msgspec.json.encode(entry))
    return make(path, data, "download", blockers, name)


def _get(
    client: httpx.Client,
    url: str,
    headers: Mapping[str, str],
    progress: Callable[[int, int | None], None] = lambda *_: None,
    *,
    stay: bool = False,
) -> tuple[httpx.Response, bytes]:
    """Asks for `url`; the body is decoded and whole, and at most 32 MB.

    :param stay: follow redirects on the same server only.
    """
    data = bytearray()
    try:
        with _answer(client, client.build_request("GET", url, headers=headers), stay) as answer:
            length = answer.headers.get("content-length", "")
            total = int(length) if length.isdigit() else None
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise DownloadError(f"it is bigger than {MOST_BYTES // 1024 // 1024} MB")
                progress(answer.num_bytes_downloaded, total)
    except httpx.TimeoutException as error:
        offline = isinstance(error, httpx.ConnectTimeout)
        raise DownloadError("its server did not answer in time", offline=offline) from error
    except (httpx.ConnectError, httpx.ProxyError) as error:
        said = str(error) or type(error).__name__
        raise DownloadError(f"no connection ({said})", offline=True) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = str(error) or type(error).__name__
        raise DownloadError(f"the transfer failed ({said})") from error
    return answer, bytes(data)


@contextmanager
def _answer(client: httpx.Client, request: httpx.Request, stay: bool) -> Iterator[httpx.Response]:
    """The answer at the end of all redirects. Each step is judged before it is taken: none leads
    from TLS to none."""
    for _ in range(MOST_STEPS + 1):
        answer = client.send(request, stream=True, follow_redirects=False)
        if answer.next_request is None:
            try:
                yield answer
            finally:
                answer.close()
            return
        answer.close()
        here, there = request.url, answer.next_request.url
        if here.scheme == "https" and there.scheme != "https":
            raise DownloadError("its server sends us to an address without TLS")
        if stay and here.netloc != there.netloc:
            raise DownloadError("its server sends us to another server")
        request = answer.next_request
    raise DownloadError(f"its server sends us on more than {MOST_STEPS} times")


def _fetch_includes(client: httpx.Client, url: str, data: bytes, path: Path) -> None:
    """Keeps the files that a list names in `!#include` beside it, each once, 32 at most. One that
    fails is left out; the reader of the list then says so."""
    pending = [(url, name) for name in _included(data)]
    seen: set[str] = set()
    while pending and len(seen) < MOST_INCLUDES:
        base, name = pending.pop(0)
        inner = PurePosixPath(name)
        if name in seen or inner.is_absolute() or ".." in inner.parts or ":" in name:
            continue
        seen.add(name)
        address = urljoin(base, name)
        if urlsplit(address).netloc != urlsplit(url).netloc:
            continue
        try:
            answer, body = _get(client, address, {}, stay=True)
        except DownloadError:
            continue
        if answer.status_code == httpx.codes.OK and not complaint(body):
            target = path.parent / inner
            if target.stem != path.stem:
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _write(target, body)
                except (OSError, ValueError):  # no name for a file
                    continue
            pending += [(address, more) for more in _included(body)]


def _included(data: bytes) -> Iterator[str]:
    """The files that a list names in `!#include`."""
    for found in islice(_INCLUDE.finditer(data), 32 * MOST_INCLUDES):
        name = found[1].decode("utf-8", "replace").rstrip()
        if len(name) <= LONGEST_NAME:
            yield name


def _damage(data: bytes) -> str:
    """What the list's own `! Checksum:` says, where it has one: MD5 in base64 over the text
    without that line, with single line ends."""
    found = _CHECKSUM.search(data, 0, 4096)
    if found is None:
        return ""
    text = re.sub(rb"\n+", b"\n", data.replace(b"\r", b""))
    text = _CHECKSUM.sub(b"", text, count=1)
    made = base64.b64encode(hashlib.md5(text, usedforsecurity=False).digest()).rstrip(b"=")
    return "" if made == found[1].rstrip(b"=") else "its checksum does not fit"


def _place(folder: Path, name: str) -> Path:
    """A folder for each list: what it includes stands beside it."""
    return folder / name / f"{name}.txt"


def _load(folder: Path, name: str) -> tuple[Kept, bytes] | None:
    """The copy in the cache, if it is what was once downloaded."""
    try:
        path = _place(folder, name)
        entry = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Kept)
        data = path.read_bytes()
    except (OSError, msgspec.DecodeError):
        return None
    return (entry, data) if hashlib.sha256(data).hexdigest() == entry.sha256 else None


def _write(path: Path, data: bytes) -> None:
    """Writes in full or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)
