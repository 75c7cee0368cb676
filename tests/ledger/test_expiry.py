from __future__ import annotations

from collections.abc import Callable

import pytest

from adguard.ledger.expiry import EVERY, FIRST, Expiry


class Clocks:
    """Two clocks of one machine: `set` moves the one on the wall alone."""

    def __init__(self, patch: Callable[[str, Callable[[], float]], None]) -> None:
        self.wall, self.ticks = 1_800_000_000.0, 50.0
        patch("adguard.ledger.expiry.time.time", lambda: self.wall)
        patch("adguard.ledger.expiry.time.monotonic", lambda: self.ticks)

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds

    def set(self, seconds: float) -> None:
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch.setattr)


def test_a_round_is_due_ten_minutes_after_the_start_and_then_every_hour(clocks: Clocks) -> None:
    expiry = Expiry()
    for wait in (FIRST, EVERY, EVERY):
        clocks.wait(wait - 1)
        assert not expiry.due()
        clocks.wait(1)
        assert expiry.due()
        assert expiry.due()
        expiry.done()
        assert not expiry.due()


@pytest.mark.parametrize("jump", [86_400, -86_400, 800 * 86_400])
def test_a_clock_that_was_set_and_set_back_within_an_hour_expires_nothing(
    clocks: Clocks, jump: float
) -> None:
    expiry = Expiry()
    clocks.wait(FIRST - 60)
    clocks.set(jump)
    clocks.wait(60)
    assert not expiry.due()
    clocks.wait(EVERY / 2)
    clocks.set(-jump)
    clocks.wait(EVERY / 2)
    assert not expiry.due()
    clocks.wait(EVERY)
    assert expiry.due()


def test_a_clock_that_stays_set_is_believed_after_an_hour(clocks: Clocks) -> None:
    expiry = Expiry()
    clocks.set(30 * 86_400)
    clocks.wait(FIRST)
    assert not expiry.due()
    clocks.wait(EVERY)
    assert expiry.due()


def test_a_clock_that_is_kept_right_by_the_network_is_no_jump(clocks: Clocks) -> None:
    expiry = Expiry()
    clocks.set(2)
    clocks.wait(FIRST)
    assert expiry.due()
