"""The command: right answers, and one clear sentence for wrong questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from tests.endpoints.conftest import bare_environment, make_site
from tests.test_middleware import MakeSite
from tests.visitor import BLOCKED, CLEAR

__all__ = ["bare_environment", "make_site"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


async def test_the_report_agrees_with_what_happened_while_the_site_still_runs(
    make_site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"sqlite://{tmp_path}/gazette.sqlite3"
    site = make_site(store=store, site="gazette")
    reader, blocked = await site.visitor(), await site.visitor()
    for _ in range(3):
        await reader.view(CLEAR, "/a")
    for _ in range(2):
        await blocked.view(BLOCKED, "/a")
    await site.middleware.services.ledger.flush()
    monkeypatch.setattr("adguard.commands.report.time.time", lambda: site.clock.now)
    figures = json.loads(run("report", "--store", store, "--json").output)["figures"]
    assert figures["views"]["value"] == 5
    assert figures["block_rate"]["numerator"] == 2
    assert figures["measured"]["value"] == 5
    assert figures["decided"]["value"] == 1
    text = run("report", "--store", store, "--by", "page", "--site", "gazette").output
    assert "40" in text
    assert "/a" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "--store", "memory:"), "memory:"),
        (("report", "--store", "postgres://x"), "postgres"),
        (("report", "--store", "sqlite:///no/such/folder/file.sqlite3"), "no/such/folder"),
        (("report", "--since", "yesterday"), "yesterday"),
        (("snippet", "cobol"), "There are: fastapi, kofi, patreon, starlette, stripe"),
    ],
)
def test_a_wrong_question_gets_a_sentence_and_no_traceback(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_DATA", str(tmp_path))
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert sentence in result.output.replace("\n", " ")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database" * 100)
    result = run("report", "--store", f"sqlite://{file}")
    assert result.exit_code == 1
    assert "notes.txt" in result.output


def test_reading_a_report_creates_no_file(tmp_path: Path) -> None:
    run("report", "--store", f"sqlite://{tmp_path}/absent.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_snippets_are_listed_and_printed_to_the_letter() -> None:
    assert run("snippet").output.split() == ["fastapi", "starlette", "kofi", "patreon", "stripe"]
    for name, kind in (("starlette", "mount"), ("stripe", "webhooks")):
        assert run("snippet", name).output == Path(f"snippets/{kind}/{name}.py").read_text()


def test_a_fresh_key_is_long_enough_and_never_the_same() -> None:
    keys = {run("keys").output.strip() for _ in range(5)}
    assert len(keys) == 5
    assert all(len(key) >= 32 for key in keys)
