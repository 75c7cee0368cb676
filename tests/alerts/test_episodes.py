"""From findings to messages: once, and once more when it is right again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from adguard.alerts.book import Entry
from adguard.alerts.episodes import (
    GIVE_UP,
    REST,
    TAKE_OVER,
    Desk,
    Message,
    firing,
    news,
    orphans,
    pending,
)
from adguard.alerts.rules import Finding, Status

DESK = Desk("news", node="a", host="web-1")
AT = 1_800_000_000


def found(status: Status, rule: str = "unknown_rate") -> Finding:
    return Finding(rule, status, 0.2, 0.1, None, 1000, 4)


def after(steps: Iterable[tuple[float, Status]], desk: Desk = DESK) -> list[Entry]:
    """What is opened when a rule says this, at these seconds."""
    entries: list[Entry] = []
    for at, status in steps:
        entries += news([found(status)], entries, desk, AT + at)
    return entries


def said(entries: Iterable[Entry]) -> list[tuple[int, str]]:
    return [(entry.episode, entry.status) for entry in entries]


def sent(entry: Entry, target: str, node: str = "a") -> Entry:
    return replace(entry, word="sent", target=target, node=node, body="")


def test_an_alert_is_said_once_however_long_it_lasts() -> None:
    assert said(after((minute * 60.0, "bad") for minute in range(600))) == [(1, "firing")]


def test_right_again_is_said_once_and_only_after_an_alert() -> None:
    assert said(after([(0, "fine"), (60, "quiet"), (120, "unsure")])) == []
    steps: list[tuple[float, Status]] = [(0, "bad"), (60, "fine"), (120, "fine")]
    assert said(after(steps)) == [(1, "firing"), (1, "resolved")]


def test_between_bad_and_fine_what_was_said_still_holds() -> None:
    assert said(after([(0, "bad"), (60, "unsure"), (120, "bad")])) == [(1, "firing")]


def test_when_nothing_can_be_told_any_more_the_alert_is_over() -> None:
    entries = after([(0, "bad"), (60, "quiet")])
    assert said(entries) == [(1, "firing"), (1, "resolved")]
    assert "too little" in msgspec.json.decode(entries[1].body)["text"]


def test_a_figure_at_its_limit_rings_once_an_hour_at_the_most() -> None:
    flapping: list[tuple[float, Status]] = [
        (minute * 60.0, "bad" if minute % 2 else "fine") for minute in range(24 * 60)
    ]
    opened = said(after(flapping))
    assert 20 <= opened.count((len(opened) // 2, "firing")) + len(opened) // 2 <= 25


def test_a_clock_that_was_set_back_keeps_no_alert_silent() -> None:
    steps: list[tuple[float, Status]] = [(90_000, "bad"), (90_060, "fine"), (0, "bad")]
    assert said(after(steps)) == [(1, "firing"), (1, "resolved"), (2, "firing")]


def test_rules_and_subjects_have_episodes_of_their_own() -> None:
    entries = news([found("bad"), found("bad", "journal")], [], DESK, AT)
    assert [entry.rule for entry in entries] == ["unknown_rate", "journal"]
    assert firing(entries) == ["journal", "unknown_rate"]
    other = DESK._replace(subject="node-b")
    assert said(news([found("bad", "journal")], entries, other, AT)) == [(1, "firing")]


def test_a_message_says_what_where_how_much_and_what_to_do() -> None:
    opened, closed = after([(0, "bad"), (60, "fine")])
    told = msgspec.json.decode(opened.body)
    assert told == {
        "version": 1,
        "id": "news.unknown_rate.1.firing",
        "alert": "news.unknown_rate.1",
        "site": "news",
        "rule": "unknown_rate",
        "status": "firing",
        "at": AT,
        "value": 0.2,
        "limit": 0.1,
        "usual": None,
        "n": 1000,
        "hours": 4,
        "text": "news: The share of views that could not be judged is 20.0 % of 1,000 in the last "
        "4 hours, beyond 10.0 %.",
        "advice": told["advice"],
    }
    assert told["advice"]
    again = msgspec.json.decode(closed.body)
    assert (again["status"], again["advice"]) == ("resolved", "")
    assert again["alert"] == told["alert"]


def test_trouble_of_a_node_names_the_machine() -> None:
    late = Finding("journal", "bad", 400.0, 300.0, reason="the disk is full")
    (entry,) = news([late], [], DESK, AT)
    assert msgspec.json.decode(entry.body)["text"] == (
        "news on web-1: Recording has been late or away for 400 s (the disk is full)."
    )


def test_what_was_not_taken_stays_pending_oldest_first() -> None:
    first, second = after([(0, "bad"), (60, "fine")])
    assert pending([second, first], ("x", "y"), "a", AT + 60) == [
        Message(first, ("x", "y")),
        Message(second, ("x", "y")),
    ]
    entries = [first, second, sent(first, "x"), sent(second, "x"), sent(first, "y")]
    assert pending(entries, ("x", "y"), "a", AT + 60) == [Message(second, ("y",))]


def test_what_nobody_takes_for_a_day_is_given_up() -> None:
    entries = after([(0, "bad")])
    assert pending(entries, ("x",), "a", AT + GIVE_UP - 1)
    assert not pending(entries, ("x",), "a", AT + GIVE_UP)


def test_another_node_takes_over_what_was_not_delivered_and_the_first_leaves_it() -> None:
    (first,) = after([(0, "bad")])
    assert not pending([first], ("x",), "b", AT)
    assert not orphans([first], ("x",), "b", AT + TAKE_OVER - 1)
    assert not orphans([first], ("x",), "a", AT + TAKE_OVER)
    assert not orphans([first, sent(first, "x")], ("x",), "b", AT + TAKE_OVER)
    (taken,) = orphans([first], ("x",), "b", AT + TAKE_OVER)
    assert (taken.turn, taken.node, taken.body) == (1, "b", first.body)
    both = [first, taken]
    assert not pending(both, ("x",), "a", AT + TAKE_OVER)
    assert pending(both, ("x",), "b", AT + TAKE_OVER) == [Message(taken, ("x",))]
    assert firing(both) == ["unknown_rate"]
    # Handing it on does not make it younger.
    assert not pending(both, ("x",), "b", AT + GIVE_UP)
    assert not orphans(both, ("x",), "a", AT + GIVE_UP)


def test_the_order_in_which_the_book_is_read_does_not_matter() -> None:
    first, second = after([(0, "bad"), (60, "fine")])
    (third,) = news([found("bad")], [second, first], DESK, AT + 2 * REST)
    assert third.episode == 2
    taken = replace(third, turn=1, node="b")
    for entries in ([first, second, third, taken], [taken, third, second, first]):
        assert firing(entries) == ["unknown_rate"]
        assert pending(entries, ("x",), "b", AT + 2 * REST) == [Message(taken, ("x",))]
