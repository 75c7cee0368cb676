"""Charts: what is drawn where, and that nothing in them needs a style attribute or a script."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight.charts import (
    Interval,
    Mark,
    Part,
    Series,
    bar,
    intervals,
    look,
    strip,
    trend,
    write_share,
)
from adguard.insight.charts import _ticks as ticks

DAYS = [f"{i} November" for i in range(1, 8)]
RATES = [0.2, 0.3, None, 0.25, None, 0.3, 0.31]


def wide(drawn: str) -> str:
    return drawn[: drawn.index("chart-narrow")]


def test_a_line_breaks_where_nothing_is_known_and_a_lone_value_is_a_dot() -> None:
    drawn = wide(trend("Block rate", DAYS, [Series("blocked", RATES)]))
    path = re.search(r'line-now" d="([^"]+)"', drawn)
    assert path
    assert path[1].count("M") == 3
    assert drawn.count("<circle") == 1


def test_every_step_tells_its_figures_and_what_changed() -> None:
    drawn = trend(
        "Block rate",
        DAYS,
        [Series("blocked", RATES), Series("before", [0.1] * 7, "before")],
        marks=[Mark(1, "version 2")],
        volume=[1234.0] * 7,
    )
    told = "2 November: blocked 30.0 %; before 10.0 %; 1,234 views; version 2"
    assert drawn.count(f"<title>{told}</title>") == 2
    assert "<title>3 November: blocked –; before 10.0 %; 1,234 views</title>" in drawn


def test_marks_that_would_cover_one_another_share_a_badge() -> None:
    steps = [f"day {i}" for i in range(365)]
    marks = [Mark(at, "other settings") for at in (10, 12, 15, 200, 360)]
    drawn = wide(trend("Block rate", steps, [Series("blocked", [0.2] * 365)], marks=marks))
    assert re.findall(r'<text x="[^"]+" y="16" text-anchor="middle">([^<]+)<', drawn) == [
        *("1–3", "4", "5"),
    ]
    assert drawn.count('<g class="mark"><line') == 5


def test_lines_and_steps_must_fit() -> None:
    with pytest.raises(ValueError, match="2 values for 7"):
        trend("t", DAYS, [Series("blocked", [0.1, 0.2])])
    with pytest.raises(ValueError, match="volume"):
        trend("t", DAYS, [], volume=[1.0])
    with pytest.raises(ValueError, match="at least one step"):
        trend("t", [], [])
    with pytest.raises(ValueError, match="at least one row"):
        intervals("t", [])


def test_names_are_text_never_markup() -> None:
    evil = '<b onload=x>&"'
    drawn = trend(evil, [evil], [Series(evil, [0.1])], marks=[Mark(0, evil)])
    drawn += strip(evil, [Part(evil, 0.5, "clear")])
    drawn += intervals(evil, [Interval(evil, 0.1, 0.0, 0.2)])
    assert "<b" not in drawn


def test_nothing_needs_an_inline_style_or_a_script() -> None:
    drawn = trend("t", DAYS, [Series("a", RATES)]) + bar(0.3) + strip("s", [Part("p", 1, "now")])
    assert "style" not in drawn
    assert "script" not in drawn


@given(st.floats(-10, 10))
def test_a_bar_stays_within_its_place(share: float) -> None:
    found = re.search(r'fill-now" width="([\d.]+)%"', bar(share))
    assert found
    assert 0 <= float(found[1]) <= 100


@given(st.floats(0, 5), st.floats(-1, 0), st.integers(2, 8))
def test_ticks_are_even_and_hold_everything(highest: float, lowest: float, wanted: int) -> None:
    made = ticks(highest, lowest, wanted)
    apart = made[1] - made[0]
    assert len(made) <= wanted + 2
    assert made[0] <= lowest + apart * 1e-6
    assert made[-1] >= highest - apart * 1e-6
    assert all(b - a == pytest.approx(apart) for a, b in itertools.pairwise(made))


def test_shares_are_written_with_the_digits_they_need() -> None:
    shares = (None, 0.0, 0.0004, 0.312, 1.0)
    assert [write_share(s) for s in shares] == ["–", "0.0 %", "0.04 %", "31.2 %", "100.0 %"]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_the_paper(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", look(), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for paper in ("paper", "card"):
        for text in ("ink", "quiet", "accent", "warning"):
            assert contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
        for line in ("extension", "network", "protection", "unknown", "before", "edge"):
            assert contrast(colours[line], colours[paper]) >= 3, (line, paper)
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
