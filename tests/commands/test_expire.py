"""`adguard expire`: old figures go, the others stay, and nothing goes unasked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.ledger.sqlite import SqliteStore
from tests.insight.making import views
from tests.ledger.making import DAY, NOW


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adguard.commands.expire.time.time", lambda: NOW)
    monkeypatch.delenv("ADGUARD_RETENTION_DAYS", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = SqliteStore(tmp_path / "figures.sqlite3")
    for back in (0, 30, 31, 40):
        made.append(views(5, day=DAY - back))
    while made.fold():
        pass
    made.close()
    return tmp_path / "figures.sqlite3"


def run(file: Path, *arguments: str, answer: str | None = None) -> Result:
    store = ["expire", "--store", f"sqlite://{file}"]
    return CliRunner().invoke(main, [*store, *arguments], input=answer, catch_exceptions=False)


def days_in(file: Path) -> list[int]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        found = db.execute("SELECT DISTINCT day FROM r_day ORDER BY day").fetchall()
    db.close()
    return [DAY - day for (day,) in found]


def test_a_dry_run_says_what_would_go_and_removes_nothing(file: Path) -> None:
    result = run(file, "--keep-days", "30", "--dry-run")
    assert result.exit_code == 0
    assert "are 2 days" in result.output
    assert "with 10 page views; they would go." in result.output
    assert days_in(file) == [40, 31, 30, 0]


def test_what_is_older_goes_and_the_last_day_that_may_stay_stays(file: Path) -> None:
    result = run(file, "--keep-days", "30", "--yes")
    assert result.exit_code == 0
    assert "Removed " in result.output
    assert days_in(file) == [30, 0]
    assert "No figures are older than 30 days." in run(file, "--keep-days", "30").output


def test_nothing_goes_without_a_yes(file: Path) -> None:
    for answer in ("n\n", "", None):
        result = run(file, "--keep-days", "30", answer=answer)
        assert result.exit_code == 1
    assert days_in(file) == [40, 31, 30, 0]
    assert run(file, "--keep-days", "30", answer="y\n").exit_code == 0
    assert days_in(file) == [30, 0]


def test_the_number_of_days_may_come_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_RETENTION_DAYS", "31")
    assert "Older than 31 days are 1 days" in run(file, "--dry-run").output
    monkeypatch.delenv("ADGUARD_RETENTION_DAYS")
    assert "No figures are older than 760 days." in run(file, "--dry-run").output


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    result = run(tmp_path / "absent.sqlite3", "--yes")
    assert result.exit_code == 1
    assert "does not exist" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_somebody_else_writes_to_all_the_time_is_a_clear_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "adguard.commands.expire.open_store",
        lambda _: SqliteStore(file, busy_timeout=0.05),
    )
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        result = run(file, "--keep-days", "30", "--yes")
    finally:
        other.close()
    assert result.exit_code == 1
    assert "the figures cannot be removed: " in result.output
    assert days_in(file) == [40, 31, 30, 0]


@pytest.mark.parametrize("days", ["0", "-1", "many"])
def test_a_number_of_days_that_makes_no_sense_is_refused(file: Path, days: str) -> None:
    assert run(file, "--keep-days", days, "--yes").exit_code == 2
    assert days_in(file) == [40, 31, 30, 0]
