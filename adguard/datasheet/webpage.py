"""The sheet as one HTML file that asks for nothing."""

from __future__ import annotations

from pathlib import Path

from adguard._version import __version__
from adguard.datasheet import wording
from adguard.datasheet.sheet import Sheet
from adguard.templating import fill


def to_html(sheet: Sheet) -> str:
    return fill(
        Path(__file__).parent, "sheet.html", sheet=sheet, words=wording, version=__version__
    )
