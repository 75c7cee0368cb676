"""`adguard report`: files, mail, and one clear sentence for wrong questions."""

from __future__ import annotations

import errno
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.ledger.sqlite import SqliteStore
from tests.insight.making import WEEK, views
from tests.insight.post_office import Office, serving
from tests.ledger.making import NOW, event


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ADGUARD_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("adguard.commands.report.time.time", lambda: NOW)
    made = SqliteStore(tmp_path / "figures.sqlite3")
    for day in WEEK:
        made.append(views(30, day=day, section="news", path="/a"))
        made.append(views(20, "extension", day=day, section="sport", path="/b", site="gazette"))
    made.append(views(3, section="=rare", path="/c"))
    made.append(views(70, day=WEEK[0] - 5, section="news"))
    made.close()
    return f"sqlite://{tmp_path}/figures.sqlite3"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)], catch_exceptions=False)


def test_one_question_fills_every_file_and_prints_no_table(store: str, tmp_path: Path) -> None:
    html, table, lines = (tmp_path / name for name in ("r.html", "r.csv", "r.jsonl"))
    result = run(
        "--store", store, "--by", "section", "--html", html, "--csv", table, "--jsonl", lines
    )
    assert result.exit_code == 0
    assert result.stdout == ""
    assert [f"Wrote {path}." in result.stderr for path in (html, table, lines)] == [True] * 3
    assert html.read_text().startswith("<!doctype html>")
    assert table.read_text().splitlines()[1].split(",")[3] == '"news"'
    said = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [line.get("by") for line in said] == [None, "section", "section"]
    (tmp_path / "plain").touch()
    assert html.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_dash_is_the_standard_output(store: str) -> None:
    result = run("--store", store, "--csv", "-", "--by", "section")
    assert result.stdout.startswith('"site","first","last","section"')
    assert result.stderr == ""


def test_files_hold_no_small_cells_unless_they_are_asked_for(store: str) -> None:
    plain = run("--store", store, "--csv", "-", "--by", "section").stdout
    exact = run("--store", store, "--csv", "-", "--by", "section", "--exact").stdout
    assert "rare" not in plain
    assert '"\'=rare"' in exact
    assert "=rare" in run("--store", store, "--json", "--by", "section").stdout


def test_a_report_may_end_in_the_past_and_be_of_one_site(store: str) -> None:
    first = datetime.fromtimestamp(WEEK[0] * 86400, UTC).date().isoformat()
    said = run("--store", store, "--json", "--since", "1d", "--until", first, "--site", "gazette")
    found = json.loads(said.stdout)
    assert (found["first"], found["last"], found["site"]) == (first, first, "gazette")
    assert found["figures"]["views"]["value"] == 20


def test_the_terminal_compares_with_the_days_before(store: str) -> None:
    text = run("--store", store).stdout
    assert "Compared with the 7 days before" in text
    assert "+404 %" in text


def test_the_ad_servers_figures_are_laid_beside_ours(store: str, tmp_path: Path) -> None:
    day = datetime.fromtimestamp(WEEK[0] * 86400, UTC).date()
    theirs = tmp_path / "theirs.csv"
    theirs.write_text(f"day,section,requests\n{day},news,50\n")
    ours = run("--store", store, "--ad-server", "-", "--requests", theirs, "--slots", "2").stdout
    assert ours.splitlines()[1].endswith(",60,60,50,-10,-0.166667")
    assert '"news"' in ours.splitlines()[1]


def test_a_file_is_replaced_as_a_whole_or_not_at_all(store: str, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("old")
    file.chmod(0o640)
    run("--store", store, "--csv", file)
    assert file.read_text().startswith('"site"')
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert not list(tmp_path.glob(".adguard-*"))


def test_a_disk_that_is_full_costs_neither_the_old_file_nor_a_traceback(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "r.csv"
    file.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("adguard.commands.files.os.replace", full)
    result = run("--store", store, "--csv", file)
    assert result.exit_code == 1
    assert f"{file} cannot be written: No space left on device." in result.output
    assert file.read_text() == "old"
    assert not list(tmp_path.glob(".adguard-*"))


def test_a_pipe_is_written_to_and_not_replaced(store: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run("--store", store, "--jsonl", pipe, "--by", "form").exit_code == 0
        assert os.read(reader, 1 << 16).startswith(b'{"kind": "whole"')
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--until", "tomorrow"), "'tomorrow' is no end"),
        (
            ("--since", "2026-11-20", "--until", "2026-11-01"),
            "2026-11-01, is before the first, 2026-11-20",
        ),
        (("--html", "/no/such/folder/r.html"), "/no/such/folder/r.html cannot be written: No such"),
        (("--dry-run",), "--dry-run goes with --weekly"),
        (("--requests", __file__), "--requests goes with --ad-server"),
        (("--ad-server", "-", "--requests", __file__), "there is no column 'day'"),
        (("--weekly", "--since", "7d"), "--weekly stands alone"),
        (("--weekly",), "ADGUARD_SMTP is not set"),
        (("--by", "shoe"), "'shoe' is not one of"),
        (("--slots", "0"), "0.0 is not in the range"),
        (("--slots", "nan"), "'nan' is not a number"),
        (("--csv", "-", "--json"), "Only one of them can be the standard output"),
        (("--csv", "/"), "is a directory"),
    ],
)
def test_a_wrong_question_gets_a_sentence(
    store: str, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run("--store", store, *arguments)
    assert result.exit_code != 0
    assert sentence in " ".join(result.output.split())


def test_a_site_that_is_not_there_leads_to_those_that_are(store: str) -> None:
    said = run("--store", store, "--site", "nobody").output
    assert "Nothing was recorded" in said
    assert "The store holds figures of default, gazette." in said


def test_a_file_of_the_ad_server_in_another_encoding_is_refused(store: str, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.csv"
    theirs.write_bytes("day,section,requests\n2026-11-01,Köln,1\n".encode("latin-1"))
    result = run("--store", store, "--ad-server", "-", "--requests", theirs)
    assert "it is not in UTF-8" in result.output


class TestWeekly:
    """Last week, Monday to Sunday, whatever day it is."""

    @pytest.fixture(autouse=True)
    def addresses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ADGUARD_MAIL_FROM", "desk@example.org")
        monkeypatch.setenv("ADGUARD_MAIL_TO", "a@x.org")

    def test_it_is_mailed(self, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
        office = Office()
        monkeypatch.setenv("ADGUARD_SMTP", f"smtp+plain://127.0.0.1:{office.port}")
        with serving(office):
            result = run("--store", store, "--weekly")
        assert result.output == "Mailed to a@x.org.\n"
        (mail,) = office.mails
        (page,) = mail.iter_attachments()
        first = page.get_filename() or ""
        assert datetime.fromisoformat(first[4:14]).strftime("%A") == "Monday"
        assert datetime.fromisoformat(first[18:28]).strftime("%A") == "Sunday"
        assert "not over" not in page.get_content()

    def test_a_dry_run_reaches_no_server(self, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ADGUARD_SMTP", "smtps://nowhere.invalid")
        result = run("--store", store, "--weekly", "--dry-run")
        assert result.exit_code == 0
        assert "Subject: all sites, " in result.output
        assert "Attached: ads-" in result.output

    def test_a_mail_that_cannot_be_sent_is_a_failure(
        self, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ADGUARD_SMTP", "smtp+plain://127.0.0.1:1")
        result = run("--store", store, "--weekly")
        assert result.exit_code == 1
        assert "127.0.0.1:1 cannot be reached" in result.output


def test_settings_know_that_the_mails_variables_are_no_options(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from adguard.settings import build_settings

    for name in ("SMTP", "MAIL_FROM", "MAIL_TO"):
        monkeypatch.setenv(f"ADGUARD_{name}", "x")
    build_settings(None, {"secret_key": "k" * 32})
    assert not caplog.records


def test_settings_from_the_environment_that_mean_nothing_here_do_no_harm(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_HOLDOUT", "0")
    monkeypatch.setenv("ADGUARD_RPM", '{"sport": 5}')
    said = json.loads(run("--store", store, "--json").stdout)
    assert said["unearned"] == {"amount": 0.7, "views": 140, "currency": "EUR"}


def test_events_of_today_are_in_it_before_they_are_folded(store: str) -> None:
    opened = SqliteStore(Path(store.removeprefix("sqlite://")))
    opened.append([event("late")])
    opened.close()
    said = json.loads(run("--store", store, "--json").stdout)
    assert said["figures"]["views"]["value"] == 7 * 50 + 4
