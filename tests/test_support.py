"""Guides: complete, honest about their source, and neutral in their names."""

from __future__ import annotations

from datetime import date

import pytest

from adguard.support import GUIDES, Guide, find_guide, likely_guide
from adguard.texts import Texts


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)
def test_every_step_of_a_guide_has_its_sentence(guide: Guide) -> None:
    speech = Texts().speak()
    assert guide.steps >= 1
    assert guide.name in speech
    assert all(key in speech for key in guide.keys)
    assert f"guide.{guide.slug}.{guide.steps + 1}" not in speech


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)
def test_a_guide_claims_to_be_checked_only_against_the_makers_own_page(guide: Guide) -> None:
    assert guide.basis
    assert guide.source is None or guide.source.startswith("https://")
    if guide.verified:
        assert guide.source
        assert date(2026, 1, 1) <= guide.verified


def test_the_asked_for_tools_all_have_a_guide_and_the_general_one_is_last() -> None:
    slugs = [guide.slug for guide in GUIDES]
    assert slugs == ["ubo", "abp", "agd", "brave", "firefox", "network", "other"]
    assert len(set(slugs)) == len(slugs)


def test_an_unknown_tool_gets_the_general_guide() -> None:
    assert find_guide("brave").slug == "brave"
    assert find_guide("").slug == "other"
    assert find_guide("<script>").slug == "other"


@pytest.mark.parametrize(
    ("verdict", "browser", "slug"),
    [
        ("extension", "chrome", "ubo"),
        ("extension", "firefox", "ubo"),
        ("extension", "Brave", "brave"),
        ("protection", "firefox", "firefox"),
        ("protection", "safari", "other"),
        ("network", "brave", "network"),
        ("unknown", "", "ubo"),
    ],
)
def test_the_likely_guide_fits_verdict_and_browser(verdict: str, browser: str, slug: str) -> None:
    assert likely_guide(verdict, browser) == slug
    assert find_guide(slug).slug == slug
