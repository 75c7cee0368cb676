"""The demo's secret key: `SITE_SECRET`, or one made for this checkout. Do not copy this."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
FILE = "demo-only-secret"


def site_secret() -> str:
    """Returns `SITE_SECRET` from the environment, else the key kept in the demo's data folder
    (`ADGUARD_DATA`, or `.cache` of this checkout), which is made on the first call.

    A real site keeps its key where it keeps its other secrets. Where the folder cannot be written
    the key lasts as long as the process: the paper is more important than its memory.
    """
    named = os.environ.get("SITE_SECRET")
    if named:
        return named
    folder = Path(os.environ.get("ADGUARD_DATA") or CHECKOUT / ".cache")
    fresh = secrets.token_urlsafe(32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _kept(folder / FILE, fresh)
    except OSError:
        return fresh


def _kept(file: Path, fresh: str) -> str:
    """Returns what `file` holds; where there is none, `fresh` is written, for its owner alone."""
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("utf-8").strip() or fresh
    with os.fdopen(made, "w") as new:
        new.write(fresh)
    return fresh
