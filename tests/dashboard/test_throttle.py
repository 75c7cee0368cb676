"""Guessing passwords takes long."""

from __future__ import annotations

import pytest

from adguard.dashboard.throttle import Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def guess(throttle: Throttle, address: str, times: int) -> None:
    for _ in range(times):
        throttle.count_wrong(address)


def test_five_wrong_ones_close_the_door_for_five_minutes(throttle: Throttle, clock: Clock) -> None:
    guess(throttle, "192.0.2.1", 4)
    assert not throttle.wait("192.0.2.1")
    guess(throttle, "192.0.2.1", 1)
    assert throttle.wait("192.0.2.1") == 300
    assert not throttle.wait("192.0.2.2")
    clock.now += 300
    assert not throttle.wait("192.0.2.1")


def test_an_address_that_knew_it_begins_anew(throttle: Throttle) -> None:
    guess(throttle, "192.0.2.1", 5)
    throttle.forget("192.0.2.1")
    assert not throttle.wait("192.0.2.1")


def test_the_addresses_of_one_subscriber_count_as_one(throttle: Throttle) -> None:
    for i in range(5):
        throttle.count_wrong(f"2001:db8::{i}")
    assert throttle.wait("2001:db8::ffff")
    assert not throttle.wait("2001:db8:0:1::1")


def test_many_addresses_together_close_the_door_too(throttle: Throttle) -> None:
    for i in range(60):
        throttle.count_wrong(f"192.0.2.{i}")
    assert throttle.wait("198.51.100.1")


def test_memory_is_bounded(throttle: Throttle) -> None:
    for i in range(3000):
        throttle.count_wrong(f"somewhere {i}")
    assert len(throttle._by_address) == throttle.MOST
