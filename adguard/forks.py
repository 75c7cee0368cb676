"""Servers that load an app first and fork then: what must begin afresh in the child."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Inherited", "start_over_in_child"]


class Inherited(Protocol):
    """Something whose state goes on in the parent."""

    def start_over(self) -> None:
        """Makes new locks, which another thread of the parent may have held, and leaves to the
        parent what is the parent's."""


_inherited: weakref.WeakSet[Inherited] = weakref.WeakSet()


def start_over_in_child(thing: Inherited) -> None:
    """Has `start_over` called in the child of every fork, as long as the thing lives."""
    _inherited.add(thing)


def _after_in_child() -> None:
    for thing in list(_inherited):
        thing.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_in_child)
