"""eyeo's engine, which Adblock Plus and AdBlock are built on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts, lists, packages
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import chromium_version, lists_version
from e2e.harness import Server, browsers, wait_until_filtered

SHELL = packages.SHELLS / "eyeo"
PACKAGE = "@eyeo/webext-ad-filtering-solution"
NAME = "Chromium with eyeo's engine (Adblock Plus, AdBlock), in a shell of ours"
# As the engine knows EasyList, so that it takes the list for the one it would fetch.
LIST_ID = "8C13E995-8F06-4927-BEA7-6C845FB7EEBF"
SUBSCRIPTION = {
    "id": LIST_ID,
    "type": "ads",
    "languages": ["en"],
    "title": "EasyList",
    "homepage": "https://easylist.to/",
    "url": "https://easylist-downloads.adblockplus.org/v3/full/easylist.txt",
    "mv2_url": "https://easylist-downloads.adblockplus.org/easylist.txt",
}


def _make(folder: Path) -> None:
    engine = packages.package(PACKAGE)
    shutil.copy(SHELL / "worker.js", folder)
    for name in ("ewe-api.js", "ewe-content.js"):
        shutil.copy(engine / "dist" / name, folder)
    (folder / "lists").mkdir()
    shutil.copy(lists.find(lists.EASYLIST), folder / "lists" / LIST_ID)
    subscriptions = folder / "subscriptions.json"
    subscriptions.write_text(json.dumps([SUBSCRIPTION]), "utf-8")
    convert = engine / "scripts" / "convertSubscriptions.js"
    packages.run(convert, "-i", folder / "lists", "-o", folder / "rulesets", "-s", subscriptions)
    bundled = f"var BUNDLED = {subscriptions.read_text('utf-8')};"
    (folder / "subscriptions.js").write_text(bundled, "utf-8")
    manifest = json.loads((SHELL / "manifest.json").read_text("utf-8"))
    ruleset = {"id": LIST_ID, "enabled": True, "path": f"rulesets/{LIST_ID}"}
    manifest["declarative_net_request"] = {"rule_resources": [ruleset]}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


@contextmanager
def _open(playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    sources = [Path(__file__), *sorted(SHELL.iterdir()), lists.find(lists.EASYLIST)]
    extension = packages.extension("eyeo", _make, sources)
    with paged(
        browsers.chromium(
            playwright, profile, extension=extension, hosts=adverts.to_server(ads.port)
        )
    ) as page:
        wait_until_filtered(page, NAME)
        yield page


EYEO = Blocker(
    id="chromium_eyeo",
    name=NAME,
    simulated="The engine is eyeo's; the extension around it is a small one of ours, with EasyList "
    "as the one list, and without the list of acceptable ads.",
    open=_open,
    versions=lambda playwright: (
        chromium_version(playwright) | {PACKAGE: packages.version_of(PACKAGE)} | lists_version()
    ),
)
