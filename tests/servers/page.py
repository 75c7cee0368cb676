"""The page that every server serves."""

from __future__ import annotations

import tempfile
from pathlib import Path

PAGE = "<!doctype html><html><head><title>page</title></head><body><p>Text.</p></body></html>\n"


def chunks() -> list[str]:
    return [PAGE[start : start + 7] for start in range(0, len(PAGE), 7)]


def file() -> Path:
    path = Path(tempfile.mkdtemp()) / "page.html"
    path.write_text(PAGE, "utf-8")
    return path
