"""The rows that deltas add to the rollups. Two of these follow from `r_hour`, and are kept so that
questions need not add it up: every cell by the day (`r_cube`), one value at a time by the hour
(`r_time`, which SQLite alone has)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from adguard.ledger.fold import COUNTERS, Deltas, put
from adguard.ledger.store import SLICED

__all__ = ["CUBE", "TIME", "TIMED", "Values", "follow", "rows_of", "times_of"]

CUBE, TIME = "r_cube", "r_time"

TIMED = ("", *SLICED)
"""Dimensions of `r_time`; the first, of one empty value, is the whole."""

Values = tuple[str | int, ...]
"""A row of a rollup: its key, then its counters."""

_Key = tuple[str | int, ...]
_Rows = dict[_Key, list[int]]
_AnyKey = TypeVar("_AnyKey", bound=_Key)


def rows_of(deltas: Deltas) -> dict[str, list[Values]]:
    """Returns the rows that deltas add to each rollup, `r_time` aside."""
    rows: dict[str, list[Values]] = {
        "r_hour": _flat(deltas.hours),
        CUBE: _flat(_cube(deltas)),
        "r_page": [],
        "r_day": [],
    }
    for (site, dimension, day, value, ppm), counters in deltas.days.items():
        if dimension == "page":
            rows["r_page"].append((site, day, value, ppm, *counters))
        else:
            rows["r_day"].append((site, dimension, day, value, ppm, *counters))
    return rows


def times_of(deltas: Deltas) -> list[Values]:
    """Returns rows of `r_time`: site, dimension, hours since 1970, value, sample, counters."""
    rows: _Rows = {}
    for (site, hour, *labels, ppm), counters in deltas.hours.items():
        named = zip(TIMED, ("", *labels), strict=True)
        put(rows, [(site, dimension, hour, value, ppm) for dimension, value in named], counters)
    return _flat(rows)


def _cube(deltas: Deltas) -> _Rows:
    rows: _Rows = {}
    for (site, hour, *labels, ppm), counters in deltas.hours.items():
        cell: _Key = (site, hour // 24, *labels, ppm)
        put(rows, [cell], counters)
    return rows


def _flat(rows: Mapping[_AnyKey, list[int]]) -> list[Values]:
    return [(*key, *counters) for key, counters in rows.items()]


def follow(table: str, hours: str, have: Collection[str]) -> str:
    """Returns the query that makes `r_cube` or `r_time` anew.

    :param hours: where rows of `r_hour` are.
    :param have: the counters that those have; others are 0.
    """
    sums = ", ".join(f"SUM({c}) AS {c}" if c in have else f"0 AS {c}" for c in COUNTERS)
    if table == CUBE:
        keys = [["site", "hour / 24 AS day", *SLICED, "ppm"]]
    else:
        keys = [
            ["site", f"'{dimension}' AS dimension", "hour", f"{column} AS value", "ppm"]
            for dimension, column in zip(TIMED, ("''", *SLICED), strict=True)
        ]
    return " UNION ALL ".join(
        f"SELECT {', '.join(key)}, {sums} FROM {hours} "  # noqa: S608
        f"GROUP BY {', '.join(str(place) for place, _ in enumerate(key, 1))}"
        for key in keys
    )
