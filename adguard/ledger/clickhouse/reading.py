"""Questions to a ClickHouse store."""

# ruff: noqa: A002 -- `slice` is the word for it, and Python's own is not used here

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from adguard.ledger.clickhouse.link import literal
from adguard.ledger.clickhouse.tables import Tables
from adguard.ledger.events import DAY, HOUR
from adguard.ledger.fold import COUNTERS, DIMENSIONS, Deltas
from adguard.ledger.store import (
    EVERYTHING,
    VIEWS,
    Point,
    Row,
    Slice,
    Span,
    Step,
    Totals,
    check_breakdown,
    check_step,
    total,
)

__all__ = ["ClickHouseFigures", "admitted"]

Ask = Callable[[str], list[tuple[Any, ...]]]

_VIEWS = " + ".join(VIEWS)
_SUMS = ", ".join(f"sum({counter})" for counter in COUNTERS)
_DAYS = "dimension = 'verdict'"
"""Every event has a verdict, if only an empty one: so this is everything, by day."""

_Sums = list[tuple[Any, int, tuple[int, ...]]]


class ClickHouseFigures:
    """Figures as of the moment of each question: what was shipped a moment ago may still be on its
    way from one replica to another.

    :param ask: runs a statement.
    """

    def __init__(self, ask: Ask, tables: Tables) -> None:
        self._ask = ask
        self._tables = tables

    def funnel(self, span: Span, slice: Slice = EVERYTHING) -> Totals:
        table, where = _kept_by_day(slice)
        return total((ppm, row) for _, ppm, row in self._sums(table, "0", span, where))

    def block_rate(self, span: Span, step: Step = "day", slice: Slice = EVERYTHING) -> list[Point]:
        check_step(step, slice)
        if step == "hour":
            found = self._sums("r_hour", "hour", span, _labels(slice))
            unit = HOUR
        else:
            table, where = _kept_by_day(slice)
            found = self._sums(table, "day", span, where)
            unit = DAY
        return [Point(at * unit, totals) for at, totals in _grouped(found)]

    def breakdown(self, span: Span, dimension: str, slice: Slice = EVERYTHING) -> list[Row]:
        check_breakdown(dimension, slice)
        if slice.labels:
            found = self._sums("r_cube", dimension, span, _labels(slice))
        else:
            found = self._sums("r_day", "value", span, [f"dimension = {literal(dimension)}"])
        return _most_views_first(found)

    def top_pages(self, span: Span, limit: int = 20) -> list[Row]:
        where = " AND ".join(_within("r_page", span))
        best = self._ask(
            f"SELECT path FROM {self._tables.read('r_page')} WHERE {where} "
            f"GROUP BY path ORDER BY sum(({_VIEWS}) / ppm) DESC, path LIMIT {max(0, limit)}"
        )
        return self.pages(span, (path for (path,) in best))

    def pages(self, span: Span, paths: Iterable[str]) -> list[Row]:
        named = ", ".join(map(literal, paths))
        if not named:
            return []
        return _most_views_first(self._sums("r_page", "path", span, [f"path IN ({named})"]))

    def sites(self) -> list[str]:
        found = self._ask(f"SELECT DISTINCT site FROM {self._tables.read('r_day')}")
        return sorted(site for (site,) in found)

    def _sums(self, table: str, label: str, span: Span, where: Iterable[str]) -> _Sums:
        conditions = " AND ".join((*_within(table, span), *where))
        rows = self._ask(
            f"SELECT {label} AS label, ppm, {_SUMS} FROM {self._tables.read(table)} "
            f"WHERE {conditions} GROUP BY label, ppm ORDER BY label, ppm"
        )
        return [(label, ppm, tuple(row)) for label, ppm, *row in rows]


def admitted(ask: Ask, tables: Tables, deltas: Deltas) -> dict[tuple[str, int, str], set[str]]:
    """Returns the values that have a row already on the days that `deltas` touch."""
    found = {
        (site, day, dimension): set[str]()
        for site, day in deltas.places
        for dimension in (*DIMENSIONS, "page")
    }
    for site, day in sorted(deltas.places):
        here = f"site = {literal(site)} AND day = {day}"
        rows = ask(
            f"SELECT DISTINCT dimension, value FROM {tables.read('r_day')} "
            f"WHERE {here} UNION ALL SELECT DISTINCT 'page' AS dimension, path AS value "
            f"FROM {tables.read('r_page')} WHERE {here}"
        )
        for dimension, value in rows:
            found[site, day, dimension].add(value)
    return found


def _within(table: str, span: Span) -> list[str]:
    where = [f"day BETWEEN {span.first} AND {span.last}"]
    if table == "r_hour":
        where = [f"hour BETWEEN {span.first * 24} AND {span.last * 24 + 23}"]
    if span.site is not None:
        where.append(f"site = {literal(span.site)}")
    return where


def _labels(slice: Slice) -> list[str]:
    return [f"{name} = {literal(value)}" for name, value in slice.labels.items()]


def _kept_by_day(slice: Slice) -> tuple[str, list[str]]:
    """The table that keeps a slice by day, and which rows of it."""
    if slice.page is not None:
        return "r_page", [f"path = {literal(slice.page)}"]
    if slice.labels:
        return "r_cube", _labels(slice)
    return "r_day", [_DAYS]


def _grouped(rows: _Sums) -> list[tuple[Any, Totals]]:
    groups: dict[Any, list[tuple[int, tuple[int, ...]]]] = {}
    for label, ppm, row in rows:
        groups.setdefault(label, []).append((ppm, row))
    return [(label, total(group)) for label, group in groups.items()]


def _most_views_first(rows: _Sums) -> list[Row]:
    found = [Row(str(label), totals) for label, totals in _grouped(rows)]
    return sorted(found, key=lambda row: (-row.totals.views, row.value))
