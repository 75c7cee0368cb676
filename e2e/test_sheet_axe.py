"""axe over the contact sheet: any two of state, form, theme, scheme, and language with the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from adguard.pages import FORMS
from adguard.preview.pictures import SCHEMES
from adguard.preview.states import PAGE
from e2e.conftest import Serve, Shared
from e2e.pairs import Row, pairwise
from e2e.sheet import NARROW, WIDE, Load, Walker, families, make_sheet

SHEET = make_sheet()
FAMILIES = families(SHEET.states)


@pytest.fixture
def walker(shared: Shared, serve: Serve) -> Iterator[Walker]:
    made = Walker(shared("chromium"), serve(make_sheet))
    yield made
    made.close()


def possible(row: Row) -> bool:
    return not {"family", "form"} <= set(row) or row["form"] in FAMILIES[row["family"]][0].forms


def selection() -> list[Row]:
    """Axe reads structure and colours, so states and languages need not all meet here: that is the
    ruler's walk. Every language meets every form, theme and scheme."""
    dimensions = {
        "family": list(FAMILIES),
        "form": (*FORMS, PAGE),
        "theme": SHEET.themes,
        "scheme": SCHEMES,
        "lang": SHEET.languages,
        "width": (NARROW, WIDE),
    }
    return pairwise(dimensions, possible, [frozenset({"family", "lang"})])


def test_axe_finds_nothing_on_the_selection(walker: Walker) -> None:
    found = []
    for turn, row in enumerate(sorted(selection(), key=lambda row: str(row["form"]))):
        alike = FAMILIES[row["family"]]
        looks = ((row["theme"], row["scheme"]),)
        load = Load(alike[turn % len(alike)], row["form"], row["lang"], looks)
        walker.open(load)
        walker.page.set_viewport_size({"width": row["width"], "height": 800})
        found += walker.inspect(load)
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def test_axe_finds_what_is_there_to_be_found(walker: Walker) -> None:
    state = next(state for state in SHEET.states if state.name == "ways")
    load = Load(state, PAGE, "en", (("paper", "light"),))
    walker.open(load)
    walker.page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert [finding["what"] for finding in walker.inspect(load)] == ["axe color-contrast"]
