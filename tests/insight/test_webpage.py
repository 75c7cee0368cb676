from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import html5lib
import pytest

from adguard.insight import METRICS, Report
from adguard.insight.webpage import SPLITS, to_html
from tests.insight.making import WEEK, report_of, views
from tests.ledger.making import event


def busy(**options: Any) -> Report:
    events = [*views(40, day=WEEK[0] - 1, version="0.1.0 a b", path="/long-ago")]
    for i, day in enumerate(WEEK):
        version = "0.1.0 a b" if i < 4 else "0.2.0 a b"
        for browser, section in (("Chrome", "news"), ("Firefox", "sport")):
            parts = {"browser": browser, "section": section, "path": f"/{section}"}
            events += views(40 + i, day=day, version=version, **parts)
            events += views(20, "extension", day=day, version=version, **parts)
            events += views(12, "extension", day=day, action="none", reason="cooldown", **parts)
        events += [event("", kind="seen", verdict="extension", at=day * 86400) for _ in range(15)]
    return report_of(*events, **{"by": ("verdict", *SPLITS), **options})


def text_of(page: str) -> str:
    return " ".join(re.sub("<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = to_html(busy())
    assert not re.findall(
        r"<script|<link(?! rel=\"icon\" href=\"data:,\")|<img|@import|@font-face", page
    )
    assert not re.findall(r"(?:src|href)=\"(?!#|data:,)", page)
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_the_page_is_html_without_an_error() -> None:
    for report in (busy(), report_of(), report_of(*views(12), since=WEEK[-1] * 86400)):
        html5lib.HTMLParser(strict=True).parse(to_html(report))


def test_the_first_line_answers_the_question() -> None:
    page = to_html(busy())
    assert "<h1>Of 1,050 page views with a verdict, 42.7\u00a0% were behind a blocker" in page


def wide_chart(page: str) -> str:
    bare = re.sub("<style>.*?</style>", "", page, flags=re.DOTALL)
    return bare[bare.find("chart-wide") : bare.find("chart-narrow")]


def test_days_of_which_nothing_is_kept_are_not_drawn() -> None:
    drawn = wide_chart(to_html(busy(since=0.0)))
    assert drawn.count('class="step"') == 8
    assert drawn.count('class="mark"><line') == 1
    assert wide_chart(to_html(busy())).count('class="step"') == 7
    assert not wide_chart(to_html(report_of(since=0.0)))


def test_every_figure_has_its_definition_one_link_away() -> None:
    page = to_html(busy())
    for metric in METRICS:
        assert f'id="m-{metric.name}"' in page
    for target in re.findall(r"href=\"#([^\"]+)\"", page):
        assert f'id="{target}"' in page


def test_charts_are_said_again_in_tables() -> None:
    page = to_html(busy())
    assert page.count('class="chart chart-') == 2
    assert all(f'<th scope="row">{day:%Y-%m-%d}</th>' in page for day in dates())


def dates() -> list[datetime]:
    return [datetime.fromtimestamp(day * 86400, UTC) for day in WEEK]


def test_marks_are_numbered_in_the_chart_and_told_below() -> None:
    page = to_html(busy())
    assert f"<li>{dates()[4]:%-d %B}: version 0.2.0</li>" in page
    assert '<g class="mark"' in page


def test_what_is_compared_with_what_is_said() -> None:
    text = text_of(to_html(busy()))
    assert "Compared with the 7 days before. The last day was not over" in text
    assert "(40 before)" in text
    alone = text_of(to_html(report_of(*views(50), until=WEEK[-1] * 86400 + 86399)))
    assert "Nothing is known of the 7 days before" in alone
    assert "not over" not in alone


def test_a_dimension_with_one_value_needs_no_table() -> None:
    page = to_html(busy())
    assert '<h2 id="by-browser">Browsers</h2>' in page
    assert "by-country" not in page


def test_more_values_than_rows_are_counted() -> None:
    events = [e for i in range(20) for e in views(10 + i, path=f"/{i}")]
    text = text_of(to_html(report_of(*events, by=("verdict", "page"))))
    assert "and 8 more" in text
    assert "/19 29" in text


def test_one_day_has_no_curve() -> None:
    page = to_html(report_of(*views(50), since=WEEK[-1] * 86400))
    assert 'chart-wide"' not in page
    assert "the day before" in page


def test_an_empty_page_says_what_to_look_at() -> None:
    text = text_of(to_html(report_of()))
    assert "Nothing was recorded in these days." in text
    assert "/_site/health" in text


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7 * 7 }}"])
def test_what_readers_or_hooks_say_stays_text(value: str) -> None:
    events = [
        *views(20, section=value),
        *views(20, section="b"),
        *views(20, version=f"{value} a b"),
    ]
    report = report_of(*events, by=("verdict", "section"), site="default")
    page = to_html(report, datetime(2026, 1, 1, tzinfo=UTC))
    assert "<script>" not in page
    assert "<img" not in page
    assert "49" not in text_of(page)
