from __future__ import annotations

from pathlib import Path

import pytest

from bench.load import MB, Load, Memory, Pace, load, quantile
from bench.readers import BUCKET, Minute

PACE = Pace(seconds=100, rate=2)


def calm() -> Load:
    """A run in which all was well."""
    made = Load(PACE, counted=(190, 195))
    made.add(Minute(0, reports=120, views=115, measured=118, times={40: 120}))
    made.add(Minute(1, reports=80, views=75, measured=77, times={40: 79, 99: 1}))
    made.memories = [Memory(1, [(float(at), 60 * MB) for at in range(100)])]
    return made


def met(made: Load) -> list[bool]:
    return [fine for _, fine in made.verdicts()]


def test_a_calm_run_meets_every_limit() -> None:
    assert met(calm()) == [True] * 5


def test_one_error_is_one_too_many() -> None:
    made = calm()
    made.add(Minute(1, errors={"503 The report cannot be kept just now": 1}))
    assert met(made) == [False, True, True, True, True]


def test_one_slow_report_in_a_hundred_is_forgiven_and_two_are_not() -> None:
    made = calm()
    made.minutes[1].times = {40: 78, 100: 2}
    assert met(made) == [True] * 5
    made.minutes[1].times = {40: 77, 100: 3}
    assert met(made) == [True, False, True, True, True]


def test_memory_that_grows_after_warming_up_is_told_from_memory_that_grew_before() -> None:
    made = calm()
    made.memories = [Memory(1, [(float(at), min(at, 20) * 3 * MB) for at in range(100)])]
    assert met(made) == [True] * 5
    made.memories = [Memory(1, [(float(at), at * MB // 3) for at in range(100)])]
    assert met(made) == [True, True, False, True, True]


def test_a_view_that_is_not_counted_or_counted_twice_is_noticed() -> None:
    made = calm()
    made.counted = (189, 195)
    assert met(made) == [True, True, True, False, True]
    made.counted = (190, 196)
    assert met(made) == [True, True, True, False, True]


def test_readers_that_cannot_keep_up_prove_nothing() -> None:
    made = calm()
    made.minutes[0].late = 1.1
    assert met(made) == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("share", "bucket"), [(0.0, 2), (0.5, 2), (0.75, 2), (0.76, 7), (0.99, 7), (1.0, 7)]
)
def test_a_quantile_is_the_upper_end_of_its_bucket(share: float, bucket: int) -> None:
    assert quantile({7: 1, 2: 3}, share) == (bucket + 1) * BUCKET


async def test_a_few_seconds_under_load_count_every_view_once(tmp_path: Path) -> None:
    said: list[str] = []
    made = await load(tmp_path, Pace(seconds=3, rate=40), said.append)
    views, measured = made.acknowledged
    assert made.counted == (views, measured)
    assert views > 50
    assert not made.errors
    assert made.watched
    assert len(made.memories) == 2
    assert all(memory.samples for memory in made.memories)
    assert len(said) == 1
