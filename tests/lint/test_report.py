"""The report: what counts, and how it looks as JSON, on the terminal and as a page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from adguard.lint.findings import Cite, Finding, Level, Report, Topic, merge, shown, to_json
from adguard.lint.terminal import render
from adguard.lint.webpage import to_html
from tests.lint.making import contents, judge

SHAPE = {
    "format": int,
    "state": str,
    "exit_code": int,
    "origin": str,
    "prefix": str,
    "catalogue": str,
    "lists": list,
    "profiles": list,
    "findings": list,
    "reserve": list,
}


def finding(level: Level, message: str = "Something.", *profiles: str, rule: str = "") -> Finding:
    cites = (Cite("EasyList", 7, rule),) if rule else ()
    return Finding(
        level=level,
        topic=Topic.BAIT,
        subject="n1",
        message=message,
        profiles=profiles,
        cites=cites,
    )


def report_of(*findings: Finding) -> Report:
    return Report(origin="https://x.org", prefix="/_site", catalogue="1", findings=findings)


def printed(report: Report, width: int = 80) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(render(report))
    return console.export_text()


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Report:
    lists = contents(easylist="/_site/client-\n##.site-note-sheet")
    lists["brave-firstparty"] = lists["brave-firstparty"].replace("/banner/static/728x90\n", "")
    lists["brave-firstparty"] = lists["brave-firstparty"].replace("/728x90.$image\n", "")
    del lists["adguard-base"]
    return judge(tmp_path_factory.mktemp("lists"), lists)


@pytest.mark.parametrize(
    ("levels", "state", "code"),
    [
        ([], "fine", 0),
        ([Level.NOTE], "fine", 0),
        ([Level.NOTE, Level.DEGRADED], "degraded", 2),
        ([Level.DEGRADED, Level.BROKEN, Level.NOTE], "broken", 1),
    ],
)
def test_the_worst_finding_decides(levels: list[Level], state: str, code: int) -> None:
    report = report_of(*map(finding, levels))
    assert report.exit_code == code
    told = json.loads(to_json(report))
    assert (told["state"], told["exit_code"]) == (state, code)


def test_findings_that_differ_in_their_blocker_alone_are_one() -> None:
    one, two = finding(Level.BROKEN, "A", "ublock"), finding(Level.BROKEN, "A", "abp")
    assert [made.profiles for made in merge([one, two, one])] == [("ublock", "abp")]
    assert len(merge([one, finding(Level.BROKEN, "B", "abp")])) == 2


def test_the_worst_come_first_and_the_rest_stays_in_order() -> None:
    given = [finding(Level.NOTE, "a"), finding(Level.BROKEN, "b"), finding(Level.BROKEN, "c")]
    assert [one.message for one in merge(given)] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_names_are_listed_in_words(names: list[str], text: str) -> None:
    assert shown(names) == text
    assert shown(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_the_json_has_the_shape_that_is_documented(broken: Report) -> None:
    told = json.loads(to_json(broken))
    assert {name: type(value) for name, value in told.items()} == SHAPE
    one = next(one for one in told["findings"] if one["topic"] == "own")
    assert set(one) == {"level", "topic", "subject", "message", "profiles", "cites"}
    assert set(one["cites"][0]) == {"list", "line", "rule"}
    bait = told["profiles"][0]["baits"][0]
    assert set(bait) == {"id", "kind", "state", "min_rules", "rules", "exceptions"}
    assert set(told["lists"][0]) == {
        *("id", "title", "source", "path", "version", "sha256", "rules", "problems"),
    }
    documented = Path("docs/lint.md").read_text()
    for name in (*SHAPE, *one, *bait, *told["lists"][0], *told["profiles"][0]):
        assert f'"{name}"' in documented, f"{name} is not in docs/lint.md"


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_everything_within_its_width(broken: Report, width: int) -> None:
    text = printed(broken, width)
    assert all(len(line) <= width for line in text.splitlines())
    for said in ("BROKEN", "uBlock Origin Lite (complete)", "not checked", "exempt", "Lists"):
        assert said in text
    assert re.search(r"EasyList:\d+\s+/_site/client-", text)
    assert "Not checked: AdGuard Base filter is not among the lists" in text


def test_rules_are_shown_as_written_whatever_rich_makes_of_brackets() -> None:
    rule = '##[class^="ad-"] [bold]x[/bold] [/]'
    assert rule in printed(report_of(finding(Level.BROKEN, "Oh [red]no[/red]", rule=rule)))
    assert "Oh [red]no[/red]" in printed(report_of(finding(Level.BROKEN, "Oh [red]no[/red]")))


def test_many_rules_are_counted_instead_of_listed() -> None:
    cites = tuple(Cite("EasyList", number, f"rule-{number}") for number in range(1, 10))
    many = Finding(
        level=Level.NOTE, topic=Topic.SITE, subject="x", message="Nine rules.", cites=cites
    )
    text = printed(report_of(many))
    assert "rule-6" in text
    assert "rule-7" not in text
    assert "and 3 more" in text
    assert "rule-9" in to_html(report_of(many))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [
            value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}
        ]
        assert tag != "script"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_asks_for_nothing_and_says_it_all(broken: Report) -> None:
    html = to_html(broken, datetime(2026, 11, 23, 12, tzinfo=UTC))
    page = _Page()
    page.feed(html)
    assert page.loads == ["data:,"]
    assert "url(" not in html
    assert "@import" not in html
    text = " ".join(page.text)
    assert "23 November 2026, 12:00 UTC" in text
    for one in broken.findings:
        assert one.message in text
        assert all(cite.rule in text for cite in one.cites)


def test_what_a_list_says_cannot_become_part_of_the_page() -> None:
    rule = '<script>alert(1)</script>"onload=x'
    html = to_html(report_of(finding(Level.BROKEN, "<b>Oh</b>", rule=rule)))
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
