"""Rules found by what they say: the site, our names, our sentences."""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.lint.mentions import (
    in_force,
    name_findings,
    site_findings,
    site_rules,
    text_findings,
)
from adguard.lint.profiles import load
from adguard.lint.sources import Source, make


def source_of(text: str, name: str = "easylist.txt") -> Source:
    return make(Path(name), text.encode(), "file", load())


def named(text: str, origin: str = "https://www.example.org") -> list[str]:
    return [line.text for line in site_rules(source_of(text), origin)]


@pytest.mark.parametrize(
    "rule",
    [
        "||example.org^$generichide",
        "@@||www.example.org^",
        "example.org##.banner",
        "a.com,news.example.org,b.com##.x",
        "/ads.js$domain=a.com|~example.org",
        "example.*##.x",
        "Example.ORG##.x",
    ],
)
def test_rules_that_name_the_site_are_found(rule: str) -> None:
    assert named(f"! Title: EasyList\n##.x\n{rule}\nother.com##.y\n") == [rule]


@pytest.mark.parametrize(
    "rule",
    [
        "notexample.org##.x",
        "example.org.uk##.x",
        "example.organic##.x",
        "my-example.org##.x",
        "counterexample.*##.x",
        "! example.org",
        "[example.org]",
        "# example.org",
    ],
)
def test_rules_that_only_look_like_it_are_not(rule: str) -> None:
    assert named(rule) == []


def test_rules_for_the_domain_above_are_found_and_those_for_its_other_children_are_not() -> None:
    text = "gazette.org##.a\nnews.gazette.org##.b\nsports.gazette.org##.c\ngazette.*##.d\n"
    assert named(text, "https://news.gazette.org") == ["gazette.org##.a", "news.gazette.org##.b"]


def test_a_host_without_dots_and_an_address_are_found() -> None:
    text = "@@||localhost^$generichide\n@@||127.0.0.1^$generichide\n"
    assert len(named(text, "http://localhost:8000")) == 1
    assert len(named(text, "http://127.0.0.1:8000")) == 1


def test_lines_are_counted_as_the_list_counts_them() -> None:
    text = "! Title: EasyList\r\n\r\n##.x\r\nexample.org##.y\r\n\xfc##.z\r\nexample.org##.z"
    lines = site_rules(source_of(text), "https://example.org")
    assert [(line.number, line.text) for line in lines] == [
        (4, "example.org##.y"),
        (6, "example.org##.z"),
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("##.x", True),
        ("*##.x", True),
        ("~other.org##.x", True),
        ("~news.org##.x", False),
        ("news.org##.x", True),
        ("news.org,~www.news.org##.x", False),
        ("other.org##.x", False),
        ("news.*##.x", True),
        ("other.*##.x", False),
        ("/x$domain=news.org", True),
        ("/x$script,domain=other.org|news.org", True),
        ("/x$script,from=other.org", False),
        ("/x$domain=~news.org", False),
        ("||news.org^", True),
    ],
)
def test_a_rule_is_in_force_where_its_places_say(rule: str, expected: bool) -> None:
    assert in_force(rule, "www.news.org") is expected


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("##div:has-text(Ads pay)", True),
        ("##div:has-text(/ads? pay/i)", True),
        ("#?#div:-abp-contains(pay for)", True),
        ('##p:contains("newsroom")', True),
        ("##div:has-text(/turn off|disable your (?:blocker)/i)", False),
        ("##div:has-text(Adblock)", False),
        ("other.org##div:has-text(Ads pay)", False),
        ("##div:has-text(/(\\w+\\s?)+!$/)", False),
        ("##div:has-text(/[/)", False),
        ("##div:has-text(/ADS PAY/)", False),
    ],
)
def test_rules_that_look_for_our_words_are_found(rule: str, found: bool) -> None:
    texts = ("Ads pay for this newsroom",)
    got = list(text_findings([source_of(rule)], texts, "www.example.org", ["easylist"]))
    assert bool(got) is found


@given(
    st.text(alphabet="abc.#@$,~|*!/()[]: \n", max_size=200), st.sampled_from(["a.b", "localhost"])
)
def test_no_text_of_a_list_is_too_strange_to_be_searched(text: str, host: str) -> None:
    source = source_of(text)
    site_rules(source, f"https://{host}")
    list(name_findings([source], ["a.b", "abc"], host, []))
    list(text_findings([source], ["abc"], host, []))


@pytest.mark.parametrize("origin", ["https://www.xn--bcher-kva.example"])
def test_a_host_beyond_ascii_is_found_in_both_ways_to_write_it(origin: str) -> None:
    rules = [
        "xn--bcher-kva.example##.x",
        "Bücher.EXAMPLE##.x",
        "@@||bücher.example^",
        "bücher.*##.y",
    ]
    assert named("\n".join([*rules, "büchere.example##.x", "übücher.example##.z"]), origin) == rules
    assert in_force("bücher.example##.x", "www.xn--bcher-kva.example")
    assert not in_force("~bücher.example##.x", "www.xn--bcher-kva.example")


def test_the_rules_that_switch_hiding_off_are_cited_first() -> None:
    rules = [f"example.org##.x{number}" for number in range(3)]
    text = "\n".join([*rules, "@@||example.org^$ghide", "@@||example.org^$elemhide"])
    (only,) = site_findings([source_of(text)], "https://www.example.org")
    assert [cite.rule for cite in only.cites] == [
        *("@@||example.org^$ghide", "@@||example.org^$elemhide"),
        *rules,
    ]
    assert "in 5 rules" in only.message
    assert "switches hiding off" in only.message


def test_many_rules_that_name_the_site_take_no_longer_each() -> None:
    lines = "\n".join(f"example.org##.x{number}" for number in range(20_000))
    source = source_of(lines + "\n@@||example.org^$ghide" * 5_000)
    started = thread_time()
    (told, *_) = [one for one in site_findings([source], "https://example.org") if one.cites]
    assert thread_time() - started < 2
    assert len(told.cites) == 200


@pytest.mark.parametrize("look", ["site", "names", "texts"])
@pytest.mark.parametrize("bound", ["PATIENCE", "MOST_LINES", "MOST_CHARACTERS"])
def test_a_list_beyond_a_bound_is_not_searched_to_its_end_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, look: str, bound: str
) -> None:
    monkeypatch.setattr(f"adguard.lint.mentions.{bound}", -1.0 if bound == "PATIENCE" else 60)
    source = source_of("##.y\n" * 61 + "example.org##p:has-text(Ads pay)\n" * 2)
    found = {
        "site": lambda: site_findings([source], "https://example.org"),
        "names": lambda: name_findings([source], ["Ads pay"], "example.org", []),
        "texts": lambda: text_findings([source], ["Ads pay"], "example.org", []),
    }[look]()
    (only,) = found
    assert "was not searched to its end" in only.message
    assert only.level == "degraded"


def test_one_expression_that_is_slow_on_every_sentence_is_given_up() -> None:
    slow = "##p:has-text(/(?:[a-z ]|a){0,150}[0-9]/)"
    texts = ["a " * 100 for _ in range(500)]
    started = thread_time()
    found = list(text_findings([source_of(slow)], texts, "www.example.org", []))
    assert thread_time() - started < 5
    assert "too long to try" in found[0].message


def test_words_that_take_too_long_to_look_for_are_given_up_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adguard.lint.mentions.PATIENCE", -1.0)
    source = source_of("##p:has-text(Ads pay)\n")
    (only,) = text_findings([source], ("Ads pay",), "www.example.org", ["easylist"])
    assert "take too long to try" in only.message
    assert only.level == "degraded"
