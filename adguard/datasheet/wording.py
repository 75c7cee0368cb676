"""The sheet as Markdown and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adguard.datasheet.sheet import Section, Sheet

__all__ = ["NOTE", "title", "to_data", "to_markdown"]

NOTE = (
    "Made from the settings by `adguard privacy`. It says what the software does; it is no legal "
    "advice."
)


def title(sheet: Sheet) -> str:
    return f"What {sheet.site} stores about readers"


def to_data(sheet: Sheet) -> dict[str, Any]:
    """Returns the sheet for JSON: a table's rows are objects by column."""
    return {
        "format": 1,
        "site": sheet.site,
        "sections": [
            {
                "title": section.title,
                "sentences": list(section.sentences),
                "rows": [dict(zip(section.columns, row, strict=True)) for row in section.rows],
            }
            for section in sheet.sections
        ],
    }


def to_markdown(sheet: Sheet) -> str:
    parts = [f"# {title(sheet)}", NOTE]
    for section in sheet.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    if section.sentences:
        yield "\n".join(f"- {sentence}" for sentence in section.sentences)
    if section.rows:
        lines = [section.columns, ("---",) * len(section.columns), *section.rows]
        yield "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")
