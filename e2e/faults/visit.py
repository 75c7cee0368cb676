"""One reader under one fault: the faulty view, the view afterwards, and what both left behind."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from e2e.faults.browser import Stable
from e2e.faults.fault import SILENT, Fault
from e2e.faults.paper import BLOCKING, NAME, Paper, Scene

VERDICT_SECONDS = 25.0
SILENT_SECONDS = 1.5
LATE_LOOK_SECONDS = 0.8
COUNT_SECONDS = 10.0

# Taken before the page can spoil anything; an attribute, because evaluating meets the page's own
# idea of JSON.
HEAR = """(() => {
  const { stringify } = JSON;
  let said = '';
  addEventListener('site:verdict', event => {
    said += (said && ',') + stringify(event.detail);
    document.documentElement.setAttribute('data-heard', said);
  }, true);
})();"""
ON_THE_FAULTY_VIEW = "if (/\\/(first|again)[^/]*$/.test(location.pathname)) {{ {} }}"
SAID = "() => document.documentElement.dataset.heard"
BROWSERS_OWN = (
    "Failed to load resource",
    "Content Security Policy",
    "Content-Security-Policy",
    "Refused to",
    "Unexpected token",
    "SyntaxError: expected expression",
    "blocked by CORS policy",
    "TrustedScript",
    "MIME type",
    "sandbox",
    "Same Origin Policy",
)

_numbers = count(1)


@dataclass
class Deposition:
    """What one visit showed.

    :ivar heard: what `site:verdict` said on the faulty view, in order.
    :ivar counted: page views that the ledger took for the faulty view, and for the one afterwards.
    :ivar kinds: `kind verdict` of every event.
    :ivar notice: something of the notice was asked for, or stands in a page.
    """

    fault: str
    heard: list[dict[str, Any]] = field(default_factory=list)
    after: str = ""
    counted: tuple[int, int] = (0, 0)
    kinds: list[str] = field(default_factory=list)
    accused: list[str] = field(default_factory=list)
    notice: bool = False
    cookies: int = 0
    errors: list[str] = field(default_factory=list)
    broke: str = ""

    @property
    def reasons(self) -> list[str]:
        return [one["reason"] for one in self.heard] or ["silent"]


class Visit:
    """A page of a fresh reader at a scene of their own."""

    def __init__(self, stable: Stable, paper: Paper, port: int, fault: Fault, page: Page) -> None:
        self.browser = stable.name
        self.fault = fault
        self.page = page
        self.context: BrowserContext = page.context
        self.paper = paper
        self.label = f"f{next(_numbers)}"
        self.host = f"{fault.host or f'{self.label}.{NAME}'}:{port}"
        self.scene: Scene = paper.stage(self.label, fault, fault.host)
        self.errors: list[str] = []

    def overhear(self, error: PlaywrightError) -> None:
        self.errors.append(f"{error} {error.stack}")

    def path(self, name: str) -> str:
        return f"{self.fault.root}/{self.label}/{name}"

    def url(self, name: str) -> str:
        return f"http://{self.host}{self.path(name)}"

    async def goto(self, name: str) -> None:
        url = self.url(name)
        try:
            await self.page.goto(url, wait_until="commit")
        except PlaywrightError as error:
            # Firefox at times starts a navigation anew while the page before still loads.
            if f'interrupted by another navigation to "{url}"' not in str(error):
                raise
            await self.page.wait_for_url(url, wait_until="commit")

    async def heard(self) -> list[dict[str, Any]]:
        if self.fault.returns:
            said = await self.page.evaluate("() => document.documentElement.dataset.heard")
        else:
            said = await self.page.locator("html").get_attribute("data-heard", timeout=5_000)
        found: list[dict[str, Any]] = json.loads(f"[{said or ''}]")
        return found

    async def verdict(self, seconds: float = VERDICT_SECONDS) -> bool:
        """Waits until the page has said a verdict; False when it does not."""
        page, milliseconds = self.page, seconds * 1000
        try:
            if self.fault.returns:
                await page.wait_for_function(SAID, timeout=milliseconds)
            else:
                await page.wait_for_selector(
                    "html[data-heard]", state="attached", timeout=milliseconds
                )
        except PlaywrightError as error:
            if "Timeout" not in str(error):
                raise
            return False
        return True

    async def until(self, holds: Callable[[], bool], seconds: float = COUNT_SECONDS) -> bool:
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.03)
        return True

    async def asked(self, part: str) -> None:
        """Waits until the site was asked for `part`."""
        assert await self.until(lambda: part in self.scene.asked), self.scene.asked

    async def notice(self) -> bool:
        if any(part.startswith("note") for part in self.scene.asked):
            return True
        if self.fault.returns:
            return bool(await self.page.evaluate("() => document.getElementById('site-note')"))
        return await self.page.locator("#site-note").count() > 0


async def witness(stable: Stable, paper: Paper, port: int, fault: Fault) -> Deposition:
    """Sends a reader through `fault` and returns what that showed; never raises for the fault."""
    told = Deposition(fault.name)
    async with stable.page(fault, HEAR) as page:
        visit = Visit(stable, paper, port, fault, page)
        page.on("pageerror", visit.overhear)
        try:
            if fault.init:
                await page.add_init_script(ON_THE_FAULTY_VIEW.format(fault.init))
            await _faulty(visit, told)
            await _afterwards(visit, told)
        except Exception as error:
            told.broke = f"{type(error).__name__}: {error}"
            await page.close()
        finally:
            page.remove_listener("pageerror", visit.overhear)
        told.errors = [e for e in visit.errors if not any(own in e for own in BROWSERS_OWN)]
        told.accused = visit.scene.accused
        told.kinds = [f"{event.kind} {event.verdict}" for event in visit.scene.events]
        visit.scene.lift()
    return told


async def _faulty(visit: Visit, told: Deposition) -> None:
    fault = visit.fault
    if fault.go:
        await fault.go(visit)
    else:
        await visit.goto("first")
    seconds = SILENT_SECONDS if SILENT & fault.reasons else VERDICT_SECONDS
    if await visit.verdict(seconds):
        await asyncio.sleep(LATE_LOOK_SECONDS)
        told.heard = await visit.heard()
    told.notice = await visit.notice()


async def _afterwards(visit: Visit, told: Deposition) -> None:
    fault, scene = visit.fault, visit.scene
    scene.lift()
    await visit.context.set_offline(False)
    first, second = visit.path("first"), visit.path("second")
    await visit.goto("second")
    if fault.lasts and fault.reasons == SILENT:
        told.after = "silent"
    elif await visit.verdict():
        told.after = (await visit.heard())[0]["verdict"]
    await visit.until(lambda: scene.counted(second) >= fault.calm)
    if max(fault.counted):
        await visit.until(lambda: scene.counted(first) > 0, 3)
    told.counted = (scene.counted(first), scene.counted(second))
    told.notice |= await visit.notice()
    told.cookies = len(await visit.context.cookies(visit.url("second")))


def wrongs(fault: Fault, told: Deposition) -> list[str]:
    """What `told` shows that no innocent reader may meet; empty when all is well."""
    found = [f"accused: {verdict}" for verdict in told.accused]
    found += [f"verdict {one}" for one in told.heard if one["verdict"] in BLOCKING]
    if not set(told.reasons) <= fault.reasons | {"remembered"}:
        found.append(f"reasons {told.reasons} instead of {sorted(fault.reasons)}: {told.heard}")
    if told.notice:
        found.append("a notice")
    if told.cookies:
        found.append("a cookie")
    if told.broke:
        found.append(told.broke)
    found += [f"error: {error}" for error in told.errors]
    if told.after != "clear" and not (fault.lasts and told.after in ("unknown", "silent")):
        found.append(f"the view afterwards is {told.after or 'silent'}")
    if told.counted[0] not in fault.counted or told.counted[1] != fault.calm:
        found.append(f"counted {told.counted}: {told.kinds}")
    return found
