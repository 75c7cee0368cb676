"""Every fault that may happen to a reader without a blocker, in both browsers: nobody is accused.

One browser process sends a reader through each fault that is to be tested, several side by side;
every test then judges what one reader met. `e2e/faults/` holds the faults, `docs/faults.md` lists
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.faults import ALL, Deposition, Fault, has_ipv6, run, wrongs
from e2e.faults.fault import BOTH
from e2e.faults.listing import PAGE, listing
from e2e.faults.paper import BLOCKING
from e2e.harness import MissingError, skip_or_fail

CASES = [(browser, fault) for browser in BOTH for fault in ALL if browser in fault.browsers]
NAMES = [f"{browser}-{fault.name}" for browser, fault in CASES]

# The first test of a browser waits for all of its readers.
pytestmark = pytest.mark.timeout(900)

Told = tuple[Mapping[str, Deposition], Mapping[str, int]]


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tell:
    """Asks what the readers of a browser met, those whose tests are to run."""
    known: dict[str, Told | MissingError] = {}

    def wanted(browser: str) -> list[Fault]:
        params = [getattr(item, "callspec", None) for item in request.session.items]
        chosen = [spec.params for spec in params if spec and "fault" in spec.params]
        return [one["fault"] for one in chosen if one["browser"] == browser]

    def tell(browser: str) -> Told:
        if browser not in known:
            folder: Path = tmp_path_factory.mktemp(browser)
            try:
                # A thread of its own: this one has the loop of the other tests' driver.
                with ThreadPoolExecutor(1) as thread:
                    job = run(browser, wanted(browser), folder)
                    all_told, sums = thread.submit(asyncio.run, job).result()
                known[browser] = ({one.fault: one for one in all_told}, sums)
            except MissingError as missing:
                known[browser] = missing
        found = known[browser]
        if isinstance(found, MissingError):
            skip_or_fail(found)
        return found

    return tell


Tell = Callable[[str], Told]


@pytest.mark.parametrize(("browser", "fault"), CASES, ids=NAMES)
def test_no_fault_accuses(browser: str, fault: Fault, told: Tell) -> None:
    if fault.host.startswith("[") and not has_ipv6():
        pytest.skip("this machine has no ::1")
    assert wrongs(fault, told(browser)[0][fault.name]) == []


@pytest.mark.parametrize("browser", BOTH)
def test_the_ledger_holds_nothing_against_anyone(browser: str, told: Tell) -> None:
    _, sums = told(browser)
    assert {name: sums[name] for name in BLOCKING} == dict.fromkeys(BLOCKING, 0)
    assert sums["decided"] == sums["interstitials"] == 0


def test_the_documentation_lists_every_fault() -> None:
    assert PAGE.read_text("utf-8") == listing(), "`python -m e2e.faults` writes it anew"
