"""Which requests are blocked, by which rule, and what lifts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.filters import (
    ADBLOCK_PLUS,
    ADGUARD,
    UBLOCK,
    Environment,
    NetworkMatch,
    NetworkMatcher,
    Request,
    parse_list,
)
from adguard.filters.patience import too_slow
from adguard.filters.pattern import compile_pattern, token, words
from adguard.filters.places import chain, entities, host_of

PAGE = "https://www.example.org/news"


def matcher(*lists: str, environment: Environment = UBLOCK) -> NetworkMatcher:
    return NetworkMatcher(
        parse_list(text, name=f"list {number}", environment=environment)
        for number, text in enumerate(lists, 1)
    )


def decide(
    rules: str,
    url: str,
    kind: str = "script",
    *,
    page: str = PAGE,
    method: str = "GET",
    environment: Environment = UBLOCK,
) -> NetworkMatch:
    return matcher(rules, environment=environment).match(Request(url, page, kind, method))


def blocked(rules: str, url: str, kind: str = "script", *, page: str = PAGE) -> bool:
    return decide(rules, url, kind, page=page).blocked


@pytest.mark.parametrize(
    ("rule", "hit", "missed"),
    [
        ("||ads.net^", "https://a.ads.net/x", "https://bads.net/x"),
        ("||ads.net^", "https://ads.net:8080/", "https://ads.net.example/x"),
        ("||ads.net", "https://ads.net/", "https://ads.network/"),
        ("||ads.", "https://x.ads.net/", "https://xads.net/"),
        ("||ads.net/a^b", "https://ads.net/a/b", "https://ads.net/axb"),
        ("||ads.net/a|", "https://ads.net/a", "https://ads.net/ab"),
        ("||a.net^*/x.js", "https://a.net/1/2/x.js", "https://a.net/y.js"),
        ("||a.*/x.js", "https://a.net/x.js", "https://b.net/x.js"),
        ("||b.a^c", "https://b.b.a/c", "https://c.a/c"),
        ("|https://ads.", "https://ads.net/", "https://x.org/?https://ads."),
        ("|https://a.net/x|", "https://a.net/x", "https://a.net/x1"),
        ("|https://a.*/x|", "https://a.net/1/x", "https://b.net/x"),
        ("/banner/*/img^", "https://x.org/banner/1/img?", "https://x.org/banner/img"),
        ("/banner/*/img^", "https://x.org/banner/a/img", "https://x.org/banner/a/imgs"),
        ("swf*|", "https://x.org/a.swf?", "https://x.org/a.sw"),
        ("swf|", "https://x.org/a.swf", "https://x.org/a.swf?"),
        ("a*b*c.js|", "https://x.org/1a2b3c.js", "https://x.org/1a2b3c.js5"),
        ("/x^|", "https://x.org/x/", "https://x.org/x/y"),
        ("^x^", "https://y.org/x", "https://y.org/xx"),
        ("*/ads/*", "https://x.org/ads/", "https://x.org/ad/"),
        ("/ADS/*", "https://x.org/ads/", "https://x.org/ad/"),
        (r"/ad[0-9]+\.js/", "https://x.org/ad77.js", "https://x.org/ad.js"),
        (r"/^https:\/\/x\.org\/A$/$match-case", "https://x.org/A", "https://x.org/a"),
        ("|ws://", "ws://x.org/", "https://x.org/ws://"),
        ("?a|b", "https://x.org/?a|b", "https://x.org/?ab"),
        ("||[::1]^", "https://[::1]/", "https://[::2]/"),
        ("1.2.3.44", "https://1.2.3.44/", "https://9.1.2.3.44.org/"),
    ],
)
def test_patterns(rule: str, hit: str, missed: str) -> None:
    assert blocked(rule, hit)
    assert not blocked(rule, missed)


@pytest.mark.parametrize(
    ("options", "url", "kind", "page", "expected"),
    [
        ("3p", "https://a.example.org/x.js", "script", PAGE, False),
        ("3p", "https://a.example.com/x.js", "script", PAGE, True),
        ("1p", "https://a.example.org/x.js", "script", PAGE, True),
        ("3p", "https://a.github.io/x.js", "script", "https://b.github.io/", True),
        ("strict1p", "https://www.example.org/x.js", "script", PAGE, True),
        ("strict1p", "https://a.example.org/x.js", "script", PAGE, False),
        ("strict3p", "https://a.example.org/x.js", "script", PAGE, True),
        ("domain=example.org", "https://a.net/x.js", "script", PAGE, True),
        ("domain=example.org|~www.example.org", "https://a.net/x.js", "script", PAGE, False),
        ("domain=~example.org", "https://a.net/x.js", "script", PAGE, False),
        ("domain=~example.com", "https://a.net/x.js", "script", PAGE, True),
        ("domain=example.*", "https://a.net/x.js", "script", "https://example.co.uk/", True),
        ("domain=example.*", "https://a.net/x.js", "script", "https://co.uk/", False),
        ("domain=~example.*", "https://a.net/x.js", "script", PAGE, False),
        ("domain=/^www\\./", "https://a.net/x.js", "script", PAGE, True),
        ("domain=~/^www\\./", "https://a.net/x.js", "script", PAGE, False),
        ("to=a.net", "https://b.a.net/x.js", "script", PAGE, True),
        ("to=~a.net", "https://b.a.net/x.js", "script", PAGE, False),
        ("denyallow=a.net,domain=example.org", "https://a.net/x.js", "script", PAGE, False),
        ("denyallow=b.net,domain=example.org", "https://a.net/x.js", "script", PAGE, True),
        ("image", "https://a.net/x.js", "script", PAGE, False),
        ("~script", "https://a.net/x.js", "script", PAGE, False),
        ("popup", "https://a.net/x.js", "popup", PAGE, True),
        ("method=post", "https://a.net/x.js", "script", PAGE, False),
        ("method=~post", "https://a.net/x.js", "script", PAGE, True),
        ("method=~get", "https://a.net/x.js", "script", PAGE, False),
        ("script", "https://a.net/x.js#fragment", "script", PAGE, True),
        ("doc", "https://a.net/x.js", "document", PAGE, True),
        ("1p,doc", "https://a.net/x.js", "document", PAGE, True),
    ],
)
def test_options(options: str, url: str, kind: str, page: str, expected: bool) -> None:
    assert blocked(f"/x.js${options}", url, kind, page=page) is expected
    assert blocked(f"*${options}", url, kind, page=page) is expected


def test_an_unknown_kind_of_request_is_an_error() -> None:
    with pytest.raises(ValueError, match="no kind of request called 'video'"):
        decide("/x", "https://a.net/x", "video")


def test_other_names_of_kinds_are_known() -> None:
    assert blocked("/x$xhr", "https://a.net/x", "xhr")


def test_an_exception_lifts_and_both_rules_are_told() -> None:
    found = decide("/x.js\n@@||a.net^$script", "https://a.net/x.js")
    assert not found.blocked
    assert found.rule
    assert found.exception
    assert (found.rule.text, found.exception.text) == ("/x.js", "@@||a.net^$script")


def test_what_is_important_outweighs_exceptions() -> None:
    found = decide("/x.js\n/x$important\n@@||a.net^", "https://a.net/x.js")
    assert found.blocked
    assert found.rule
    assert found.rule.text == "/x$important"


def test_an_important_exception_outweighs_that_for_adguard() -> None:
    rules = "/x$important\n@@||a.net^$important"
    assert not decide(rules, "https://a.net/x.js", environment=ADGUARD).blocked


def test_badfilter_switches_off_the_rule_it_repeats_in_any_list() -> None:
    rules = "/X.js$script,3p\n/x.js$image"
    found = matcher(rules, "/x.js$third-party,script,badfilter")
    assert not found.match(Request("https://a.net/x.js", PAGE, "script")).blocked
    assert found.match(Request("https://a.net/x.js", PAGE, "image")).blocked


def test_a_rule_for_redirects_blocks_nothing_itself() -> None:
    rules = "*$script,redirect-rule=noopjs"
    assert not blocked(rules, "https://a.net/x.js")
    found = decide(f"{rules}\n/x.js", "https://a.net/x.js")
    assert (found.blocked, found.redirect) == (True, "noopjs")


def test_the_redirect_with_the_highest_priority_is_taken() -> None:
    rules = "/x.js$redirect=a.js\n/x.js$redirect=b.js:5\n/x.js$redirect=c.js:-1"
    assert decide(rules, "https://a.net/x.js").redirect == "b.js"


@pytest.mark.parametrize(
    ("exception", "redirect"),
    [
        ("@@/x.js$redirect-rule=b.js:5", "a.js"),
        ("@@/x.js$redirect-rule", None),
        ("@@/x.js$redirect-rule=d.js", "b.js"),
    ],
)
def test_an_exception_takes_a_redirect_away_and_leaves_the_blocking(
    exception: str, redirect: str | None
) -> None:
    rules = f"/x.js$redirect=a.js\n/x.js$redirect=b.js:5\n{exception}"
    found = decide(rules, "https://a.net/x.js")
    assert (found.blocked, found.redirect) == (True, redirect)


def test_a_whole_page_is_let_alone_where_the_blocker_knows_that() -> None:
    rules = "/x.js\n@@||example.org^$document"
    assert decide(rules, "https://a.net/x.js").blocked
    found = decide(rules, "https://a.net/x.js", environment=ADBLOCK_PLUS)
    assert not found.blocked
    assert found.exception
    assert found.exception.text == "@@||example.org^$document"


def test_generic_rules_alone_are_lifted_on_a_page() -> None:
    generic, specific = "/x.js", "/y.js$domain=example.org"
    rules = f"{generic}\n{specific}\n@@||example.org^$genericblock"
    assert not decide(rules, "https://a.net/x.js", environment=ADGUARD).blocked
    assert decide(rules, "https://a.net/y.js", environment=ADGUARD).blocked


@pytest.mark.parametrize(
    ("rule", "environment", "expected"),
    [
        *[("||a.net^", UBLOCK, True), ("||a.net^", ADBLOCK_PLUS, False), ("/x^", UBLOCK, False)],
        *[("||a.net^$script", UBLOCK, False), ("||a.net^$doc", ADBLOCK_PLUS, True)],
    ],
)
def test_documents_are_blocked_where_a_rule_says_so_or_names_the_host(
    rule: str, environment: Environment, expected: bool
) -> None:
    url = "https://a.net/x/"
    found = decide(rule, url, "document", page=url, environment=environment)
    assert found.blocked is expected


def test_an_exception_lifts_the_blocking_of_a_document() -> None:
    assert not blocked("||a.net^\n@@||a.net/x", "https://a.net/x", "document")


def test_every_rule_that_would_block_is_told_in_the_order_of_the_lists() -> None:
    found = matcher("/x.js\n||a.net^\n@@||a.net^", "*$script\n.js|\n*$image\n*,redirect-rule=a")
    rules = found.all_matches(Request("https://a.net/x.js", PAGE, "script"))
    assert [rule.text for rule in rules] == ["/x.js", "||a.net^", "*$script", ".js|"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("@@||example.org^$ghide", {1}),
        ("@@||example.org^$elemhide", {1, 2}),
        ("@@||example.org^$shide\n@@*$ghide,domain=example.org", {1, 2}),
        ("@@||example.com^$ghide", set()),
        ("||example.org^$ghide", set()),
        ("@@||example.org^$elemhide\n||example.org^$ghide,important", {2}),
    ],
)
def test_pages_where_hiding_is_off(rules: str, expected: set[int]) -> None:
    found = matcher(rules)
    assert set(found.switched_off(PAGE)) == expected
    assert set(found.switched_off(PAGE)) == expected


def test_a_list_that_takes_too_long_is_left_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(1_000_000))
    monkeypatch.setattr("adguard.filters.patience.thread_time", lambda: next(clock))
    found = matcher("/x[a-z]/\n/y[a-z]/\n/[a-z]x/\n/[a-z]s/", "/b.js")
    request = Request("https://a.net/xb/b.js", PAGE, "script")
    assert found.match(request).blocked
    assert [one.source for one in found.problems] == ["list 1"]
    assert "too long" in found.problems[0].reason
    assert [rule.text for rule in found.all_matches(request)] == ["/x[a-z]/", "/b.js"]


@pytest.mark.parametrize(
    "url", ["", "data:image/png;base64,x", "about:blank", "https://", "http://[", "//a.net/x", "x"]
)
def test_addresses_of_other_sorts_do_no_harm(url: str) -> None:
    assert (
        matcher("||a.net^\n/y\n@@||a.net^$ghide").match(Request(url, url, "image")).blocked is False
    )
    assert host_of(url) in {"", "a.net"}


def test_hosts_are_called_by_what_they_stand_under() -> None:
    assert chain("a.b.org") == ("a.b.org", "b.org", "org")
    assert chain("1.2.3.4") == ("1.2.3.4",)
    assert entities("www.google.co.uk") == ("www.google", "google")
    assert entities("localhost") == entities("1.2.3.4") == entities("co.uk") == ()


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        *[("||ads.example.com^", "example"), ("/www/delivery/*", "delivery"), ("ads*", "")],
        *[("/ads", ""), ("/ads/x", "ads"), ("*ads/", ""), (".com/", "com"), ("", "")],
    ],
)
def test_a_word_is_whole_in_whatever_the_pattern_matches(pattern: str, word: str) -> None:
    assert token(pattern) == word


def test_a_host_is_matched_label_by_label() -> None:
    match = compile_pattern("||ads.net^", match_case=False)
    assert match("https://a.ads.net/", 8, 17)
    assert not match("https://bads.net/", 8, 16)


patterns = st.text(alphabet="ab./*^|", max_size=10)


@given(patterns, st.text(alphabet="ab./?-", max_size=14))
def test_a_pattern_matches_what_its_regular_expression_matches(pattern: str, path: str) -> None:
    """Plain patterns against the slow and simple way to read them."""
    url = f"https://a.b/{path}"
    inner = pattern.strip("|")
    if "|" in inner or pattern.startswith("||") or not inner.strip("*"):
        return
    simple = inner
    start = pattern.startswith("|") and not inner.startswith("*")
    end = pattern.endswith("|") and not inner.endswith("*") and len(pattern) > len("|")
    if pattern.endswith("||"):
        return
    expected = _simply(simple, url, start, end)
    match = compile_pattern(pattern, match_case=False)
    assert match(url, 8, 11) is expected
    if expected and (word := token(pattern)):
        assert word in words(url)


def _simply(pattern: str, url: str, start: bool, end: bool) -> bool:
    """Tries every way."""
    starts = [0] if start else range(len(url) + 1)
    return any(_from(pattern, url, at, end) for at in starts)


def _from(pattern: str, url: str, at: int, end: bool) -> bool:
    if not pattern:
        return not end or at == len(url)
    if pattern[0] == "*":
        return any(_from(pattern[1:], url, place, end) for place in range(at, len(url) + 1))
    if pattern[0] == "^" and at == len(url):
        return _from(pattern[1:], url, at, end)
    if at == len(url):
        return False
    same = (
        not (url[at].isalnum() or url[at] in "_.%-") if pattern[0] == "^" else pattern[0] == url[at]
    )
    return same and _from(pattern[1:], url, at + 1, end)


def test_a_host_beyond_ascii_is_met_as_dns_knows_it() -> None:
    found = matcher("||bücher.example^$script\n||ads.bücher.example/x$image,domain=bücher.*")
    page = "https://xn--bcher-kva.example/"
    assert found.match(Request(f"{page}a.js", page, "script")).blocked
    assert found.match(Request("https://ads.xn--bcher-kva.example/x", page, "image")).blocked
    assert not found.match(Request("https://xn--bcher-kvb.example/a.js", page, "script")).blocked


def test_the_time_of_one_list_is_not_taken_from_another_of_the_same_name() -> None:
    first, second = (parse_list("/x\n", name="same") for _ in range(2))
    found = NetworkMatcher([first, second])
    found.given_up[first] = too_slow(first.network[0])
    assert second not in found.given_up
