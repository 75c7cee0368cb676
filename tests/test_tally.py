"""What `/health` says of faults: how many since the start, how many lately, and how long ago."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from adguard.tally import Tally
from tests.endpoints.conftest import Clock, Site, bare_environment, make_site

__all__ = ["bare_environment", "make_site"]


def facts(tally: Tally) -> tuple[object, object, object]:
    health = tally.health()
    return health["faults"], health["recent_faults"], health["last_fault"]


def test_without_a_fault_there_is_none_to_tell_of() -> None:
    assert facts(Tally()) == ({}, {}, None)


def test_faults_are_counted_since_the_start_and_for_the_last_ten_minutes() -> None:
    clock = Clock()
    tally = Tally(clock)
    tally.count_fault("ledger", OSError())
    clock.now += 540
    tally.count_fault("ledger", OSError())
    tally.count_fault("interstitial", KeyError())
    clock.now += 60
    assert facts(tally) == (
        {"ledger": 2, "interstitial": 1},
        {"ledger": 2, "interstitial": 1},
        {"cause": "ledger", "age": 60},
    )
    clock.now += 1
    assert facts(tally)[1] == {"ledger": 1, "interstitial": 1}
    clock.now += 540
    assert facts(tally) == (
        {"ledger": 2, "interstitial": 1},
        {},
        {"cause": "ledger", "age": 601},
    )


def test_the_last_fault_is_the_one_that_happened_last() -> None:
    clock = Clock()
    tally = Tally(clock)
    for cause in ("ledger", "is_supporter", "ledger"):
        tally.count_fault(cause, OSError())
        clock.now += 5
    assert facts(tally)[2] == {"cause": "ledger", "age": 5}


def test_a_storm_of_faults_is_counted_whole_and_remembered_in_part() -> None:
    tally = Tally(Clock())
    for _ in range(1500):
        tally.count_fault("ledger", OSError())
    assert facts(tally)[:2] == ({"ledger": 1500}, {"ledger": 1000})


def test_every_cause_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally(Clock())
    with caplog.at_level(logging.ERROR, "adguard"):
        for cause in ("ledger", "ledger", "interstitial"):
            tally.count_fault(cause, OSError())
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == [
        "ledger",
        "interstitial",
    ]


async def test_health_is_degraded_by_a_fault_and_recovers_by_itself(
    make_site: Callable[..., Site],
) -> None:
    site = make_site()
    visitor = await site.visitor()
    tally = site.middleware.services.tally

    async def health() -> tuple[object, object]:
        said = (await visitor.fetch("/_site/health")).json()
        return said["status"], said["last_fault"]

    assert await health() == ("ok", None)
    tally.count_fault("interstitial", OSError())
    site.clock.now += 600
    assert await health() == ("degraded", {"cause": "interstitial", "age": 600})
    site.clock.now += 1
    assert await health() == ("ok", {"cause": "interstitial", "age": 601})
