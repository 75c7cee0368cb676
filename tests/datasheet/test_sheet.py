"""The data sheet says all that there is, as the settings have it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from adguard import Settings, snippets
from adguard.cli import main
from adguard.datasheet import fields, sheet_of, to_html, to_markdown
from adguard.datasheet.sheet import MEMORY_MINUTES
from adguard.endpoints.report import Report
from adguard.ledger import Event
from adguard.ledger.clickhouse.tables import SPAN
from adguard.ledger.events import DAY
from adguard.passes.taken import KEEP
from adguard.reader import _NAMES, ReaderState
from adguard.settings import SupportOption

PAGE = ("client.js", "note.js", "watch.js")
ADS = ("https://ads.example/tag.js", "https://banners.test/tag.js")


def said(**options: Any) -> str:
    return to_markdown(sheet_of(Settings(secret_key="k" * 32, **options)))


@pytest.mark.parametrize(
    ("struct", "described"),
    [(ReaderState, fields.READER), (Report, fields.REPORT), (Event, fields.EVENT)],
    ids=["cookie", "report", "journal"],
)
def test_every_field_that_is_kept_or_sent_is_described(struct: Any, described: Any) -> None:
    assert list(described) == [field.name for field in msgspec.structs.fields(struct)]


def test_every_option_says_whether_it_matters_here() -> None:
    options = {field.name for field in dataclasses.fields(Settings) if field.init}
    assert options == fields.MATTER | fields.DO_NOT_MATTER
    assert not fields.MATTER & fields.DO_NOT_MATTER


def test_every_cookie_and_every_entry_of_a_page_is_named() -> None:
    text = said(dashboard_password="twelve-or-more", origin="https://news.example")
    assert {name.decode() for (_, secure), name in _NAMES.items() if secure} <= set(
        re.findall(r"__Host-\w+", text)
    )
    assert "__Secure-site_desk" in text
    sources = "".join(snippets.read(f"page/{name}") for name in PAGE)
    assert set(re.findall(r"sessionStorage\W+([\w-]+)", sources)) == {"site-note"}
    assert "sessionStorage, as site-note" in text
    assert not re.search(r"localStorage|indexedDB|document\.cookie|caches\.", sources)


def test_what_the_script_keeps_is_described_and_as_long_as_it_says() -> None:
    source = snippets.read("page/client.js")
    typed = re.search(r"@type \{\{ (.*?) \}\} of this tab", source)
    assert typed is not None
    assert set(re.findall(r"(\w+)\??:", typed[1])) == set(fields.MEMORY)
    assert f"clear?.at < {MEMORY_MINUTES * 60_000 // 100_000}e5" in source


def test_it_speaks_of_the_settings_in_force() -> None:
    plain = said()
    assert "consent_mode is 'off'" in plain
    assert "Nobody: pages load nothing" in plain
    assert "760 days" in plain
    assert "an SQLite file in the data folder" in plain
    other = said(
        consent_mode="required",
        retention_days=90,
        store="clickhouse://user:secret@db.example:8443/site",
        ad_urls=ADS,
        alert_urls=["https://hooks.example/secret-path"],
        alert_secret="s" * 32,
        support=[SupportOption("Give", "https://give.example/us", "donate")],
        publisher="The Gazette",
        sample=0.25,
        mode="observe",
        debug=True,
    )
    for words in (
        "What The Gazette stores",
        "Before the reader agrees",
        "who has agreed",
        f"90 days, and up to {SPAN - 1} more",
        "ClickHouse at db.example:8443",
        "Ad hosts (ads.example, banners.test)",
        "hooks.example: gets signed alerts",
        "give.example: linked as 'Give'",
        "25.000% of page views",
        "mode is 'observe' now",
        "debug is on",
    ):
        assert words in other
    assert "secret" not in other


def test_where_verdicts_stay_in_the_page_no_report_and_no_memory_is_claimed() -> None:
    text = said(consent_mode="local_only")
    assert "No report." in text
    assert "sessionStorage, as site-note\n\n- Nothing." in text
    assert "set when" in text
    assert "a reader answers the notice" in text
    assert "is behind a blocker and may" not in text


def test_without_a_store_nothing_is_kept_but_which_codes_were_taken() -> None:
    text = said(store="none")
    assert "Nothing: store is 'none'." in text
    assert "the process remembers until it ends" in text


def test_codes_of_passes_are_kept_as_long_as_the_code_keeps_them() -> None:
    assert f"until {KEEP // DAY} days after the last in which it could be taken" in said()
    assert "until the process ends" in said(store="memory:")


def test_a_wallet_is_told_without_a_click_and_an_endpoint_what_a_reader_types() -> None:
    text = said(
        support=[
            SupportOption("Pay as you read", "$wallet.example/us", "monetization"),
            SupportOption("The letter", "https://letters.example/in", "newsletter", field="email"),
            SupportOption("The other letter", "https://post.example/in", "newsletter"),
        ]
    )
    wallet = next(line for line in text.splitlines() if "wallet.example" in line)
    assert "without a click" in wallet
    assert "by themselves" not in wallet
    assert "letters.example: gets the address that a reader types" in text
    assert "post.example: linked as 'The other letter'" in text


def test_the_page_asks_for_nothing_and_escapes(tmp_path: Path) -> None:
    page = to_html(sheet_of(Settings(secret_key="k" * 32, publisher="<b>&")))
    assert "&lt;b&gt;&amp;" in page
    assert not re.search(r"<(script|link rel=.style|img)|url\(|src=", page)


def test_the_command_prints_text_markdown_json_and_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADGUARD_CONSENT_MODE", "required")
    run = CliRunner().invoke
    text = run(main, ["privacy"])
    assert text.exit_code == 0
    assert "Before the reader agrees" in text.output
    assert max(map(len, text.output.splitlines())) <= 80
    assert run(main, ["privacy", "--markdown"]).output.startswith("# What this site stores")
    found = json.loads(run(main, ["privacy", "--json"]).output)
    assert found["format"] == 1
    cookies = next(one for one in found["sections"] if one["title"] == "Cookies")
    assert cookies["rows"][0]["for how long"] == "395 days from its first day, never renewed"
    file = tmp_path / "sheet.html"
    assert run(main, ["privacy", "--html", str(file)]).exit_code == 0
    assert "Before the reader agrees" in file.read_text("utf-8")
    both = run(main, ["privacy", "--json", "--markdown"])
    assert both.exit_code == 2
    assert "take one" in both.output


def test_settings_that_cannot_be_used_are_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADGUARD_CONSENT_MODE", "perhaps")
    failed = CliRunner().invoke(main, ["privacy"])
    assert failed.exit_code == 1
    assert "consent_mode: 'perhaps' is not one of" in failed.output
