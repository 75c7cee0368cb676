"""Every combination of the matrix: what the client sees, what it concludes, whether we ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adguard.baits import load
from e2e.blockers import adverts, brave, plain, ublock
from e2e.blockers.blocker import Reader
from e2e.blockers.matrix import MATRIX, Row
from e2e.blockers.sighting import Sighting, sight
from e2e.harness import MissingError, skip_or_fail
from e2e.matrix import Run, document_of

# On a busy machine too; the targets proper are measured by `./dev matrix`.
SANE_MILLISECONDS = 5_000
SITE = "http://news.localhost:8000/"
ROWS = {row.blocker.id: row for row in MATRIX}


@pytest.mark.repeat
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.blocker.id)
def test_each_combination_is_seen_for_what_it_is_and_only_readers_behind_a_blocker_are_asked(
    row: Row, request: pytest.FixtureRequest
) -> None:
    reader: Reader = request.getfixturevalue(row.blocker.id)
    seen = sight(reader, row.verdict, asks=row.asks)
    assert list(row.complaints(seen)) == []
    assert seen.milliseconds < SANE_MILLISECONDS


def sighting(row: Row, milliseconds: float = 100) -> Sighting:
    """What `row` wants to be seen."""
    signals = {name: min(outcomes) for name, outcomes in row.signals.items()}
    return Sighting(
        verdict=row.verdict,
        reason=row.reason,
        signals=signals,
        milliseconds=milliseconds,
        second=row.verdict,
        asked=row.asks,
    )


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.blocker.id)
def test_a_row_complains_of_whatever_is_not_as_it_must_be(row: Row) -> None:
    right = sighting(row)
    assert list(row.complaints(right)) == []
    for wrong in (
        replace(right, verdict="unknown"),
        replace(right, reason="timeout"),
        replace(right, second="unknown"),
        replace(right, asked=not right.asked),
        replace(right, signals={**right.signals, "n1": "faulty"}),
        replace(right, signals={**right.signals, "new": "loaded"}),
        replace(right, signals={}),
    ):
        assert len(list(row.complaints(wrong))) == 1, wrong


def test_a_verdict_that_comes_late_is_told() -> None:
    run = Run()
    fast, slow = ROWS[ublock.UBLOCK.id], ROWS[plain.CHROMIUM.id]
    run.sightings[fast.blocker.id] = [sighting(fast, time) for time in (250, 250, 600)]
    run.sightings[slow.blocker.id] = [sighting(slow, 700)]
    assert list(run.late()) == []
    run.sightings[fast.blocker.id] += [sighting(fast, 601), sighting(fast, 601)]
    run.sightings[slow.blocker.id] += [sighting(slow, 701)]
    late = list(run.late())
    assert [complaint.partition(" ms")[0] for complaint in late] == [
        "chromium_plain: median 700",
        "chromium_plain: worst 701",
        "firefox_ublock: median 600",
        "firefox_ublock: worst 601",
    ]


def test_the_document_tells_of_each_combination_what_was_seen_and_what_is_simulated() -> None:
    run = Run()
    for row in MATRIX:
        run.sightings[row.blocker.id] = [sighting(row)]
        run.versions[row.blocker.id] = {"program": "1.2.3"}
    text = document_of(run, 1)
    for row in MATRIX:
        assert f"| {row.blocker.name} | {row.verdict} | {row.reason} |" in text
        assert f"| {row.blocker.name} | program 1.2.3 |" in text
        assert row.blocker.simulated in text
        assert bool(row.blocker.simulated) or "simulated" not in row.blocker.name


def shields(**settings: bool) -> brave.Shields:
    try:
        return brave.Shields(**settings)
    except MissingError as missing:
        skip_or_fail(missing)


@pytest.mark.parametrize(
    ("settings", "own", "listed_own"),
    [
        ({"aggressive": False, "first_party": False}, False, False),
        ({"aggressive": False, "first_party": True}, True, False),
        ({"aggressive": True, "first_party": True}, True, True),
    ],
)
def test_the_simulated_shields_spare_what_a_site_serves_itself_unless_a_list_of_theirs_names_it(
    settings: dict[str, bool], own: bool, listed_own: bool
) -> None:
    made = shields(**settings)
    kinds = {"script": "script", "image": "image", "fetch": "fetch"}
    for bait in load().network:
        assert made.blocks(SITE + "_site" + bait.path, SITE, kinds[bait.kind]) is own
    assert made.blocks(SITE + "adserve/one.js", SITE, "script") is listed_own
    assert not made.blocks(SITE + "site.js", SITE, "script")
    for url in adverts.AD_URLS:
        assert made.blocks(url, SITE, "script")
    assert not made.blocks(f"http://{adverts.NEUTRAL}/site.js", SITE, "script")
