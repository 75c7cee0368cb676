"""Real browsers and real blockers for the tests in this folder.

`server` runs an application, `browsers` opens profiles, `ready` waits for a blocker, `ublock` is
one with a switch, `page` asks a page what happened on it. `conftest.py` offers them as fixtures.
"""

from e2e.harness.browsers import chromium, firefox
from e2e.harness.missing import MissingError, skip_or_fail
from e2e.harness.page import (
    errors_of,
    long_scripts_of,
    requests_of,
    shift_of,
    verdict_of,
    watch,
)
from e2e.harness.ready import wait_until_filtered, wait_until_ready
from e2e.harness.server import Seen, Server
from e2e.harness.ublock import BridgedUBlock

__all__ = [
    "BridgedUBlock",
    "MissingError",
    "Seen",
    "Server",
    "chromium",
    "errors_of",
    "firefox",
    "long_scripts_of",
    "requests_of",
    "shift_of",
    "skip_or_fail",
    "verdict_of",
    "wait_until_filtered",
    "wait_until_ready",
    "watch",
]
