"""Downloading lists: from a server of the test's own, straight and through a proxy."""

from __future__ import annotations

import base64
import gzip
import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import httpx
import msgspec
import pytest
from rich.console import Console

from adguard.lint import download
from adguard.lint.download import DownloadError, cache_folder, fetch
from adguard.lint.fetching import fetch_with_progress
from adguard.lint.findings import Level
from adguard.lint.profiles import Blockers, load
from adguard.lint.sources import Gathered, SourceError

LIST = b"! Title: EasyList\n! Version: 202611230000\n##.ad-leaderboard\n"


@dataclass
class Answer:
    body: bytes = LIST
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Promise more than comes."""
    hang: bool = False


class Maker:
    """A server that offers lists; `answers` by path, `asked` as they came."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        maker = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sent = {name.lower(): value for name, value in self.headers.items()}
                maker.asked.append((self.path, sent))
                answer = maker.answers.get(self.path, Answer(b"", 404))
                if answer.hang:
                    maker.closing.wait(20)
                    return
                etag = answer.headers.get("etag")
                if etag and sent.get("if-none-match") == etag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(answer.status)
                length = len(answer.body) + (1000 if answer.cut else 0)
                for name, value in {"content-length": str(length), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def stop(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def maker() -> Iterator[Maker]:
    made = Maker()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def blockers_at(base: str) -> Blockers:
    """The blockers with every list at `base/<id>.txt`."""
    lists = {
        name: msgspec.structs.replace(known, url=f"{base}/{name}.txt")
        for name, known in load().lists.items()
    }
    return msgspec.structs.replace(load(), lists=lists)


def get(maker: Maker, folder: Path, *names: str) -> Gathered:
    return fetch(names or ("easylist",), blockers_at(maker.url), folder=folder)


def test_a_list_is_downloaded_recognised_and_kept(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer()
    gathered = get(maker, tmp_path)
    source = gathered.known["easylist"]
    assert (source.kind, source.data, gathered.findings) == ("download", LIST, [])
    assert source.path.read_bytes() == LIST
    assert source.path.is_relative_to(tmp_path)


def test_an_unchanged_list_is_not_sent_again(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer(
        headers={"etag": '"v1"', "last-modified": "Mon, 23 Nov 2026 00:00:00 GMT"}
    )
    get(maker, tmp_path)
    again = get(maker, tmp_path)
    assert (again.known["easylist"].kind, again.findings) == ("cache", [])
    assert again.known["easylist"].data == LIST
    _, sent = maker.asked[1]
    assert sent["if-none-match"] == '"v1"'
    assert sent["if-modified-since"] == "Mon, 23 Nov 2026 00:00:00 GMT"


def test_a_changed_list_replaces_the_copy(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer(headers={"etag": '"v1"'})
    get(maker, tmp_path)
    maker.answers["/easylist.txt"] = Answer(LIST + b"##.new\n", headers={"etag": '"v2"'})
    again = get(maker, tmp_path).known["easylist"]
    assert again.kind == "download"
    assert again.path.read_bytes().endswith(b"##.new\n")


@pytest.mark.parametrize("damage", ["list", "entry"])
def test_a_damaged_copy_is_not_trusted(maker: Maker, tmp_path: Path, damage: str) -> None:
    maker.answers["/easylist.txt"] = Answer(headers={"etag": '"v1"'})
    path = get(maker, tmp_path).known["easylist"].path
    (path if damage == "list" else path.with_suffix(".json")).write_bytes(b"##.tampered\n")
    again = get(maker, tmp_path)
    assert again.known["easylist"].data == LIST
    assert "if-none-match" not in maker.asked[1][1]


def test_a_list_whose_own_checksum_does_not_fit_is_refused(maker: Maker, tmp_path: Path) -> None:
    body = b"[Adblock Plus 2.0]\n! Title: EasyList\n##.x\n"
    right = base64.b64encode(hashlib.md5(body).digest()).rstrip(b"=")
    for checksum, taken in ((right, True), (b"a" * 22, False)):
        text = body.replace(b"]\n", b"]\r\n! Checksum: " + checksum + b"\r\n")
        maker.answers["/easylist.txt"] = Answer(text)
        gathered = get(maker, tmp_path / checksum.decode().replace("/", "_"))
        assert ("easylist" in gathered.known) is taken
        assert taken or "its checksum does not fit" in gathered.findings[0].message


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(status=404), "its server answered 404"),
        (Answer(status=500), "its server answered 500"),
        (Answer(b"<!doctype html><p>Log in"), "it is a web page"),
        (Answer(b""), "it is empty"),
        (Answer(b"\0\1\2"), "it is a binary file"),
        (Answer(cut=True), "the transfer failed"),
        (Answer(b"not gzip", headers={"content-encoding": "gzip"}), "the transfer failed"),
        (Answer(status=302, headers={"location": "/easylist.txt"}), "us on more than 5 times"),
    ],
)
def test_an_answer_that_is_no_list_is_said_and_not_kept(
    maker: Maker, tmp_path: Path, answer: Answer, sentence: str
) -> None:
    maker.answers["/easylist.txt"] = answer
    gathered = get(maker, tmp_path)
    assert gathered.known == {}
    assert [one.level for one in gathered.findings] == [Level.DEGRADED]
    assert gathered.findings[0].message.startswith("EasyList could not be downloaded: ")
    assert sentence in gathered.findings[0].message
    assert not list(tmp_path.rglob("easylist.txt"))


def test_a_copy_stands_in_for_a_list_that_cannot_be_had(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer()
    get(maker, tmp_path)
    maker.answers["/easylist.txt"] = Answer(status=503)
    gathered = get(maker, tmp_path)
    assert gathered.known["easylist"].data == LIST
    assert gathered.findings[0].level is Level.NOTE
    assert "503" in gathered.findings[0].message
    assert "the copy of 20" in gathered.findings[0].message


def test_a_list_without_end_is_cut_off(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 1024 * 1024)
    bomb = gzip.compress(b"##.x\n" * 400_000)
    maker.answers["/easylist.txt"] = Answer(bomb, headers={"content-encoding": "gzip"})
    gathered = get(maker, tmp_path)
    assert "it is bigger than 1 MB" in gathered.findings[0].message


def test_a_server_that_does_not_answer_is_given_up(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", httpx.Timeout(0.2))
    maker.answers["/easylist.txt"] = Answer(hang=True)
    assert "did not answer in time" in get(maker, tmp_path).findings[0].message


def test_one_list_that_fails_leaves_the_others_alone(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer()
    gathered = get(maker, tmp_path, "easyprivacy", "easylist", "easylist")
    assert list(gathered.known) == ["easylist"]
    assert sorted(maker.paths) == ["/easylist.txt", "/easyprivacy.txt"]


def test_a_machine_without_a_network_is_told_so_once(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        blockers = blockers_at(f"http://127.0.0.1:{closed.getsockname()[1]}")
        gathered = fetch(("easylist", "easyprivacy"), blockers, folder=tmp_path)
    (only,) = gathered.findings
    assert only.level is Level.DEGRADED
    assert "is this machine offline, or does it need a proxy (HTTPS_PROXY)?" in only.message
    assert only.message.endswith("The cache holds no copy.")


def test_without_a_network_the_cache_is_used_and_counted(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer()
    get(maker, tmp_path)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        blockers = blockers_at(f"http://127.0.0.1:{closed.getsockname()[1]}")
        gathered = fetch(("easylist", "easyprivacy"), blockers, folder=tmp_path)
    assert list(gathered.known) == ["easylist"]
    assert "1 of 2 lists are copies from the cache" in gathered.findings[0].message


def test_a_proxy_named_in_the_environment_is_used(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", maker.url)
    far = "http://lists.example"
    maker.answers[f"{far}/easylist.txt"] = Answer()
    gathered = fetch(("easylist",), blockers_at(far), folder=tmp_path)
    assert gathered.known["easylist"].data == LIST
    assert maker.paths == [f"{far}/easylist.txt"]


def test_files_that_a_list_includes_come_along_once_and_only_from_its_own_place(
    maker: Maker, tmp_path: Path
) -> None:
    lines = (
        b"!#include part.txt\n!#include sub/more.txt\n!#include https://x.org/a.txt\n"
        b"!#include ../../etc/passwd\n!#include /root.txt\n!#include easylist.txt\n"
    )
    maker.answers["/easylist.txt"] = Answer(LIST + lines)
    maker.answers["/part.txt"] = Answer(b"##.part\n!#include part.txt\n!#include gone.txt\n")
    maker.answers["/sub/more.txt"] = Answer(b"##.more\n")
    source = get(maker, tmp_path).known["easylist"]
    assert source.include("part.txt") == maker.answers["/part.txt"].body
    assert source.include("sub/more.txt") == b"##.more\n"
    assert source.path.read_bytes() == LIST + lines
    assert sorted(set(maker.paths)) == [
        *("/easylist.txt", "/gone.txt", "/part.txt", "/sub/more.txt")
    ]
    assert maker.paths.count("/part.txt") == 1


def test_lists_that_include_ever_more_files_are_cut_off(maker: Maker, tmp_path: Path) -> None:
    maker.answers["/easylist.txt"] = Answer(LIST + b"!#include 0.txt\n")
    for number in range(100):
        body = f"##.x{number}\n!#include {number + 1}.txt\n".encode()
        maker.answers[f"/{number}.txt"] = Answer(body)
    get(maker, tmp_path)
    assert len(maker.asked) == 1 + download.MOST_INCLUDES


@pytest.mark.parametrize("times", [1, 2])
def test_an_address_with_tls_is_not_left_for_one_without_even_for_a_step(
    tmp_path: Path, times: int
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if len(asked) <= times:
            there = {"https": "http", "http": "https"}[request.url.scheme]
            return httpx.Response(302, headers={"location": f"{there}://lists.example/a"})
        return httpx.Response(200, content=LIST)

    gathered = fetch(
        ("easylist",),
        blockers_at("https://lists.example"),
        folder=tmp_path,
        transport=httpx.MockTransport(answer),
    )
    assert "without TLS" in gathered.findings[0].message
    assert asked == ["https://lists.example/easylist.txt"]


def test_an_included_file_comes_from_the_lists_own_server_only(
    maker: Maker, tmp_path: Path
) -> None:
    other = Maker()
    other.answers["/far.txt"] = Answer(b"##.far\n")
    maker.answers["/easylist.txt"] = Answer(LIST + b"!#include far.txt\n!#include near.txt\n")
    maker.answers["/far.txt"] = Answer(status=302, headers={"location": f"{other.url}/far.txt"})
    maker.answers["/near.txt"] = Answer(status=302, headers={"location": "/here.txt"})
    maker.answers["/here.txt"] = Answer(b"##.near\n")
    source = get(maker, tmp_path).known["easylist"]
    assert source.include("far.txt") is None
    assert source.include("near.txt") == b"##.near\n"
    assert other.asked == []
    other.stop()


@pytest.mark.parametrize("line", [b" " * 3_000 + b"x" * 400, b" " * 300_000, b" " + b"x" * 290])
def test_no_included_name_is_too_strange_to_be_looked_at(
    maker: Maker, tmp_path: Path, line: bytes
) -> None:
    maker.answers["/easylist.txt"] = Answer(LIST + b"!#include" + line + b"\n!#include part.txt\n")
    maker.answers["/part.txt"] = Answer(b"##.part\n")
    maker.answers[f"/{line.decode().strip()}"] = Answer(b"##.long\n")
    source = get(maker, tmp_path).known["easylist"]
    assert source.include("part.txt") == b"##.part\n"


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match=r"cache .* cannot be written: "):
        fetch(("easylist",), load(), folder=tmp_path / "file" / "lists")


def test_the_cache_is_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/reader"))
    own = Path("/somewhere/adguard/lists")
    usual = Path("/home/reader/.cache/adguard/lists")
    assert cache_folder({"XDG_CACHE_HOME": "/somewhere"}) == own
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == usual
    assert cache_folder({}) == usual


def test_progress_is_shown_and_the_outcome_stays(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    maker.answers["/easylist.txt"] = Answer(LIST + b"##.x\n" * 60_000)
    console = Console(width=80, record=True, force_terminal=True, file=StringIO())
    names = ["easylist", "easyprivacy"]
    gathered = fetch_with_progress(names, blockers_at(maker.url), console)
    assert "1 of 2 filter lists are at hand" in console.export_text()
    assert gathered.known["easylist"].path.is_relative_to(tmp_path / "adguard" / "lists")


def test_a_cache_that_cannot_be_had_reads_as_a_wrong_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "adguard").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(SourceError, match="cannot be written"):
        fetch_with_progress(["easylist"], load(), Console(file=StringIO()))
