"""Themes: what a publisher may set, what cannot be read, and which words say so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.assets import Assets
from adguard.settings import Settings, SettingsError
from adguard.theme import COLOURS, SHAPES, TEXT, THEMES, contrast, read_theme

ROOT = Path(__file__).parents[1]
STYLE = (ROOT / "snippets" / "page" / "note.css").read_text("utf-8")
GUIDE = (ROOT / "docs" / "theming.md").read_text("utf-8")
COLOUR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def refusal(theme: object) -> str:
    with pytest.raises(SettingsError) as caught:
        read_theme(theme)
    message = str(caught.value)
    assert message.startswith("theme: ")
    return message


def test_style_guide_and_option_know_the_same_properties() -> None:
    known = {*COLOURS, *SHAPES}
    assert set(re.findall(r"var\(--site-note-([a-z-]+)", STYLE)) == known
    table = GUIDE.partition("## The properties")[2].partition("## Your words")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == known


def test_our_own_look_is_the_one_in_the_stylesheet() -> None:
    paper = THEMES["paper"]
    pairs = re.findall(r"--(\S+): var\(--site-note-\S+, light-dark\((#\w{6}), (#\w{6})\)\)", STYLE)
    assert {name: light for name, light, _ in pairs} == paper.light
    assert {name: dark for name, _, dark in pairs} == paper.dark
    assert paper.css() == ""


@pytest.mark.parametrize("name", THEMES)
def test_every_ready_theme_can_be_read_and_is_in_the_guide(name: str) -> None:
    theme = read_theme(name)
    assert set(theme.light) == set(theme.dark) == set(COLOURS)
    assert set(theme.shape) <= set(SHAPES)
    assert list(theme.faults()) == []
    assert f"`{name}`" in GUIDE


def test_the_contrast_formula_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_one_accent_is_enough_the_rest_is_found() -> None:
    theme = read_theme({"accent": "#7A1F3D"})
    assert theme.light["accent"] == "#7a1f3d"
    assert theme.dark["accent"] != "#7a1f3d", "too dark for dark paper, so made lighter"
    assert list(theme.faults()) == []
    assert theme.light["paper"] == THEMES["paper"].light["paper"]


def test_dark_text_is_chosen_for_a_light_button() -> None:
    night = {"paper": "#111111", "ink": "#eeeeee", "quiet": "#bbb", "warn": "#e8a27c"}
    theme = read_theme({**night, "accent": "#ffd23f"})
    assert contrast(theme.light["on-accent"], "#ffd23f") >= TEXT
    assert theme.light["on-accent"] in ("#000000", "#111111")


@pytest.mark.parametrize("scheme", ["", "-dark"])
def test_an_accent_that_cannot_be_read_is_refused_with_one_that_can(scheme: str) -> None:
    bad = {"": "#f5c518", "-dark": "#333333"}[scheme]
    said = refusal({f"accent{scheme}": bad})
    assert f"accent{scheme} {bad} on paper{scheme}" in said
    assert "text needs 4.5" in said
    better = re.search(r"(#[0-9a-f]{6}) would do", said)
    assert better is not None
    read_theme({f"accent{scheme}": better[1]})


def test_a_filled_button_that_cannot_be_read_is_refused() -> None:
    said = refusal({"on-accent": "#0b5d50"})
    assert "on-accent #0b5d50 on a button of #0b5d57" in said
    assert "reads best" in said


@given(accent=COLOUR, paper=COLOUR)
def test_whatever_is_accepted_can_be_read_and_whatever_is_refused_says_what_would_do(
    accent: str, paper: str
) -> None:
    try:
        theme = read_theme({"accent": accent, "paper": paper})
    except SettingsError as error:
        said = str(error)
    else:
        said = "as it is #000000 reads best"
        assert contrast(theme.light["accent"], theme.light["paper"]) >= TEXT
        assert contrast(theme.light["on-accent"], theme.light["accent"]) >= TEXT
        assert list(theme.faults()) == []
    assert re.search(r"#[0-9a-f]{6} (would do|reads best)$", said)


@pytest.mark.parametrize(
    ("theme", "words"),
    [
        ("papyrus", "'papyrus' is not one of paper, plain, ink, salmon"),
        ({"from": "papyrus"}, "is not one of"),
        ({"from": 3}, "3 is not one of"),
        ({"acent": "#0b5d57"}, "there is no 'acent'; did you mean 'accent'?"),
        ({3: "#0b5d57"}, "there is no 3"),
        ({"accent": "teal"}, "not a colour such as '#0b5d57'"),
        ({"accent": "var(--brand)"}, "your own CSS as --site-note-accent"),
        ({"accent-dark": "#12345"}, "your own CSS as --site-note-accent"),
        ({"accent": 7}, "7 is not a colour"),
        ({"radius": "12"}, "not a length such as '12px'"),
        ({"width": "10em"}, "from '22em' to '60em'"),
        ({"serif": "Georgia; } body { display: none"}, "not a plain CSS value"),
        ({"shadow": "url(\\22 x)"}, "not a plain CSS value"),
        (7, "7 is neither a name nor a mapping"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(theme: object, words: str) -> None:
    assert words in refusal(theme)


def test_a_theme_of_ones_own_builds_on_a_ready_one() -> None:
    theme = read_theme({"from": "ink", "radius": "2px", "accent": "#036"})
    assert theme.shape == {**THEMES["ink"].shape, "radius": "2px"}
    assert theme.light["accent"] == "#003366"
    assert theme.light["paper"] == "#ffffff"


def test_the_rules_leave_the_last_word_to_the_sites_own_css() -> None:
    text = read_theme({"accent": "#7a1f3d", "accent-dark": "#eb9db4", "radius": "4px"}).css()
    assert "--accent:var(--site-note-accent,#7a1f3d)" in text
    assert "--accent:var(--site-note-accent,light-dark(#7a1f3d,#eb9db4))" in text
    assert "--radius:var(--site-note-radius,4px)" in text
    assert "--paper" not in text
    assert (
        read_theme({"radius": "4px"}).css() == ":host,:root{--radius:var(--site-note-radius,4px)}"
    )


def test_the_option_reaches_the_notice_and_our_pages() -> None:
    ours = Assets(Settings(secret_key="k" * 32))
    themed = Assets(Settings(secret_key="k" * 32, theme="salmon"))
    assert (ours.note, ours.style) != (themed.note, themed.style)
    for name in (themed.note, themed.style):
        asset = themed.find(name)
        assert asset is not None
        assert b"#7d1f3f" in asset.identity


@pytest.mark.parametrize("text", ["salmon", '{"from": "salmon"}'])
def test_the_environment_names_or_describes_a_theme(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ADGUARD_THEME", text)
    assert Settings(secret_key="k" * 32).look == THEMES["salmon"]
