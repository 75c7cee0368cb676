"""The bait catalogue as it ships, and a publisher's own."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from adguard.baits import BaitError, Kind, load

OWN: dict[str, Any] = {
    "network": [{"id": "a1", "kind": "script", "path": "/ads/one.js"}],
    "elements": [{"id": "b1", "classes": ["advert"]}],
}


def own(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(OWN), **changes}


def test_the_release_has_a_bait_of_every_kind_each_with_rules_to_spare() -> None:
    baits = load()
    assert baits.kinds == {
        "n1": "script",
        "n2": "image",
        "n3": "fetch",
        "c1": "element",
        "c2": "element",
    }
    for entry in (*baits.network, *baits.elements):
        assert len(entry.rules) >= entry.min_rules >= 2
    assert all(bait.brave_rules for bait in baits.network)
    assert baits.verified["EasyList"] == "2026-08-22"


def test_the_release_keeps_every_rule_in_sight_of_its_bait() -> None:
    for bait in load().network:
        for rule in bait.rules:
            pattern = rule.partition("$")[0].strip("*")
            assert pattern in bait.path, f"{rule} does not hit {bait.path}"
    for element in load().elements:
        names = {f"##.{name}" for name in element.classes} | {f"###{name}" for name in element.ids}
        assert set(element.rules) <= names


def test_a_set_is_read_once() -> None:
    assert load() is load(None)


def test_an_own_set_may_be_a_mapping_and_borrows_the_controls() -> None:
    baits = load(OWN)
    assert baits.kinds == {"a1": Kind.SCRIPT, "b1": Kind.ELEMENT}
    assert baits.controls == load().controls
    assert baits.version == "own"


def test_an_own_set_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "baits.json"
    file.write_text(json.dumps(OWN), "utf-8")
    assert load(file) == load(str(file)) == load(OWN)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"{", "is not JSON"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BaitError, match=sentence) as caught:
        load(file)
    assert "mine.json" in str(caught.value)


def request(**changes: Any) -> dict[str, Any]:
    return {"id": "a1", "kind": "script", "path": "/ads/one.js", **changes}


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({}, "missing required field `network`"),
        (own(network=[]), "length >= 1"),
        (own(surprise=1), "unknown field `surprise`"),
        (own(format=2), "<= 1"),
        (own(network=[request(kind="iframe")]), r"Invalid enum value 'iframe'.*network\[0\]"),
        (own(network=[request(kind="element")]), "belongs under 'elements'"),
        (own(network=[request(path="ads.js")]), "matching regex"),
        (own(network=[request(path="/a b.js")]), "matching regex"),
        (own(network=[request(path="/a/../b.js")]), "'..' or '//'"),
        (own(network=[request(path="//evil.example/b.js")]), "'..' or '//'"),
        (own(network=[request(path="/control.js")]), "toolkit's own"),
        (own(network=[request(path="/report?x=1")]), "toolkit's own"),
        (own(network=[request(path="/client-x.js")]), "toolkit's own"),
        (own(network=[request(), request()]), "'a1' is given twice"),
        (own(network=[request(), request(id="a2")]), "path '/ads/one.js' is given twice"),
        (own(network=[request(id="script")]), "kept for controls"),
        (own(network=[request(id="host")]), "kept for controls"),
        (own(network=[request(id="h7")]), "kept for controls"),
        (own(network=[request(id="A1")]), "matching regex"),
        (own(network=[request(rules=["/ads/*"], min_rules=2)]), "fewer rules than min_rules"),
        (own(elements=[{"id": "b1"}]), "without class and id"),
        (own(elements=[{"id": "b1", "classes": ['"><script>']}]), "matching regex"),
        (own(elements=[{"id": "b1", "ids": ["x", "y"]}]), "length <= 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_set_that_cannot_be_used_says_why(raw: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BaitError, match=sentence):
        load(raw)


def test_an_id_that_only_begins_like_a_host_is_fine() -> None:
    assert "hx" in load(own(network=[request(id="hx")])).kinds
