"""A ruler over the contact sheet: no text is cut off at 320 px, in any state and any language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle

import pytest

from e2e.conftest import Serve, Shared
from e2e.pairs import pairwise
from e2e.sheet import Load, Walker, families, make_sheet

SHEET = make_sheet()
FAMILIES = families(SHEET.states)


@pytest.fixture
def walker(shared: Shared, serve: Serve) -> Iterator[Walker]:
    made = Walker(shared("chromium"), serve(make_sheet), axe=False)
    yield made
    made.close()


def test_no_text_is_cut_off_in_any_state_and_language(walker: Walker) -> None:
    loads = []
    themes = cycle(SHEET.themes)
    for lang_turn, lang in enumerate(SHEET.languages):
        for turn, alike in enumerate(FAMILIES.values()):
            state = alike[(lang_turn + turn) % len(alike)]
            form = state.forms[(lang_turn + turn) % len(state.forms)]
            loads.append(Load(state, form, lang, ((next(themes), "light"),)))
    found = []
    for load in sorted(loads, key=lambda load: load.form):
        walker.open(load)
        found += walker.measure(load)
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("name", ["ask-network", "guide-ubo", "guide-not-yet", "why-extension"])
def test_what_is_put_in_its_place_is_what_the_module_shows(walker: Walker, name: str) -> None:
    states = {state.name: state for state in SHEET.states}
    markup = "document.getElementById('site-note').shadowRoot.innerHTML"
    load = Load(states[name], "dialog", "de", (("paper", "light"),))
    walker.open(load, afresh=True)
    by_the_module = walker.page.evaluate(markup)
    walker.open(Load(states["thanks"], "dialog", "ar", load.looks))
    assert walker.page.evaluate(markup) != by_the_module
    walker.open(load)
    assert walker.page.evaluate(markup) == by_the_module


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        ("h.style.whiteSpace = 'nowrap'", "wider than its box"),
        ("h.style.inlineSize = '400px'", "beyond the window"),
        ("h.style.blockSize = '10px'; h.style.overflow = 'hidden'", "taller than its box"),
        ("h.style.blockSize = '10px'", "text above or below its box"),
        ("b.style.marginBlockStart = '-40px'", "two controls overlap"),
        ("b.style.minBlockSize = b.style.blockSize = '30px'", "a target that is too small"),
        ("c.style.insetInlineEnd = '200px'", "a control over text"),
    ],
)
def test_the_ruler_finds_what_is_there_to_be_found(
    walker: Walker, break_it: str, what: str
) -> None:
    state = next(state for state in SHEET.states if state.name == "ask-extension")
    load = Load(state, "dialog", "en", (("paper", "light"),))
    walker.open(load)
    assert walker.measure(load) == []
    walker.page.evaluate(f"""() => {{
      const root = document.getElementById('site-note').shadowRoot;
      const [h, b, c] = ['h2', '.site-note-button:last-child', '.site-note-close']
        .map((one) => root.querySelector(one));
      {break_it};
    }}""")
    assert what in {finding["what"] for finding in walker.measure(load)}


def test_a_pairwise_selection_lets_any_two_values_meet() -> None:
    sizes = {"a": range(4), "b": range(3), "c": "xy"}
    rows = pairwise(sizes, lambda row: row.get("a") != 3 or row.get("b", 0) == 0)
    met = {(one, row[one], other, row[other]) for row in rows for one in row for other in row}
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        for left in sizes[one]:
            for right in sizes[other]:
                possible = (one, left) != ("a", 3) or other != "b" or right == 0
                assert ((one, left, other, right) in met) is possible
    assert len(rows) < 4 * 3 * 2
