"""Blockers as data: complete, checked, and lists recognised by what they say of themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adguard.lint import reserve
from adguard.lint.profiles import ENVIRONMENTS, ProfileError, load, read

FILE = Path("adguard/data/profiles.json")


def test_every_blocker_asked_for_is_there() -> None:
    assert [one.id for one in load().profiles] == [
        *("ublock", "ublock-lite", "ublock-lite-complete", "adguard", "abp"),
        *("brave-standard", "brave-aggressive", "ghostery"),
    ]


def test_every_list_is_used_and_says_whose_it_is() -> None:
    blockers = load()
    used = {name for one in blockers.profiles for name in (*one.lists, *one.elsewhere)}
    assert used | set(blockers.optional) == set(blockers.lists)
    assert all(known.licence and known.home for known in blockers.lists.values())


def test_no_two_lists_share_a_file_name_or_a_title() -> None:
    lists = load().lists.values()
    names = [name for known in lists for name in known.files]
    titles = [title.lower() for known in lists for title in (known.title, *known.titles)]
    assert len(names) == len(set(names))
    assert len(titles) == len(set(titles))


def test_only_ublock_lite_leaves_elements_alone() -> None:
    spared = [one.id for one in load().profiles if "element" not in one.kinds]
    assert spared == ["ublock-lite"]


def test_every_environment_is_used() -> None:
    assert {one.environment for one in load().profiles} == set(ENVIRONMENTS)


@pytest.mark.parametrize(
    ("title", "name", "known"),
    [
        ("EasyList", "anything.txt", "easylist"),
        ("easylist", "EASYLIST.TXT", "easylist"),
        ("", "easylist.txt", "easylist"),
        ("", "brave-firstparty.txt", "brave-firstparty"),
        ("uBlock filters – Badware risks", "badware.min.txt", "ublock-badware"),
        ("AdGuard Base filter", "filter_2.txt", "adguard-base"),
        ("AdGuard Base filter", "2_without_easylist.txt", "adguard-base-alone"),
        ("AdGuard Base filter + EasyList", "2.txt", "adguard-base"),
        ("Peter Lowe’s Ad and tracking server list", "hosts", "peter-lowe"),
        ("Adblock Warning Removal List", "easylist.txt", "warning-removal"),
        ("EasyList (modified)", "easylist.txt", "easylist"),
        ("Filters of my cousin", "filters.txt", ""),
        ("", "unknown.txt", ""),
        ("EasyList Germany", "easylistgermany.txt", ""),
    ],
)
def test_lists_are_recognised_by_title_and_file_name(title: str, name: str, known: str) -> None:
    assert load().recognise(title, name) == known


def test_profiles_are_chosen_by_name_in_the_order_of_the_file() -> None:
    assert [one.id for one in load().choose(["ghostery", "ublock"])] == ["ublock", "ghostery"]
    assert load().choose([]) == load().profiles
    with pytest.raises(ProfileError, match=r"no profile 'opera'\. There are: ublock, "):
        load().choose(["opera"])


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("profiles", 0, "environment"), "netscape", "no environment 'netscape'"),
        (("profiles", 0, "core"), ["nolist"], "ublock: no list 'nolist'"),
        (("profiles", 0, "colour"), "red", "colour"),
        (("optional",), ["nolist"], "optional: no list 'nolist'"),
        (("lists", "easylist", "url"), "http://easylist.to/", "easylist|url|lists"),
        (("format",), 2, "format"),
    ],
)
def test_damaged_data_is_named(place: tuple[object, ...], value: object, sentence: str) -> None:
    raw = json.loads(FILE.read_text())
    inner = raw
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ProfileError, match=sentence):
        read(json.dumps(raw).encode())


def test_what_is_no_json_is_said_to_be_so() -> None:
    with pytest.raises(ProfileError, match=r"profiles\.json: "):
        read(b"{")


def test_the_reserve_repeats_nothing() -> None:
    stock = reserve.load()
    for names in (stock.elements, stock.script, stock.image, stock.fetch):
        assert len(names) == len(set(names)) > 2
