from __future__ import annotations

from collections.abc import Iterator

import pytest

from adguard.filters.patience import Patience
from adguard.filters.rules import CosmeticRule, Problem


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("adguard.filters.patience.thread_time", lambda: made.now)
    return made


class Clock:
    now = 0.0


def rules(clock: Clock, *seconds: float) -> Iterator[CosmeticRule]:
    """Long rules, each of which takes so many seconds."""
    for number, one in enumerate(seconds):
        clock.now += one
        yield CosmeticRule("#" * 65, number, "list", False, "#", None)


def test_a_list_gets_a_little_more_for_every_question_and_never_more_than_at_first(
    clock: Clock,
) -> None:
    patience, problems = Patience(1.0, 0.25), list[Problem]()
    assert len(list(patience.spend(rules(clock, 0.25, 0.25), problems.append))) == 2
    assert patience.left == patience.share == 0.75
    list(patience.spend(rules(clock), problems.append))
    list(patience.spend(rules(clock), problems.append))
    assert patience.left == 1.0
    assert problems == []


def test_a_list_whose_time_is_up_stays_out_of_it(clock: Clock) -> None:
    patience, problems = Patience(1.0, 0.25), list[Problem]()
    passed = list(patience.spend(rules(clock, 0.5, 0.75, 0.5), problems.append))
    assert [rule.line for rule in passed] == [0, 1]
    assert [problem.line for problem in problems] == [1]
    list(patience.spend(rules(clock), problems.append))
    assert patience.share == 0.0
    assert len(list(patience.spend(rules(clock, 0.25, 0.25), problems.append))) == 1
