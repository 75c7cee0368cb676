"""What readers and pages are called is never markup, a formula or a command, whoever reads it."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import html5lib
import pytest
from rich.console import Console

from adguard.dashboard import Dashboard, Gate
from adguard.insight import render, to_csv, to_json, to_jsonl
from adguard.insight.mail import Post, compose
from adguard.insight.report import BY, Report, build_report
from adguard.insight.webpage import SPLITS, to_html
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import NOW, event

NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "[bold red]loud[/bold red]",
    "[/]",
    "{{ 7 * 7 }}",
    "{0.__class__}",
    "%s%n",
    "&lt;b&gt;",
    "a\x1b[31mred",
    "a\r\nBcc: all@example.org",
    "\u202egnp.exe",
    "x" * 5000,
)
POST = Post("mail.example.org", 587, "starttls", "", "", "a@example.org", ("b@example.org",))


@pytest.fixture(scope="module")
def store() -> Any:
    made = SqliteStore(None)
    for name in NAMES:
        labels = dict.fromkeys(
            ("browser", "device", "variant", "section", "country", "form", "reason"), name
        )
        fields = {**labels, "path": f"/{name}", "version": f"{name} b c"}
        made.append(
            [event("", verdict="extension", action="none", assigned=True, **fields)] * 12
            + [event("", cleared=True, **fields)] * 3
        )
    yield made
    made.close()


@pytest.fixture(scope="module")
def report(store: SqliteStore) -> Report:
    splits = (*SPLITS, *(by for by in BY if by not in SPLITS))
    return build_report(store, since=NOW - 86400, until=NOW, by=splits, rpm=2.0)


def is_harmless(page: str) -> None:
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    for element in tree.iter():
        assert element.tag not in {"img", "b"}, element.tag
        assert not [name for name in element.attrib if str(name).startswith("on")]
    assert not re.search(r"<script(?! src=\"[^\"<>]+\" defer></script>)", page)
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_pages_hold_names_as_text(report: Report) -> None:
    is_harmless(to_html(report))


def test_mails_hold_names_as_text_and_their_headers_are_ours(report: Report) -> None:
    message = compose(replace(report, site="a\r\nBcc: all@example.org"), POST)
    assert message.get_all("Bcc") is None
    assert "\n" not in message["Subject"]
    for part in compose(report, POST).walk():
        if part.get_content_type() == "text/html":
            is_harmless(part.get_content())


def test_spreadsheets_hold_no_formula_and_lines_no_break(report: Report) -> None:
    for table in report.tables:
        one = replace(report, tables=(table,))
        for row in csv.reader(io.StringIO(to_csv(one))):
            assert not [cell for cell in row if re.match(r"\s*[=@]", cell)]
    for line in to_jsonl(report).splitlines():
        assert json.loads(line)["kind"] in {"whole", "group", "mark"}
    assert json.loads(to_json(report))["figures"]


def test_terminals_are_shown_names_and_told_nothing(report: Report) -> None:
    console = Console(file=io.StringIO(), width=100)
    for table in report.tables:
        console.print(render(replace(report, tables=(table,))))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "[bold red]loud[/bold red]" in shown


@pytest.mark.parametrize("query", [b"", b"browser=%3Cscript%3Ealert(1)%3C%2Fscript%3E", b"days=1"])
async def test_the_dashboard_holds_names_as_text(store: SqliteStore, query: bytes) -> None:
    gate = Gate(authenticator=lambda _: True, keys=("k" * 40,))
    desk = Dashboard(lambda: store, gate, clock=lambda: NOW)
    body: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        body.append(message.get("body", b""))

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []}
    await desk(scope, receive, send)
    is_harmless(b"".join(body).decode())
