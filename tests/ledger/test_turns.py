from __future__ import annotations

import time

from adguard.ledger.turns import in_turn


def test_after_a_step_others_have_as_long() -> None:
    ended: list[float] = []

    def step() -> str:
        time.sleep(0.02)
        ended.append(time.monotonic())
        return "done"

    assert in_turn(step) == "done"
    assert time.monotonic() - ended[0] >= 0.02
