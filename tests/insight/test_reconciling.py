from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.insight.periods import date_of
from adguard.insight.reconciling import (
    Line,
    RequestsError,
    read_requests,
    reconcile,
    to_csv,
    without_small,
)
from adguard.insight.smallcells import FEW
from adguard.ledger import Event
from tests.insight.making import WEEK, store_of, views
from tests.ledger.making import NOW, event

MONDAY, TUESDAY = WEEK[0], WEEK[1]
EVENTS = [
    *views(60, day=MONDAY, section="news"),
    *views(25, "extension", day=MONDAY, section="news"),
    *views(5, "network", day=MONDAY, section="news"),
    *views(6, "protection", day=MONDAY, section="news"),
    *views(4, "unknown", day=MONDAY, section="news"),
    *views(40, day=MONDAY, section="sport"),
    *views(30, day=TUESDAY, section="news"),
    *(
        event("", kind="measured", verdict="", at=MONDAY * 86400, section="news")
        for _ in range(110)
    ),
]


def lines_of(
    *events: Event, requests: dict[tuple[date, str | None], float] | None = None, **options: Any
) -> list[Line]:
    with store_of(*events) as store:
        return reconcile(store, since=MONDAY * 86400, until=NOW, requests=requests or {}, **options)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_day_and_section_says_how_many_ad_requests_should_have_been() -> None:
    news, sport, later = rows_of(to_csv(lines_of(*EVENTS), slots=3))
    assert [news[name] for name in ("day", "section")] == [f"{date_of(MONDAY)}", "news"]
    counts = ("measured", "views", "clear", "blocked", "protection", "unknown")
    assert [news[name] for name in counts] == ["110", "100", "60", "30", "6", "4"]
    assert (news["expected_ad_requests"], news["expected_at_least"]) == ("210", "180")
    assert (sport["expected_ad_requests"], later["day"]) == ("120", f"{date_of(TUESDAY)}")
    assert {row["ad_server_requests"] for row in (news, sport, later)} == {""}


def test_a_sampled_site_expects_what_its_views_stand_for() -> None:
    (row,) = rows_of(to_csv(lines_of(*views(20, day=MONDAY, sample=0.5)), slots=1))
    assert (row["views"], row["expected_ad_requests"]) == ("40", "40")


def test_the_ad_servers_figures_stand_beside_ours_with_the_difference() -> None:
    said: dict[tuple[date, str | None], float] = {
        (date_of(MONDAY), "news"): 63.0,
        (date_of(MONDAY), "shop"): 500.0,
        (date_of(MONDAY - 30), "news"): 9.0,
    }
    rows = rows_of(to_csv(lines_of(*EVENTS, requests=said), slots=1))
    assert [(r["section"], r["ad_server_requests"], r["difference"]) for r in rows] == [
        ("news", "63", "-7"),
        ("sport", "", ""),
        ("shop", "500", "500"),
        ("news", "", ""),
    ]
    assert [row["difference_share"] for row in rows] == ["-0.1", "", "", ""]


def test_figures_of_whole_days_are_compared_with_whole_days() -> None:
    said: dict[tuple[date, str | None], float] = {(date_of(MONDAY), None): 110.0}
    first, second = rows_of(to_csv(lines_of(*EVENTS, requests=said), slots=1))
    assert (first["section"], first["expected_ad_requests"]) == ("(all)", "110")
    assert (first["difference"], second["difference"]) == ("0", "")


def test_days_and_sections_cannot_be_mixed() -> None:
    day = date_of(MONDAY)
    with pytest.raises(ValueError, match="not of both"):
        lines_of(requests={(day, None): 1.0, (day, "news"): 1.0})


def test_small_sections_of_a_day_stand_together_with_what_the_ad_server_said_of_them() -> None:
    events = [*views(40, day=MONDAY, section="a"), *views(6, day=MONDAY, section="b")]
    events += [*views(7, day=MONDAY, section="c"), *views(3, day=TUESDAY, section="a")]
    day = date_of(MONDAY)
    said: dict[tuple[date, str | None], float] = {(day, "b"): 5.0, (day, "c"): 6.0}
    kept = without_small(lines_of(*events, requests=said))
    assert [(line.section, line.n, line.requests) for line in kept] == [
        ("a", 40, None),
        (FEW, 13, 11.0),
    ]
    assert kept[1].expected(1) == 13


def test_the_parts_of_the_days_add_up_to_the_whole() -> None:
    events = EVENTS * 2
    kept = without_small(lines_of(*events))
    assert sum(line.counts["views"] for line in kept) == sum(e.kind == "view" for e in events)


@pytest.mark.parametrize(
    "text",
    [
        "day,requests\n2026-11-01,10\n2026-11-02,20.5\n",
        "\ufeffDay;Requests;Revenue\n2026-11-01;10;1\n2026-11-02;20;1\n2026-11-02;0.5;1\n",
        "requests\tday\r\n10\t2026-11-01\r\n20.5\t 2026-11-02 \r\n",
    ],
)
def test_an_ad_servers_file_is_read_as_programs_write_it(text: str) -> None:
    assert read_requests(text) == {
        (date(2026, 11, 1), None): 10.0,
        (date(2026, 11, 2), None): 20.5,
    }


def test_sections_may_stand_beside_the_days() -> None:
    text = 'section,day,requests\n"news, sport",2026-11-01,1\n,2026-11-01,2\n'
    day = date(2026, 11, 1)
    assert read_requests(text) == {(day, "news, sport"): 1.0, (day, ""): 2.0}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no column 'day'"),
        ("day,clicks\n2026-11-01,5\n", "there is no column 'requests'"),
        ("day,requests\n", "no line with figures"),
        ("day,requests\n2026-11-01,5\n1.11.2026,5\n", "line 3: '1.11.2026' is not a day"),
        ("day,requests\n2026-11-01\n", "line 2: None is not a number of requests"),
        ("day,requests\n2026-11-01,-3\n", "line 2: '-3' is not a number of requests"),
        ("day,requests\n2026-11-01,nan\n", "line 2: 'nan' is not a number of requests"),
        ('day,requests\n2026-11-01,"5\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_line(text: str, sentence: str) -> None:
    with pytest.raises(RequestsError, match=sentence):
        read_requests(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read_or_refused(text: str) -> None:
    for file in (text, f"day,requests\n{text}"):
        try:
            found = read_requests(file)
        except RequestsError:
            continue
        assert all(value >= 0 for value in found.values())
