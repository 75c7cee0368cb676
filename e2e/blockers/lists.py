"""The filter lists of this machine: those in Debian's uBlock Origin for Chromium, which no Chromium
of today runs any more, but which holds EasyList, EasyPrivacy and uBlock's own as plain text."""

from __future__ import annotations

import json
import os
from pathlib import Path

from e2e.harness.missing import INSTALL, MissingError

DEBIAN_LISTS = Path("/usr/share/chromium/extensions/ublock-origin")
EASYLIST = "assets/thirdparties/easylist/easylist.txt"
EASYPRIVACY = "assets/thirdparties/easylist/easyprivacy.txt"
UBLOCK = tuple(
    f"assets/ublock/{name}.min.txt"
    for name in ("filters", "badware", "privacy", "quick-fixes", "unbreak")
)


def find(name: str) -> Path:
    """The list `name`, one of those above.

    :raises MissingError: the package with the lists is not installed.
    """
    found = _home() / name
    if not found.is_file():
        raise MissingError(f"the filter list {found} is not here: {INSTALL} where apt has it")
    return found


def version() -> str:
    """The version of the package that the lists came with."""
    version: str = json.loads((_home() / "manifest.json").read_text("utf-8"))["version"]
    return version


def _home() -> Path:
    return Path(os.environ.get("E2E_LISTS", DEBIAN_LISTS))
