"""Language tags: what a reader wants, and which languages come near it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.languages import canonical, nearest, parents, wanted_languages


def test_the_pages_own_language_comes_before_the_readers() -> None:
    assert wanted_languages("de", "fr, en;q=0.8") == ("de", "fr", "en")


def test_the_readers_languages_are_ordered_by_their_weight() -> None:
    assert wanted_languages("", "en;q=0.5, sv;q=0.9, pt-BR") == ("pt-BR", "sv", "en")


def test_a_language_the_reader_refuses_is_not_wanted() -> None:
    assert wanted_languages("", "en;q=0, de") == ("de",)


@settings(deadline=None)
@given(st.text(), st.text())
def test_whatever_a_browser_sends_gives_at_most_eight_tags(page: str, accept: str) -> None:
    wanted = wanted_languages(page, accept)
    assert len(wanted) <= 8
    assert all(re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", tag) for tag in wanted)


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{2}(-[A-Z]{2})?", fullmatch=True), unique=True, max_size=8))
def test_a_list_without_weights_keeps_its_order(tags: list[str]) -> None:
    assert wanted_languages("", ", ".join(tags)) == tuple(tags)


def test_a_browsers_bare_language_is_no_other_script_than_the_region_before_it() -> None:
    # What browsers send by themselves in Taipei, in Shanghai, and where somebody chose both.
    assert wanted_languages("", "zh-TW,zh;q=0.9,en;q=0.7") == ("zh-TW", "en")
    assert wanted_languages("zh-Hant", "zh,de") == ("zh-Hant", "de")
    assert wanted_languages("", "zh-CN,zh;q=0.9,en;q=0.7") == ("zh-CN", "zh", "en")
    assert wanted_languages("", "zh-TW,zh-CN;q=0.9") == ("zh-TW", "zh-CN")


def test_a_weight_that_is_no_number_counts_as_none() -> None:
    assert wanted_languages("", "de;q=high, en") == ("en",)
    assert wanted_languages("", "de;Q=0.5, en;q=0.6") == ("en", "de")


def test_any_language_means_english_in_its_place() -> None:
    assert wanted_languages("", "fr;q=0.2, *;q=0.5") == ("en", "fr")
    assert wanted_languages("", "fr, *;q=0") == ("fr",)


def test_an_underscore_in_a_pages_language_is_understood() -> None:
    assert wanted_languages("pt_BR") == ("pt-BR",)
    assert wanted_languages(" zh_Hans ", "de") == ("zh-Hans", "de")


def test_old_codes_are_known_by_todays_names() -> None:
    assert [canonical(tag) for tag in ("iw", "IW-il", "no", "nb-NO", "cmn-Hans", "zh-CN")] == [
        *("he", "he-il", "no", "no-no", "zh-hans", "zh-cn"),
    ]


def test_how_numbers_and_dates_are_written_is_no_other_language() -> None:
    assert [canonical(tag) for tag in ("ar-u-nu-latn", "de-DE-u-co-phonebk", "en-x-u-a")] == [
        *("ar", "de-de", "en-x-u-a"),
    ]


def test_parents_are_shorter_forms_in_the_same_script() -> None:
    assert parents("pt-br", {"pt", "pt-br", "en"}) == ["pt-br", "pt"]
    assert parents("zh-hant-tw", {"zh", "zh-hant"}) == ["zh-hant"]
    assert parents("zh-sg", {"zh", "zh-hant"}) == ["zh"]


def test_other_regions_come_after_parents_and_only_in_the_same_script() -> None:
    assert nearest("pt-ao", {"pt", "pt-br", "en"}) == ["pt", "pt-br"]
    assert nearest("zh-mo", {"zh-hans", "zh-hk"}) == ["zh-hk"]
    assert nearest("sr-latn", {"sr", "sr-latn-me"}) == ["sr-latn-me"]


@pytest.mark.parametrize(
    "tag", ["tlh", "tlh-x-klingon", "xx-XX", "de-1996", "qaa-Qaaa-QM-x-southern"]
)
def test_a_tag_nobody_knows_stands_for_itself(tag: str) -> None:
    assert nearest(canonical(tag), {canonical(tag), "en"}) == [canonical(tag)]


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}", fullmatch=True))
def test_any_tag_has_itself_as_nearest(tag: str) -> None:
    assert canonical(canonical(tag)) == canonical(tag)
    assert nearest(canonical(tag), {canonical(tag)}) == [canonical(tag)]
