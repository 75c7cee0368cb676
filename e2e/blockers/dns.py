"""DNS filters (Pi-hole, AdGuard Home, a provider's): they know host names and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import chromium_version
from e2e.harness import Server, browsers

SIMULATED = "Chromium's own resolver answers {} for the ad hosts, as the filter's server would."
# On a port where nothing listens: a laptop may well run a server on port 80, a filter's host not.
NULL_ADDRESS = f"0.0.0.0:{browsers.NOWHERE}"


@contextmanager
def _open(answer: str, playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    hosts = {**adverts.to_server(ads.port), **dict.fromkeys(adverts.AD_HOSTS, answer)}
    with paged(browsers.chromium(playwright, profile, hosts=hosts)) as page:
        yield page


NXDOMAIN = Blocker(
    id="chromium_nxdomain",
    name="Chromium behind a DNS filter that knows no ad host (NXDOMAIN), simulated",
    simulated=SIMULATED.format("NXDOMAIN"),
    open=partial(_open, "~NOTFOUND"),
    versions=chromium_version,
)
NULL = Blocker(
    id="chromium_null_address",
    name="Chromium behind a DNS filter that answers 0.0.0.0, simulated",
    simulated=SIMULATED.format("0.0.0.0"),
    open=partial(_open, NULL_ADDRESS),
    versions=chromium_version,
)
