"""A file that is damaged, cut off, empty, or none of ours: every command says so in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from adguard.cli import main
from adguard.ledger import Batch
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import DAY, event

COMMANDS = (
    "report --by page",
    "report --ad-server -",
    "journal status",
    "journal replay",
    "experiment read",
    "experiment arms",
    "expire --yes --keep-days 1",
    "alerts check",
    "demo-data --days 1 --yes",
)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def overwritten(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))


def text(path: Path) -> None:
    path.write_text("not a database " * 1000)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("damage", [cut_off, overwritten, text, folder])
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, damage: object, command: str
) -> None:
    path = tmp_path / "figures.sqlite3"
    store = SqliteStore(path)
    days = range(DAY - 5, DAY + 1)
    events = [event("", at=day * 86400, path=f"/{n}") for day in days for n in range(50)]
    store.apply(Batch("node", 1, events))
    store.close()
    damage(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    done = CliRunner().invoke(main, [*command.split(), "--store", f"sqlite://{path}"])
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    (said,) = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert any(word in said for word in ("damaged", "not a database", "folder", "opened")), said
    assert before is None or path.read_bytes() == before
