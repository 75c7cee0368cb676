"""`adguard alerts`: what would ring, and whether what rings arrives."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.alerts import sign
from adguard.cli import main
from tests.alerts.conftest import receiver
from tests.alerts.receiver import Receiver, fail
from tests.alerts.watching import NOW, SECRET, fill, store_of
from tests.ledger.making import address

__all__ = ["receiver"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADGUARD_ALERT_URLS", "ADGUARD_SITE", "ADGUARD_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ADGUARD_ALERT_SECRET", SECRET)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["alerts", *arguments], catch_exceptions=False)


def test_a_test_message_is_signed_as_an_alert_would_be(receiver: Receiver) -> None:
    done = run("test", "--url", receiver.url, "--site", "news")
    assert (done.exit_code, done.output) == (0, "127.0.0.1: answered 204\n")
    (got,) = receiver.delivered
    stamp = int(got.headers["alert-timestamp"])
    assert got.headers["alert-signature"] == f"v1={sign(SECRET, stamp, got.body)}"
    assert (got.told["status"], got.told["site"]) == ("test", "news")
    assert got.headers["alert-id"] == got.told["id"]


def test_addresses_come_from_the_environment_and_a_failure_is_counted(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_ALERT_URLS", f"{receiver.url},{receiver.url}2")
    receiver.behave = fail
    done = run("test")
    assert done.exit_code == 1
    assert done.output.count("127.0.0.1: answered 500") == 2
    assert "2 of 2 did not take it" in done.output
    assert "a-secret" not in done.output


def test_what_is_missing_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no address" in run("test").output
    assert "not an absolute http(s) URL" in run("test", "--url", "hooks.example").output
    monkeypatch.setenv("ADGUARD_ALERT_SECRET", "short")
    done = run("test", "--url", "https://hooks.example/")
    assert done.exit_code == 1
    assert "ADGUARD_ALERT_SECRET needs 32 characters" in done.output


def test_a_check_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "figures.db"
    fill(store_of(path), 1, NOW, clear=300, unknown=100)
    done = run("check", "--store", address(path), "--site", "news")
    assert done.exit_code == 1
    assert "25.0 %" in done.output
    assert "Something eats our files" in done.output
    fine = run("check", "--store", address(path), "--site", "sports")
    assert fine.exit_code == 0
    assert "too little to tell" in fine.output


def test_a_check_of_a_store_that_is_not_there_ends_in_a_sentence(tmp_path: Path) -> None:
    done = run("check", "--store", address(tmp_path / "none.db"))
    assert done.exit_code == 1
    assert "nothing has been recorded there yet" in done.output
