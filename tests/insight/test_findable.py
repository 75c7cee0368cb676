"""Nobody calculates what an export leaves out from what it tells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.experiment import CONTROL, HOLDOUT
from adguard.insight.arms import Arm
from adguard.insight.experiment import Experiment, holdout_of
from adguard.insight.exports import to_jsonl
from adguard.insight.findable import Told
from adguard.insight.metrics import BY_NAME, METRICS
from adguard.insight.reconciling import PARTS, SERVED, Line, to_csv, without_small
from adguard.insight.report import By, Group, Report, Suppressed, Table, figures_of
from adguard.insight.smallcells import FEW, FEWEST, withhold
from adguard.ledger.fold import COUNTERS
from adguard.ledger.store import VIEWS, Totals

DRAWN = (
    *VIEWS,
    *("measured", "served", "decided", "seen", "interstitials", "suppressed", "verified", "failed"),
)
sizes = st.one_of(st.just(0), st.integers(0, 14), st.integers(15, 900))
rows = st.fixed_dictionaries(dict.fromkeys(DRAWN, sizes))
days_rows = st.fixed_dictionaries(dict.fromkeys((*PARTS, "measured", "served"), sizes))
Row = Mapping[str, int]
Sum = dict[tuple[str, str, str], int]
"""What is added up how often; a name is that of a table, a row and a counter."""


def test_a_sum_is_told_by_those_that_make_it_up() -> None:
    told = Told([("seen", "interstitials"), ("interstitials",)])
    assert told.tells(("seen",))
    assert told.tells(())
    assert not told.tells(("seen", "later"))
    assert told.plus(("later", "never"), ("never",)).tells(("seen", "later"))
    assert not told.tells(("later",))


def found(known: Iterable[Sum], wanted: Iterable[Sum]) -> list[Sum]:
    """Returns which sums follow from the known ones: linear algebra, and none of ours."""
    equations, targets = [*known], [*wanted]
    names = {name: i for i, name in enumerate({n for one in equations + targets for n in one})}

    def matrix(sums: list[Sum]) -> Any:
        made = np.zeros((len(sums), len(names)))
        for line, one in enumerate(sums):
            for name, times in one.items():
                made[line, names[name]] = times
        return made

    if not targets:
        return []
    told = matrix(equations)
    values, axes = np.linalg.eigh(told.T @ told)
    free = axes[:, values < 1e-9]
    moved = np.abs(matrix(targets) @ free).max(axis=1, initial=0.0)
    return [one for one, by in zip(targets, moved, strict=True) if by < 1e-7]


def totals(*parts: Row) -> Totals:
    raw = {name: sum(part.get(name, 0) for part in parts) for name in COUNTERS}
    return Totals(raw, {name: float(n) for name, n in raw.items()})


def table(by: By, parts: Mapping[str, Row]) -> Table:
    whole = totals(*parts.values()).views
    return Table(
        by,
        tuple(
            Group(value, made.views / whole if whole else None, figures_of(made))
            for value, made in ((value, totals(row)) for value, row in parts.items())
        ),
    )


def report(*tables: tuple[By, Mapping[str, Row]]) -> Report:
    whole = totals(*tables[0][1].values())
    silent = whole.raw["suppressed"]
    return Report(
        date(2026, 11, 1), date(2026, 11, 7), False, "default", figures_of(whole), None,
        tuple(table(by, parts) for by, parts in tables),
        (Suppressed("first-view", silent, silent),) if silent else (),
        (), (), (), Experiment(), None,
    )  # fmt: skip


def told_by(passed_on: Report, tables: Mapping[str, Mapping[str, Row]]) -> list[tuple[str, str]]:
    """Returns where a withheld count of 1 to 9 can be found from the lines of an export."""
    known: list[Sum] = []
    wanted: list[Sum] = []
    lines = [json.loads(line) for line in to_jsonl(passed_on).splitlines()]
    listed = {(line["by"], line["value"]) for line in lines if line["kind"] == "group"}
    whole = lines[0]["figures"]
    for by in tables:
        values = [value for table, value in listed if table == by]
        known += [  # the rows of a table are the whole
            {(by, v, counter): 1 for v in values} | {("whole", "", counter): -1}
            for counter in DRAWN
        ]
    for line in lines:
        if line["kind"] == "whole":
            place, members = ("whole", ""), list(tables["page"].values())
        elif line["kind"] == "group":
            place = (line["by"], line["value"])
            parts = tables[line["by"]]
            few = {name for name in parts if (line["by"], name) not in listed}
            names = few if line["value"] == FEW else {line["value"]}
            members = [parts[name] for name in names]
            if line["by"] == "verdict":  # nobody needs to be told that
                listed_too = {v for table, v in listed if table == "verdict"}
                others = listed_too if line["value"] == FEW else {*VIEWS} - {line["value"]}
                known += [{(*place, v): 1} for v in others if v in VIEWS]
            if line["share"] is not None and not whole["views"].get("withheld"):
                known.append({(*place, name): 1 for name in VIEWS})
        else:
            continue
        sums = totals(*members).raw
        for name, figure in line["figures"].items():
            metric = BY_NAME[name]
            if not figure.get("withheld"):
                known += [{(*place, c): 1 for c in one} for one in metric.sums]
            elif metric.unit == "count" and 0 < sum(sums[c] for c in metric.numerator) < FEWEST:
                wanted.append({(*place, c): 1 for c in metric.numerator})
    return sorted({name[:2] for one in found(known, wanted) for name in one})


@settings(max_examples=50)
@given(st.lists(rows, min_size=1, max_size=5), st.lists(st.integers(0, 100), min_size=3))
def test_no_count_that_a_report_leaves_out_can_be_calculated(
    drawn: list[Row], cuts: list[int]
) -> None:
    pages = {f"/{i}": row for i, row in enumerate(drawn)}
    whole = totals(*drawn).raw
    first = {c: whole[c] * cuts[i % len(cuts)] // 100 for i, c in enumerate(DRAWN)}
    days = {"2026-11-01": first, "2026-11-02": {c: whole[c] - first[c] for c in DRAWN}}
    tables: dict[str, Mapping[str, Row]] = {"page": pages, "day": days}
    passed_on = withhold(report(("page", pages), ("day", days)))
    assert told_by(passed_on, tables) == []


@settings(max_examples=50)
@given(st.lists(rows, min_size=5, max_size=5))
def test_no_verdict_that_a_report_leaves_out_can_be_calculated(drawn: list[Row]) -> None:
    verdicts: dict[str, Row] = {
        verdict: {c: n for c, n in row.items() if c == verdict or c not in VIEWS}
        for verdict, row in zip(VIEWS, drawn, strict=True)
        if row[verdict]
    }
    pages = {"/": totals(*verdicts.values()).raw}
    tables: dict[str, Mapping[str, Row]] = {"verdict": verdicts, "page": pages}
    passed_on = withhold(report(("verdict", verdicts), ("page", pages)))
    if verdicts:
        assert told_by(passed_on, tables) == []


def test_a_small_count_goes_with_every_share_of_it_and_with_what_it_is_a_part_of() -> None:
    row = dict.fromkeys(DRAWN, 0) | {"clear": 900, "extension": 3, "measured": 903, "served": 4}
    row |= {"decided": 40, "seen": 4, "interstitials": 500}
    made = withhold(report(("page", {"/": row})))
    gone = {figure.metric.name for figure in made.figures if figure.withheld}
    assert gone == {
        *("served", "coverage"),
        *("blocked", "block_rate", "extension_rate", "network_rate", "suppressed_rate"),
        *("seen", "render_loss", "interstitials"),
    }
    assert made["asked"].numerator == 504
    assert not made["dismiss_rate"].withheld


def test_a_group_whose_views_are_left_out_has_no_share_of_all_views_either() -> None:
    row = dict.fromkeys(DRAWN, 0)
    pages = {"/a": row | {"clear": 1000}, "/b": row | {"clear": 3, "measured": 50}}
    small = withhold(report(("page", pages))).groups[1]
    assert (small["views"].withheld, small.share) == (True, None)
    assert not small["measured"].withheld


def arm(name: str, readers: int, cleared: int) -> Arm:
    return Arm(name, readers, {"cleared": cleared})


@pytest.mark.parametrize(
    ("readers", "cleared", "told"), [(4, 0, False), (90, 1, False), (90, 0, True)]
)
def test_an_arm_that_is_too_small_is_not_in_the_sum_of_the_others(
    readers: int, cleared: int, told: bool
) -> None:
    arms = (arm(CONTROL, 600, 60), arm("v2", readers, cleared), arm(HOLDOUT, 500, 20))
    made = report(("page", {"/": dict.fromkeys(DRAWN, 50)}))
    tried = Experiment(arms, holdout_of(arms))
    object.__setattr__(made, "experiment", tried)
    left = withhold(made).experiment
    assert (left == tried) is told
    assert left.withheld is not told


DIFFERENCE = ("clear", "protection", "unknown")
CELLS = {
    **{name: (name,) for name in SERVED if name != "views"},
    **{"views": PARTS, "expected_ad_requests": DIFFERENCE, "difference": DIFFERENCE},
    "expected_at_least": ("clear",),
}


def csv_of(lines: list[Line]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(without_small(lines), 1.0), newline="")))


def line_of(day: int, section: str | None, *parts: Row) -> Line:
    row = {name: sum(part[name] for part in parts) for name in (*PARTS, "measured", "served")}
    row["views"] = sum(row[name] for name in PARTS)
    return Line(date(2026, 11, day), section, row, {**row}, 7.0)


@settings(max_examples=50)
@given(st.lists(st.lists(days_rows, min_size=1, max_size=4), min_size=1, max_size=3))
def test_no_number_left_out_beside_an_ad_servers_can_be_calculated(days: list[list[Row]]) -> None:
    known: list[Sum] = []
    wanted: list[Sum] = []
    for day, sections in enumerate(days, 1):
        lines = [line_of(day, f"{name}", row) for name, row in enumerate(sections)]
        rows_told = csv_of(lines)
        names = {told["section"] for told in rows_told}
        for told in rows_told:
            own = (
                {told["section"]} if told["section"] != FEW else {f"{n}" for n in range(4)} - names
            )
            for cell, parts in CELLS.items():
                size = sum(line.observed[p] for line in lines if line.section in own for p in parts)
                one: Sum = {(f"{day}", told["section"], part): 1 for part in parts}
                if told[cell]:
                    known.append(one)
                    assert cell not in SERVED or not 0 < size < FEWEST
                elif 0 < size < FEWEST:
                    wanted.append(one)
        for told in csv_of([line_of(day, None, *sections)]):  # the file of whole days
            for cell, parts in CELLS.items():
                if told[cell]:
                    known.append({(f"{day}", name, part): 1 for name in names for part in parts})
    assert found(known, wanted) == []


def test_a_day_whose_number_is_left_out_is_not_the_difference_to_all_days() -> None:
    row = dict.fromkeys((*PARTS, "measured", "served"), 20)
    rows_told = csv_of(
        [line_of(n, None, {**row, "blocked": b}) for n, b in ((1, 3), (2, 40), (3, 50))]
    )
    assert [told["blocked"] for told in rows_told] == ["", "", "50"]
    assert [told["views"] for told in rows_told] == ["", "", "110"]
    assert [told["expected_ad_requests"] for told in rows_told] == ["60", "60", "60"]


def test_metrics_name_the_sums_they_tell() -> None:
    assert {len(metric.sums) for metric in METRICS if metric.unit == "count"} == {1}
    assert BY_NAME["coverage"].sums == (("measured",), ("served",))
