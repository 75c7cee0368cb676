"""`./dev words`: template and catalogues brought up to date with `en.json`, compiled, reported."""

from __future__ import annotations

import json
import sys

from babel import Locale
from babel.messages import Catalog
from rich.console import Console
from rich.table import Table

from words.catalogues import LOCALE, compiled, faults, gaps, read, template, updated, written


def main(new: list[str]) -> int:
    """Returns 1 when a sentence is missing, fuzzy or faulty in any language, else 0.

    :param new: tags of languages to begin, such as `da`.
    """
    source = template(json.loads((LOCALE / "en.json").read_text("utf-8")))
    (LOCALE / "adguard.pot").write_text(written(source), "utf-8")
    known = [file.stem for file in sorted(LOCALE.glob("*.po"))]
    table = Table("language", "translated", "missing", "fuzzy")
    wrong: list[str] = []
    for tag in sorted({*known, *new}):
        old = read(tag) if tag in known else Catalog(Locale.parse(tag, sep="-"))
        catalogue = updated(old, source)
        (LOCALE / f"{tag}.po").write_text(written(catalogue), "utf-8")
        (LOCALE / f"{tag}.mo").write_bytes(compiled(catalogue))
        lacking = list(gaps(catalogue).values())
        missing, fuzzy = lacking.count("missing"), lacking.count("fuzzy")
        table.add_row(tag, str(len(catalogue) - missing - fuzzy), str(missing), str(fuzzy))
        wrong += [f"{tag}: {fault}" for fault in faults(catalogue)]
        wrong += [f"{tag}: {missing} missing, {fuzzy} fuzzy"] if lacking else []
    console = Console()
    console.print(table)
    console.print("\n".join(wrong) or "Complete.", markup=False, highlight=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
