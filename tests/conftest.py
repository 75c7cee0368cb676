"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def our_log() -> Iterator[None]:
    """Gives the log its level back: a site in debug mode lowers it for the whole process."""
    log = logging.getLogger("adguard")
    level = log.level
    yield
    log.setLevel(level)
