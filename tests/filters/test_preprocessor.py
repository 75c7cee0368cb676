"""Which lines of a list are in force, and where reading ends."""

from __future__ import annotations

import pytest

from adguard.filters import ADGUARD, UBLOCK, Environment, parse_list, preprocessor
from adguard.filters.environment import ConditionError, holds


def rules(text: str | bytes, files: dict[str, str | bytes] | None = None) -> list[str]:
    return [rule.text for rule in parse_list(text, name="x", include=(files or {}).get).network]


def problems(text: str | bytes, files: dict[str, str | bytes] | None = None) -> list[str]:
    include = None if files is None else files.get
    found = parse_list(text, name="x", include=include).problems
    return [one.reason for one in found]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        *[("ext_ublock", True), ("!ext_ublock", False), ("env_safari", False), ("true", True)],
        *[("env_safari || ext_ublock", True), ("env_safari && ext_ublock", False)],
        *[("!(env_safari || adguard)", True), ("(ext_ublock)", True), ("!!ext_ublock", True)],
        *[("env_safari && adguard || ext_ublock", True), ("false", False)],
        *[("ext_ublock && (env_safari || !adguard)", True), ("env_safari||ext_ublock", True)],
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    assert holds(condition, UBLOCK) is expected


@pytest.mark.parametrize(
    "condition",
    ["", "(", "(a", "a b", "a &&", "|| a", "!", "a & b", "()", "a)", "(" * 50 + "a" + ")" * 50],
)
def test_malformed_conditions_say_so(condition: str) -> None:
    with pytest.raises(ConditionError):
        holds(condition, UBLOCK)


def test_a_condition_has_an_end() -> None:
    with pytest.raises(ConditionError):
        holds("a && " * 200 + "a", UBLOCK)


CONDITIONAL = """
!#if ext_ublock
||ublock.org^
!#if env_safari
||safari.org^
!#else
||not-safari.org^
!#endif
!#else
||not-ublock.org^
!#if adguard
||adguard.org^
!#endif
!#endif
||all.org^
"""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (UBLOCK, ["||ublock.org^", "||not-safari.org^", "||all.org^"]),
        (ADGUARD, ["||not-ublock.org^", "||adguard.org^", "||all.org^"]),
    ],
)
def test_only_what_is_meant_for_the_blocker_is_in_force(
    environment: Environment, expected: list[str]
) -> None:
    found = parse_list(CONDITIONAL, name="x", environment=environment)
    assert [rule.text for rule in found.network] == expected
    assert found.problems == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!#endif", "There is no !#if to this !#endif."),
        ("!#else", "There is no !#if to this !#else."),
        ("!#if a\n||a.org^", "This !#if is never closed."),
        ("!#if (a\n||a.org^\n!#endif", "A parenthesis is not closed."),
        ("!#if\n!#endif", "A constant is missing."),
    ],
)
def test_broken_directives_are_problems(text: str, reason: str) -> None:
    assert problems(text) == [reason]
    assert rules(text) == []


def test_directives_for_others_are_passed_over() -> None:
    text = "!#safari_cb_affinity(general)\n||a.org^\n!#safari_cb_affinity\n!#frobnicate\n!#"
    found = parse_list(text, name="x")
    assert [rule.text for rule in found.network] == ["||a.org^"]
    assert found.skipped == {"a directive that is not understood": 2}


def test_included_files_are_read_in_place_and_their_rules_say_so() -> None:
    files: dict[str, str | bytes] = {"b.txt": "||b.org^\n!#include c.txt\n", "c.txt": b"||c.org^"}
    found = parse_list("||a.org^\n!#include b.txt\n||d.org^", name="a", include=files.get)
    assert [(rule.text, rule.source, rule.line) for rule in found.network] == [
        *[("||a.org^", "a", 1), ("||b.org^", "b.txt", 1), ("||c.org^", "c.txt", 1)],
        ("||d.org^", "a", 3),
    ]


def test_nothing_is_included_under_a_condition_that_fails() -> None:
    assert rules("!#if adguard\n!#include b.txt\n!#endif", {"b.txt": "||b.org^"}) == []


@pytest.mark.parametrize(
    "target", ["../secret", "/etc/passwd", "https://a.org/x.txt", "a\\b", "a b.txt", ""]
)
def test_nothing_outside_of_the_folder_is_included(target: str) -> None:
    def include(_: str) -> str:
        raise AssertionError("asked for")

    found = parse_list(f"!#include {target}", name="x", include=include)
    assert found.problems[0].reason == "Only files in the list's own folder can be included."


def test_what_cannot_be_included_is_a_problem() -> None:
    assert problems("!#include b.txt", {}) == ["b.txt is not there."]
    assert problems("!#include b.txt") == ["b.txt is not included: only this file is at hand."]

    def include(_: str) -> str:
        raise OSError("disk on fire")

    found = parse_list("!#include b.txt", name="x", include=include)
    assert found.problems[0].reason == "b.txt could not be read (disk on fire)."


def test_files_do_not_include_each_other_for_ever() -> None:
    assert problems("!#include a", {"a": "!#include b", "b": "!#include a"}) == [
        "a includes itself."
    ]
    chain: dict[str, str | bytes] = {f"f{n}": f"!#include f{n + 1}\n||f{n}.org^" for n in range(99)}
    assert problems("!#include f0", chain) == ["Files include each other more than 6 deep."]
    assert len(rules("!#include f0", chain)) == preprocessor.DEEPEST
    many = "\n".join(f"!#include {n}" for n in range(99))
    assert len(rules(many, {str(n): f"||f{n}.org^" for n in range(99)})) == preprocessor.MOST_FILES


def test_a_long_line_may_go_on_in_the_next() -> None:
    text = "||a.org^$domain=b.org| \\\n    c.org\n    d.org"
    assert rules(text) == ["||a.org^$domain=b.org|c.org", "d.org"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\x00\x01\x02||a.org^", "This is not a text file in UTF-8."),
        (bytes(range(128, 256)) * 9, "This is not a text file in UTF-8."),
        ("||a.org^\n".encode("utf-16"), "This is not a text file in UTF-8."),
        ("<!DOCTYPE html>\n||a.org^", "This is a web page and not a filter list."),
        ("  <html>", "This is a web page and not a filter list."),
    ],
)
def test_what_is_no_list_is_one_problem(raw: str | bytes, reason: str) -> None:
    assert problems(raw) == [reason]
    assert rules(raw) == []


def test_a_mark_of_byte_order_is_no_part_of_the_first_line() -> None:
    assert rules(b"\xef\xbb\xbf||a.org^\r\n||b.org^\r\n") == ["||a.org^", "||b.org^"]
    assert rules(b"||a.org^\r||b.org^\r") == ["||a.org^", "||b.org^"]


def test_bounds_end_the_reading_with_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocessor, "MOST_LINES", 2)
    assert problems("||a.org^\n||b.org^\n||c.org^\n") == [
        "The list has more than 2 lines; the rest is not read."
    ]
    monkeypatch.setattr(preprocessor, "MOST_CHARACTERS", 8)
    assert rules("||a.org^\n||b.org^\n") == ["||a.org^"]
    text = "!#include b\n"
    monkeypatch.setattr(preprocessor, "MOST_CHARACTERS", len(text))
    assert problems(text, {"b": "||b.org^"}) == [
        f"The list has more than {len(text)} characters; the rest is not read."
    ]


def test_time_ends_the_reading_with_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1_000_000))
    monkeypatch.setattr(preprocessor, "thread_time", lambda: next(clock))
    text = "\n".join(f"||a{n}.org^" for n in range(1_000))
    found = parse_list(f"!#if true\n{text}\n!#endif", name="x")
    assert found.problems[0].reason == "Reading takes too long; the rest is not read."
    assert 100 < len(found.network) < 300


def test_a_line_of_a_megabyte_is_one_problem() -> None:
    found = parse_list("||a.org^\n" + "x" * 1_000_000 + "\n||b.org^", name="x")
    assert [one.reason for one in found.problems] == [
        "The line has 1,000,000 characters, more than 64,000."
    ]
    assert len(found.network) == 2
    assert "more than 64,000" in problems("a \\\n" + "    b \\\n" * 70_000)[0]


def test_problems_are_counted_where_they_are_too_many() -> None:
    found = problems("||a.org^$no\n" * 3_000)
    assert (len(found), found[-1]) == (1_001, "2,000 problems more are not shown.")
