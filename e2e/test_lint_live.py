"""`adguard lint --live` on a page that is fine, and on pages that are broken in many ways.

The command runs as a process of its own: it drives a browser itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adguard import AdGuardMiddleware
from adguard.baits import load
from e2e.conftest import Serve
from e2e.harness import MissingError, skip_or_fail
from e2e.harness.server import Server

LIST = "! Title: EasyList\n##.ad-leaderboard\n##.sponsored-post\n"
PAGE = (
    "<!doctype html><html lang=en>{head}<body><article><p>Words.</p></article>{body}</body></html>"
)
BAITS = {bait.id: bait.path.partition("?")[0] for bait in load().network}


def site(
    *, head: str = "", body: str = "", headers: dict[str, str] | None = None
) -> Callable[[], ASGIApp]:
    """A page behind the real middleware, and one script of its own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path if scope["type"] == "http" else ""
        answer: Response = HTMLResponse(PAGE.format(head=head, body=body), headers=headers)
        if path == "/site.js":
            text = "document.querySelectorAll('.sponsored-post').forEach(e => e.remove())"
            answer = PlainTextResponse(text, media_type="text/javascript")
        await answer(scope, receive, send)

    return lambda: AdGuardMiddleware(app, secret_key="k" * 32, store="memory:")


def spoiled(
    factory: Callable[[], ASGIApp],
    spoil: Callable[[str, dict[bytes, bytes], bytes], tuple[int, bytes]],
) -> Callable[[], ASGIApp]:
    """The site behind a proxy that changes answers: path, headers and body in, status and body
    out."""
    inner = factory()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        await inner({**scope, "headers": plain}, receive, keep)
        headers = dict(start["headers"])
        status, made = spoil(scope["path"], headers, bytes(body))
        headers[b"content-length"] = str(len(made)).encode()
        status = status or start["status"]
        await send({**start, "status": status, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": made})

    return lambda: app


@pytest.fixture
def live(tmp_path: Path) -> Callable[[Server], tuple[int, list[dict[str, Any]]]]:
    """Runs the command on a server's front page; returns the exit code and what it saw there."""
    (tmp_path / "easylist.txt").write_text(LIST)

    def run(server: Server, path: str = "/") -> tuple[int, list[dict[str, Any]]]:
        command = [sys.executable, "-m", "adguard", "lint", "--origin", "https://www.example.org"]
        command += ["--lists", str(tmp_path), "--profile", "brave-standard", "--json"]
        command += ["--live", server.url + path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if "found no Chromium" in done.stderr:
            skip_or_fail(MissingError("Chromium is not installed: `./dev test` installs it"))
        assert "Traceback" not in done.stderr
        report = json.loads(done.stdout)
        return done.returncode, [one for one in report["findings"] if one["topic"] == "live"]

    return run


Live = Callable[..., tuple[int, list[dict[str, Any]]]]


def said(findings: list[dict[str, Any]], level: str) -> str:
    return "\n".join(one["message"] for one in findings if one["level"] == level)


def test_a_page_that_is_fine_is_said_to_be_so(serve: Serve, live: Live) -> None:
    server = serve(site())
    code, findings = live(server)
    assert code == 2  # Only because the one list here leaves the blocker unchecked.
    assert [one["level"] for one in findings] == ["note"]
    assert "there once and unharmed; the verdict is clear" in findings[0]["message"]
    assert "/_site/report" in server.paths


def test_a_strict_policy_that_lets_us_through_is_fine(serve: Serve, live: Live) -> None:
    policy = "default-src 'none'; script-src 'self'; img-src 'self'; connect-src 'self'"
    only = "script-src 'none'"
    headers = {
        "content-security-policy": policy,
        "content-security-policy-report-only": only,
    }
    _, findings = live(serve(site(headers=headers)))
    assert said(findings, "broken") == said(findings, "degraded") == ""
    assert "would refuse the client and the script bait (script-src 'none')" in said(
        findings, "note"
    )


def test_a_policy_a_style_and_scripts_in_the_way_are_each_named(serve: Serve, live: Live) -> None:
    style = (
        "<style>.ad-leaderboard { display: none } @media all { [class*='ad-'] { height: 0 } } "
        "span { color: red } .other .top-ad-container { color: red }</style>"
    )
    meta = "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'\">"
    scripts = (
        '<script>window.old = ".top-ad-container"</script><script src=/site.js defer></script>'
    )
    headers = {"content-security-policy": "connect-src 'none'"}
    code, findings = live(serve(site(head=style + meta, body=scripts, headers=headers)))
    assert code == 2
    degraded, notes = said(findings, "degraded"), said(findings, "note")
    assert "refuses the control, the fetch bait and the report (connect-src 'none')" in degraded
    assert "refuses the image bait (img-src 'none')" in degraded
    assert "hides a bait itself (c1, ad-leaderboard)" in degraded
    assert "hides the neutral element" in degraded
    assert "inline script 1 mentions what our baits are called (top-ad-container)" in degraded
    assert "/site.js mentions what our baits are called (sponsored-post)" in degraded
    assert "reads unknown" in degraded
    assert "names what a bait is called (top-ad-container)" in notes
    assert "color: red" not in degraded


def test_a_page_whose_html_was_rewritten_is_broken(serve: Serve, live: Live) -> None:
    def minify(path: str, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        whole = body.replace(b' class="ad-leaderboard ad-slot-container top-ad-container"', b"")
        return 0, whole if path == "/" else body

    code, findings = live(serve(spoiled(site(), minify)))
    assert code == 1
    assert "the row 'c1' is not as we sent it" in said(findings, "broken")
    assert "'c2'" not in said(findings, "broken")


def test_a_snippet_that_is_there_twice_or_not_at_all_is_broken(serve: Serve, live: Live) -> None:
    def twice(path: str, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        start = body.find(b"<span data-site-row")
        return 0, body + body[start:] if path == "/" else body

    def without(path: str, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        start = body.find(b"<span data-site-row")
        return 0, body[:start] if path == "/" else body

    _, findings = live(serve(spoiled(site(), twice)))
    assert "the snippet is there 2 times: mount it once" in said(findings, "broken")
    code, findings = live(serve(spoiled(site(), without)))
    assert code == 1
    assert "the snippet is not there" in said(findings, "broken")


def test_answers_that_something_else_gives_are_each_named(serve: Serve, live: Live) -> None:
    def meddle(path: str, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        if path == f"/_site{BAITS['n1']}":
            return 403, b"Forbidden"
        if path == f"/_site{BAITS['n2']}":
            headers[b"cache-control"] = b"public, max-age=600"
        if path == "/_site/control.png":
            return 0, body[:16] + b"\0\0\0\1\0\0\0\1" + body[24:]
        if path == "/_site/control":
            return 200, b"<html>Please log in"
        if path == "/_site/help":
            headers[b"location"] = b"https://www.example.org/help"
            return 301, b""
        return 0, body

    code, findings = live(serve(spoiled(site(), meddle)))
    assert code == 1
    broken = said(findings, "broken")
    assert "The bait n1 is not there" in broken
    assert "answers 403). Does a firewall know its name?" in broken
    assert "The control is not ours" in broken
    assert "The image control is not ours" in broken
    assert "The page help is sent elsewhere" in broken
    assert "The bait n2 may be kept by browsers" in said(findings, "degraded")
    assert "cache-control says public, max-age=600" in said(findings, "degraded")
    assert "The bait n3" not in broken


def test_a_page_that_does_not_open_is_broken(serve: Serve, live: Live) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("gone", status_code=410)(scope, receive, send)

    server = serve(lambda: app)
    code, findings = live(server)
    assert code == 1
    assert "answers 410" in said(findings, "broken")
    server.stop()
    code, findings = live(server)
    assert code == 1
    assert "could not be opened: net::ERR_CONNECTION_REFUSED" in said(findings, "broken")


def test_a_missing_browser_is_a_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "easylist.txt").write_text(LIST)
    script = (
        "from pathlib import Path; from adguard.lint import live; from adguard.cli import main\n"
        "live.SYSTEM_BROWSERS = ()\n"
        "main()"
    )
    command = [sys.executable, "-c", script, "lint", "--origin", "https://x.org"]
    command += ["--lists", str(tmp_path), "--live", "http://127.0.0.1:9/"]
    environment = {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 1
    assert "playwright install chromium" in done.stderr
    assert "Traceback" not in done.stderr
