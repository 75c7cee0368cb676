"""What is said of a live page, from what was seen there; the browser is `e2e/`'s."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Error as BrowserError

from adguard.assets import Assets
from adguard.baits import MARKER
from adguard.lint import answers, live
from adguard.lint.findings import Finding, Level
from adguard.lint.live import Visit
from adguard.lint.sources import SourceError
from adguard.settings import Settings

SETTINGS = Settings(secret_key="k" * 32)
ASSETS = Assets(SETTINGS)
URL = "https://www.example.org/story"
BASE = "https://www.example.org/_site"
SNIPPET = ASSETS.snippet.plain("").decode()
SEEN: dict[str, Any] = {
    "rules": [],
    "unreadable": [],
    "inline": [],
    "sources": [],
    "metas": [],
    "nonce": "",
}
FINE = Visit(
    url=URL,
    status=200,
    headers={},
    html=f"<!doctype html><body><p>Words.</p>{SNIPPET}</body>",
    tags=1,
    verdict={"verdict": "clear", "reason": "clear", "signals": {}},
    seen=SEEN,
)


def texts(findings: list[Finding], level: Level) -> list[str]:
    return [one.message for one in findings if one.level is level]


def presence(visit: Visit, **options: Any) -> list[Finding]:
    return list(live._presence(visit, Settings(secret_key="k" * 32, **options), ASSETS))


def test_a_snippet_as_we_sent_it_is_fine() -> None:
    assert presence(FINE) == []
    assert list(live._verdict(FINE)) == []


def test_a_snippet_that_is_missing_says_where_to_look() -> None:
    (only,) = presence(replace(FINE, tags=0))
    assert only.level is Level.BROKEN
    assert "the prefix another than /_site?" in only.message
    (only,) = presence(replace(FINE, tags=0), inject="manual")
    assert "inject is manual: the template has no tag" in only.message


def test_a_snippet_that_is_there_twice_is_one_complaint() -> None:
    (only,) = presence(replace(FINE, tags=2, html=FINE.html + SNIPPET))
    assert "2 times: mount it once" in only.message


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("sidebar_ad", "other", "the row 'c2' is not as we sent it"),
        ('data-site-row="c1"', "", "the row 'c1' is not in the page's HTML"),
        ("adagio-row", "", "the row 'element' is not as we sent it"),
    ],
)
def test_a_row_that_was_rewritten_is_named(old: str, new: str, sentence: str) -> None:
    rewritten = replace(FINE, html=FINE.html.replace(old, new), headers={"content-encoding": "br"})
    (only,) = presence(rewritten)
    assert sentence in only.message
    assert "(br)" in only.message


@pytest.mark.parametrize(
    ("verdict", "level", "sentence"),
    [
        ({}, Level.BROKEN, "gave no verdict in 20 seconds"),
        (
            {"verdict": "unknown", "reason": "refused", "signals": {"n2": "refused"}},
            *(Level.DEGRADED, "reads unknown (refused): n2 refused"),
        ),
        (
            {"verdict": "extension", "reason": "network-bait", "signals": {"n1": "blocked"}},
            *(Level.BROKEN, "innocent readers are accused: n1 blocked"),
        ),
    ],
)
def test_any_verdict_but_clear_is_a_finding(
    verdict: dict[str, Any], level: Level, sentence: str
) -> None:
    (only,) = live._verdict(replace(FINE, verdict=verdict))
    assert only.level is level
    assert sentence in only.message


def test_policies_of_headers_and_metas_are_judged_one_by_one() -> None:
    visit = replace(
        FINE,
        headers={
            "content-security-policy": "script-src 'none', img-src 'none'\nconnect-src 'none'",
            "content-security-policy-report-only": "script-src 'none'",
        },
        seen={**SEEN, "metas": ["require-trusted-types-for 'script'; trusted-types x"]},
    )
    found = list(live._policy(visit, "https://www.example.org"))
    assert [one.subject for one in found if one.level is Level.BROKEN] == ["script"]
    assert [one.subject for one in found if one.level is Level.DEGRADED] == [
        *("image", "fetch", "trusted-types"),
    ]
    assert ["would refuse" in text for text in texts(found, Level.NOTE)] == [True]


@pytest.mark.parametrize(
    ("rule", "level", "sentence"),
    [
        ({"hit": ["c1"], "hides": True, "neutral": True}, Level.DEGRADED, "the neutral element"),
        ({"hit": ["c1"], "hides": True, "neutral": False}, Level.DEGRADED, "hides a bait itself"),
        ({"hit": ["c1"], "hides": False, "neutral": False}, Level.DEGRADED, "selects a bait (c1)"),
        ({"hit": [], "named": ["ad-leaderboard"]}, Level.NOTE, "names what a bait is called"),
    ],
)
def test_styles_are_told_by_what_they_do(rule: dict[str, Any], level: Level, sentence: str) -> None:
    made = {"place": "inline style 1", "text": ".x { }", "named": [], "hides": False} | rule
    visit = replace(FINE, seen={**SEEN, "rules": [{"neutral": False, **made}]})
    (only,) = live._styles(visit)
    assert only.level is level
    assert sentence in only.message
    assert only.cites[0].list == "inline style 1"


def test_styles_of_other_origins_are_said_to_be_unread() -> None:
    visit = replace(FINE, seen={**SEEN, "unreadable": ["https://cdn.example/x.css"]})
    (only,) = live._styles(visit)
    assert only.level is Level.NOTE
    assert "https://cdn.example/x.css" in only.message


class Answer:
    def __init__(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._body = body

    def body(self) -> bytes:
        return self._body

    def text(self) -> str:
        return self._body.decode()


class Client:
    """Answers as the site does, but for `changed`."""

    def __init__(self, **changed: Answer | Exception) -> None:
        self.changed = changed
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get(self, url: str, *, headers: dict[str, str], **_: object) -> Answer:
        self.asked.append((url, headers))
        path = url.partition("/_site/")[2]
        found = self.changed.get(path.partition("?")[0].replace("-", "_").replace(".", "_"))
        if isinstance(found, Exception):
            raise found
        if found is not None:
            return found
        asset = ASSETS.find(path.partition("?")[0])
        if asset is not None:
            return Answer(asset.identity, cache_control="no-store" if asset.cdn else "public")
        if path.startswith("control"):
            said = msgspec.json.encode({"marker": MARKER})
            return Answer(said, cache_control="private, no-store")
        return Answer(b"{}" if path == "health" else b'<div class="site-note-sheet">')


def asked_of(client: Client) -> list[Finding]:
    return list(answers.check_answers(client, BASE, ASSETS))  # type: ignore[arg-type]


def test_answers_of_ours_are_fine_and_all_are_asked_for() -> None:
    client = Client()
    assert asked_of(client) == []
    assert len(client.asked) == 14


@pytest.mark.parametrize(
    ("changed", "level", "sentence"),
    [
        ({"help": Answer(b"", 301, location="/login")}, Level.BROKEN, "answers 301, /login"),
        ({"support": Answer(b"no", 404)}, Level.BROKEN, "The page support is not there"),
        ({"control_js": Answer(b"no", 403)}, Level.BROKEN, "Does a firewall know its name?"),
        ({"control": Answer(b"<html>")}, Level.BROKEN, "The control is not ours"),
        ({"control": Answer(b"[]")}, Level.BROKEN, "The control is not ours"),
        ({"control_png": Answer(b"GIF89a")}, Level.BROKEN, "The image control is not ours"),
        ({"health": Answer(b"<html>")}, Level.BROKEN, "The health is not ours"),
        (
            {"control_js": Answer(f'"{MARKER}"'.encode(), cache_control="max-age=60")},
            *(Level.DEGRADED, "cache-control says max-age=60, and no-store is wanted"),
        ),
        ({"health": BrowserError("socket hang up\nCall log:")}, Level.BROKEN, "does not answer"),
    ],
)
def test_an_answer_that_is_not_ours_is_named(
    changed: dict[str, Any], level: Level, sentence: str
) -> None:
    (only,) = asked_of(Client(**changed))
    assert only.level is level
    assert sentence in only.message
    assert "Call log" not in only.message


def test_names_below_localhost_are_asked_at_this_machine() -> None:
    client = Client()
    answers.get(client, "http://news.localhost:8000/_site/health?x=1")  # type: ignore[arg-type]
    answers.get(client, "https://www.example.org/_site/health")  # type: ignore[arg-type]
    assert client.asked == [
        ("http://127.0.0.1:8000/_site/health?x=1", {"host": "news.localhost:8000"}),
        ("https://www.example.org/_site/health", {}),
    ]


def test_scripts_of_this_origin_are_read_for_our_names() -> None:
    class Page:
        request = Client(
            x_js=Answer(b"hide('.sponsored-post')"),
            broken_js=BrowserError("reset"),
            fine_js=Answer(b"let x = 1"),
        )

    origin = "https://www.example.org"
    sources = [
        *(f"{origin}/_site/client-x.js", "https://cdn.example/y.js"),
        *(f"{origin}/away/_site/{name}.js" for name in ("x", "broken", "fine")),
    ]
    inline = [{"place": "inline script 1", "named": ["ad-leaderboard"]}]
    visit = replace(FINE, seen={**SEEN, "sources": sources, "inline": inline})
    found = list(live._scripts(Page(), visit, BASE, ASSETS))  # type: ignore[arg-type]
    assert texts(found, Level.NOTE) == ["Scripts from other origins were not looked at: 1."]
    degraded = texts(found, Level.DEGRADED)
    assert degraded[0].startswith("inline script 1 mentions what our baits are called")
    assert degraded[1].startswith(f"{origin}/away/_site/x.js mentions")
    assert len(degraded) == 2


@pytest.mark.parametrize("url", ["example.org", "ftp://example.org/", "https://", "file:///etc"])
def test_what_is_no_address_is_a_wrong_question(url: str) -> None:
    with pytest.raises(SourceError, match="is not an http"):
        live.look(url, SETTINGS)


def test_a_browsers_complaint_is_cut_to_what_it_says() -> None:
    error = BrowserError("Page.goto: net::ERR_NAME_NOT_RESOLVED at https://x.org/\nCall log:\n - x")
    assert live._said(error) == "net::ERR_NAME_NOT_RESOLVED"
