"""What follows from the rows of `r_hour`, and is kept so that questions need not add it up: every
cell by the day (`r_cube`), and one value at a time by the hour (`r_time`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from adguard.ledger.fold import COUNTERS, Deltas
from adguard.ledger.store import SLICED

__all__ = ["CUBE", "TIME", "TIMED", "cube_of", "follow", "times_of"]

CUBE, TIME = "r_cube", "r_time"

TIMED = ("", *SLICED)
"""Dimensions of `r_time`; the first, of one empty value, is the whole."""

_Key = tuple[str | int, ...]
_Rows = dict[_Key, list[int]]


def cube_of(deltas: Deltas) -> _Rows:
    """Returns rows of `r_cube`: as of `r_hour`, with days since 1970 in the place of hours."""
    rows: _Rows = {}
    for (site, hour, *labels, ppm), counters in deltas.hours.items():
        _add(rows, [(site, hour // 24, *labels, ppm)], counters)
    return rows


def times_of(deltas: Deltas) -> _Rows:
    """Returns rows of `r_time`: site, dimension, hours since 1970, value, sample."""
    rows: _Rows = {}
    for (site, hour, *labels, ppm), counters in deltas.hours.items():
        named = zip(TIMED, ("", *labels), strict=True)
        _add(rows, [(site, dimension, hour, value, ppm) for dimension, value in named], counters)
    return rows


def _add(rows: _Rows, keys: Iterable[_Key], counters: list[int]) -> None:
    # Of some thirty counters a cell has two or three.
    counted = [(i, n) for i, n in enumerate(counters) if n]
    for key in keys:
        row = rows.get(key)
        if row is None:
            rows[key] = list(counters)
        else:
            for i, n in counted:
                row[i] += n


def follow(table: str, hours: str, have: Collection[str]) -> str:
    """Returns the query that makes one of these tables anew.

    :param hours: where rows of `r_hour` are.
    :param have: the counters that those have; others are 0.
    """
    sums = ", ".join(f"SUM({c}) AS {c}" if c in have else f"0 AS {c}" for c in COUNTERS)
    if table == CUBE:
        keys = [f"site, hour / 24 AS day, {', '.join(SLICED)}, ppm"]
    else:
        keys = [
            f"site, '{dimension}' AS dimension, hour, {dimension or repr('')} AS value, ppm"
            for dimension in TIMED
        ]
    groups = ", ".join(map(str, range(1, keys[0].count(",") + 2)))
    return " UNION ALL ".join(
        f"SELECT {key}, {sums} FROM {hours} GROUP BY {groups}"  # noqa: S608
        for key in keys
    )
