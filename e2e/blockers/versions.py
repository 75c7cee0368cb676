"""What is installed here, as `{program: version}`."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

from playwright.sync_api import Playwright

from e2e.blockers import lists
from e2e.harness import browsers


def chromium_version(playwright: Playwright) -> dict[str, str]:
    """:raises MissingError: there is no Chromium."""
    return {"Chromium": _version(browsers.find_chromium(playwright))}


def firefox_version(playwright: Playwright) -> dict[str, str]:
    """:raises MissingError: there is no Firefox."""
    return {"Firefox": _version(browsers.find_firefox(playwright)[0])}


def ublock_version() -> dict[str, str]:
    """:raises MissingError: uBlock Origin is not installed."""
    manifest = json.loads((browsers.find_ublock() / "manifest.json").read_text("utf-8"))
    return {"uBlock Origin": manifest["version"]}


def lists_version() -> dict[str, str]:
    """:raises MissingError: the package with the lists is not installed."""
    return {"lists of uBlock Origin's package": lists.version()}


@cache
def _version(program: Path) -> str:
    """`156.0.8078.79` of `Chromium 156.0.8078.79 built on Debian`."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return next(word for word in said.stdout.split() if word[0].isdigit())
