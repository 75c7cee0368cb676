"""Brave's engine as PyPI offers it, on top of Chromium: Brave itself is not to be had from Debian.

Brave in its Standard setting asks its default lists about third-party requests only, hides nothing,
and has one list for what a site serves itself (`brave-firstparty.txt`). Aggressive asks all lists
about everything, and hides. That list is not on this machine: our own few rules stand in for it,
those that the catalogue of baits records under `brave_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Playwright, Route

from adguard.baits import load
from e2e.blockers import adverts, lists
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import chromium_version, lists_version
from e2e.harness import MissingError, Server, browsers, wait_until_filtered
from e2e.harness.missing import INSTALL

NOT_HERE = f"PyPI's `adblock` is not installed: {INSTALL}"
KINDS = {"xhr": "xmlhttprequest", "fetch": "xmlhttprequest", "document": "subdocument"}
CALLS_ITSELF_BRAVE = """
Object.defineProperty(Navigator.prototype, 'brave', { value: { isBrave: async () => true } });
"""
ASK = "siteTestSelectors"
HIDES = f"""
(() => {{
  const asked = new Set();
  const look = async () => {{
    const names = new Set();
    for (const element of document.querySelectorAll('[class], [id]'))
      for (const name of [...[...element.classList].map(name => '.' + name), '#' + element.id])
        if (!asked.has(name) && asked.add(name)) names.add(name);
    if (!names.size) return;
    const selectors = await {ASK}([...names]);
    if (!selectors.length) return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(selectors.join() + ' {{ display: none !important }}');
    document.adoptedStyleSheets.push(sheet);
  }};
  new MutationObserver(look).observe(document, {{
    attributeFilter: ['class', 'id'], childList: true, subtree: true
  }});
}})();
"""


class Shields:
    """Decides as Brave does.

    :param first_party: whether the list for a site's own requests is there.
    """

    def __init__(self, *, aggressive: bool, first_party: bool) -> None:
        self.aggressive = aggressive
        self._default = _default_engine()
        self._first_party = _engine(_first_party_rules()) if first_party else None

    def route(self, route: Route) -> None:
        """Playwright's handler of every request."""
        request = route.request
        if request.resource_type == "document" and request.frame.parent_frame is None:
            route.continue_()
        elif self.blocks(request.url, request.frame.page.url, request.resource_type):
            route.abort("blockedbyclient")
        else:
            route.continue_()

    def selectors(self, names: list[str]) -> list[str]:
        """Selectors of the default lists that hide one of `names` (`.class`, `#id`)."""
        classes = [name[1:] for name in names if name[0] == "."]
        ids = [name[1:] for name in names if name[0] == "#"]
        found: list[str] = self._default.hidden_class_id_selectors(classes, ids, set())
        return found

    def blocks(self, url: str, page: str, kind: str) -> bool:
        """Whether the page at `page` may not have `url`; `kind` is Playwright's word for it."""
        third_party = urlsplit(url).hostname != urlsplit(page).hostname
        engines = [self._default] if third_party or self.aggressive else []
        if self._first_party:
            engines.append(self._first_party)
        return any(
            engine.check_network_urls(url, page, KINDS.get(kind, kind)).matched
            for engine in engines
        )


def _engine(rules: str) -> Any:
    try:
        import adblock
    except ImportError:
        raise MissingError(NOT_HERE) from None
    chosen = adblock.FilterSet()
    chosen.add_filter_list(rules)
    return adblock.Engine(chosen, optimize=False)


@cache
def _default_engine() -> Any:
    names = (lists.EASYLIST, lists.EASYPRIVACY, *lists.UBLOCK)
    return _engine("\n".join(lists.find(name).read_text("utf-8") for name in names))


def _first_party_rules() -> str:
    return "\n".join(rule for bait in load().network for rule in bait.brave_rules)


@contextmanager
def _open(
    name: str,
    make: dict[str, bool],
    playwright: Playwright,
    profile: Path,
    ads: Server,
) -> Iterator[Page]:
    shields = Shields(**make)
    with paged(browsers.chromium(playwright, profile, hosts=adverts.to_server(ads.port))) as page:
        page.context.add_init_script(CALLS_ITSELF_BRAVE)
        page.context.route("**/*", shields.route)
        if shields.aggressive:
            page.context.expose_function(ASK, shields.selectors)
            page.context.add_init_script(HIDES)
            wait_until_filtered(page, name)
        yield page


def _versions(playwright: Playwright) -> dict[str, str]:
    try:
        engine = {"PyPI adblock": version("adblock")}
    except PackageNotFoundError:
        raise MissingError(NOT_HERE) from None
    return chromium_version(playwright) | engine | lists_version()


def _brave(id_: str, setting: str, told: str, **make: bool) -> Blocker:
    name = f"Chromium with Brave's engine, simulated: {setting}"
    return Blocker(
        id=id_, name=name, simulated=told, open=partial(_open, name, make), versions=_versions
    )


TOLD = (
    "An engine of Brave's (of 2022, from PyPI) answers Chromium's requests from the lists of "
    "uBlock Origin's package, and the page is told that the browser is Brave. {}"
)
STANDARD = _brave(
    "chromium_brave_standard",
    "Standard",
    TOLD.format(
        "For a site's own requests three rules of ours stand in for Brave's first-party list."
    ),
    aggressive=False,
    first_party=True,
)
STANDARD_THIRD_PARTY = _brave(
    "chromium_brave_third_party",
    "Standard, without its first-party list",
    TOLD.format("A site's own requests all pass."),
    aggressive=False,
    first_party=False,
)
AGGRESSIVE = _brave(
    "chromium_brave_aggressive",
    "Aggressive",
    TOLD.format("Elements are hidden by a style of the page; Brave's own cannot be overruled."),
    aggressive=True,
    first_party=True,
)
