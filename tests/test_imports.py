"""The rooms of the house: the picture in docs/architecture.md is the rule, and this reads both."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "adguard"
PICTURE = ROOT / "docs" / "architecture.md"
ROOF = "adguard"  # the package's own `__init__`
LONGEST = 400


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    """`adguard.ledger.fold` stands in the room `ledger`; `python -m adguard` is the `cli`'s."""
    if module == ROOF:
        return ROOF
    room = module.split(".")[1]
    return "cli" if room == "__main__" else room


def imports_of(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """The modules of ours that `tree` imports, under `if TYPE_CHECKING` and in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known:
                    yield whole
                elif node.module in known:
                    yield str(node.module)


def floors(text: str) -> dict[str, int]:
    """Room -> floor, counted from the ground, as drawn between the lines of the first picture."""
    rows = re.findall(r"^│([^│]+)│", text, re.MULTILINE)
    drawn = [[name.strip() for name in row.split("·")] for row in rows]
    return {name: floor for floor, names in enumerate(reversed(drawn)) for name in names}


ARROWS = {
    module: set(imports_of(ast.parse(file.read_text("utf-8")), set(FILES)))
    for module, file in FILES.items()
}
FLOORS = floors(PICTURE.read_text("utf-8"))


def test_the_picture_shows_every_room_and_no_other() -> None:
    assert set(FLOORS) == {room_of(module) for module in FILES}


@pytest.mark.parametrize("module", FILES)
def test_arrows_point_down_only(module: str) -> None:
    here = room_of(module)
    upward = {
        target
        for target in ARROWS[module]
        if room_of(target) != here and FLOORS[room_of(target)] >= FLOORS[here]
    }
    assert not upward, f"{module} (floor {FLOORS[here]}) imports {', '.join(sorted(upward))}"


def test_no_imports_run_in_a_circle_inside_a_room_either() -> None:
    try:
        list(TopologicalSorter(ARROWS).static_order())
    except CycleError as error:
        pytest.fail("a circle: " + " <- ".join(error.args[1]), pytrace=False)


@pytest.mark.parametrize("module", FILES)
def test_no_module_is_too_long_to_hold_one_noun(module: str) -> None:
    assert len(FILES[module].read_text("utf-8").splitlines()) <= LONGEST


def test_demo_site_and_snippets_use_the_public_contract_only() -> None:
    public = {ROOF, "adguard.testing"}
    for file in sorted([*ROOT.glob("demo_site/**/*.py"), *ROOT.glob("snippets/**/*.py")]):
        used = set(imports_of(ast.parse(file.read_text("utf-8")), {*FILES, *public}))
        assert used <= public, f"{file.relative_to(ROOT)} imports {used - public}"


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
from __future__ import annotations
import adguard.detection
from adguard import settings
from adguard.ledger.fold import fold
if TYPE_CHECKING:
    from adguard.reader import Reader
def late():
    from adguard import Verdict
"""
    known = {"adguard", "adguard.detection", "adguard.settings", "adguard.ledger.fold"}
    assert set(imports_of(ast.parse(source), {*known, "adguard.reader"})) == {
        *known,
        "adguard.reader",
    }


def test_floors_are_counted_from_the_ground() -> None:
    text = "│ a · b │ top │\n├──┤\n│ c │ ground │\n"
    assert floors(text) == {"a": 1, "b": 1, "c": 0}
