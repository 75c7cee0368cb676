"""What is said once, at start."""

from __future__ import annotations

from typing import Any

import pytest

from adguard.services import Services
from adguard.settings import Settings

ADS = ["https://tags.one.test/a.js", "https://two.test/b.js"]
FETCH_ONLY = {"network": [{"id": "a1", "kind": "fetch", "path": "/promo/ads"}]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, None),
        ({"ad_urls": ADS}, None),
        ({"ad_urls": [ADS[0], "https://pics.one.test/c.js"]}, "All ad_urls stand under one.test"),
        ({"ad_urls": ADS, "baits": FETCH_ONLY}, "No bait of yours is a script"),
        ({"baits": FETCH_ONLY}, None),
    ],
)
def test_ad_urls_that_cannot_be_watched_are_told_once(
    options: dict[str, Any], said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    Services(Settings(secret_key="k" * 32, store="none", **options))
    assert len(caplog.records) == (said is not None)
    assert said is None or said in caplog.text
