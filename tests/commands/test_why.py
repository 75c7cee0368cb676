"""`adguard why`, as it is typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adguard import Rule, Settings, Variant
from adguard.cli import main
from adguard.codes import write_code
from adguard.detection import Verdict
from adguard.forgetting import horizon_of
from adguard.reader import Choice, ReaderState

TODAY = 20_780  # 2026-11-23
settings = Settings(
    secret_key="k" * 32,
    rules=[Rule("/markets/*", preset="strict")],
    variants=[Variant("late", 0.5, policy={"first_ask": 4})],
)
HERE = ("--app", "tests.commands.test_why:settings")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["why", *arguments], catch_exceptions=False)


def code(*choices: Choice, views: int = 3, arm: str = "", has_pass: bool = False) -> str:
    state = ReaderState(first_day=TODAY - 9, bucket=77)
    for _ in range(views):
        state = state.with_view(Verdict.EXTENSION, blocking=True, today=TODAY)
    for choice in choices:
        state = state.with_ask(TODAY).with_choice(choice, TODAY, on_interstitial=False)
    return write_code(state, TODAY, horizon_of(settings), arm=arm, has_pass=has_pass)


def data(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").output)


def test_it_says_what_the_code_holds_which_rule_decided_and_what_comes_next() -> None:
    said = run(code(Choice.LATER), "--path", "/city/story", *HERE).output
    assert "The code, of 2026-11-23:" in said
    assert "  later day: 2026-11-23" in said
    assert "The page /city/story: preset standard, form dialog, mode ask." in said
    assert "When the page has reported what it found: none, because of 'quiet-later'." in said
    assert "If nothing happens in between, 'ask' decides from 2026-12-07 on." in said
    assert "Before the page is served: none, because of 'not-yet'." in said
    assert "no page is withheld where the form is 'dialog'" in said


def test_the_payload_names_nothing_by_which_readers_could_be_told_apart() -> None:
    held = data(code(Choice.LATER), *HERE)["code"]
    assert set(held) == {
        *("day", "verdict", "verdict_day", "views", "visit_day", "visit_views"),
        *("month", "month_views", "asks", "later_count", "later_day"),
    }
    assert "77" not in json.dumps(held)


@pytest.mark.parametrize(
    ("arguments", "pattern", "view", "navigation"),
    [
        (("--path", "/a"), "", "ask", "not-yet"),
        (("--path", "/markets/a"), "/markets/*", "stand-in", "wall"),
        (("--path", "https://www.example.org/markets/a?b=c"), "/markets/*", "stand-in", "wall"),
        (("--path", "/login"), "/login", "excluded", "not-yet"),
        (("--path", "/markets/a", "--verdict", "network"), "/markets/*", "ask", "not-liftable"),
        (("--path", "/markets/a", "--verdict", "clear"), "/markets/*", "clear", "clear"),
        (("--path", "/markets/a", "--day", "2026-11-25"), "/markets/*", "unknown", "unknown"),
        (("--path", "/markets/a", "--day", "2026-12-01"), "/markets/*", "unknown", "unknown"),
        (
            ("--path", "/markets/a", "--day", "2026-12-01", "--verdict", "extension"),
            "/markets/*",
            "free-view",
            "free-view",
        ),
    ],
)
def test_path_verdict_and_day_are_held_against_the_settings(
    arguments: tuple[str, ...], pattern: str, view: str, navigation: str
) -> None:
    said = data(code(), *arguments, *HERE)
    assert said["page"]["pattern"] == pattern
    assert (said["view"]["reason"], said["navigation"]["reason"]) == (view, navigation)
    assert said["view"]["steps"][-1]["decides"] is True


def test_it_says_how_many_views_more_change_the_answer() -> None:
    said = data(code(views=1, arm="late"), *HERE)
    assert (said["view"]["reason"], said["view"]["views"], said["view"]["reached"]) == (
        *("not-yet", 2),
        "ask",
    )
    assert (
        "after 2 blocked views more, 'ask' decides" in run(code(views=1, arm="late"), *HERE).output
    )


def test_arms_and_passes_are_in_the_code() -> None:
    assert data(code(arm="holdout"), *HERE)["view"]["reason"] == "holdout"
    assert data(code(has_pass=True), *HERE)["view"]["reason"] == "unknown"
    assert data(code(has_pass=True), "--verdict", "extension", *HERE)["view"]["reason"] == "pass"


def test_without_an_app_the_settings_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADGUARD_PRESET", "gentle")
    monkeypatch.setenv("ADGUARD_IS_SUPPORTER", "os.path:exists")
    monkeypatch.setenv("ADGUARD_CONSENT_MODE", "local_only")
    said = data(code(arm="late"))
    assert (said["page"]["preset"], said["page"]["form"]) == ("gentle", "inline")
    assert said["remarks"] == [
        "The hook is_supporter was not asked: it needs the reader's own request.",
        "The settings have no variant 'late' (any more).",
        "With consent_mode='local_only' pages decide by themselves.",
    ]
    monkeypatch.setenv("ADGUARD_MODE", "observe")
    assert data(code())["view"]["reason"] == "mode-observe"
    assert "rule '/markets/*', preset strict" in run(code(), "--path", "/markets/a", *HERE).output
    assert "excluded by '/login'" in run(code(), "--path", "/login").output


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (("s1aaaa",), 2, "Invalid value for CODE: The code was not copied as a whole"),
        (("hello",), 2, "one begins with 's1' and stands on the reader's preferences page"),
        ((), 2, "Missing argument 'CODE'"),
        (("{code}", "--path", "a"), 2, "'a' is neither a path such as /city/story nor a URL"),
        (("{code}", "--path", "http://[x/a"), 2, "'http://[x/a' is neither a path such as"),
        (("{code}", "--day", "9999-12-31"), 2, "'9999-12-31' is no day such as 2026-12-24, from"),
        (("{code}", "--day", "0001-01-01"), 2, "from 1997-05-19 to 2243-10-17"),
        (("{code}", "--day", "tomorrow"), 2, "'tomorrow' is no day such as 2026-12-24"),
        (("{code}", "--verdict", "maybe"), 2, "'maybe' is not one of"),
        (("{code}", "--app", "nowhere"), 1, "--app 'nowhere' is not like"),
    ],
)
def test_a_wrong_question_gets_a_sentence_and_no_traceback(
    arguments: tuple[str, ...], exit_code: int, says: str
) -> None:
    result = run(*(one.format(code=code()) for one in arguments))
    assert result.exit_code == exit_code
    assert says in " ".join(result.output.replace("│", " ").split())
