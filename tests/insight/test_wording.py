from __future__ import annotations

import json
import sys
from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from adguard.insight import METRICS, Report, render, to_json, withhold, wording
from adguard.insight.mail import text_of
from adguard.insight.metrics import BY_NAME
from adguard.insight.report import Figure, figure_of
from adguard.insight.webpage import to_html
from adguard.ledger import Event
from adguard.policy import Reason
from tests.insight.making import WEEK, report_of, views
from tests.ledger.making import event

RATE = BY_NAME["block_rate"]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-24", "2026-11-24", "24 November 2026"),
        ("2026-11-17", "2026-11-23", "17 to 23 November 2026"),
        ("2026-10-30", "2026-11-05", "30 October to 5 November 2026"),
        ("2026-12-28", "2027-01-03", "28 December 2026 to 3 January 2027"),
    ],
)
def test_no_part_of_a_span_is_said_twice(first: str, last: str, said: str) -> None:
    assert wording.days(date.fromisoformat(first), date.fromisoformat(last)) == said


def share(numerator: int, n: int) -> Figure:
    return figure_of(RATE, numerator, n, n)


def count(n: int) -> Figure:
    return figure_of(BY_NAME["views"], n, None, n)


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        (share(300, 1000), share(200, 1000), "+10.0 points"),
        (share(200, 1000), share(300, 1000), "−10.0 points"),
        (share(21, 100), share(20, 100), "+1.0 points, may be chance"),
        (share(200, 1000), share(200, 1000), "unchanged"),
        (count(150), count(100), "+50 %"),
        (count(50), count(100), "−50 %"),
        (count(100), count(100), "unchanged"),
        (count(100), count(0), ""),
        (share(1, 10), share(0, 0), ""),
        (share(15, 10), share(5, 10), "+100.0 points"),
    ],
)
def test_a_change_is_in_points_or_per_cent_and_owns_up_to_chance(
    now: Figure, then: Figure, said: str
) -> None:
    assert wording.change(now, then) == said
    assert wording.change(now, None) == ""


def test_a_very_small_share_is_not_nothing() -> None:
    assert wording.share(share(4, 10_000)) == "0.04 %"
    assert wording.share(share(0, 10_000)) == "0.0 %"


def test_a_share_that_cannot_be_is_replaced_by_its_reason() -> None:
    coverage = next(metric for metric in METRICS if metric.beyond)
    figure = figure_of(coverage, 200, 100, 100)
    assert wording.share(figure) == "-"
    assert wording.definition(figure).endswith(f"Here: {coverage.beyond}.")
    assert wording.share(figure_of(coverage, 50, 100, 100)) == "50.0 %"


def held_out() -> list[Event]:
    """2,000 readers drawn to be asked and 200 held out, of whom some came back."""
    events: list[Event] = []
    for variant, readers, cleared in (("asked", 2000, 200), ("holdout", 200, 14)):
        events += views(readers, "extension", variant=variant, assigned=True)
        events += views(cleared, variant=variant, cleared=True)
    return events


def told(report: Report) -> str:
    console = Console(width=80, color_system=None, file=StringIO())
    with console.capture() as capture:
        console.print(render(report))
    return " ".join(capture.get().split())


def test_a_hold_out_is_told_in_the_terminal_and_on_the_page() -> None:
    pytest.importorskip("scipy")
    report = report_of(*held_out())
    for text in (told(report), " ".join(to_html(withhold(report)).split())):
        assert "Of 2,000 readers who may be asked, 200 came back without a blocker" in text
        assert "of 200 held out, 14 did so unasked." in text
        assert "Back because they were asked: 60 readers (95 %:" in text
        assert "Page views recovered by that: 60 (estimate)." in text
    assert json.loads(to_json(report))["holdout"]["net"] == 60


def test_arms_that_cannot_be_what_was_drawn_come_with_a_warning() -> None:
    pytest.importorskip("scipy")
    assert "Do not rely on this" not in told(report_of(*held_out(), share=0.09))
    text = told(report_of(*held_out(), share=0.5))
    assert text.index("Do not rely on this") < text.index("Of 2,000 readers")


def test_terminal_and_mail_say_the_same_of_money_and_hold_out() -> None:
    pytest.importorskip("scipy")
    report = report_of(*held_out(), rpm=10.0)
    mail = text_of(report)
    assert max(map(len, mail.splitlines())) <= 72
    for text in (told(report), " ".join(mail.split())):
        assert "the 2,200 blocked page views would have earned 22.00 EUR (estimate)." in text
        assert "Back because they were asked: 60 readers (95 %:" in text


def test_without_scipy_it_says_how_to_get_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    text = told(report_of(*held_out()))
    assert "Back because they were asked: 60 readers; intervals and checks" in text
    assert "pip install 'adguard-toolkit[stats]'" in text


def test_arms_of_several_sites_are_not_added_up() -> None:
    assert report_of(*held_out(), *views(1, site="other")).holdout is None
    assert report_of(*held_out(), *views(1, site="other"), site="default").holdout is not None


@pytest.mark.parametrize(("readers", "cleared"), [(9, 0), (500, 9)])
def test_of_an_arm_of_nine_readers_drawn_or_back_nobody_is_told(readers: int, cleared: int) -> None:
    events = held_out() + views(readers, "extension", variant="v2", assigned=True)
    events += views(cleared, variant="v2", cleared=True)
    report = report_of(*events)
    assert report.holdout is not None
    found = withhold(report)
    assert (found.holdout, found.experiment.arms) == (None, ())
    for text in (text_of(found), to_html(found)):
        said = " ".join(text.split())
        assert "of one arm fewer than 10 readers were drawn, or came back" in said


def test_an_arm_without_readers_is_no_hold_out() -> None:
    assert report_of(*views(500, "extension", variant="asked", assigned=True)).holdout is None


def test_what_changed_on_our_side_is_told_in_the_terminal() -> None:
    events = [*views(3, day=WEEK[0], version="1 a b"), event("", version="2 a b")]
    assert "Changed on our side" in told(report_of(*events))


def test_every_reason_for_silence_has_words() -> None:
    spoken = {Reason.ASK, Reason.WALL, Reason.STAND_IN, Reason.THANKS}
    # Nobody who is clear or unknown is behind a blocker, and a re-check is no view.
    elsewhere = {Reason.CLEAR, Reason.UNKNOWN, Reason.RECHECK}
    assert set(wording.REASONS) == {"", *(set(Reason) - spoken - elsewhere)}
    assert wording.reason("quiet-later") == "Said “Not now” lately"
    assert wording.reason("of-a-later-version") == "of-a-later-version"
