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
    folder = data_folder()
    fresh = secrets.token_urlsafe(32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _kept(folder / FILE, fresh)
    except OSError:
        return fresh


def data_folder() -> Path:
    """Where the demo keeps what it keeps."""
    return Path(os.environ.get("ADGUARD_DATA") or CHECKOUT / ".cache")


def _kept(file: Path, fresh: str) -> str:
    """Returns what `file` holds; where there is none, `fresh` is written, for its owner alone.

    Written aside and then named, so that another worker finds the whole key or none."""
    if not file.exists():
        aside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(fresh)
        try:
            os.link(aside, file)
        except FileExistsError:
            pass  # The other worker was first, and its key is as good.
        finally:
            aside.unlink()
    return file.read_text("utf-8").strip() or fresh
