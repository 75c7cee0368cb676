from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from rich.console import Console

from adguard.insight import BY, METRICS, Report, build_report, parse_since, render, to_json
from adguard.insight.report import By
from adguard.ledger import Event, StoreError
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import DAY, NOW, event


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    made = SqliteStore(None)
    yield made
    made.close()


def journey(**fields: Any) -> list[Event]:
    """Ten views, four of them blocked, three asked, one answer each."""
    happened = [event("", kind="measured", verdict="", **fields) for _ in range(12)]
    happened += [event(f"c{i}", verdict="clear", **fields) for i in range(4)]
    happened += [event("r", kind="remembered", **fields)]
    happened += [event("u", verdict="unknown", **fields)]
    happened += [
        event("b0", verdict="extension", action="none", reason="first-view", **fields),
        event("b1", verdict="extension", action="notice", reason="ask", **fields),
        event("b2", verdict="extension", action="notice", reason="ask", **fields),
        event("b3", verdict="network", action="none", reason="not-liftable", **fields),
    ]
    happened += [event(f"s{i}", kind="seen", verdict="extension", **fields) for i in range(1)]
    happened += [event("", kind="interstitial", verdict="extension", **fields)]
    happened += [
        event("a1", kind="choice", verdict="extension", choice="later", **fields),
        event("a2", kind="choice", verdict="extension", choice="allow", **fields),
        event("x1", kind="recheck", verdict="clear", action="thanks", **fields),
        event("v1", verdict="clear", choice="verified", **fields),
        event("p1", verdict="protection", action="none", reason="protection", **fields),
    ]
    return happened


def report(
    store: SqliteStore, by: By = "verdict", *, since: float = NOW, until: float = NOW
) -> Report:
    return build_report(store, since=since, until=until, by=by)


def printed(found: Report, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(render(found))
    return capture.get()


def test_every_figure_follows_its_definition(store: SqliteStore) -> None:
    store.append(journey())
    found = report(store)
    whole = {f.metric.name: (f.numerator, f.denominator, f.n) for f in found.figures}
    assert whole == {
        "measured": (13, None, 13),
        "served": (0, None, 0),
        "coverage": (13, 0, 0),
        "unanswered": (0, None, 0),
        "views": (12, None, 12),
        "remembered": (1, 12, 12),
        "blocked": (4, None, 4),
        "block_rate": (4, 12, 12),
        "extension_rate": (3, 12, 12),
        "network_rate": (1, 12, 12),
        "protection_rate": (1, 12, 12),
        "unknown_rate": (1, 12, 12),
        "reader_days": (0, None, 0),
        "blocked_day_rate": (0, 0, 0),
        "suppressed_rate": (3, 5, 5),
        "decided": (2, None, 2),
        "seen": (1, None, 1),
        "render_loss": (1, 2, 2),
        "interstitials": (1, None, 1),
        "asked": (2, None, 2),
        "dismiss_rate": (1, 2, 2),
        "optout_rate": (0, 2, 2),
        "wrong_report_rate": (0, 2, 2),
        "guide_open_rate": (1, 2, 2),
        "support_click_rate": (0, 2, 2),
        "allow_rate": (1, 2, 2),
        "verify_fail_rate": (0, 1, 1),
        "recovered": (1, None, 1),
        "support_ways": (0, None, 0),
        "support_confirmed": (0, None, 0),
        "cleared": (0, None, 0),
        "assigned": (0, None, 0),
    }
    assert found["block_rate"].value == 4 / 12
    assert found["render_loss"].value == 0.5
    assert [(s.reason, s.count) for s in found.suppressed] == [
        ("first-view", 1),
        ("not-liftable", 1),
        ("protection", 1),
    ]
    with pytest.raises(KeyError):
        found["shoe"]


def test_the_report_is_the_same_before_and_after_folding(store: SqliteStore) -> None:
    store.append(journey())
    before = [report(store, by) for by in BY]
    store.fold()
    assert [report(store, by) for by in BY] == before


def test_a_sampled_site_reports_what_its_views_stand_for_but_n_stays_what_was_seen(
    store: SqliteStore,
) -> None:
    store.append(journey(sample=0.1))
    found = report(store)
    assert (found["views"].value, found["views"].n) == (120, 12)
    rate = found["block_rate"]
    assert (rate.numerator, rate.denominator, rate.n) == (40, 120, 12)
    assert rate.low is not None
    assert rate.high is not None
    assert rate.high - rate.low > 0.4


@pytest.mark.parametrize("by", [by for by in BY if by != "verdict"])
def test_the_parts_add_up_to_the_whole(store: SqliteStore, by: By) -> None:
    field = {"page": "path", "day": "at"}.get(by, by)
    special: dict[str, list[Any]] = {"page": ["/a", "/b"], "day": [NOW - 86400, NOW]}
    values = special.get(by, ["a", "b"])
    for i, value in enumerate(values):
        store.append([e for k, e in enumerate(journey(**{field: value})) if k % 3 != i or not e.id])
    found = report(store, by, since=NOW - 86400)
    assert len(found.groups) == 2
    for figure in found.figures:
        name = figure.metric.name
        assert sum(group[name].numerator for group in found.groups) == figure.numerator
        assert sum(group[name].n for group in found.groups) == figure.n
    assert sum(group.share or 0 for group in found.groups) == pytest.approx(1)


def test_groups_come_by_weight_and_days_by_time(store: SqliteStore) -> None:
    store.append([event(1, browser="few"), event(2, browser="many"), event(3, browser="many")])
    assert [g.value for g in report(store, "browser").groups] == ["many", "few"]
    store.append([event(4, at=NOW - 86400)])
    days = [g.value for g in report(store, "day", since=NOW - 86400).groups]
    assert days == sorted(days)
    assert len(days) == 2


def test_one_site_of_a_shared_store_can_be_asked_for(store: SqliteStore) -> None:
    store.append([event(1, site="a"), event(2, site="b"), event(3, site="b")])
    assert build_report(store, since=NOW, until=NOW, site="b")["views"].n == 2
    assert build_report(store, since=NOW, until=NOW)["views"].n == 3


def test_a_report_is_of_whole_utc_days(store: SqliteStore) -> None:
    store.append([event(1, at=DAY * 86400), event(2, at=DAY * 86400 + 86399)])
    found = report(store, since=NOW, until=NOW)
    assert found["views"].n == 2
    assert found.first == found.last == datetime.fromtimestamp(NOW, UTC).date()


def test_more_answers_than_asks_in_these_days_have_a_value_but_no_interval(
    store: SqliteStore,
) -> None:
    store.append([event("s", kind="seen"), event("a", kind="choice", choice="later")])
    store.append([event("b", kind="choice", choice="later")])
    figure = report(store)["dismiss_rate"]
    assert (figure.value, figure.low, figure.high) == (2, None, None)


def test_what_cannot_be_reported_is_refused(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="'shoe' is not one of verdict"):
        report(store, "shoe")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is before the first"):
        report(store, since=NOW + 86400)


def test_the_ways_to_split_are_those_of_the_type() -> None:
    assert get_args(By) == BY


@pytest.mark.parametrize(("text", "days_back"), [("1d", 0), ("7d", 6), ("2w", 13), ("0030d", 29)])
def test_a_span_of_days_includes_today(text: str, days_back: int) -> None:
    assert parse_since(text, NOW) == (DAY - days_back) * 86400


def test_a_span_may_begin_with_a_date() -> None:
    assert parse_since("1970-01-03", NOW) == 2 * 86400


@pytest.mark.parametrize("text", ["", "d", "0d", "7", "7h", "-7d", "yesterday", "2026-13-01"])
def test_a_beginning_that_makes_no_sense_says_what_would(text: str) -> None:
    with pytest.raises(ValueError, match="is no beginning; write days"):
        parse_since(text, NOW)


@pytest.mark.parametrize("by", BY)
def test_the_table_shows_every_figure_with_its_definition(store: SqliteStore, by: By) -> None:
    store.append(journey())
    text = printed(report(store, by), width=200)
    for metric in METRICS:
        assert metric.label in text
        assert metric.definition in text
    assert "4 / 12" in text
    assert "33.3 %" in text
    assert f"By {by}" in text
    assert "not-liftable" in text
    assert "Of 12 page views with a verdict, 33.3 % were behind a blocker; 50.0 % of" in text


def test_the_table_fits_a_terminal_of_eighty_columns(store: SqliteStore) -> None:
    store.append(journey(path="/" + "long/" * 60))
    for by in BY:
        text = printed(report(store, by))
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= 80


def test_an_interval_is_shown_only_where_n_is_small(store: SqliteStore) -> None:
    store.append([event(f"c{i}", verdict="clear") for i in range(500)])
    few = printed(report(store))
    store.append([event(f"d{i}", verdict="clear") for i in range(500)])
    many = printed(report(store))
    assert "0.0-0.8" in few
    assert "0.0-0." not in many


def test_a_page_cannot_steer_the_terminal_or_the_markup(store: SqliteStore) -> None:
    store.append([event(1, path="/[red]\x1b[2J"), event(2, path="/[bold]x")])
    text = printed(report(store, "page"))
    assert "\x1b" not in text
    assert "/[bold]x" in text
    assert "(other)" in text


def test_several_days_and_a_named_site_stand_in_the_title(store: SqliteStore) -> None:
    store.append([event(1)])
    found = build_report(store, since=0, until=NOW, by="section", site="default")
    text = printed(found)
    assert "· default · 1 January 1970 to " in text
    assert "(no section)" in text


def test_days_without_events_say_so(store: SqliteStore) -> None:
    assert "Nothing was recorded in these days." in printed(report(store))


def test_measured_views_without_a_verdict_are_reported_without_shares(store: SqliteStore) -> None:
    store.append([event("", kind="measured", verdict="")])
    found = report(store)
    assert found["block_rate"].value is None
    assert [group.share for group in found.groups] == [None]
    assert "(before a verdict)" in printed(found)


def test_json_says_the_same_with_definitions(store: SqliteStore) -> None:
    store.append(journey())
    found = report(store, "section")
    said = json.loads(to_json(found))
    assert said["first"] == said["last"] == found.first.isoformat()
    assert (said["by"], said["site"]) == ("section", None)
    assert said["figures"]["block_rate"]["numerator"] == 4
    assert said["figures"]["block_rate"]["value"] == found["block_rate"].value
    assert said["groups"][0]["figures"]["views"]["n"] == 12
    assert {"reason": "first-view", "count": 1, "n": 1} in said["suppressed"]
    assert set(said["definitions"]) == {m.name for m in METRICS} == set(said["figures"])


def test_a_store_that_cannot_be_read_is_a_clear_error(tmp_path: Any) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        report(SqliteStore(tmp_path / "none.db"))
