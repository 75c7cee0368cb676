"""Files, folders and Debian's package: what is a list, and what is said of everything else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.filters import preprocessor
from adguard.filters.patience import Patience
from adguard.lint import library, sources
from adguard.lint.findings import Level, Report, Topic
from adguard.lint.library import Library
from adguard.lint.profiles import load
from adguard.lint.sources import Gathered, SourceError, complaint, from_package, from_paths, make
from tests.lint.making import COSMETIC, NETWORK, contents, found, judge_gathered, write


def test_files_and_folders_are_read_and_recognised(tmp_path: Path) -> None:
    write(tmp_path / "folder", {"easylist": "##.x\n", "own": "##.y\n"})
    single = tmp_path / "brave-firstparty.txt"
    single.write_text("##.z\n")
    gathered = from_paths([tmp_path / "folder", single], load())
    assert {name: one.kind for name, one in gathered.known.items()} == {
        "easylist": "folder",
        "brave-firstparty": "file",
    }
    assert [one.title for one in gathered.unknown] == ["own"]


def test_folders_below_are_read_too_and_other_files_are_not(tmp_path: Path) -> None:
    write(tmp_path / "a", {})
    write(tmp_path / "a" / "b", {"easylist": "##.x\n"})
    (tmp_path / "a" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "a" / "b" / "round").symlink_to(tmp_path / "a")
    gathered = from_paths([tmp_path], load())
    assert list(gathered.known) == ["easylist"]
    assert gathered.findings == []


def test_of_two_copies_the_first_named_is_used_and_the_other_is_told(tmp_path: Path) -> None:
    first = write(tmp_path / "one", {"easylist": "##.one\n"})
    second = write(tmp_path / "two", {"easylist": "##.two\n"})
    gathered = from_paths([first, second, first], load())
    assert gathered.known["easylist"].path == first / "easylist.txt"
    assert [one.message for one in gathered.findings] == [
        f"{second / 'easylist.txt'} is not used: {first / 'easylist.txt'} is the same list and "
        "came first."
    ]


def test_paths_that_are_not_there_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"--lists: .*nowhere\.txt does not exist"):
        from_paths([tmp_path / "nowhere.txt"], load())
    with pytest.raises(SourceError, match=r"no \.txt or \.list file in"):
        from_paths([tmp_path], load())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is empty"),
        (b" \n\t\n", "it is empty"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "it is a binary file"),
        (b"##.x\n\0\0", "it is a binary file"),
        (b"\x1f\x8b\x08\x00gzip", "it is packed (gzip)"),
        (b"PK\x03\x04zip", "it is packed (zip)"),
        ("! Title: EasyList\n##.x\n".encode("utf-16"), "it is text in UTF-16"),
        (b"\n <!-- proxy -->\n<HTML>Your organisation", "it is a web page"),
        (b"<!DOCTYPE html><title>Log in</title>", "it is a web page"),
        (b"\xef\xbb\xbf\n<html>", "it is a web page"),
    ],
)
def test_what_cannot_be_a_list_is_said_and_left_out(
    tmp_path: Path, data: bytes, sentence: str
) -> None:
    (tmp_path / "easylist.txt").write_bytes(data)
    gathered = from_paths([tmp_path], load())
    assert gathered.all == ()
    assert [one.level for one in gathered.findings] == [Level.DEGRADED]
    assert sentence in gathered.findings[0].message


def test_a_file_that_fails_while_it_is_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    write(tmp_path, {"easylist": "##.x\n"})
    monkeypatch.setattr(sources, "_read", fail)
    gathered = from_paths([tmp_path], load())
    assert "easylist.txt cannot be read: permission denied." in gathered.findings[0].message


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "easylist.txt")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "b.list"))
        gathered = from_paths([tmp_path], load())
    assert [one.subject for one in gathered.findings] == ["b.list", "easylist.txt"]
    assert all("no regular file" in one.message for one in gathered.findings)


def test_a_file_that_is_too_big_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 1024 * 1024)
    (tmp_path / "easylist.txt").write_bytes(b"##.x\n" * 300_000)
    assert "more than 1 MB" in from_paths([tmp_path], load()).findings[0].message


def test_a_folder_with_too_many_lists_says_where_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    write(tmp_path, {f"list-{number}": "##.x\n" for number in range(5)})
    gathered = from_paths([tmp_path], load())
    assert len(gathered.unknown) == 3
    assert "more than 3 lists" in gathered.findings[0].message


def test_debians_package_is_found_where_it_is_installed(tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    write(assets, {"easylist": "##.x\n"})
    (assets / "badlists.txt").write_text("https://example.org/\n")
    gathered = from_package(load(), [tmp_path / "nowhere", assets, tmp_path])
    assert [(one.id, one.kind) for one in gathered.all] == [("easylist", "package")]
    assert from_package(load(), []).all == ()


def test_a_list_may_include_files_of_its_own_folder_and_no_others(tmp_path: Path) -> None:
    folder = write(tmp_path / "lists", {"easylist": ""})
    (folder / "more.txt").write_text("##.more\n")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "away.txt").symlink_to(tmp_path / "secret.txt")
    source = make(folder / "easylist.txt", b"", "file", load())
    assert source.include("more.txt") == b"##.more\n"
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "away.txt", "file:x", "none.txt"):
        assert source.include(name) is None
    assert source.include("more.txt\0") is None


def test_files_that_include_each_other_without_end_are_said(tmp_path: Path) -> None:
    lists = contents(easylist="!#include more.txt")
    folder = write(tmp_path, lists)
    (folder / "more.txt").write_text("##.more\n!#include more.txt\n!#include easylist.txt\n")
    report = judge_gathered(from_paths([folder / "easylist.txt"], load()), "abp")
    assert [one.subject for one in found(report, Level.DEGRADED, Topic.LIST, "in full")] == [
        "EasyList"
    ]


def assert_not_checked(report: Report) -> None:
    """A file of nonsense says nothing of the blocker that would read it: above all not that no bait
    is hit any more."""
    assert report.exit_code == 2
    assert not report.profiles[0].checked
    assert found(report, Level.DEGRADED, Topic.LIST, "Not checked")


def test_garbage_is_said_to_be_hardly_a_list(tmp_path: Path) -> None:
    (tmp_path / "easylist.txt").write_text("how now, brown cow\n" * 50)
    report = judge_gathered(from_paths([tmp_path], load()), "abp")
    assert found(report, Level.DEGRADED, Topic.LIST, "holds no filter rule")
    assert_not_checked(report)


def test_a_list_of_comments_holds_no_rule(tmp_path: Path) -> None:
    (tmp_path / "easylist.txt").write_text("! Title: EasyList\n! nothing more\n")
    report = judge_gathered(from_paths([tmp_path], load()), "abp")
    assert found(report, Level.DEGRADED, Topic.LIST, "holds no filter rule")
    assert_not_checked(report)


def test_a_few_lines_that_are_not_understood_are_a_note(tmp_path: Path) -> None:
    write(tmp_path, contents(easylist="/[/\n"))
    report = judge_gathered(from_paths([tmp_path], load()), "abp")
    assert report.exit_code == 0
    note = found(report, Level.NOTE, Topic.LIST)[0]
    assert "1 line is not understood" in note.message
    assert note.cites[0].line > 10


def test_a_list_is_read_once_for_blockers_that_read_it_alike(tmp_path: Path) -> None:
    plain, branching = "##.x\n", "!#if ext_ublock\n##.y\n!#endif\n"
    gathered = from_paths(
        [write(tmp_path, {"easylist": plain, "ublock-filters": branching})], load()
    )
    shelf = Library(gathered)
    full, lite = load().choose(["ublock", "ublock-lite"])
    assert shelf.lists(full)[0] is shelf.lists(lite)[0]
    assert shelf.lists(full)[1] is not shelf.lists(lite)[1]


def test_a_list_is_let_go_when_no_blocker_left_reads_it_so(tmp_path: Path) -> None:
    shelf = Library(from_paths([write(tmp_path, contents())], load()))
    full, lite, other = load().choose(["ublock", "ublock-lite", "adguard"])
    kept, dropped = shelf.lists(full)[-1], shelf.lists(other)[0]
    shelf.keep_for([lite])
    assert shelf.lists(lite)[-1] is kept
    assert shelf.lists(other)[0] is not dropped


def test_a_list_cut_off_at_a_bound_is_said_not_to_be_read_in_full_and_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocessor, "MOST_LINES", 9)
    gathered = from_paths([write(tmp_path, {"easylist": NETWORK + COSMETIC})], load())
    report = judge_gathered(gathered, "abp")
    assert found(report, Level.DEGRADED, Topic.LIST, "EasyList could not be read in full")
    shelf = Library(gathered)
    full, other = load().choose(["ublock", "abp"])
    assert shelf.lists(full)[0] is shelf.lists(other)[0]


def test_a_list_that_takes_long_to_lay_out_is_read_once_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adguard.filters.lists.LONG_TO_INDEX", -1.0)
    report = judge_gathered(from_paths([write(tmp_path, contents())], load()), "ublock", "abp")
    told = found(report, Level.DEGRADED, Topic.LIST, "it was not read as each blocker reads it")
    assert "EasyList" in {one.subject for one in told}
    assert all(one.checked for one in report.profiles)


@pytest.mark.parametrize("bound", ["MANY", "MANY_LINES"])
def test_a_list_longer_than_any_in_use_is_read_once_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(library, bound, 9)
    lists = contents()
    report = judge_gathered(from_paths([write(tmp_path, lists)], load()), "ublock", "abp")
    told = found(report, Level.DEGRADED, Topic.LIST, "more than any list that a blocker has on")
    assert "EasyList" in {one.subject for one in told}
    assert report.exit_code == 2
    assert all(one.checked for one in report.profiles)


def test_a_list_that_takes_long_to_read_is_read_once_and_said_where_that_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LONG", -1.0)
    gathered = from_paths([write(tmp_path, contents())], load())
    for names, said in (("ublock", False), (("ublock", "abp"), True)):
        chosen = (names,) if isinstance(names, str) else names
        told = found(judge_gathered(gathered, *chosen), Level.DEGRADED, Topic.LIST, "takes long")
        assert ("EasyList" in {one.subject for one in told}) is said


@pytest.mark.parametrize("text", ["how now, brown cow\n" * 9, "/[/\n/[/\n##.x\n"])
def test_garbage_is_read_once_whoever_asks(tmp_path: Path, text: str) -> None:
    shelf = Library(from_paths([write(tmp_path, {"easylist": text})], load()))
    full, other = load().choose(["ublock", "abp"])
    assert shelf.lists(full)[0] is shelf.lists(other)[0]


def test_a_list_that_takes_too_long_to_match_is_read_once_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adguard.filters.index.Patience", lambda *_: Patience(-1.0, 0.0))
    lists = contents(easylist="/qqq|zzz/")
    report = judge_gathered(from_paths([write(tmp_path, lists)], load()))
    told = found(report, Level.DEGRADED, Topic.LIST, "takes too long to match")
    assert "EasyList" in {one.subject for one in told}
    assert report.exit_code != 0


RULES = st.text(alphabet="ab.#@$,~|*!/()[]:^=- \n", max_size=120) | st.sampled_from(
    ["!#if x", "!#include a.txt", "##.x:has(", "/(a+)+$/", "@@||example.org^$generichide", "\0"]
)


@settings(max_examples=15, deadline=None)
@given(st.lists(RULES, max_size=30))
def test_whatever_a_list_says_the_run_ends_in_a_report(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    gathered = Gathered()
    gathered.add(make(Path("easylist.txt"), data, "file", load(), "easylist"))
    report = judge_gathered(gathered, "abp", "ublock")
    assert report.exit_code in {1, 2}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda text: text.encode()))
def test_whatever_the_bytes_a_source_is_judged_without_a_fault(data: bytes) -> None:
    complaint(data)
    source = make(Path("any.txt"), data, "file", load())
    assert source.title
