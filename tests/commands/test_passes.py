"""`adguard passes`: codes for mails, and what became of one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.passes import Code, Codes
from adguard.passes.taken import LocalTaken

KEY = "k" * 32
NOW = 1_790_000_000.0


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ADGUARD_SITE", "ADGUARD_ORIGIN", "ADGUARD_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ADGUARD_SECRET_KEY", KEY)
    monkeypatch.setenv("ADGUARD_STORE", f"sqlite://{tmp_path}/f.sqlite3")
    monkeypatch.setattr(time, "time", lambda: NOW)


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["passes", *arguments], input=answer, catch_exceptions=False)


def read(text: str) -> Code:
    code = Codes([KEY], "default").read(text)
    assert code is not None
    return code


def test_codes_are_printed_one_a_line_and_read_by_the_site() -> None:
    result = run("issue", "--count", "20", "--days", "100", "--valid", "12h")
    codes = [read(line) for line in result.stdout.splitlines()]
    assert len({code.nonce for code in codes}) == 20
    assert {(code.days, code.until) for code in codes} == {(100, int(NOW) + 12 * 3600)}
    assert result.stderr == "Each can be taken once, until 2026-09-22 02:13 UTC.\n"


def test_with_the_site_links_are_printed_for_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    line = run("issue", "--origin", "https://www.example.org/").stdout.strip()
    begin, _, code = line.partition("code=")
    assert begin == "https://www.example.org/_site/pass?"
    assert read(code).days == 365
    monkeypatch.setenv("ADGUARD_ORIGIN", "https://news.example")
    monkeypatch.setenv("ADGUARD_PREFIX", "/ours")
    assert run("issue").stdout.startswith("https://news.example/ours/pass?code=")


def test_the_newest_key_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADGUARD_SECRET_KEY", f"{'n' * 32}, {KEY}")
    code = run("issue").stdout.strip()
    assert Codes(["n" * 32], "default").read(code) is not None
    assert Codes([KEY], "default").read(code) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("issue", "--valid", "30"), "not like 15m, 12h or 30d"),
        (("issue", "--valid", "396d"), "not like 15m, 12h or 30d"),
        (("issue", "--valid", "0d"), "not like 15m, 12h or 30d"),
        (("issue", "--days", "396"), "396 is not in the range"),
        (("issue", "--origin", "www.example.org"), "not like https://www.example.org"),
        (("check", "x" * 49), "That is no code of this site"),
        (("check", "x", "--store", "nonsense"), "That is no code of this site"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(*arguments)
    assert result.exit_code in {1, 2}
    assert sentence in result.stderr


@pytest.mark.parametrize("keys", [None, "", "short"])
def test_without_a_key_nothing_is_issued_and_no_key_is_shown(
    monkeypatch: pytest.MonkeyPatch, keys: str | None
) -> None:
    if keys is None:
        monkeypatch.delenv("ADGUARD_SECRET_KEY")
    else:
        monkeypatch.setenv("ADGUARD_SECRET_KEY", keys)
    result = run("issue")
    assert result.exit_code == 1
    assert "ADGUARD_SECRET_KEY needs the site's secret keys" in result.stderr
    assert "short" not in result.stderr


def test_a_code_can_be_looked_at_without_taking_it(tmp_path: Path) -> None:
    link = run("issue", "--origin", "https://www.example.org").stdout.strip()
    for result in (run("check", link), run("check", "-", answer=f"{link}&lang=de\n")):
        assert result.exit_code == 0
        assert "A pass of 365 days. It can be taken until 2026-10-21 14:13 UTC." in result.stdout
        assert "Nobody took it yet" in result.stdout
    assert not (tmp_path / "f.sqlite3").exists()


def test_a_code_that_was_taken_says_when(tmp_path: Path) -> None:
    text = run("issue").stdout.strip()
    LocalTaken(tmp_path / "f.sqlite3").take(read(text), "a", NOW)
    result = run("check", text)
    assert result.exit_code == 1
    assert "It was taken on 2026-09-21 14:13 UTC." in result.stderr


def test_a_code_whose_time_is_over_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run("issue", "--valid", "15m").stdout.strip()
    monkeypatch.setattr(time, "time", lambda: NOW + 901)
    result = run("check", text)
    assert (result.exit_code, "its time is over" in result.stderr) == (1, True)


def test_a_store_that_makes_no_sense_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run("issue").stdout.strip()
    result = run("check", text, "--store", "nonsense")
    assert (result.exit_code, "names no store" in result.stderr) == (1, True)
    monkeypatch.setenv("ADGUARD_STORE", "memory:")
    assert "Nobody took it yet" in run("check", text).stdout


def test_a_file_of_an_older_version_says_that_nobody_took_it(tmp_path: Path) -> None:
    import sqlite3

    made = Path(__file__).parents[1] / "ledger" / "version2.sql"
    db = sqlite3.connect(tmp_path / "f.sqlite3")
    db.executescript(made.read_text("utf-8"))
    db.close()
    assert "Nobody took it yet" in run("check", run("issue").stdout.strip()).stdout
