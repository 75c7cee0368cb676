"""Texts that are short, and once took their reader seconds or for ever."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.filters import CosmeticMatcher, Element, parse_list
from adguard.filters.places import PlaceError, ascii_host
from adguard.filters.preprocessor import MOST_LINES
from adguard.filters.selector import (
    SelectorError,
    UnsupportedError,
    check,
    hides,
    read,
)

PAGE = "https://www.example.org/"


def seconds(work: Callable[[], object]) -> float:
    started = thread_time()
    work()
    return thread_time() - started


def read_anyhow(selector: str) -> None:
    with pytest.raises((SelectorError, UnsupportedError)):
        check(selector)


@pytest.mark.parametrize(
    "selector",
    [
        f"[{'é' * 24}!]",
        f"[a={'é' * 24}!]",
        f"[é{chr(0xA0) * 24}!",
        f'[a="b"{" " * 4_000}x]',
        f"[a=b{' ' * 4_000}i{' ' * 50}x]",
        f"[{'*' * 4_000}",
        f"[a{chr(92) * 4_000}",
        f".{'é' * 4_000}!",
        f"{'.a' * 2_000}!",
        f"{'[a]' * 1_300}!",
        f"{':not(' * 800}",
        f"a{' > b' * 900}",
        f":-abp-{'-' * 60_000}",
        f".{'a' * 60_000}!",
        f"a {' ' * 60_000}",
    ],
)
def test_a_malformed_selector_is_refused_at_once(selector: str) -> None:
    assert seconds(lambda: read_anyhow(selector)) < 0.2


@given(
    st.text(alphabet=" \t.#[]=\"'\\|~*^$:(),>+-aié\u00a0", max_size=12),
    st.sampled_from(["", "[", "[a", '[a="', "[a=", ".", ":is("]),
    st.integers(1, 1_000),
)
def test_no_repetition_makes_a_selector_slow(unit: str, before: str, times: int) -> None:
    selector = (before + unit * times)[:4_096].strip() or "a"

    def judge() -> None:
        try:
            check(selector)
            read(selector)
        except (SelectorError, UnsupportedError):
            pass

    assert seconds(judge) < 1


@given(st.lists(st.sampled_from([*'.#[]="~|^$* >+-a1', " > .b", '[c="d"]', "é"]), min_size=1))
def test_what_the_check_lets_through_can_be_read(parts: list[str]) -> None:
    selector = "".join(parts).strip() or "a"
    try:
        check(selector)
    except (SelectorError, UnsupportedError):
        return
    assert read(selector)


def test_a_selector_that_is_too_long_is_a_problem_and_nothing_to_stumble_over() -> None:
    found = parse_list(f"##{'.a' * 2_500}\n##.b", name="long")
    assert [one.reason for one in found.problems] == [
        "The selector is longer than 4,096 characters."
    ]
    assert CosmeticMatcher([found]).match(Element(classes=("b",)), PAGE).hidden


def family(size: int) -> Element:
    """An element with as many before it, and as many around it."""
    around = before = None
    for _ in range(size):
        around = Element(parent=around)
    for _ in range(size):
        before = Element(parent=around, previous=before)
    return Element(parent=around, previous=before)


@pytest.mark.parametrize(
    "selector",
    [
        ".never" + " ~ *" * 16,
        ".never" + " *" * 16,
        ".never ~ *" + " * ~ *" * 8,
        ":is(* " * 7 + ".never" + ")" * 7 + " *",
        ":not(* ~ " * 6 + "*" + ")" * 6 + " ~ *",
    ],
)
def test_the_ways_through_an_elements_surroundings_are_not_tried_one_by_one(selector: str) -> None:
    element = family(24)
    assert seconds(lambda: hides(read(selector), element)) < 0.5


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("* ~ * ~ *", True),
        ("* ~ " * 3 + "*", True),
        ("* ~ " * 4 + "*", False),
        ("* > * > * > *", True),
        ("* > * > * > * > *", False),
        (":is(* > * > *) ~ *", True),
        (":not(* *) ~ *", False),
        ("* + * + * + *", True),
        ("* + * + * + * + *", False),
    ],
)
def test_the_surroundings_count_as_they_did(selector: str, expected: bool) -> None:
    assert hides(read(selector), family(3)) is expected


@pytest.mark.parametrize(
    "name",
    [
        "".join(chr(0x4E00 + at) for at in range(20_000)),
        "a" + "\u0301\u0316" * 30_000,
        "ä" * 254,
    ],
)
def test_a_name_longer_than_dns_allows_is_refused_at_once(name: str) -> None:
    def refuse() -> None:
        with pytest.raises(PlaceError):
            ascii_host(name)

    assert seconds(refuse) < 0.1


def test_an_exception_is_looked_for_once_for_all_rules_with_its_selector() -> None:
    rules = "##.ad\n" * 200 + "\n".join(f"s{n}.example#@#.ad" for n in range(5_000))
    matcher = CosmeticMatcher([parse_list(rules, name="exceptions")])
    element = Element(classes=("ad",))
    assert seconds(lambda: matcher.all_matches(element, PAGE)) < 0.2
    assert len(matcher.all_matches(element, PAGE)) == 200
    assert matcher.all_matches(element, "https://s4999.example/") == []
    assert matcher.match(element, "https://s4999.example/").exception is not None


def test_blank_lines_count_as_lines() -> None:
    found = parse_list("\n" * (MOST_LINES + 5) + "##.x", name="blank")
    assert not found.complete
    assert "more than 400,000 lines" in found.problems[0].reason
    assert found.cosmetic == []
    held = parse_list("\n" * (MOST_LINES - 1) + "##.x", name="blank")
    assert held.complete
    assert [rule.line for rule in held.cosmetic] == [MOST_LINES]


def test_hosts_by_regular_expression_are_few_in_one_rule_and_timed() -> None:
    slow = [f"/(?:a|a)*(?:a|b){{9}}[b-d]{number}$/" for number in range(1_000)]
    (problem,) = parse_list(f"{','.join(slow)}##.x", name="many").problems
    assert "ore than 32 regular expressions" in problem.reason
    (problem,) = parse_list(f"||x^$domain={'|'.join(slow)}", name="many").problems
    assert "ore than 32 regular expressions" in problem.reason
    matcher = CosmeticMatcher([parse_list("\n".join(f"{one}##.x" for one in slow), name="slow")])
    page = f"https://{'.'.join(['a' * 60] * 4)}/"
    assert seconds(lambda: [matcher.match(Element(id=f"a{n}"), page) for n in range(20)]) < 2
    assert matcher.problems


def test_hosts_without_end_are_cut_off() -> None:
    hosts = "|".join(f"d{number}.com" for number in range(4_000))
    found = parse_list(f"||x^$domain={hosts}\n" * 130, name="hosts")
    assert "ore than 500,000 host names" in found.problems[0].reason
    assert len(found.network) == 125
