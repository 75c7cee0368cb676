"""A program: reads statements, one line of JSON each, and answers each with a line of JSON."""

from __future__ import annotations

import json
import sys


def serve(folder: str) -> None:
    # Only here: nobody else has it.
    from chdb import session  # type: ignore[import-not-found]

    database = session.Session(folder)
    database.query("SET output_format_json_quote_64bit_integers = 0")
    for line in sys.stdin:
        try:
            text = str(database.query(json.loads(line), "JSONCompact"))
            answer = {"rows": json.loads(text)["data"] if text.strip() else []}
        except RuntimeError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
