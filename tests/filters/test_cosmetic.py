"""Which elements are hidden, by which rule, and what lifts it."""

from __future__ import annotations

from time import process_time

import pytest

from adguard.filters import CosmeticMatch, CosmeticMatcher, Element, NetworkMatcher, parse_list
from adguard.filters.selector import SelectorError, UnsupportedError, check, read

PAGE = "https://www.example.org/news"


def decide(rules: str, element: Element, page: str = PAGE) -> CosmeticMatch:
    return CosmeticMatcher([parse_list(rules, name="x")]).match(element, page)


def test_rules_that_all_ask_about_every_element_get_so_much_time_and_no_more() -> None:
    text = "\n".join(f"##.c{n} > div:not(.x)" for n in range(5_000))
    hostile = parse_list(text, name="hostile")
    hostile.cosmetic_index.patience.left = 0.01
    matcher = CosmeticMatcher([hostile, parse_list("##.late", name="other")])
    started = process_time()
    for number in range(50):
        matcher.all_matches(Element("div", "", (f"d{number}",)), PAGE)
    assert process_time() - started < 2
    assert [one.reason[:30] for one in matcher.problems] == ["The list takes too long to mat"]
    assert matcher.match(Element("div", "", ("late",)), PAGE).hidden


BODY = Element("body", "", ("home",))
WRAP = Element("DIV", "wrap", ("a", "b"), {}, BODY)
FIRST = Element("p", "", ("first",), {}, WRAP, empty=False)
SECOND = Element("p", "", ("second",), {}, WRAP, FIRST)
AD = Element(
    "a",
    "ad-1",
    ("ad", "Top"),
    {"href": "https://ads.example.org/x", "data-x": "One two", "title": ""},
    WRAP,
    SECOND,
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        *[(".ad", True), (".Ad", False), (".top", False), ("#ad-1", True), ("#ad", False)],
        *[("a", True), ("A.ad", True), ("b.ad", False), ("*", True), ("*.ad", True)],
        *[(".ad.Top#ad-1", True), (".ad.missing", False), ("div .ad", True), ("p .ad", False)],
        *[("[href]", True), ("[src]", False), ('[href^="https://ads."]', True)],
        *[('[href$="/x"]', True), ('[href*="example"]', True), ("[href*=example]", True)],
        *[('[data-x="One two"]', True), ("[data-x='one two']", False)],
        *[('[data-x="one two" i]', True), ('[data-x~="two"]', True), ('[data-x~="tw"]', False)],
        *[('[data-x|="One two"]', True), ('[id|="ad"]', True), ('[class~="Top"]', True)],
        *[('[class^="ad"]', True), ('[class="ad Top"]', True), ('[title=""]', True)],
        *[('[title^=""]', False), ('[title*=""]', False), ('[title$=""]', False)],
        *[
            ("#wrap > .ad", True),
            ("body > .ad", False),
            ("body .ad", True),
            ("body > div > a", True),
        ],
        *[(".second + .ad", True), (".first + .ad", False), (".first ~ .ad", True)],
        *[("body .first ~ a", True), (".ad ~ .ad", False), ("body>div>p+p+a", True)],
        *[(".ad:not(.x)", True), (".ad:not(.x, .Top)", False), ("a:is(.x,.ad)", True)],
        *[(":is(:is(.home) p) ~ .ad", True), (":not(:is(.home) p) ~ .ad", False)],
        *[(":where(p, a)", True), (".ad:not(p > a)", True), (".ad:not(div > a)", False)],
        *[(".ad:empty", True), (".ad:not(:empty)", False), (".ad::before", False)],
        *[(".ad:-abp-empty", True), (r".\61 d", True), (r"#ad-\31", True), (r".\000061d", True)],
        *[
            (".x, .ad", True),
            (".x, .y", False),
            (r".\Top", True),
            (r"#ad\-1", True),
            ("[*|href]", True),
            ("[svg|src]", False),
            ("html", False),
        ],
    ],
)
def test_selectors(selector: str, expected: bool) -> None:
    assert decide(f"##{selector}", AD).hidden is expected
    assert decide(f"example.org##{selector}", AD).hidden is expected


@pytest.mark.parametrize(
    "selector",
    [
        *("", ".", "#", "a >", "> a", "a,", ",a", "[a", "[a=]", "a[b='c]", ":not(a", ":not()", ":"),
        *(":frobnicate", "a:::b", "a)", "{}", "1a", ":not(" * 20 + "a" + ")" * 20),
        *("a " * 100 + "a", ".a" * 20_000),
    ],
)
def test_malformed_selectors_say_so(selector: str) -> None:
    with pytest.raises(SelectorError):
        read(selector)


@pytest.mark.parametrize("selector", [".a:has(b)", ".a:contains(b)", "a:hover", "a:last-child"])
def test_what_needs_more_than_an_element_says_so(selector: str) -> None:
    with pytest.raises(UnsupportedError):
        check(selector)


def test_an_id_may_stand_among_the_attributes() -> None:
    element = Element("div", "", (), {"id": "x", "class": "y"})
    assert decide("###x", element).hidden
    assert decide('##[class="y"]', element).hidden


def test_escapes_that_are_no_character_match_nothing() -> None:
    assert not decide("##.\\0 a", Element("div", "", ("a",))).hidden


def test_generic_and_specific_rules_apply_where_they_say() -> None:
    rules = "a.org,~b.a.org##.ad\nc.*##.ad\n/^d+\\.org$/##.ad\n~e.org##.Top"
    for page, expected in {
        **{"https://a.org/": "a.org,~b.a.org##.ad", "https://b.a.org/": "~e.org##.Top"},
        **{"https://www.c.co.uk/": "c.*##.ad", "https://ddd.org/": "/^d+\\.org$/##.ad"},
    }.items():
        found = decide(rules, AD, page)
        assert found.hidden
        assert found.rule
        assert found.rule.text == expected
    assert decide(rules, AD, "https://e.org/") == CosmeticMatch(False)


def test_an_exception_lifts_one_rule() -> None:
    found = decide("##.ad\nexample.org#@#.ad", AD)
    assert not found.hidden
    assert found.rule
    assert found.exception
    assert (found.rule.text, found.exception.text) == ("##.ad", "example.org#@#.ad")
    assert decide("##.ad\nexample.com#@#.ad", AD).hidden
    assert decide("##.ad\n##.Top\n#@#.ad", AD).hidden


def test_a_network_rule_switches_generic_rules_off() -> None:
    found = decide("##.ad\n@@||example.org^$generichide", AD)
    assert not found.hidden
    assert found.disabled_by
    assert found.disabled_by.text == "@@||example.org^$generichide"
    assert decide("example.org##.ad\n@@||example.org^$generichide", AD).hidden
    assert not decide("example.org##.ad\n@@||example.org^$elemhide", AD).hidden


def test_every_rule_that_hides_is_told_once_in_the_order_of_the_lists() -> None:
    lists = [
        parse_list("##.ad, .Top\n##.Top\nexample.org##.ad\n#@#.Top", name="one"),
        parse_list("###ad-1\n##.x", name="two"),
    ]
    network = NetworkMatcher(lists)
    found = CosmeticMatcher(lists, network).all_matches(AD, PAGE)
    assert [rule.text for rule in found] == ["##.ad, .Top", "example.org##.ad", "###ad-1"]


def test_famous_classes_on_a_bait_kill_it() -> None:
    rules = "##.ad-slot:not(.adsbox)"
    assert decide(rules, Element("div", "", ("ad-slot",))).hidden
    assert not decide(rules, Element("div", "", ("ad-slot", "adsbox"))).hidden
