"""The verdict table, against the vectors that the page's own table must pass too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.detection import DOUBTS, FINDINGS, KINDS, PROOFS, Outcome, Verdict, classify

VECTORS = json.loads((Path(__file__).parent / "vectors" / "detection.json").read_text("utf-8"))
SET: dict[str, str] = VECTORS["kinds"]
CASES: list[dict[str, Any]] = VECTORS["cases"]
CLEAR = CASES[0]["signals"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_table_holds(case: dict[str, Any]) -> None:
    found = classify(
        case["signals"],
        case.get("kinds", SET),
        brave=case.get("brave", False),
        earlier=case.get("earlier", ""),
    )
    assert (found.verdict.value, found.confidence, found.reason) == (
        case["verdict"],
        case["confidence"],
        case["reason"],
    )


def test_the_vectors_reach_every_reason() -> None:
    assert {case["reason"] for case in CASES} == set(FINDINGS)


def test_confidence_is_between_nothing_and_one_and_only_unknown_has_none() -> None:
    for finding in FINDINGS.values():
        assert 0 <= finding.confidence <= 1
        assert (finding.confidence == 0) == (finding.verdict is Verdict.UNKNOWN)


@pytest.mark.parametrize("outcome", ["clear", "network-bait", "visible", "withheld", "", "x" * 200])
def test_an_outcome_that_is_none_is_not_judged(outcome: str) -> None:
    assert classify({**CLEAR, "n1": outcome}, SET).reason == "unjudged"


def test_a_set_that_leaves_nothing_to_judge_is_unknown() -> None:
    signals = {"c1": "visible", "element": "visible"}
    assert classify(signals, {"c1": "element"}, earlier="network-bait").reason == "unasked"
    assert classify(signals, {}).reason == "unasked"


outcomes = st.sampled_from([outcome.value for outcome in Outcome])
requests = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*SET, *KINDS, "h1", "h2", "host"), outcomes)
)


@given(requests, st.booleans(), st.sampled_from(["", *FINDINGS]))
def test_whatever_is_reported_gets_a_known_finding(
    signals: dict[str, str], brave: bool, earlier: str
) -> None:
    found = classify(signals, SET, brave=brave, earlier=earlier)
    assert FINDINGS[found.reason] == found


@given(requests)
def test_nobody_is_accused_without_a_bait_that_failed_beside_a_control_that_did_not(
    signals: dict[str, str],
) -> None:
    found = classify({**signals, "h1": "loaded", "h2": "loaded"}, SET)
    if found.verdict is Verdict.EXTENSION:
        assert found.reason in PROOFS
        assert any(
            signals.get(name) in {"blocked", "substituted", "hidden", "styled"}
            and signals.get(kind) in {"loaded", "visible"}
            for name, kind in SET.items()
        )


@given(requests)
def test_clear_means_that_every_bait_did_well(signals: dict[str, str]) -> None:
    if classify(signals, SET).verdict is Verdict.CLEAR:
        assert all(signals.get(name) in {"loaded", "visible"} for name in SET)


def test_every_doubt_is_a_reason_for_unknown() -> None:
    assert {FINDINGS[reason].verdict for reason in DOUBTS} == {Verdict.UNKNOWN}
