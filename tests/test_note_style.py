"""The one stylesheet: contrast in light and dark, safe names, the promises CSS can keep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[1] / "snippets" / "page" / "note.css").read_text("utf-8")
SCRIPT = (Path(__file__).parents[1] / "snippets" / "page" / "note.js").read_text("utf-8")
HUNTED = re.compile(
    r"(?<![a-z0-9])(ads?|adb|adblock|adguard|block|blocker|detect|beacon|track|collect|notice|"
    r"overlay|modal|popup|banner|cookie|consent)(?![a-z0-9])"
)

Colour = tuple[float, float, float]


def parse(text: str) -> Colour:
    red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def themes() -> dict[str, dict[str, Colour]]:
    pairs = re.findall(r"--(\S+): var\(--site-note-\S+, light-dark\((#\w{6}), (#\w{6})\)\)", STYLE)
    return {
        "light": {name: parse(light) for name, light, _ in pairs},
        "dark": {name: parse(dark) for name, _, dark in pairs},
    }


def mix(top: Colour, share: float, bottom: Colour) -> Colour:
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(top, bottom, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> dict[str, Colour]:
    found = themes()[request.param]
    assert set(found) == {"paper", "ink", "quiet", "rule", "accent", "on-accent", "warn"}
    return found


@pytest.mark.parametrize("name", ["ink", "quiet", "accent", "warn"])
def test_text_on_paper_has_a_contrast_of_four_and_a_half(
    theme: dict[str, Colour], name: str
) -> None:
    assert contrast(theme[name], theme["paper"]) >= 4.5


def test_the_filled_button_is_readable_at_rest_and_under_the_pointer(
    theme: dict[str, Colour],
) -> None:
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5
    assert "color-mix(in srgb, var(--accent) 88%, var(--ink))" in STYLE
    assert contrast(theme["on-accent"], mix(theme["accent"], 0.88, theme["ink"])) >= 4.5


def test_the_outlined_buttons_are_readable_under_the_pointer(theme: dict[str, Colour]) -> None:
    assert "color-mix(in srgb, var(--accent) 9%, transparent)" in STYLE
    assert contrast(theme["accent"], mix(theme["accent"], 0.09, theme["paper"])) >= 4.5


@pytest.mark.parametrize("name", ["accent", "quiet"])
def test_outlines_of_controls_and_focus_have_a_contrast_of_three(
    theme: dict[str, Colour], name: str
) -> None:
    assert contrast(theme[name], theme["paper"]) >= 3


def test_browsers_without_light_dark_get_the_light_theme() -> None:
    plain = dict(re.findall(r"--(\S+): var\(--site-note-\S+, (#\w{6})\);", STYLE))
    assert {name: parse(colour) for name, colour in plain.items()} == themes()["light"]


def test_the_contrast_formula_is_the_one_of_wcag() -> None:
    assert contrast(parse("#000000"), parse("#ffffff")) == pytest.approx(21)
    assert contrast(parse("#777777"), parse("#ffffff")) == pytest.approx(4.48, abs=0.005)


def test_the_style_names_nothing_that_filter_lists_hunt() -> None:
    names = re.findall(r"[.#]([a-z][\w-]*)|\[([\w-]+)|--([\w-]+)|@keyframes ([\w-]+)", STYLE)
    for name in {part for found in names for part in found if part}:
        assert not HUNTED.search(name.replace("_", "-")), name


def test_every_class_and_animation_is_under_our_name() -> None:
    bare = re.sub(r"#[0-9a-f]{6}|/\*.*?\*/|[\d.]+", "", STYLE, flags=re.DOTALL)
    assert set(re.findall(r"\.([a-z][\w-]*)", bare)) == {
        name for name in re.findall(r"\.([a-z][\w-]*)", bare) if name.startswith("site-note")
    }
    assert re.findall(r"@keyframes (\S+)", STYLE) == ["site-note-fade"]


def test_only_logical_properties_are_used_so_that_it_reads_from_both_sides() -> None:
    sides = r"(?:left|right|top|bottom)"
    assert not re.findall(rf"(?:margin|padding|border|(?<!area-)inset)-{sides}", STYLE)
    assert not re.findall(rf"text-align: {sides}", STYLE)
    assert not re.findall(r"^\s*(?:left|right|top|bottom|width|height):", STYLE, re.MULTILINE)


def test_nothing_moves_unless_the_reader_allows_motion_and_nothing_is_printed() -> None:
    before, _, after = STYLE.partition("@media (prefers-reduced-motion: no-preference)")
    assert "animation" not in before
    assert "transition" not in before + after
    assert re.search(r"@media print \{\s*:host \{\s*display: none !important", STYLE)


def test_nothing_is_fetched_by_the_style() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_the_module_makes_no_markup_out_of_strings_and_says_nothing_on_the_console() -> None:
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "DOMParser",
        "console.",
        "eval(",
        "document.write",
        "window.",
    ):
        assert forbidden not in SCRIPT
    assert SCRIPT.count('"__SITE_NOTE_STYLE__"') == 1
