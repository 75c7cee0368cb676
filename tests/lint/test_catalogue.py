"""The bait catalogue and its reserve against lists that change."""

from __future__ import annotations

from pathlib import Path

from adguard.lint.findings import Level, Report, Topic
from tests.lint.making import contents, found, judge


def usable(report: Report) -> dict[str, int]:
    return {one.kind: one.usable for one in report.reserve}


def test_a_catalogue_whose_rules_all_stand_is_fine(tmp_path: Path) -> None:
    report = judge(tmp_path, contents(), catalogue=True)
    assert report.exit_code == 0
    assert not found(report, Level.DEGRADED)


def test_a_rule_that_is_gone_is_named_while_enough_are_left(tmp_path: Path) -> None:
    lists = contents()
    for name in ("easylist", "adguard-base"):
        lists[name] = lists[name].replace("/adverts/*$~xmlhttprequest\n", "")
    report = judge(tmp_path, lists, catalogue=True)
    assert report.exit_code == 0
    note = found(report, Level.NOTE, Topic.CATALOGUE, "n1 rests on")[0]
    assert "Of the 4 rules that n1 rests on, 3 are left" in note.message
    assert note.message.endswith("Gone: /adverts/*$~xmlhttprequest.")


def test_fewer_rules_than_wanted_are_degraded_and_none_is_broken(tmp_path: Path) -> None:
    lists = contents()
    for name in ("easylist", "adguard-base"):
        lists[name] = lists[name].replace("728x90", "gone").replace("/adbanners/*$image\n", "")
    report = judge(tmp_path, lists, "ublock", catalogue=True)
    levels = {one.subject: one.level for one in found(report, None, Topic.CATALOGUE, "rests on")}
    assert levels == {"n2": Level.BROKEN, "n3": Level.NOTE}
    lists = {name: text.replace("/adserve/*", "/gone/*") for name, text in lists.items()}
    lists = {name: text.replace("/ad_728.js", "/gone.js") for name, text in lists.items()}
    lists = {name: text.replace("/adverts/*", "/gone/*") for name, text in lists.items()}
    report = judge(tmp_path, lists, "ublock", catalogue=True)
    weak = found(report, Level.DEGRADED, Topic.CATALOGUE, "n1 rests on")[0]
    assert "1 are left" in weak.message
    assert weak.cites[0].rule == "/www/delivery/*$script,subdocument"


def test_braves_rules_are_proven_against_braves_list(tmp_path: Path) -> None:
    lists = contents()
    lists["brave-firstparty"] = lists["brave-firstparty"].replace("/www/delivery/", "/gone/")
    report = judge(tmp_path, lists, catalogue=True)
    broken = found(report, Level.BROKEN, Topic.CATALOGUE, "Brave First-Party")
    assert [one.subject for one in broken] == ["n1"]


def test_a_list_that_is_missing_leaves_the_catalogue_unproven(tmp_path: Path) -> None:
    lists = contents()
    del lists["brave-firstparty"], lists["adguard-base"]
    report = judge(tmp_path, lists, "ublock", catalogue=True)
    assert report.exit_code == 2
    unproven = found(report, Level.DEGRADED, Topic.CATALOGUE, "not proven against")
    assert [one.subject for one in unproven] == [
        "AdGuard Base filter",
        "Brave First-Party Specific Filters",
    ]


def test_the_versions_of_the_lists_are_recorded_beside_those_verified(tmp_path: Path) -> None:
    report = judge(tmp_path, contents(), catalogue=True)
    note = found(report, Level.NOTE, Topic.CATALOGUE, "last verified")[0]
    assert "EasyList 2026-08-22" in note.message
    assert "EasyList 7" in note.message


def test_the_catalogue_is_left_alone_unless_asked_for(tmp_path: Path) -> None:
    assert not found(judge(tmp_path, contents()), topic=Topic.CATALOGUE)


def test_the_reserve_counts_what_every_blocker_hits(tmp_path: Path) -> None:
    report = judge(tmp_path, contents())
    assert usable(report) == {"script": 5, "image": 1, "fetch": 2, "element": 1}
    lists = contents()
    lists["brave-firstparty"] = lists["brave-firstparty"].replace("/ad/ad_common.js$script\n", "")
    assert usable(judge(tmp_path, lists))["script"] == 4


def test_what_one_blocker_exempts_is_not_in_the_reserve(tmp_path: Path) -> None:
    lines = "@@/ad/ad_common.js$script\n#@#.ad-mpu"
    report = judge(tmp_path, contents(acceptable_ads=lines))
    assert usable(report) == {"script": 4, "image": 1, "fetch": 2, "element": 0}


def test_a_bait_that_fails_gets_a_proposal_that_works_everywhere(tmp_path: Path) -> None:
    lists = contents()
    lists["easylist"] = (
        lists["easylist"].replace("/ajax/banners?", "/gone?").replace("/ads/acctid=", "/gone")
    )
    report = judge(tmp_path, lists, "ublock", "adguard")
    proposal = found(report, Level.NOTE, Topic.CATALOGUE)[0]
    assert proposal.message == "In place of n3, the reserve has: /ajax/banner/vpn."


def test_an_empty_reserve_is_said(tmp_path: Path) -> None:
    lists = contents()
    for name in ("easylist", "adguard-base"):
        lists[name] = lists[name].replace("/ajax/", "/gone/").replace("728x90", "gone")
    report = judge(tmp_path, lists, "ublock")
    assert found(report, Level.DEGRADED, Topic.CATALOGUE, "Nothing in the reserve")


def test_nothing_is_usable_where_no_blocker_could_be_checked(tmp_path: Path) -> None:
    report = judge(tmp_path, {"easylist": "##.ad-mpu\n"}, "ublock")
    assert set(usable(report).values()) == {0}
