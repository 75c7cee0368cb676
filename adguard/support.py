"""Guides: how to allow ads on one site, by tool."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

__all__ = ["GUIDES", "Guide", "find_guide", "likely_guide"]

GUIDE_FILE = Path(__file__).parent / "data" / "guides.json"
FRESH = timedelta(days=365)


@dataclass(frozen=True)
class Guide:
    """How to allow ads on one site in one tool. Its sentences are `guide.<slug>.<n>` in `texts`.

    :param slug: name in URLs; says nothing that a filter list hunts.
    :param steps: how many steps, at least one.
    :param source: the maker's own pages for readers, or None.
    :param verified: the day the steps were last compared with what the maker publishes, or None.
    :param basis: what the steps rest on, for whoever checks them next.
    """

    slug: str
    steps: int
    source: str | None
    verified: date | None
    basis: str

    @property
    def name(self) -> str:
        """Key of the tool's name."""
        return f"guide.{self.slug}.name"

    def is_stale(self, today: date) -> bool:
        """Whether the maker's word is a year old, or was never read. What has no single maker
        cannot go stale."""
        if self.source is None:
            return False
        return self.verified is None or today - self.verified > FRESH

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the steps, in order."""
        return tuple(f"guide.{self.slug}.{number}" for number in range(1, self.steps + 1))


def _load(path: Path) -> tuple[Guide, ...]:
    return tuple(
        Guide(
            slug=entry["slug"],
            steps=entry["steps"],
            source=entry["source"],
            verified=date.fromisoformat(entry["verified"]) if entry["verified"] else None,
            basis=entry["basis"],
        )
        for entry in json.loads(path.read_text(encoding="utf-8"))["guides"]
    )


GUIDES = _load(GUIDE_FILE)


def find_guide(slug: str) -> Guide:
    """Returns the guide called `slug`, else the general one."""
    return next((guide for guide in GUIDES if guide.slug == slug), GUIDES[-1])


_OWN = {
    "extension": ("brave", "duckduckgo", "opera", "safari"),
    "protection": ("brave", "duckduckgo", "edge", "firefox", "opera"),
}
"""Browsers that stop ads or trackers themselves, by verdict; each has a guide of its name."""

_EXTENSIONS = {"chrome": "ab"}
"""What most readers add to a browser, where that is not uBlock Origin: Chrome no longer runs it."""


def likely_guide(verdict: str, browser: str = "", device: str = "") -> str:
    """Returns the slug of what this reader most likely runs.

    :param verdict: `extension`, `network`, `protection`, `unknown` or `clear`.
    :param browser: one of the names in `audience`, or "".
    :param device: `desktop`, `phone`, `tablet`, `other`, or "".
    """
    if verdict == "network":
        return "network"
    if browser in _OWN["protection" if verdict == "protection" else "extension"]:
        return browser
    if verdict == "protection" or (device in {"phone", "tablet"} and browser != "firefox"):
        return "other"
    return _EXTENSIONS.get(browser, "ubo")
