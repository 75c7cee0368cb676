"""The paper itself: ten stories worth a reader's time, each with everything an article needs."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from adguard.presets import PRESETS as POLICIES
from demo_site.edition import FRONT, HERE, MOST_READ, SECTIONS, STORIES, Story, stories_in
from demo_site.scenes import FORMS, PRESETS, READERS, SIGNALS, VERDICTS, Preset

STORY = [pytest.param(story, id=story.slug) for story in STORIES.values()]
SVG = "{http://www.w3.org/2000/svg}"


def text_of(slug: str) -> str:
    return (HERE / "stories" / f"{slug}.html").read_text("utf-8")


def test_there_are_ten_stories_in_three_sections_and_no_stray_file() -> None:
    assert len(STORIES) == 10
    assert {section.slug for section in SECTIONS.values()} == {"city", "markets", "culture"}
    assert min(len(stories_in(section)) for section in SECTIONS.values()) >= 3
    for folder, suffix in (("stories", ".html"), ("figures", ".svg")):
        assert {file.stem for file in (HERE / folder).glob(f"*{suffix}")} == set(STORIES)


@pytest.mark.parametrize("story", STORY)
def test_a_story_runs_to_an_honest_length_with_headings_a_quotation_and_one_slot(
    story: Story,
) -> None:
    text = text_of(story.slug)
    words = re.sub(r"<[^>]*>|{%.*?%}", " ", text).split()
    assert 500 <= len(words) <= 900
    assert text.count("<h2>") >= 3
    assert text.count('<blockquote class="pull">') == 1
    assert text.count('{% include "slots/between.html" %}') == 1
    assert "lorem" not in text.lower()


@pytest.mark.parametrize("story", STORY)
def test_straight_quotes_and_double_hyphens_never_reach_the_page(story: Story) -> None:
    text = re.sub(r"<[^>]*>|{%.*?%}", "", text_of(story.slug))
    assert not re.search(r"[\"']|--|\.\.\.", text)


def test_stories_lead_on_to_others_and_never_to_themselves() -> None:
    for story in STORIES.values():
        assert len(set(story.related)) == 3
        assert story.slug not in story.related
        assert set(story.related) <= set(STORIES)
    assert set(Counter(slug for story in STORIES.values() for slug in story.related)) == set(
        STORIES
    )
    assert set(FRONT) | set(MOST_READ) <= set(STORIES)


def test_a_section_lists_its_stories_newest_first() -> None:
    for section in SECTIONS.values():
        for newer, older in pairwise(stories_in(section)):
            assert newer.published >= older.published


def test_every_drawing_is_its_own_and_takes_its_colours_from_the_paper() -> None:
    style = (HERE / "static" / "figures.css").read_text("utf-8")
    known = set(re.findall(r"\.((?:f|s)-[a-z0-9]+) \{", style))
    known |= set(re.findall(r"\.(f-[a-z0-9]+) \{", (HERE / "static" / "paper.css").read_text()))
    drawings = set()
    for story in STORIES.values():
        drawings.add(story.drawing)
        tree = ElementTree.fromstring(story.drawing)
        assert tree.attrib["viewBox"] == "0 0 960 540"
        for element in tree.iter():
            assert element.tag.startswith(SVG)
            assert element.tag not in {SVG + "style", SVG + "script", SVG + "image"}
            assert not {"id", "style", "href"} & set(element.attrib)
            assert set(element.attrib.get("class", "").split()) <= known
    assert len(drawings) == 10


def test_a_drawing_is_described_on_its_page_and_silent_beside_a_headline() -> None:
    story = STORIES["four-clocks"]
    assert 'role="img" aria-label="Four clock faces' in story.picture
    assert "aria-hidden" not in story.picture
    assert 'aria-hidden="true"' in story.thumbnail
    assert "aria-label" not in story.thumbnail


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_behind_the_scenes_tells_the_truth_about_the_presets(preset: Preset) -> None:
    policy = POLICIES[preset.name]
    assert preset.shows == policy.form
    ordinals = {2: "second", 3: "third"}
    if policy.form == "interstitial":
        assert policy.free_views == 3
        assert "three free pages" in preset.first
        assert policy.pass_days == 1
        assert preset.quiet == "today and tomorrow"
    else:
        assert ordinals[policy.first_ask] in preset.first
        assert [int(number) for number in re.findall(r"\d+", preset.quiet)] == [*policy.quiet_days]
        times = {2: "twice", 4: "four times"}[policy.max_asks or 0]
        assert preset.most.startswith(f"{times} in {policy.window_days} days")


def test_behind_the_scenes_knows_every_form_preset_and_verdict() -> None:
    assert {form.value for form in FORMS} == {"inline", "banner", "dialog", "interstitial"}
    assert {preset.name for preset in PRESETS} == set(POLICIES)
    assert {v.value for v in VERDICTS} == {
        *("clear", "extension", "network", "protection", "unknown")
    }
    assert {reader.value for reader in READERS} == {"extension", "network", "protection"}
    assert {"script", "image", "fetch", "element"} < set(SIGNALS)
