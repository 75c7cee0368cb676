"""`adguard guides`: a list, and a warning that is never an error."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.support import GUIDES, find_guide

OLD = replace(find_guide("ubo"), verified=date(2020, 1, 1))
NEW = replace(find_guide("brave"), verified=date(2999, 1, 1))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["guides", *arguments], catch_exceptions=False)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adguard.commands.guides.GUIDES", (OLD, NEW))


def test_all_guides_are_listed_with_what_they_rest_on() -> None:
    result = run()
    assert result.exit_code == 0
    assert all(guide.slug in result.stdout for guide in GUIDES)
    assert "Ghostery" in result.stdout


@pytest.mark.usefixtures("two")
def test_stale_guides_are_named_in_a_warning_that_stops_nothing() -> None:
    result = run("--stale")
    assert result.exit_code == 0
    assert "2020-01-01 (stale)" in " ".join(result.stdout.split())
    assert "2999" not in result.stdout
    assert result.stderr == (
        "Warning: 1 of 2 guides were not compared with what their makers publish within 365 days.\n"
    )


def test_where_nothing_is_stale_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adguard.commands.guides.GUIDES", (NEW,))
    result = run("--stale")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("arguments", "slugs"), [([], ["ubo", "brave"]), (["--stale"], ["ubo"])])
def test_programs_get_json(arguments: list[str], slugs: list[str]) -> None:
    rows = json.loads(run("--json", *arguments).stdout)
    assert [row["slug"] for row in rows] == slugs
    assert rows[0]["stale"] is True
    assert rows[0]["verified"] == "2020-01-01"
    assert rows[0]["steps"][0].startswith("Click the uBlock Origin icon")
