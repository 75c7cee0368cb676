"""The demo's key: the operator's where there is one, else one of this checkout's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo_site.secret import FILE, site_secret


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SITE_SECRET", raising=False)
    monkeypatch.setenv("ADGUARD_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_environment_wins_and_nothing_is_written(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_SECRET", "from the environment")
    assert site_secret() == "from the environment"
    assert not data.exists()


def test_without_one_a_key_is_made_once_and_found_again(data: Path) -> None:
    first = site_secret()
    assert len(first) >= 32
    assert site_secret() == first
    assert (data / FILE).stat().st_mode & 0o077 == 0


def test_two_checkouts_do_not_share_a_key(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = site_secret()
    monkeypatch.setenv("ADGUARD_DATA", str(data.parent / "other"))
    assert site_secret() != first


def test_a_folder_that_cannot_be_written_costs_the_memory_and_not_the_paper(data: Path) -> None:
    data.write_text("a file where the folder should be")
    assert len(site_secret()) >= 32


def test_an_emptied_file_is_not_an_empty_key(data: Path) -> None:
    data.mkdir()
    (data / FILE).write_text("")
    assert len(site_secret()) >= 32
