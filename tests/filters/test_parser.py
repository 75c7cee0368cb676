"""Lines of three dialects, and what becomes of each."""

from __future__ import annotations

import pytest

from adguard.filters import ADBLOCK_PLUS, ADGUARD, UBLOCK, Environment, FilterList, parse_list
from adguard.filters import parser as parser_module
from adguard.filters.options import KINDS, NETWORK


def read(*lines: str, environment: Environment = UBLOCK) -> FilterList:
    return parse_list("\n".join(lines), name="a list", environment=environment)


def test_the_head_says_title_and_version() -> None:
    found = read("[Adblock Plus 2.0]", "! Title: My list ", "! Version: 2026.1", "! Expires: 1 day")
    assert (found.title, found.version, found.network, found.problems) == (
        *("My list", "2026.1"),
        *([], ()),
    )


def test_a_date_of_change_stands_in_for_a_version_and_a_placeholder_for_none() -> None:
    assert read("! Last modified: 22 Aug 2026").version == "22 Aug 2026"
    assert read("! Last modified: %timestamp%").version == ""


def test_a_title_far_down_is_just_a_comment() -> None:
    assert read(*["!"] * 200, "! Title: late").title == ""


def test_hosts_files_have_titles_too() -> None:
    assert read("# Title: Hosts", "0.0.0.0 a.example.org").title == "Hosts"


@pytest.mark.parametrize(
    "line",
    [
        "! a comment",
        "!",
        "# a comment in a hosts file",
        "[Adblock Plus 2.0]",
        "[uBlock Origin]",
        "",
    ],
)
def test_comments_are_neither_rules_nor_problems(line: str) -> None:
    found = read(line)
    assert (list(found.network), list(found.cosmetic), found.problems, found.skipped) == (
        *([], [], (), {}),
    )


def test_a_rule_knows_where_it_stands() -> None:
    found = read("! Title: x", "||example.org^$script").network[0]
    assert (found.text, found.line, found.source, found.exception, found.pattern) == (
        *("||example.org^$script", 2, "a list", False, "||example.org^"),
    )
    assert found.options.kinds == KINDS["script"]


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("0.0.0.0 a.example.org", "a.example.org"),
        ("127.0.0.1\tA.example.org  # why", "a.example.org"),
        ("::1 a.example.org", "a.example.org"),
        ("a.example.org", "a.example.org"),
        ("1.2.3.45", "1.2.3.45"),
        ("a.example.org$image", "a.example.org"),
        ("a.example.org$3p", "a.example.org"),
    ],
)
def test_hosts_lines_mean_a_host(line: str, host: str) -> None:
    assert [rule.pattern for rule in read(line).network] == [f"||{host}^"]


@pytest.mark.parametrize("line", ["0.0.0.0 localhost", "::1 ip6-localhost", "0.0.0.0 0.0.0.0"])
def test_what_a_hosts_file_says_of_the_machine_itself_is_passed_over(line: str) -> None:
    found = read(line)
    assert (list(found.network), found.problems) == ([], ())


@pytest.mark.parametrize(
    "line", ["a.example.org$~image", "a.example.org$domain=b.org", "/a.js", "-a-"]
)
def test_other_patterns_are_looked_for_anywhere(line: str) -> None:
    assert read(line).network[0].pattern == line.partition("$")[0]


def test_a_bare_host_is_a_pattern_like_any_other_for_adblock_plus() -> None:
    assert read("a.example.org", environment=ADBLOCK_PLUS).network[0].pattern == "a.example.org"


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("/a/b$/$script", "/a/b$/"),
        ("/path/$", "/path/$"),
        (r"/x\$script", r"/x\$script"),
        ("||a.org^$script,reason='costs $5'", "||a.org^"),
        ("/ads$v=1$script", "/ads$v=1"),
        ("||a.org^$reason='x'y", "||a.org^"),
    ],
)
def test_options_begin_at_the_last_dollar_that_has_some_behind_it(line: str, pattern: str) -> None:
    assert [rule.pattern for rule in read(line).network] == [pattern]


def test_a_dollar_within_a_value_does_not_begin_the_options() -> None:
    found = read("$frame,domain=a.org,replace='/x/${e}.y,z/'")
    assert (found.problems, found.skipped) == ((), {"changes the answer's text only ($replace)": 1})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("||a.org^$nonsense", "The option 'nonsense' is unknown."),
        ("||a.org^$~important", "The option '~important' is unknown."),
        ("||a.org^$~domain=b.org", "The option '~domain' is unknown."),
        ("||a.org^$domain=", "The option 'domain' lacks a value."),
        ("||a.org^$redirect", "The option 'redirect' lacks a value."),
        ("||a.org^$domain=b.org|", "Domain: '' is no host name."),
        ("||a.org^$domain=b c", "Domain: 'b c' is no host name."),
        ("||a.org^$to=/(/", "To: a '(' is not closed in the regular expression."),
        ("||a.org^$script,,image", "The option ',image' is not understood."),
        ("||a.org^$script!", "The option 'script!' is malformed."),
        ("||a.org^$important=1", "The option 'important' is unknown with a value."),
        ("/path$match-case", "Match-case is for regular expressions only."),
        ("/a(/", "A '(' is not closed in the regular expression."),
        ("two words", "A rule has no white space in it."),
        ("a", "The rule would apply to everything."),
        ("*", "The rule would apply to everything."),
        ("##.a[", "An attribute is malformed at '['."),
        ("/a$b/", "The option 'b/' is malformed."),
        ("a..b##.x y{", "The selector breaks off"),
        ("ü" * 80 + ".de##.a", "'" + "ü" * 60 + "' is no host name."),
    ],
)
def test_what_is_not_understood_is_a_problem_with_its_place(line: str, reason: str) -> None:
    found = read("! first", line)
    assert [(one.line, one.text, one.source) for one in found.problems] == [(2, line, "a list")]
    assert found.problems[0].reason.startswith(reason.removesuffix("."))
    assert not found.network
    assert not found.cosmetic


def test_a_problem_quotes_two_hundred_characters_of_its_line() -> None:
    assert len(read("||" + "a" * 900 + "$no").problems[0].text) == 200


def test_an_overlong_pattern_is_a_problem() -> None:
    assert "1,024" in read("a" * 1_100 + "*b").problems[0].reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("||a.org^$csp=script-src 'none'", "adds a policy to answers ($csp)"),
        ("$removeparam=utm_source", "changes the address only ($removeparam)"),
        ("||a.org^$queryprune=x", "changes the address only ($removeparam)"),
        ("||a.org^$header=via:1.1", "depends on the answer's headers ($header)"),
        ("@@||a.org^$cname", "depends on DNS ($cname)"),
        ("||a.org^$app=org.example", "for other applications than browsers ($app)"),
        ("@@||a.org^$genericblock", "not for this blocker ($genericblock)"),
        ("a.org##+js(set, x, 1)", "runs a script in the page (##+js, #%#)"),
        ("a.org#%#window.x = 1", "runs a script in the page (##+js, #%#)"),
        ("a.org#@%#//scriptlet('x')", "runs a script in the page (##+js, #%#)"),
        ("a.org#$#body { margin: 0 }", "changes styles (#$#)"),
        ("a.org#$?#.x:contains(a) { margin: 0 }", "changes styles (#$#)"),
        ("a.org##.x {margin:0 !important;}", "changes styles (#$#)"),
        ("a.org##^script:has-text(x)", "filters the page's source (##^)"),
        ("a.org$$script[tag-content='x']", "filters the page's source ($$)"),
        ("a.org$@$script[tag-content='x']", "filters the page's source ($$)"),
        ("[$path=/x]a.org##.y", "AdGuard's modifiers of cosmetic rules ([$…])"),
        ("[$domain=a.org]||b.org^", "AdGuard's modifiers of cosmetic rules ([$…])"),
        ("a.org#?#.x:has(.y)", "procedural: needs the whole page (:has(), :has-text() …)"),
        ("a.org##.x:upward(2)", "procedural: needs the whole page (:has(), :has-text() …)"),
        ("a.org##.x:frobnicate(2)", "procedural: needs the whole page (:has(), :has-text() …)"),
        ("##.x:hover", "depends on what the reader does (:hover, :checked …)"),
        ("##.x:first-child", "depends on the place among siblings (:first-child …)"),
        ("##.x:nth-of-type(2)", "depends on the place among siblings (:first-child …)"),
    ],
)
def test_what_has_no_say_is_left_out_and_counted(line: str, reason: str) -> None:
    found = read(line, line)
    assert (found.skipped, found.problems) == ({reason: 2}, ())
    assert not found.network
    assert not found.cosmetic


def test_kinds_of_request_add_up() -> None:
    def kinds(text: str) -> int:
        return read(f"||a.org^${text}").network[0].options.kinds

    assert read("||a.org^").network[0].options.kinds == NETWORK
    assert kinds("script,css") == KINDS["script"] | KINDS["stylesheet"]
    assert kinds("~xhr") == NETWORK & ~KINDS["xmlhttprequest"]
    assert kinds("doc") == KINDS["document"]
    assert kinds("all") & KINDS["document"]
    assert kinds("all") & NETWORK == NETWORK
    assert kinds("mp4") == KINDS["media"]
    assert kinds("3p,frame") == KINDS["subdocument"]


@pytest.mark.parametrize(
    ("text", "party"),
    [
        *[("3p", 3), ("third-party", 3), ("~first-party", 3)],
        *[("1p", 1), ("~3p", 1), ("1p,3p", 0), ("_,___", 0)],
    ],
)
def test_parties_have_many_names(text: str, party: int) -> None:
    assert read(f"||a.org^${text}").network[0].options.party == party


def test_redirects_keep_the_name_of_their_resource() -> None:
    found = read("||a.org^$redirect=noop.js:5", "*$script,redirect-rule=noopjs", "||a.org^$empty")
    assert [rule.options.redirect for rule in found.network] == ["noop.js:5", "noopjs", "empty"]
    assert [rule.options.redirect_only for rule in found.network] == [False, True, False]
    assert (
        read("||a.org^$rewrite=abp-resource:1x1").network[0].options.redirect == "abp-resource:1x1"
    )


def test_an_exception_for_a_redirect_is_about_the_redirect_alone() -> None:
    for option in ("redirect-rule", "redirect-rule=x", "redirect=x", "redirect"):
        assert read(f"@@||a.org^${option}").network[0].options.redirect_only


def test_hiding_is_switched_off_in_three_ways() -> None:
    names = ("ghide", "generichide", "shide", "ehide", "elemhide")
    found = [read(f"@@||a.org^${name}").network[0].options for name in names]
    assert [options.hides for options in found] == [1, 1, 2, 3, 3]
    assert {options.kinds for options in found} == {0}


def test_an_exception_for_a_document_is_for_the_page_where_the_blocker_has_it_so() -> None:
    line = "@@||a.org^$document"
    assert read(line).network[0].options.whole_page == ""
    options = read(line, environment=ADGUARD).network[0].options
    assert (options.whole_page, options.hides) == ("all", 3)
    assert read("@@||a.org^$genericblock", environment=ADGUARD).network[0].options.kinds == 0


def test_methods_are_wanted_or_not() -> None:
    options = read("||a.org^$method=post|~get|nonsense").network[0].options
    assert (set(options.methods), set(options.not_methods)) == ({"post"}, {"get"})


def test_match_case_on_a_plain_pattern_is_for_those_who_allow_it() -> None:
    assert read("/Path$match-case", environment=ADGUARD).network[0].options.match_case


def test_cosmetic_rules_name_their_places() -> None:
    found = read(
        *("##.a", "*##.b", "a.org,~b.a.org##.c", "a.*##.d", "~a.org##.e", "/^a+/##.f"),
        *("a.org#@#.g", "#@#.h", "a.org#?#.i"),
    ).cosmetic
    assert [rule.generic for rule in found] == [
        *(True, True, False, False, True, False),
        *(False, True, False),
    ]
    assert [rule.exception for rule in found] == [False] * 6 + [True, True, False]
    places = found[2].places
    assert places
    assert (set(places.hosts), set(places.not_hosts)) == ({"a.org"}, {"b.a.org"})
    assert found[3].places
    assert found[3].places.entities == {"a"}


def test_a_star_among_the_places_is_everywhere() -> None:
    assert read("*,~a.org##.x").cosmetic[0].generic


def test_hosts_beyond_ascii_are_read_as_dns_has_them_where_it_can() -> None:
    too_long = "ü" * 70
    assert read(f"||{too_long}.de^").network[0].pattern == f"||{too_long}.de^"
    places = read("||x^$domain=bücher.de|Example.ORG").network[0].options.domains
    assert places
    assert places.hosts == {"xn--bcher-kva.de", "example.org"}


def test_regular_expressions_among_places_may_have_separators_in_them() -> None:
    places = read(r"||x^$domain=/^a(b|c)\/d$/|~/e|f/|g.org").network[0].options.domains
    assert places
    assert [one.source for one in places.expressions] == [r"^a(b|c)\/d$"]
    assert [one.source for one in places.not_expressions] == ["e|f"]
    assert places.hosts == {"g.org"}


def test_only_so_many_regular_expressions_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_module, "MOST_EXPRESSIONS", 2)
    found = read("/a+/", "/b+/", "/c+/")
    assert (len(found.network), len(found.problems)) == (2, 1)


def test_only_so_many_long_generic_selectors_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_module, "MOST_COMPLEX", 2)
    found = read("##.a > b", "##.b > c", "a.org##.d > e", "##.c > d")
    assert (len(found.cosmetic), len(found.problems)) == (3, 1)


def test_equal_options_are_kept_once_and_equal_faults_told_each_time() -> None:
    found = read("||a.org^$script,3p", "||b.org^$script,3p", "||c.org^$foo", "||d.org^$foo")
    assert found.network[0].options is found.network[1].options
    assert [one.line for one in found.problems] == [3, 4]
    long = "||x^$domain=" + "|".join(f"a{n}.org" for n in range(40))
    assert len(read(long, long).network) == 2
