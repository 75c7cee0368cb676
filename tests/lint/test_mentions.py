"""Rules found by what they say: the site, our names, our sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.lint.mentions import in_force, name_findings, site_rules, text_findings
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


def test_words_that_take_too_long_to_look_for_are_given_up_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adguard.lint.mentions.PATIENCE", -1.0)
    source = source_of("##p:has-text(Ads pay)\n")
    (only,) = text_findings([source], ("Ads pay",), "www.example.org", ["easylist"])
    assert "take too long to try" in only.message
    assert only.level == "degraded"
