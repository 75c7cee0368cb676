"""Everything that may go wrong without anybody blocking anything, and a way to send readers through
it: `ALL` is data, `run` opens real browsers, `wrongs` says what no reader may meet.

`fault` is one entry, `of_servers`, `of_readers`, `of_pages` and `of_scripts` hold them all; `paper`
is the site, `browser` the browsers, `visit` one reader, `crew` many of them at once. `python -m
e2e.faults` writes `docs/faults.md`.
"""

from e2e.faults.crew import crew, has_ipv6, run
from e2e.faults.fault import Fault
from e2e.faults.of_pages import FAULTS as OF_PAGES
from e2e.faults.of_readers import FAULTS as OF_READERS
from e2e.faults.of_scripts import FAULTS as OF_SCRIPTS
from e2e.faults.of_servers import FAULTS as OF_SERVERS
from e2e.faults.visit import Deposition, wrongs

ALL: tuple[Fault, ...] = (*OF_SERVERS, *OF_READERS, *OF_PAGES, *OF_SCRIPTS)

__all__ = [
    "ALL",
    "OF_PAGES",
    "OF_READERS",
    "OF_SCRIPTS",
    "OF_SERVERS",
    "Deposition",
    "Fault",
    "crew",
    "has_ipv6",
    "run",
    "wrongs",
]
