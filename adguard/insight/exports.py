"""A report for other programs: JSON, JSON Lines, and CSV that a spreadsheet may open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from adguard.insight.arms import OUTCOMES, Arm
from adguard.insight.experiment import HoldOut
from adguard.insight.metrics import METRICS
from adguard.insight.report import Figure, Group, Report

__all__ = ["Cell", "number", "to_csv", "to_json", "to_jsonl", "write_csv"]

Cell = str | int | float | None

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""


def to_json(report: Report) -> str:
    """Returns the report as JSON: figures by name, shares as fractions of 1."""
    return json.dumps(
        {
            **_head(report),
            "by": report.by,
            "figures": _figures(report.figures),
            "before": None if report.before is None else _figures(report.before),
            "groups": [_group(group) for group in report.groups],
            "days": [_group(group) for group in report.days],
            "marks": _marks(report),
            "holdout": None if report.holdout is None else _holdout(report.holdout),
            "arms": [_arm(arm) for arm in report.experiment.arms],
            "unearned": None if report.unearned is None else asdict(report.unearned),
            "suppressed": [
                {"reason": s.reason, "count": s.count, "n": s.n} for s in report.suppressed
            ],
            "definitions": {metric.name: metric.definition for metric in METRICS},
        },
        indent=2,
    )


def to_jsonl(report: Report) -> str:
    """Returns a line for the whole, one for each group, and one for each mark; `kind` tells them
    apart, and each stands for itself."""
    head = _head(report)
    lines: list[Mapping[str, Any]] = [
        {"kind": "whole", **head, "figures": _figures(report.figures)}
    ]
    lines += [
        {"kind": "group", **head, "by": table.by, **_group(group)}
        for table in report.tables
        for group in table.groups
    ]
    lines += [{"kind": "mark", "site": report.site, **mark} for mark in _marks(report)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def to_csv(report: Report) -> str:
    """Returns one row for each group. A share has its numerator, its denominator and n beside it;
    a withheld figure and a share of nothing are empty."""
    header = ["site", "first", "last", report.by]
    for metric in METRICS:
        header.append(metric.name)
        if metric.unit != "count":
            header += [f"{metric.name}_{part}" for part in ("numerator", "denominator", "n")]
    head = _head(report)
    return write_csv(
        header,
        (
            [*head.values(), group.value, *(cell for f in group.figures for cell in _cells(f))]
            for group in report.groups
        ),
    )


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Returns a CSV file. Texts are quoted, and none of them can begin a formula."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if cell is None else _harmless(cell) for cell in row])
    return file.getvalue()


def number(value: float) -> int | float:
    """Returns the number as it is written: whole where it is whole, else with six digits."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _harmless(cell: str | int | float) -> str | int | float:
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA):
        return f"'{cell}"
    return cell


def _cells(figure: Figure) -> list[Cell]:
    value = None if figure.value is None else number(figure.value)
    if figure.metric.unit == "count":
        return [value]
    if figure.withheld or figure.denominator is None:
        return [None] * 4
    return [value, number(figure.numerator), number(figure.denominator), figure.n]


def _head(report: Report) -> dict[str, str | None]:
    return {
        "site": report.site,
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
    }


def _group(group: Group) -> dict[str, Any]:
    return {"value": group.value, "share": group.share, "figures": _figures(group.figures)}


def _holdout(found: HoldOut) -> dict[str, Any]:
    """Intervals, which need an extra, are left to `adguard experiment`."""
    return {
        "asked": asdict(found.asked),
        "held_out": asdict(found.held_out),
        "net": found.net,
        "recovered_views": found.recovered_views,
    }


def _arm(arm: Arm) -> dict[str, Any]:
    took = {name: arm.counted[name] for name in OUTCOMES}
    return {"arm": arm.name, "readers": arm.readers, "clear_views": arm.clear_views, **took}


def _marks(report: Report) -> list[dict[str, Any]]:
    return [
        {"day": mark.day.isoformat(), "changed": mark.changed, "text": mark.text}
        for mark in report.marks
    ]


def _figures(figures: Iterable[Figure]) -> dict[str, dict[str, Any]]:
    return {
        figure.metric.name: {"withheld": True}
        if figure.withheld
        else {
            "value": figure.value,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "n": figure.n,
            "low": figure.low,
            "high": figure.high,
        }
        for figure in figures
    }
