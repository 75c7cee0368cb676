"""Guides: complete, honest about their source, and neutral in their names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adguard.audience import BROWSERS
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
    assert slugs[-1] == "other"
    assert set(slugs) == {
        *("ubo", "ubol", "abp", "ab", "agd", "ghostery", "brave", "opera", "edge"),
        *("firefox", "safari", "duckduckgo", "network", "other"),
    }
    assert len(set(slugs)) == len(slugs)


def test_an_unknown_tool_gets_the_general_guide() -> None:
    assert find_guide("brave").slug == "brave"
    assert find_guide("").slug == "other"
    assert find_guide("<script>").slug == "other"


@pytest.mark.parametrize(
    ("verdict", "browser", "device", "slug"),
    [
        ("extension", "chrome", "desktop", "ab"),
        ("extension", "chrome", "phone", "other"),
        ("extension", "firefox", "desktop", "ubo"),
        ("extension", "firefox", "phone", "ubo"),
        ("extension", "edge", "desktop", "ubo"),
        ("extension", "edge", "phone", "other"),
        ("extension", "brave", "phone", "brave"),
        ("extension", "opera", "desktop", "opera"),
        ("extension", "safari", "phone", "safari"),
        ("extension", "duckduckgo", "phone", "duckduckgo"),
        ("extension", "samsung", "phone", "other"),
        ("protection", "firefox", "desktop", "firefox"),
        ("protection", "edge", "desktop", "edge"),
        ("protection", "duckduckgo", "desktop", "duckduckgo"),
        ("protection", "safari", "phone", "other"),
        ("protection", "chrome", "desktop", "other"),
        ("network", "brave", "desktop", "network"),
        ("unknown", "", "", "ubo"),
        ("", "opera", "", "opera"),
    ],
)
def test_the_likely_guide_fits_verdict_browser_and_device(
    verdict: str, browser: str, device: str, slug: str
) -> None:
    assert likely_guide(verdict, browser, device) == slug
    assert find_guide(slug).slug == slug


@pytest.mark.parametrize("verdict", ["extension", "network", "protection", "unknown", "clear", ""])
def test_every_browser_is_led_to_a_guide_that_exists(verdict: str) -> None:
    slugs = {guide.slug for guide in GUIDES}
    for browser in {*BROWSERS.values(), "other", ""}:
        for device in ("desktop", "phone", "tablet", "other", ""):
            assert likely_guide(verdict, browser, device) in slugs


def test_a_guide_is_stale_when_nobody_compared_it_for_a_year() -> None:
    guide = Guide("x", 1, "https://maker.example/", date(2026, 1, 1), "a test")
    assert not guide.is_stale(date(2027, 1, 1))
    assert guide.is_stale(date(2027, 1, 2))
    assert replace(guide, verified=None).is_stale(date(2026, 1, 1))


def test_a_guide_for_tools_of_many_makers_cannot_go_stale() -> None:
    assert not Guide("x", 1, None, None, "a test").is_stale(date(2026, 1, 1))
