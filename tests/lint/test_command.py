"""`adguard lint` as typed: exit codes, outputs, and one clear sentence for a wrong question."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.lint import command
from adguard.lint.findings import Finding, Level, Topic
from adguard.lint.profiles import Blockers, load
from adguard.lint.sources import Gathered, from_package, from_paths
from adguard.settings import Settings
from tests.lint.making import ORIGIN, contents, write


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting from the environment, and no package on the machine."""
    for name in ("ORIGIN", "PREFIX", "BAITS"):
        monkeypatch.delenv(f"ADGUARD_{name}", raising=False)
    monkeypatch.setattr(command, "from_package", lambda blockers: from_package(blockers, []))


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return write(tmp_path / "lists", contents())


def lint(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["lint", *map(str, arguments)], catch_exceptions=False)


def told(result: Result) -> dict[str, object]:
    made: dict[str, object] = json.loads(result.stdout)
    return made


def test_good_lists_end_in_0_broken_ones_in_1_and_missing_ones_in_2(lists: Path) -> None:
    assert lint("--origin", ORIGIN, "--lists", lists).exit_code == 0
    (lists / "peter-lowe.txt").unlink()
    assert lint("--origin", ORIGIN, "--lists", lists).exit_code == 2
    (lists / "easylist.txt").write_text("! Title: EasyList\n/_site/client-\n")
    assert lint("--origin", ORIGIN, "--lists", lists).exit_code == 1


def test_the_table_goes_to_the_terminal(lists: Path) -> None:
    result = lint("--origin", ORIGIN, "--lists", lists)
    assert "uBlock Origin Lite (default)" in result.stdout
    assert "FINE" in result.stdout
    assert result.stderr == ""


def test_json_is_all_there_is_on_standard_output(lists: Path) -> None:
    result = lint("--origin", ORIGIN, "--lists", lists, "--json")
    assert told(result)["state"] == "fine"
    assert result.exit_code == 0


def test_several_files_and_folders_follow_one_option(lists: Path, tmp_path: Path) -> None:
    single = tmp_path / "single.txt"
    single.write_text("! Title: EasyPrivacy\n##.x\n")
    easylist, base = lists / "easylist.txt", lists / "adguard-base.txt"
    result = lint("--origin", ORIGIN, "--json", "--lists", easylist, base, "--lists", single)
    named = [one["title"] for one in told(result)["lists"]]  # type: ignore[attr-defined]
    assert named == ["EasyList", "EasyPrivacy", "AdGuard Base filter"]


def test_one_blocker_can_be_asked_about(lists: Path) -> None:
    arguments = ("--origin", ORIGIN, "--lists", lists / "easylist.txt", "--json")
    result = lint(*arguments, "--profile", "abp", "--profile", "adguard")
    assert [one["id"] for one in told(result)["profiles"]] == [  # type: ignore[attr-defined]
        "adguard",
        "abp",
    ]


def test_a_page_is_written_as_well(lists: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = lint("--origin", ORIGIN, "--lists", lists, "--html", page, "--json")
    assert result.exit_code == 0
    assert told(result)["origin"] == ORIGIN
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_prefix_and_origin_come_from_options_or_the_environment(
    lists: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_ORIGIN", "https://news.example")
    monkeypatch.setenv("ADGUARD_PREFIX", "/reading")
    report = told(lint("--lists", lists, "--json"))
    assert (report["origin"], report["prefix"]) == ("https://news.example", "/reading")
    report = told(lint("--lists", lists, "--json", "--prefix", "/x", "--origin", ORIGIN))
    assert (report["origin"], report["prefix"]) == (ORIGIN, "/x")


def test_a_bait_set_of_ones_own_is_judged(lists: Path, tmp_path: Path) -> None:
    baits = tmp_path / "baits.json"
    entry = {"id": "n1", "kind": "script", "path": "/harmless.js"}
    baits.write_text(json.dumps({"network": [entry], "version": "mine"}))
    result = lint("--origin", ORIGIN, "--lists", lists, "--baits", baits, "--json")
    assert result.exit_code == 1
    assert told(result)["catalogue"] == "mine"


def test_the_catalogue_needs_no_site(lists: Path) -> None:
    result = lint("--catalogue", "--lists", lists, "--json")
    assert result.exit_code == 0
    assert "last verified with" in result.stdout


def test_debians_lists_are_used_when_none_are_named(
    lists: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "from_package", lambda blockers: from_package(blockers, [lists]))
    result = lint("--origin", ORIGIN, "--json")
    assert result.exit_code == 0
    assert {one["source"] for one in told(result)["lists"]} == {"package"}  # type: ignore[attr-defined]
    result = lint("--origin", ORIGIN, "--json", "--lists", lists / "easylist.txt")
    assert [one["source"] for one in told(result)["lists"]] == ["file"]  # type: ignore[attr-defined]


def test_downloaded_lists_come_before_debians_and_after_those_named(
    lists: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx")
    asked: list[str] = []

    def pretend(wanted: list[str], blockers: Blockers, _: object) -> Gathered:
        asked.extend(wanted)
        return from_paths([lists / "easylist.txt"], blockers)

    monkeypatch.setattr("adguard.lint.fetching.fetch_with_progress", pretend)
    monkeypatch.setattr(command, "from_package", lambda blockers: from_package(blockers, [lists]))
    arguments = ("--origin", ORIGIN, "--json", "--download")
    came = {one["id"]: one["source"] for one in told(lint(*arguments))["lists"]}  # type: ignore[attr-defined]
    assert (came["easylist"], came["easyprivacy"]) == ("file", "package")
    assert set(asked) == {name for one in load().profiles for name in one.lists} | set(
        load().optional
    )
    asked.clear()
    lint(*arguments, "--lists", lists / "easyprivacy.txt", "--profile", "abp")
    assert asked[:3] == ["easylist", "acceptable-ads", "abp-filters"]
    assert "easyprivacy" not in asked


def test_what_is_seen_on_the_live_page_is_part_of_the_report(
    lists: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("playwright")
    seen = Finding(level=Level.BROKEN, topic=Topic.LIVE, subject="x", message="No snippet.")

    def pretend(url: str, settings: Settings) -> list[Finding]:
        assert (url, settings.prefix) == (f"{ORIGIN}/story", "/_site")
        return [seen]

    monkeypatch.setattr("adguard.lint.live.look", pretend)
    result = lint("--origin", ORIGIN, "--lists", lists, "--live", f"{ORIGIN}/story")
    assert result.exit_code == 1
    assert "No snippet." in result.stdout


WRONG = [
    ((), "--origin is missing"),
    (("--origin", "example"), "origin: 'example' is not like"),
    (("--origin", "https://x.org/path"), "origin: 'https://x.org/path' has more than scheme"),
    (("--origin", ORIGIN, "--prefix", "site"), "prefix: 'site' is not a path"),
    (("--origin", ORIGIN, "--lists", "/no/where"), "--lists: /no/where does not exist"),
    (("--origin", ORIGIN, "--profile", "opera"), "There is no profile 'opera'"),
    (("--origin", ORIGIN, "--baits", "/no/where"), "baits: '/no/where' cannot be read"),
    (("--origin", ORIGIN, "--html", "/no/where.html"), "--html: there is no folder /no."),
    (("--origin", ORIGIN, "stray"), "Got an unexpected argument: stray"),
    (("--origin", ORIGIN, "--bogus"), "No such option '--bogus'"),
    (("--origin", ORIGIN), "No filter lists are at hand"),
    (("--origin", "https://["), "origin: 'https://[' is not like"),
    (("--origin", "https://x.org:port"), "is not like 'https://www.example.org'"),
    (("--origin", "https://\udcff.example"), "is not like 'https://www.example.org'"),
    (("--origin", "https://" + "a." * 60_000 + "example"), "is not like"),
    (("--origin", ORIGIN, "--lists", "/no/\udcff"), "--lists: /no/\ufffd does not exist"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG)
def test_a_wrong_question_is_a_clear_sentence_and_ends_in_1(
    arguments: tuple[str, ...], sentence: str
) -> None:
    result = lint(*arguments)
    assert result.exit_code == 1
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""


@pytest.mark.parametrize(
    "url", ["example.org", "http://[", "https://", "http://x.org:port", "https://x.org/\udcff"]
)
def test_a_live_address_that_is_none_is_said(lists: Path, url: str) -> None:
    pytest.importorskip("playwright")
    result = lint("--origin", ORIGIN, "--lists", lists, "--live", url)
    assert result.exit_code == 1
    assert f"--live: {url!r} is not an http(s) address" in " ".join(result.stderr.split())


@pytest.mark.parametrize("text", ["[" * 5_000, "9" * 5_000, "{", "\ud800"])
def test_a_bait_set_that_cannot_be_read_is_said(lists: Path, tmp_path: Path, text: str) -> None:
    baits = tmp_path / "baits.json"
    baits.write_bytes(text.encode("utf-8", "surrogatepass"))
    result = lint("--origin", ORIGIN, "--lists", lists, "--baits", baits)
    assert result.exit_code == 1
    assert "baits: " in result.stderr


@pytest.mark.parametrize("form", ["--json", "--html", ""])
def test_a_file_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    for name, text in {"\udcff.txt": "##.x\n", "b\udcfe.txt": "", "c\udcfd.txt": "a b\n"}.items():
        (folder / name).write_text(text)
    options = [form, tmp_path / "page.html"] if form == "--html" else [form] * bool(form)
    result = lint("--origin", ORIGIN, "--lists", folder, *options)
    assert result.exit_code == 2
    assert "b\ufffd.txt is no filter list" in " ".join(result.stdout.split()).replace("/ ", "/")


def test_two_lists_of_one_title_are_not_taken_for_one_another(tmp_path: Path) -> None:
    for name, text in {"a": "a b\n" * 9, "b": "##.x\n/_site/client-\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "custom.txt").write_text(text)
    paths = (tmp_path / "a" / "custom.txt", tmp_path / "b" / "custom.txt")
    for order in (paths, paths[::-1]):
        report = told(lint("--origin", ORIGIN, "--json", "--lists", *order))
        rules = {one["path"]: one["rules"] for one in report["lists"]}  # type: ignore[attr-defined]
        assert rules == {str(paths[0]): 0, str(paths[1]): 2}
        said = [one["message"] for one in report["findings"]]  # type: ignore[attr-defined]
        assert any("Readers who added it do not meet" in one for one in said)


def test_the_host_of_an_origin_beyond_ascii_is_what_dns_knows(lists: Path) -> None:
    easylist = lists / "easylist.txt"
    easylist.write_text(
        easylist.read_text() + "@@||bücher.example^$generichide\n@@||xn--bcher-kva.example^$ghide\n"
    )
    for origin in ("https://bücher.example", "https://xn--bcher-kva.example"):
        report = told(lint("--origin", origin, "--lists", lists, "--json"))
        assert report["origin"] == "https://xn--bcher-kva.example"
        assert report["state"] == "broken"
        said = [one["message"] for one in report["findings"]]  # type: ignore[attr-defined]
        assert "EasyList names xn--bcher-kva.example in 2 rules. " in " ".join(said)


@pytest.mark.parametrize(
    ("option", "module", "sentence"),
    [
        (("--download",), "httpx", "pip install 'adguard-toolkit[lint]'"),
        (("--live", ORIGIN), "playwright.sync_api", "pip install 'adguard-toolkit[live]'"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(
    lists: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, ...],
    module: str,
    sentence: str,
) -> None:
    for name in [name for name in sys.modules if name.startswith("adguard.lint.")]:
        if name.rpartition(".")[2] in {"download", "fetching", "live", "answers"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    for name in ("fetching", "live"):
        monkeypatch.delattr(f"adguard.lint.{name}", raising=False)
    result = lint("--origin", ORIGIN, "--lists", lists, *option)
    assert result.exit_code == 1
    assert sentence in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0", b"<html>", b"how now\n" * 99, b"/(a+)+$/\n", b"x" * 1_000_000]
)
def test_a_list_of_garbage_ends_in_a_finding(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "easylist.txt").write_bytes(data)
    result = lint("--origin", ORIGIN, "--lists", tmp_path, "--profile", "abp", "--json")
    assert result.exit_code in {1, 2}
    levels = {(one["level"], one["topic"]) for one in told(result)["findings"]}  # type: ignore[attr-defined]
    assert ("degraded", "list") in levels


def test_nothing_of_a_report_is_written_when_the_question_was_wrong(tmp_path: Path) -> None:
    lint("--origin", ORIGIN, "--lists", tmp_path / "none", "--html", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
