"""Steps that share a file with a running server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["in_turn"]

_Done = TypeVar("_Done")


def in_turn(step: Callable[[], _Done]) -> _Done:
    """Takes a step, then leaves the file to others for as long: whoever waits for SQLite's lock
    only looks at it now and then, and would find it taken each time."""
    began = time.monotonic()
    done = step()
    time.sleep(time.monotonic() - began)
    return done
