"""Lists made to break their reader end in rules, problems and a bounded time."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.filters import (
    CosmeticMatcher,
    Element,
    NetworkMatcher,
    Request,
    parse_list,
    preprocessor,
)

PAGE = "https://www.example.org/"
ELEMENT = Element("div", "a", ("b", "c"), {"d": "e"})


def judged(text: str | bytes) -> set[str]:
    """Reads a list and asks it; returns the reasons of all problems."""
    found = parse_list(text, name="hostile", include=lambda name: f"!#include {name}x\n" * 9)
    network = NetworkMatcher([found])
    for path in ("x.js", "a" * 1_500, "/a=1&b=2;" * 100):
        network.match(Request(f"https://www.example.org/{path}", PAGE, "script"))
        network.all_matches(Request(f"https://ads.net/{path}", PAGE, "image"))
    cosmetic = CosmeticMatcher([found], network)
    cosmetic.match(ELEMENT, PAGE)
    cosmetic.all_matches(ELEMENT, PAGE)
    return {one.reason for one in (*found.problems, *network.problems)}


lines = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("|^*$@#~,=/\\[]().:!?+-_ \t")),
        st.sampled_from(string.ascii_lowercase),
        st.characters(),
    ),
    max_size=80,
)
words = st.sampled_from(
    [
        *(
            "##",
            "#@#",
            "#?#",
            "||",
            "@@",
            "$",
            "$domain=",
            ",",
            "|",
            "~",
            "/",
            ".*",
            "^",
            "!#if ",
            "\n",
        ),
        *("!#include ", "!#else", "!#endif", "script", "3p", "important", "badfilter", "redirect="),
        *(
            ":not(",
            ")",
            "[",
            "]",
            "=",
            '"',
            ".",
            "#",
            ">",
            " ",
            "a",
            "example.org",
            "ü",
            "\\",
            "{2,}",
        ),
        *("+js(", "$$", "[$", "0.0.0.0 ", "&&", "(", "*", "?", "(?=", "(?!"),
    ]
)


@given(st.lists(lines, max_size=12))
def test_any_lines_are_read_without_an_error(found: list[str]) -> None:
    judged("\n".join(found))


@given(st.lists(words, max_size=40))
def test_any_words_of_the_language_are_read_without_an_error(found: list[str]) -> None:
    judged("".join(found))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(found: bytes) -> None:
    judged(found)


@settings(max_examples=25)
@given(words, words, st.integers(1_000, 4_000))
def test_repetition_is_read_without_an_error(one: str, other: str, times: int) -> None:
    judged((one + other) * times)
    judged("a" + one * times + other)


HOSTILE = {
    "a line of a megabyte": ("a" * 1_000_000, "The line has"),
    "a megabyte of places": (
        "||x^$domain=" + "|".join(f"d{n}.com" for n in range(80_000)),
        "The line has",
    ),
    "too many rules": ("\n".join(f"||a{n}.com^" for n in range(501_000)), "The list has more than"),
    "rules that share a word": (
        "\n".join(f"^example^*b{n}" for n in range(200_000)),
        "The list takes too long to match",
    ),
    "endless includes": ("!#include a\n" * 2_000, "Files include each other"),
    "expressions that go back": (
        "\n".join(f"/(?:a|a)*(?:a|b){{{n % 9 + 1}}}[b-d]$/" for n in range(5_100)),
        "More than 5,000 regular expressions",
    ),
    "expressions within expressions": (
        "\n".join("/" + "(a*" * 30 + ")*" * 30 + "b/" for _ in range(2_000)),
        "",
    ),
    "expressions that count": (
        "\n".join("/(?:(?:(?:){60000}){60000}){60000}b/" for _ in range(2_000)),
        "",
    ),
    "expressions that choose": (
        "\n".join("/" + "(a|b|ab|c)*" * 120 + "$/" for _ in range(500)),
        "The regular expression takes more than",
    ),
    "expressions that refer": (r"/(a*)*\1b/", "The regular expression could take too long"),
    "stars": ("\n".join("*a" * 500 + "b" for _ in range(5_000)), ""),
    "separators": ("\n".join("^" * 1_000 + "*" for _ in range(20_000)), "The list takes too long"),
    "white space": ("\n".join("a" + " " * 60_000 + "b" for _ in range(100)), "A rule has no white"),
    "braces": ("\n".join("##a{" + ":" * 60_000 + "{}" for _ in range(100)), ""),
    "long selectors": (
        "\n".join(f'##.a{n} > b[c="d{n}"]' for n in range(21_000)),
        "More than 20,000 generic rules",
    ),
    "selectors in selectors": (
        "\n".join("##" + ":not(" * 200 + ".a" + ")" * 200 for _ in range(2_000)),
        "The selector is nested too deep",
    ),
    "dollars": ("\n".join("$a" * 20_000 for _ in range(200)), "The option"),
    "hosts beyond ASCII": (
        "\n".join(f"||x{n}^$domain=ä{n}.de|ö{n}.de" for n in range(300_000)),
        "Reading takes too long",
    ),
    "conditions": ("!#if a\n" * 100_000, "This !#if is never closed"),
    "a condition in conditions": (
        "!#if " + "(" * 30_000 + "a" + ")" * 30_000,
        "The condition",
    ),
}
"""Lists, and how the problem begins that they end in, if they must."""


@pytest.mark.timeout(90)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_list_hangs_its_reader(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, reason = HOSTILE[name]
    if reason and not reason.startswith("Reading takes"):
        # On a busy machine the bound of time would come before the one that is meant.
        monkeypatch.setattr(preprocessor, "thread_time", lambda: 0.0)
    reasons = judged(text)
    assert any(one.startswith(reason) for one in reasons) or not reason
