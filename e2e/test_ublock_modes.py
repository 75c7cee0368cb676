"""uBlock Origin as its readers set it up themselves: each mode is a blocker all the same.

Rules are set through a copy with a test bridge (see `e2e/harness/ublock.py`), in the words of
uBlock Origin's own list of rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts
from e2e.blockers.blocker import Blocker, paged, reading
from e2e.blockers.sighting import sight
from e2e.blockers.versions import firefox_version, ublock_version
from e2e.harness import MissingError, Server, browsers, skip_or_fail, wait_until_filtered
from e2e.harness.ublock import bridged_copy, say

MODES = {
    "hard mode": "* * 3p block; * * 3p-script block; * * 3p-frame block",
    "no cosmetic filters": "no-cosmetic-filtering: * true",
}


def _mode(name: str) -> Blocker:
    @contextmanager
    def opened(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
        copy = bridged_copy(profile.with_name("copy"))
        preferences = adverts.through_server(ads.port)
        context = browsers.firefox(playwright, profile, extension=copy, preferences=preferences)
        with paged(context) as page:
            wait_until_filtered(page, name)
            say(page, MODES[name])
            yield page

    return Blocker(
        id=name,
        name=f"uBlock Origin, {name}",
        open=opened,
        versions=lambda playwright: firefox_version(playwright) | ublock_version(),
    )


@pytest.mark.parametrize("name", MODES)
def test_a_mode_that_a_reader_chose_is_seen_and_asked_like_any_other(
    name: str, playwright: Playwright, tmp_path: Path
) -> None:
    try:
        with reading(_mode(name), playwright, tmp_path / "profile") as reader:
            seen = sight(reader, "extension", asks=True)
    except MissingError as missing:
        skip_or_fail(missing)
    assert (seen.verdict, seen.reason) == ("extension", "network-bait")
    assert (seen.second, seen.asked) == ("extension", True)
    if name == "no cosmetic filters":
        assert {seen.signals[bait] for bait in ("c1", "c2")} == {"visible"}
