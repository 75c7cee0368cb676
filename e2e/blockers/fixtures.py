"""One fixture a combination, each a `Reader` with a fresh profile, named as its blocker's `id`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from e2e.blockers import (
    adguard,
    brave,
    dns,
    eyeo,
    ghostery,
    plain,
    tracking_protection,
    ublock,
)
from e2e.blockers.blocker import Blocker, Reader, reading
from e2e.harness import MissingError, skip_or_fail


def _fixture(blocker: Blocker) -> Any:
    @pytest.fixture(name=blocker.id)
    def reader(playwright: Playwright, tmp_path: Path) -> Iterator[Reader]:
        opened = reading(blocker, playwright, tmp_path / blocker.id)
        try:
            with opened as found:
                yield found
        except MissingError as missing:
            skip_or_fail(missing)

    return reader


chromium_plain = _fixture(plain.CHROMIUM)
firefox_plain = _fixture(plain.FIREFOX)
firefox_ublock = _fixture(ublock.UBLOCK)
chromium_adguard = _fixture(adguard.ENGINE)
chromium_adguard_rules = _fixture(adguard.RULESETS)
chromium_eyeo = _fixture(eyeo.EYEO)
chromium_ghostery = _fixture(ghostery.GHOSTERY)
chromium_brave_standard = _fixture(brave.STANDARD)
chromium_brave_third_party = _fixture(brave.STANDARD_THIRD_PARTY)
chromium_brave_aggressive = _fixture(brave.AGGRESSIVE)
chromium_nxdomain = _fixture(dns.NXDOMAIN)
chromium_null_address = _fixture(dns.NULL)
firefox_strict = _fixture(tracking_protection.STRICT_FIREFOX)
