"""AdGuard's own engine, and AdGuard's rules left to the browser alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, Playwright

from e2e.blockers import adverts, packages
from e2e.blockers.blocker import Blocker, paged
from e2e.blockers.versions import chromium_version
from e2e.harness import Server, browsers, wait_until_filtered

SHELL = packages.SHELLS / "adguard"
ENGINE_PACKAGE = "@adguard/tswebextension"
RULES_PACKAGE = "@adguard/dnr-rulesets"
METADATA, BASE = "ruleset_0", "ruleset_2"
RULES = Path("filters", "declarative")


def _engine(folder: Path) -> None:
    _declare(folder, json.loads((SHELL / "manifest.json").read_text("utf-8")), METADATA, BASE)
    packages.package(ENGINE_PACKAGE)
    packages.bundle(SHELL / "worker.js", folder / "worker.js", kind="esm")
    packages.bundle(SHELL / "page.js", folder / "page.js", kind="iife")
    redirects = packages.package("@adguard/scriptlets") / "dist"
    shutil.copytree(redirects / "redirect-files", folder / "war" / "redirects")
    shutil.copy(redirects / "redirects.yml", folder / "war")


def _rules(folder: Path) -> None:
    manifest = {
        "manifest_version": 3,
        "name": "AdGuard's rulesets, for tests",
        "version": "1.0",
        "permissions": ["declarativeNetRequest"],
        "host_permissions": ["<all_urls>"],
    }
    _declare(folder, manifest, BASE)


def _declare(folder: Path, manifest: dict[str, object], *rulesets: str) -> None:
    """Copies `rulesets` and writes the manifest that names them; Base alone is switched on."""
    declared = []
    for name in rulesets:
        path = RULES / name / f"{name}.json"
        (folder / path).parent.mkdir(parents=True)
        shutil.copy(packages.package(RULES_PACKAGE) / "dist" / path, folder / path)
        declared.append({"id": name, "enabled": name == BASE, "path": str(path)})
    manifest["declarative_net_request"] = {"rule_resources": declared}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


@contextmanager
def _open(with_engine: bool, playwright: Playwright, profile: Path, ads: Server) -> Iterator[Page]:
    name, make = ("adguard", _engine) if with_engine else ("adguard-rules", _rules)
    extension = packages.extension(name, make, [Path(__file__), *sorted(SHELL.iterdir())])
    with paged(
        browsers.chromium(
            playwright, profile, extension=extension, hosts=adverts.to_server(ads.port)
        )
    ) as page:
        wait_until_filtered(page, name, elements=with_engine)
        yield page


def _versions(names: tuple[str, ...], playwright: Playwright) -> dict[str, str]:
    return chromium_version(playwright) | {name: packages.version_of(name) for name in names}


ENGINE = Blocker(
    id="chromium_adguard",
    name="Chromium with AdGuard's engine, in a shell of ours",
    simulated="The engine and the rules are AdGuard's; the extension around them is a small one of "
    "ours, with AdGuard's Base filter on.",
    open=partial(_open, True),
    versions=partial(_versions, (ENGINE_PACKAGE, RULES_PACKAGE)),
)
RULESETS = Blocker(
    id="chromium_adguard_rules",
    name="Chromium with AdGuard's rulesets only, in a shell of ours",
    simulated="The rules are AdGuard's Base filter as Chromium itself applies it (declarative): "
    "what remains of a blocker that has no rights on the page.",
    open=partial(_open, False),
    versions=partial(_versions, (RULES_PACKAGE,)),
)
