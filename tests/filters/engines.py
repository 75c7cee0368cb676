"""The npm engines that our matchers are compared with, installed once in .cache/engines."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from adguard.filters import Element, Request
from e2e.harness.missing import INSTALL, MissingError

ROOT = Path(__file__).parent.parent.parent
HERE = ROOT / "tests" / "js" / "engines"
CACHE = ROOT / ".cache" / "engines"
ASSETS = Path("/usr/share/chromium/extensions/ublock-origin/assets")
SUFFIXES = ASSETS / "thirdparties" / "publicsuffix.org" / "list" / "effective_tld_names.dat"


class Decisions(msgspec.Struct):
    """What an engine decided, in the order of the questions.

    :param requests: blocked, the rule that says so, the exception that lifts it.
    :param elements: the selector that hides, or "".
    :param off: of each page, whether generic and specific hiding are switched off.
    """

    requests: list[tuple[bool, str, str]]
    elements: list[str]
    off: list[tuple[bool, bool]]


def debian_lists() -> list[Path]:
    """The lists of Debian's uBlock Origin package.

    :raises MissingError: when it is not installed.
    """
    found = [*ASSETS.glob("thirdparties/*/*.txt"), *ASSETS.glob("ublock/*.min.txt")]
    if not found or not SUFFIXES.is_file():
        raise MissingError(f"webext-ublock-origin-chromium is not installed; {INSTALL}")
    return sorted(found)


def modules() -> Path:
    """The folder whose node_modules has the engines, made by `npm ci` when the lock has changed.

    :raises MissingError: when Node is not here, or npm cannot fetch them.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise MissingError(f"Node and npm are not here; {INSTALL}")
    lock = HERE / "package-lock.json"
    key = sha256(lock.read_bytes()).hexdigest()
    stamp = CACHE / "installed"
    if stamp.is_file() and stamp.read_text() == key:
        return CACHE
    CACHE.mkdir(parents=True, exist_ok=True)
    # Of two test processes one installs: `npm ci` begins by removing what the other uses.
    with (CACHE / "lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != key:
            _install(npm)
            stamp.write_text(key)
    return CACHE


def _install(npm: str) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, CACHE / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=CACHE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"npm could not fetch the engines: {done.stderr[-300:]}")


def decide(
    engine: str,
    lists: Sequence[str],
    constants: Sequence[str],
    requests: Sequence[Request] = (),
    elements: Sequence[tuple[str, Element]] = (),
) -> Decisions:
    """Asks `ublock` or `ghostery`.

    :raises MissingError: when the engines are not here.
    """
    job = {
        "engine": engine,
        "lists": lists,
        "suffixes": SUFFIXES.read_text("utf-8"),
        "environment": constants,
        "requests": [(one.url, one.page, one.kind, one.method) for one in requests],
        "elements": [(page, described(element)) for page, element in elements],
    }
    command = ["node", str(HERE / "decide.mjs"), str(modules())]
    done = subprocess.run(
        command, input=json.dumps(job), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return msgspec.json.decode(done.stdout, type=Decisions)


def described(element: Element | None) -> dict[str, Any] | None:
    if element is None:
        return None
    return {
        "tag": element.tag,
        "id": element.id,
        "classes": list(element.classes),
        "attributes": dict(element.attributes),
        "empty": element.empty,
        "parent": described(element.parent),
        "previous": described(element.previous),
    }
