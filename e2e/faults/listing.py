"""The faults as a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from e2e.faults import OF_PAGES, OF_READERS, OF_SCRIPTS, OF_SERVERS
from e2e.faults.browser import PROFILES
from e2e.faults.fault import Fault

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """\
# Faults that accuse nobody

Written by `python -m e2e.faults`; a test keeps it true. Each line is a test in real browsers
without a blocker, `test_no_fault_accuses[BROWSER-FAULT]` in `e2e/test_faults.py`. It asserts that
the verdict is one of those given here, that no notice and no cookie appears and no error
of ours is thrown, and that the next page view of the same reader, with the fault gone, is clear,
reported and counted once. `./dev soak faults` sends thousands of views through a seeded mix of
them, and with `HOSTS=1` does so on pages whose ad hosts are watched (`ad_urls`).

"None" means that the client says nothing: it does not run there, or could not.
"""
TITLES: Mapping[str, tuple[Fault, ...]] = {
    "The server, and what stands before it": OF_SERVERS,
    "The reader: network, settings, tabs": OF_READERS,
    "The page: styles and shape": OF_PAGES,
    "The page: scripts": OF_SCRIPTS,
}


def listing() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for title, faults in TITLES.items():
        parts.append(f"\n## {title}\n\n| fault | browsers | verdict |\n| --- | --- | --- |\n")
        parts += [
            f"| {_cell(fault)} | {_browsers(fault)} | {_verdict(fault)} |\n" for fault in faults
        ]
    return "".join(parts)


def _cell(fault: Fault) -> str:
    name = fault.name.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
    return f"{name} ({PROFILES[fault.profile].about})" if fault.profile else name


def _browsers(fault: Fault) -> str:
    return " and ".join(browser.capitalize() for browser in fault.browsers)


def _verdict(fault: Fault) -> str:
    words = [
        word for reason, word in (("clear", "clear"), ("silent", "none")) if reason in fault.reasons
    ]
    doubts = sorted(fault.reasons - {"clear", "silent"})
    if doubts:
        words.append(f"unknown (`{'`, `'.join(doubts)}`)")
    return " or ".join(words)
