"""Regular expressions of filters: JavaScript's syntax, and an answer in bounded time."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.filters.automaton import Automaton
from adguard.filters.expression import Expression, ExpressionError
from adguard.filters.tree import parse


def agrees(source: str, text: str, *, match_case: bool = True) -> bool:
    """What the expression says, which the automaton has to say as well."""
    expression = Expression(source, match_case=match_case)
    found = expression.search(text)
    if not re.search(r"\\[1-9]", source):
        tree = parse(source, fold_case=not match_case)
        assert Automaton(tree).search(text) is found
    return found


@pytest.mark.parametrize(
    ("source", "yes", "no"),
    [
        (r"^https?:\/\/[a-z]{3,5}\.com\/$", "https://abcd.com/", "https://ab.com/"),
        (r"\/ads?[0-9]+\.js", "/ad1.js", "/ad.js"),
        (r"a(?:b|cd|)e", "xaex", "abde"),
        (r"(ab){2,3}$", "xabab", "xab"),
        (r"^(?!api|team)[a-z]{4}$", "news", "team"),
        (r"^(?=[a-z]{0,9}\d)\w{5}$", "abc1d", "abcde"),
        (r"a(?=b)", "ab", "axb"),
        (r"\bads\b", "/ads/", "/adsx/"),
        (r"\Bads", "xads", "/ads"),
        (r"[^\/]+\.gif$", "a.gif", "/.gif"),
        (r"[\w-.]x", "-x", "/x"),
        (r"[\d-z]q", "-q", "kq"),
        (r"[^]a", "ba", "a"),
        (r"[\b]", "\b", "b"),
        (r"\x41\u0042\t", "AB\t", "ab\t"),
        (r"\xZ", "xZ", "x"),
        (r"a{,2}", "a{,2}", "aa"),
        (r"a{x", "a{x", "aa"),
        (r"a{2}?b", "aab", "ab"),
        (r"a+?b*?c??$", "aaa", "x"),
        (r"(?<name>a)b", "ab", "ba"),
        (r"\S\s\D\W", "a b.", "a bc"),
        (r"^.$", "é", "\n"),
        (r"[à-ü]$", "é", "e"),
        (r"x|^$", "", "y"),
        (r"(?:)*a", "a", "b"),
        (r"(?:a*)*b", "aab", "aac"),
        (r"(?:a?){3}c", "aac", "aab"),
        (r"\0", "\0", "0"),
    ],
)
def test_javascript_is_understood(source: str, yes: str, no: str) -> None:
    assert agrees(source, yes)
    assert not agrees(source, no)


def test_an_empty_set_matches_nothing() -> None:
    assert not agrees("[]", "a[]")
    assert agrees("[]|a", "a")


def test_references_are_understood() -> None:
    assert Expression(r"^([a-z]{3})\.top\?t=\1&").search("abc.top?t=abc&")
    assert not Expression(r"^([a-z]{3})\.top\?t=\1&").search("abc.top?t=abd&")


def test_case_is_folded_unless_the_rule_says_so() -> None:
    assert agrees("AdS[a-c]", "/aDsB", match_case=False)
    assert not agrees("AdS[a-c]", "/aDsB")


@pytest.mark.parametrize(
    "source",
    [
        *(
            "(",
            ")",
            "a)",
            "[a",
            "[\\",
            "\\",
            "*a",
            "a**",
            "^*",
            "(?<=a)b",
            "(?<=a>)b",
            "(?<!a)b",
            "(?a)",
        ),
        *("(?<name", "[z-a]", "a{3,2}", r"\1", r"(a)\2", r"\k<a>", "a{65536}", r"(\1a)"),
        *("(" * 60 + ")" * 60, "a" * 3_000),
    ],
)
def test_what_is_malformed_or_too_much_says_so(source: str) -> None:
    with pytest.raises(ExpressionError):
        Expression(source)


CATASTROPHES = [
    *("(a+)+$", "^(a|a)*$", "(a*)*b", "(?:a|ab|b)*c$", "(.*)*x$", ".*.*.*.*.*=$", "(a?){60}a{60}$"),
    *(
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(?:[a-z]+-?)+$",
        "(x+x+)+y",
        "^(?:a{0,20}){20}$",
    ),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("source", CATASTROPHES)
def test_catastrophes_are_decided_all_the_same(source: str) -> None:
    expression = Expression(source)
    assert not expression.search("a" * 1_500 + "!")
    expression.search("ax" * 1_000)


@pytest.mark.parametrize("source", [r"(a*)*\1b", "(?=(a+)+$)a*c", r".*.*.*(?!(a)\1)x$"])
def test_a_catastrophe_that_remembers_or_looks_far_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError, match="too long to decide"):
        Expression(source)


def test_a_catastrophe_may_look_a_little_ahead() -> None:
    expression = Expression(r"\/(?!new|(?:ol){1,2}d\b|).*.*.*=$|(?=[ab]c?)(.*)*y")
    assert expression.search("/x" + "a" * 1_000 + "by")
    assert not expression.search("/new" + "z" * 1_000 + "=")


def test_a_program_that_is_too_large_is_refused() -> None:
    with pytest.raises(ExpressionError, match="1,000 steps"):
        Expression("(?:(?:a?){100}b?){100}$")


@pytest.mark.parametrize(
    ("source", "literal"),
    [
        (r"^https?:\/\/Ads\.example\.com\/[a-z]+", "://ads.example.com/"),
        ("a|b", ""),
        ("[ab]c[de]fg?", "c"),
        ("x", "x"),
        (".é", ""),
    ],
)
def test_the_longest_literal_is_found(source: str, literal: str) -> None:
    assert Expression(source).literal == literal


def test_equal_expressions_are_equal() -> None:
    assert Expression("a") == Expression("a")
    assert Expression("a") != Expression("a", match_case=True)
    assert Expression("a") != "a"
    assert len({Expression("a"), Expression("a")}) == 1
    assert repr(Expression("a")) == "Expression('a', match_case=False)"


pieces = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", ".", "^", "$", r"\b", r"\w", "(?:a|b)", "(?=a)", "(?!b)", "(a)", "|"]
)
counts = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}"])


@given(
    st.lists(st.tuples(pieces, counts), max_size=8),
    st.text(alphabet="ab-", max_size=12),
)
def test_the_automaton_and_re_agree(parts: list[tuple[str, str]], text: str) -> None:
    source = "".join(
        piece if piece in {"^", "$", r"\b", "|"} else piece + count for piece, count in parts
    )
    expected = re.search(source.replace("$", r"\Z"), text, re.ASCII) is not None
    assert Automaton(parse(source, fold_case=False)).search(text) is expected
    assert Expression(source, match_case=True).search(text) is expected


@given(st.text(alphabet=string.printable + "é\ud800", max_size=60), st.text(max_size=40))
def test_any_source_is_refused_or_decides(source: str, text: str) -> None:
    try:
        expression = Expression(source)
    except ExpressionError:
        return
    assert expression.search(text) in {True, False}
    assert expression.literal in text.lower() or not expression.search(text)
