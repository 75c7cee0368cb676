"""A selection in which any two values meet at least once: most faults need no more than two."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations, product
from typing import Any

Row = dict[str, Any]


def pairwise(
    dimensions: Mapping[str, Sequence[Any]],
    possible: Callable[[Row], bool] = lambda _: True,
    apart: Collection[frozenset[str]] = (),
) -> list[Row]:
    """Returns rows with one value a dimension, such that each possible pair of values is in one.

    Greedy and without chance: the same dimensions give the same rows.

    :param possible: whether a row, or a part of one, can be; any possible part can be completed.
    :param apart: dimensions, two by two, whose values need not meet.
    """
    names = list(dimensions)
    # A mapping in place of a set: its order is the same in every process.
    missing = {
        ((one, a), (other, b)): None
        for one, other in combinations(names, 2)
        if {one, other} not in apart
        for a, b in product(dimensions[one], dimensions[other])
        if possible({one: a, other: b})
    }
    rows: list[Row] = []
    while missing:
        row: Row = dict(next(iter(missing)))
        for name in sorted(set(names) - set(row), key=names.index):
            row[name] = max(
                (value for value in dimensions[name] if possible({**row, name: value})),
                key=lambda value, name=name: sum(  # type: ignore[misc]
                    pair in missing for pair in _pairs({**row, name: value}, names, name)
                ),
            )
        for pair in _pairs(row, names):
            missing.pop(pair, None)
        rows.append({name: row[name] for name in names})
    return rows


def _pairs(row: Row, names: Sequence[str], with_: str = "") -> list[tuple[Any, Any]]:
    held = [name for name in names if name in row]
    return [
        ((one, row[one]), (other, row[other]))
        for one, other in combinations(held, 2)
        if not with_ or with_ in (one, other)
    ]
