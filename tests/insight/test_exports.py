from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight import METRICS, to_csv, to_json, to_jsonl, withhold
from adguard.insight.exports import number, write_csv
from tests.insight.making import WEEK, report_of, views

EVENTS = [*views(30, "extension", section="news"), *views(70, section="news"), *views(20)]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_for_each_group_and_all_parts_of_every_share() -> None:
    news, none = rows_of(to_csv(report_of(*EVENTS, by="section", site="default")))
    assert (news["section"], none["section"]) == ("news", "")
    assert (news["site"], news["first"] < news["last"]) == ("default", True)
    assert (news["views"], none["views"]) == ("100", "20")
    names = ("block_rate", *(f"block_rate_{part}" for part in ("numerator", "denominator", "n")))
    assert [news[name] for name in names] == ["0.3", "30", "100", "100"]
    assert [none[name] for name in names] == ["0", "0", "20", "20"]
    assert {metric.name for metric in METRICS} < set(news)


def test_a_share_of_nothing_is_empty_and_its_n_is_zero() -> None:
    (row,) = rows_of(to_csv(report_of(*views(20), by="section")))
    assert (row["allow_rate"], row["allow_rate_n"]) == ("", "0")


def test_what_is_withheld_is_empty_in_csv_and_marked_in_json_lines() -> None:
    found = withhold(report_of(*views(50, day=WEEK[0]), *views(3, day=WEEK[1]), by="day"))
    hidden = rows_of(to_csv(found))[1]
    assert {hidden[name] for name in ("views", "block_rate", "block_rate_n")} == {""}
    lines = [json.loads(line) for line in to_jsonl(found).splitlines()]
    groups = [line for line in lines if line["kind"] == "group"]
    assert [group["figures"]["views"].get("withheld") for group in groups] == [True, True]


def test_json_lines_each_stand_for_themselves() -> None:
    events = [*views(20, day=WEEK[0], version="1 a b"), *views(20, section="ü", version="2 a b")]
    text = to_jsonl(report_of(*events, by=("section", "day")))
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["kind"] for line in lines] == ["whole", *["group"] * 4, "mark"]
    assert {line.get("by") for line in lines} == {None, "section", "day"}
    assert {line["value"] for line in lines if line.get("by") == "section"} == {"", "ü"}
    assert lines[0]["figures"]["views"]["value"] == 40
    assert lines[-1]["text"] == "version 2"


def test_json_holds_days_marks_and_the_days_before() -> None:
    events = [*views(20, version="2 a b"), *views(10, day=WEEK[0] - 1, version="1 a b")]
    said = json.loads(to_json(report_of(*events)))
    assert said["before"]["views"]["value"] == 10
    assert [day["figures"]["views"]["value"] for day in said["days"]] == [20]
    assert [mark["changed"] for mark in said["marks"]] == [["version"]]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", " =", "＝"])
def test_no_text_can_become_a_formula(begin: str) -> None:
    (row,) = rows_of(write_csv(["value"], [[f'{begin}HYPERLINK("http://x.org")']]))
    assert row["value"].startswith("'")


def test_a_section_that_is_a_formula_is_a_text() -> None:
    (row,) = rows_of(to_csv(report_of(*views(20, section="=1+1"), by="section")))
    assert row["section"] == "'=1+1"
    (page,) = rows_of(to_csv(report_of(*views(20, path="=cmd|' /C calc'!A0"), by="page")))
    assert page["page"] == "(other)"


def test_a_negative_number_stays_a_number() -> None:
    assert write_csv(["n"], [[-1.5]]) == '"n"\r\n-1.5\r\n'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_every_text_comes_back_from_csv_at_most_with_an_apostrophe(texts: list[str]) -> None:
    read = list(csv.reader(io.StringIO(write_csv(["a"] * len(texts), [texts]), newline="")))[1]
    for was, came in zip(texts, read, strict=True):
        assert came in {was, f"'{was}"}
        assert came.lstrip(" ")[:1] not in {"=", "+", "-", "@", "\t", "\r"}


@pytest.mark.parametrize(("value", "written"), [(3.0, "3"), (1 / 3, "0.333333"), (0.0, "0")])
def test_numbers_are_whole_where_they_are_whole(value: float, written: str) -> None:
    assert str(number(value)) == written
