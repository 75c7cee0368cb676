"""What `adguard lint` says of lists that hit, miss, exempt or overreach."""

from __future__ import annotations

from pathlib import Path

import pytest

from adguard.lint.findings import BaitState, Level, ProfileResult, Report, Topic
from tests.lint.making import COSMETIC, NETWORK, cited, contents, found, judge


def profile_of(report: Report, name: str) -> ProfileResult:
    return next(one for one in report.profiles if one.id == name)


def states(report: Report, name: str) -> dict[str, BaitState]:
    return {bait.id: bait.state for bait in profile_of(report, name).baits}


def test_lists_that_hit_every_bait_and_nothing_else_are_fine(tmp_path: Path) -> None:
    report = judge(tmp_path, contents())
    assert report.exit_code == 0
    assert [one.name for one in report.profiles if not one.checked] == []
    assert not found(report, Level.DEGRADED)
    assert set(states(report, "ublock").values()) == {BaitState.HIT}


def test_every_rule_that_hits_a_bait_is_cited_with_list_and_line(tmp_path: Path) -> None:
    report = judge(tmp_path, contents(), "ublock")
    script = profile_of(report, "ublock").baits[0]
    assert [cite.rule for cite in script.rules] == NETWORK.splitlines()[:4]
    assert {cite.list for cite in script.rules} == {"EasyList"}
    assert [cite.line for cite in script.rules] == [3, 4, 5, 6]


def test_a_kind_that_nothing_hits_any_more_is_broken(tmp_path: Path) -> None:
    lists = contents()
    lists["easylist"] = lists["easylist"].replace(NETWORK, "")
    report = judge(tmp_path, lists, "ublock", "adguard")
    assert report.exit_code == 1
    broken = found(report, Level.BROKEN, Topic.BAIT)
    assert [one.subject for one in broken] == ["script", "image", "fetch"]
    assert {one.profiles for one in broken} == {("ublock",)}
    assert states(report, "ublock")["n1"] is BaitState.MISSED
    assert states(report, "adguard")["n1"] is BaitState.HIT


def test_a_bait_with_fewer_rules_than_wanted_is_degraded(tmp_path: Path) -> None:
    lists = contents()
    lists["easylist"] = "\n".join(
        line for line in lists["easylist"].splitlines() if "728x90" not in line
    )
    report = judge(tmp_path, lists, "ublock")
    assert report.exit_code == 2
    weak = found(report, Level.DEGRADED, Topic.BAIT)
    assert [one.subject for one in weak] == ["n2"]
    assert "1 rule, and 2 are wanted" in weak[0].message


def test_one_rule_of_braves_own_list_is_enough_in_standard_mode(tmp_path: Path) -> None:
    report = judge(tmp_path, contents(), "brave-standard")
    assert report.exit_code == 0
    assert [len(bait.rules) for bait in profile_of(report, "brave-standard").baits] == [
        *(1, 1, 2),
        *(1, 1),
    ]


def test_brave_standard_is_judged_by_its_first_party_list_alone(tmp_path: Path) -> None:
    lists = contents()
    lists["brave-firstparty"] = "##.ad-leaderboard\n"
    report = judge(tmp_path, lists, "brave-standard", "brave-aggressive")
    kinds = {one.subject for one in found(report, Level.BROKEN, Topic.BAIT)}
    assert kinds == {"script", "image", "fetch"}
    assert states(report, "brave-aggressive")["n1"] is BaitState.HIT


def test_an_exception_that_disarms_a_bait_is_named(tmp_path: Path) -> None:
    report = judge(tmp_path, contents(ublock_unbreak="@@/www/delivery/*$script"), "ublock", "abp")
    assert report.exit_code == 1
    exempt = found(report, Level.DEGRADED, Topic.BAIT)
    assert [one.subject for one in exempt] == ["n1"]
    cite = exempt[0].cites[0]
    assert (cite.list, cite.line, cite.rule) == (
        *("uBlock filters - Unbreak", 4),
        "@@/www/delivery/*$script",
    )
    assert states(report, "ublock")["n1"] is BaitState.EXEMPT
    assert states(report, "abp")["n1"] is BaitState.HIT


def test_hiding_switched_off_for_the_site_is_shown_and_breaks_the_element_baits(
    tmp_path: Path,
) -> None:
    rule = "@@||example.org^$generichide"
    report = judge(tmp_path, contents(ublock_unbreak=rule), "ublock", "ublock-lite")
    assert report.exit_code == 1
    assert [one.subject for one in found(report, Level.BROKEN)] == ["element"]
    assert rule in cited(found(report, Level.DEGRADED, Topic.BAIT))
    shown = found(report, Level.NOTE, Topic.SITE)
    assert "switches hiding off" in shown[0].message
    assert cited(shown) == {rule}
    assert states(report, "ublock-lite") == {
        "n1": BaitState.HIT,
        "n2": BaitState.HIT,
        "n3": BaitState.HIT,
    }


def test_a_cosmetic_exception_disarms_the_bait_it_names(tmp_path: Path) -> None:
    lines = "\n".join(f"#@#{line[2:]}" for line in COSMETIC.splitlines()[:3])
    report = judge(tmp_path, contents(easylist=lines), "abp")
    assert states(report, "abp") == {
        **dict.fromkeys(("n1", "n2", "n3", "c2"), BaitState.HIT),
        "c1": BaitState.EXEMPT,
    }
    assert report.exit_code == 2


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("/_site/client-", "client"),
        ("/control.png$image", "control image"),
        ("/report|$xhr", "report"),
        ("/_site/*$css", "note style"),
        ("||example.org/_site/preferences$document", "preferences"),
        ("||example.org/_site/health", "health"),
    ],
)
def test_a_default_list_that_stops_a_request_of_ours_is_broken(
    tmp_path: Path, rule: str, what: str
) -> None:
    report = judge(tmp_path, contents(easylist=rule), "ublock")
    broken = found(report, Level.BROKEN, Topic.OWN)
    assert what in " ".join(one.message for one in broken)
    assert cited(broken) == {rule}
    assert report.exit_code == 1


@pytest.mark.parametrize(
    "rule",
    [
        "##.site-note-sheet",
        "###site-note",
        '##[class^="site-note-"]',
        "##[data-site-row]",
        "##div[data-nosnippet][data-form]",
        "##dialog > .site-note-sheet",
        "www.example.org##.site-note-button",
        "##.adagio-row",
    ],
)
def test_a_default_list_that_hides_an_element_of_ours_is_broken(tmp_path: Path, rule: str) -> None:
    report = judge(tmp_path, contents(easylist=rule), "ublock")
    assert rule in cited(found(report, Level.BROKEN, Topic.OWN))


@pytest.mark.parametrize(
    "rule",
    [
        "##+js(remove-cookie, site_note)",
        "##+js(aeld, site:verdict)",
        "$cookie=__Host-site_note",
        "example.org#%#//scriptlet('set-cookie', 'site_pass', '1')",
        "##body:has(> [data-site-row]):style(display: none)",
    ],
)
def test_a_rule_of_another_kind_that_names_what_is_ours_is_broken(
    tmp_path: Path, rule: str
) -> None:
    report = judge(tmp_path, contents(easylist=rule), "ublock")
    assert rule in cited(found(report, Level.BROKEN, Topic.OWN))


@pytest.mark.parametrize(
    "rule",
    [
        "elsewhere.com##.site-note-sheet",
        "elsewhere.com##+js(remove-cookie, site_note)",
        "~www.example.org##+js(aeld, site:verdict)",
        "##.site-notes",
        "##+js(remove-cookie, my-site_note)",
        "! site_note",
        "/_site/client-$domain=elsewhere.com",
        "/_site/client-$third-party",
    ],
)
def test_a_rule_that_is_not_about_this_site_hits_nothing(tmp_path: Path, rule: str) -> None:
    report = judge(tmp_path, contents(easylist=rule), "ublock")
    assert report.exit_code == 0
    assert not found(report, topic=Topic.OWN)


def test_words_of_ours_that_a_list_looks_for_are_degraded(tmp_path: Path) -> None:
    rule = "##div:has-text(Ads pay for)"
    report = judge(tmp_path, contents(easylist=rule), "ublock", publisher="The Gazette")
    assert cited(found(report, Level.DEGRADED, Topic.OWN)) == {rule}
    assert report.exit_code == 2


def test_the_configured_prefix_is_the_one_that_is_looked_for(tmp_path: Path) -> None:
    rule = "/reading/client-"
    lists = contents(easylist=rule)
    assert judge(tmp_path, lists, "ublock").exit_code == 0
    assert judge(tmp_path, lists, "ublock", prefix="/reading").exit_code == 1


def test_optional_lists_are_shown_and_break_nothing(tmp_path: Path) -> None:
    rules = "##.site-note-sheet\n/_site/note-$script"
    report = judge(tmp_path, contents(warning_removal=rules), "ublock")
    assert report.exit_code == 0
    notes = found(report, Level.NOTE, Topic.OWN)
    assert [one.subject for one in notes] == ["Adblock Warning Removal List"]
    assert cited(notes) == set(rules.splitlines())


def test_a_list_that_no_blocker_knows_is_looked_at_as_an_optional_one(tmp_path: Path) -> None:
    report = judge(tmp_path, {**contents(), "my-own": "###site-note"}, "ublock")
    assert report.exit_code == 0
    assert found(report, Level.NOTE, Topic.OWN, "my-own is on for nobody by default")


@pytest.mark.parametrize(
    ("missing", "profile", "sentence", "checked"),
    [
        ("adguard-base", "adguard", "Not checked: AdGuard Base filter is not", False),
        ("brave-firstparty", "brave-standard", "Not checked: Brave First-Party", False),
        ("peter-lowe", "ublock", "Checked in part: Peter Lowe's", True),
        ("acceptable-ads", "abp", "Checked in part: Allow nonintrusive", True),
    ],
)
def test_a_missing_list_is_said_and_never_silently_fine(
    tmp_path: Path, missing: str, profile: str, sentence: str, checked: bool
) -> None:
    lists = contents()
    del lists[missing]
    report = judge(tmp_path, lists, profile)
    assert report.exit_code == 2
    assert [one.profiles for one in found(report, Level.DEGRADED, text=sentence)] == [(profile,)]
    result = profile_of(report, profile)
    assert result.checked is checked
    unchecked = {bait.state for bait in result.baits} == {BaitState.UNCHECKED}
    assert unchecked is not checked


def test_a_list_that_is_on_elsewhere_is_not_missed(tmp_path: Path) -> None:
    lists = {"brave-firstparty": contents()["brave-firstparty"]}
    report = judge(tmp_path, lists, "brave-standard")
    assert report.exit_code == 0
    assert not profile_of(report, "brave-standard").missing


def test_no_bait_is_said_to_be_missed_where_a_core_list_is_not_here(tmp_path: Path) -> None:
    report = judge(tmp_path, {"easylist": "||elsewhere.example^"}, "ublock")
    assert not found(report, Level.BROKEN)
    assert report.exit_code == 2


def test_lists_read_differently_for_different_blockers(tmp_path: Path) -> None:
    lines = "!#if !ext_ublock\n@@/www/delivery/*$script\n!#endif"
    report = judge(tmp_path, contents(easylist=lines), "ublock", "abp")
    assert states(report, "ublock")["n1"] is BaitState.HIT
    assert states(report, "abp")["n1"] is BaitState.EXEMPT


def test_a_bait_set_of_ones_own_is_judged(tmp_path: Path) -> None:
    baits = {
        "network": [{"id": "n1", "kind": "script", "path": "/harmless.js", "min_rules": 1}],
        "elements": [{"id": "c1", "classes": ["harmless"]}],
    }
    report = judge(tmp_path, contents(), "abp", baits=baits)
    assert {one.subject for one in found(report, Level.BROKEN)} == {"script", "element"}
    assert {bait.id for bait in profile_of(report, "abp").baits} == {"n1", "c1"}
