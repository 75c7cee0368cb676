"""The browsers of a run of faults: one shared process each, and one for each set of preferences
that a context cannot have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Playwright

from e2e.faults.fault import Fault
from e2e.harness import browsers


@dataclass(frozen=True)
class Profile:
    """Preferences of a reader, for a process of its own.

    :param about: what the reader has chosen, for the documentation.
    :param chromium: the `Preferences` file of the profile.
    """

    about: str
    chromium: Mapping[str, Any] = field(default_factory=dict)
    firefox: Mapping[str, str | float | bool] = field(default_factory=dict)


def _contents(**settings: int) -> dict[str, Any]:
    return {"profile": {"default_content_setting_values": settings}}


PROFILES: Mapping[str, Profile] = {
    "careful": Profile(
        "third-party cookies off; Firefox: all five settings at once, in one process",
        chromium={"profile": {"block_third_party_cookies": True, "cookie_controls_mode": 1}},
        firefox={
            "browser.display.document_color_use": 2,
            "layout.css.devPixelsPerPx": "3.0",
            "network.cookie.cookieBehavior": 1,
            "privacy.globalprivacycontrol.enabled": True,
            "privacy.globalprivacycontrol.functionality.enabled": True,
            "ui.prefersReducedMotion": 1,
        },
    ),
    "frugal": Profile(
        "images and all cookies off, in one process",
        chromium=_contents(images=2, cookies=2),
        firefox={"permissions.default.image": 2, "network.cookie.cookieBehavior": 2},
    ),
    "plain": Profile(
        "JavaScript off", chromium=_contents(javascript=2), firefox={"javascript.enabled": False}
    ),
}


class Stable:
    """Opens pages for readers, and closes all at the end.

    :raises MissingError: on opening, when the browser is not on this machine.
    """

    def __init__(self, playwright: Playwright, name: str, folder: Path) -> None:
        self.name = name
        self._playwright = playwright
        self._folder = folder
        self._shared: Browser | None = None
        self._profiles: dict[str, BrowserContext] = {}
        self._tabs: list[Page] = []
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Stable:
        self._shared = await browsers.launch(self._playwright, self.name)
        self._stack.push_async_callback(self._shared.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def page(self, fault: Fault, script: str) -> AsyncIterator[Page]:
        """A page for a reader under `fault`: a used tab where that makes no difference, because
        every reader has a host, and so storage, of their own.

        :param script: runs before all others on every document.
        """
        if fault.ordinary and self._tabs:
            page = self._tabs.pop()
        else:
            context = await self._context(fault)
            page = await context.new_page()
            await page.add_init_script(script)
        yield page
        if fault.ordinary and not page.is_closed():
            self._tabs.append(page)
        elif fault.profile:
            await page.close()
        else:
            await page.context.close()

    async def _context(self, fault: Fault) -> BrowserContext:
        if fault.profile:
            async with self._opening:
                return await self._profile(fault.profile)
        assert self._shared is not None
        options = {**fault.context.get("", {}), **fault.context.get(self.name, {})}
        return await self._shared.new_context(**options)

    async def _profile(self, name: str) -> BrowserContext:
        """The one context of the process with these preferences."""
        found = self._profiles.get(name)
        if found is None:
            folder = self._folder / f"{self.name}-{name}"
            chosen = PROFILES[name]
            opened: Any
            if self.name == "chromium":
                (folder / "Default").mkdir(parents=True)
                (folder / "Default" / "Preferences").write_text(json.dumps(chosen.chromium))
                opened = browsers.chromium(self._playwright, folder)  # type: ignore[arg-type]
            else:
                opened = browsers.firefox(
                    self._playwright,  # type: ignore[arg-type]
                    folder,
                    preferences=chosen.firefox,
                )
            found = self._profiles[name] = await opened
            self._stack.push_async_callback(found.close)
        return found
