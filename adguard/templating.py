"""The templates of a folder, compiled once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

__all__ = ["fill"]


def fill(folder: Path, name: str, **values: Any) -> str:
    """Returns a template of `folder` with its values; what they hold is text, never markup.

    :raises jinja2.UndefinedError: the template names a value that was not given.
    """
    return _environment(folder).get_template(name).render(**values)


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
