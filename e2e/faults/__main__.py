"""`python -m e2e.faults` writes `docs/faults.md` anew."""

from e2e.faults.listing import PAGE, listing

PAGE.write_text(listing(), "utf-8")
