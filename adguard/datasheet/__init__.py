"""What is stored about readers, where, for how long and why, said from the settings in force."""

from adguard.datasheet.sheet import Section, Sheet, sheet_of
from adguard.datasheet.webpage import to_html
from adguard.datasheet.wording import to_data, to_markdown

__all__ = ["Section", "Sheet", "sheet_of", "to_data", "to_html", "to_markdown"]
