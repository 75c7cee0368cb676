"""The operator's switch."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from adguard.presets import Mode
from adguard.settings import Settings
from adguard.switch import ModeSwitch

KEY = "k" * 32


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADGUARD_MODE", raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_coded_mode_holds_until_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = ModeSwitch(Settings(secret_key=KEY, mode="observe"))
    assert switch.current() == "observe"
    monkeypatch.setenv("ADGUARD_MODE", "ask")
    assert switch.current() == "ask"
    monkeypatch.setenv("ADGUARD_MODE", " Off \n")
    assert switch.current() == "off"
    monkeypatch.delenv("ADGUARD_MODE")
    assert switch.current() == "observe"


def test_the_watched_file_beats_the_environment_within_a_quarter_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: Clock
) -> None:
    file = tmp_path / "mode"
    switch = ModeSwitch(Settings(secret_key=KEY, mode_file=file), clock)
    monkeypatch.setenv("ADGUARD_MODE", "observe")
    assert switch.current() == "observe"
    file.write_text("off\n")
    assert switch.current() == "observe"
    clock.now += 0.25
    assert switch.current() == "off"
    file.unlink()
    clock.now += 0.25
    assert switch.current() == "observe"


@pytest.mark.parametrize(
    ("coded", "rule", "switched", "expected"),
    [
        ("ask", None, None, "ask"),
        ("ask", "observe", None, "observe"),
        ("off", "ask", None, "ask"),
        ("ask", "ask", "observe", "observe"),
        ("ask", "observe", "ask", "observe"),
        ("ask", "ask", "off", "off"),
        ("observe", None, "ask", "ask"),
    ],
)
def test_a_rules_mode_holds_on_its_paths_but_never_asks_more_than_the_switch(
    coded: Mode,
    rule: Mode | None,
    switched: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = ModeSwitch(Settings(secret_key=KEY, mode=coded))
    if switched is not None:
        monkeypatch.setenv("ADGUARD_MODE", switched)
    assert switch.current(rule) == expected


def watched(folder: Path, clock: Clock) -> tuple[Path, ModeSwitch]:
    """A file that says `observe`, and a switch that has read it."""
    file = folder / "mode"
    file.write_text("observe")
    switch = ModeSwitch(Settings(secret_key=KEY, mode_file=file), clock)
    assert switch.current() == "observe"
    return file, switch


def test_a_word_that_is_no_mode_keeps_the_mode_and_is_said_once(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file, switch = watched(tmp_path, clock)
    file.write_text("lound")
    with caplog.at_level(logging.WARNING, "adguard"):
        for _ in range(3):
            clock.now += 1
            assert switch.current() == "observe"
    assert caplog.text.count("lound") == 1


def test_a_file_that_cannot_be_read_keeps_the_mode(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file, switch = watched(tmp_path, clock)
    file.unlink()
    file.mkdir()
    clock.now += 1
    with caplog.at_level(logging.WARNING, "adguard"):
        assert switch.current() == "observe"
    assert "cannot be read" in caplog.text
