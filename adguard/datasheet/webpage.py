"""The sheet as one HTML file that asks for nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from adguard._version import __version__
from adguard.datasheet import wording
from adguard.datasheet.sheet import Sheet


def to_html(sheet: Sheet) -> str:
    return _template().render(sheet=sheet, words=wording, version=__version__)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html")
