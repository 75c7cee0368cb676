"""Finds the browsers of this machine and opens each with a profile of its own.

Debian's browsers come first, then Playwright's own; `E2E_CHROMIUM` and `E2E_FIREFOX` name others.
Nothing but `*.localhost` and 127.0.0.1 can be reached, so a blocker keeps the lists it came with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Playwright

from e2e.harness.missing import INSTALL, MissingError

DEBIAN_CHROMIUM = Path("/usr/lib/chromium/chromium")  # /usr/bin/chromium adds extensions of its own
DEBIAN_FIREFOX = Path("/usr/bin/firefox-esr")
DEBIAN_UBLOCK = Path(
    "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net"
)

LOCAL_ONLY = (
    "MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"
)
CHROMIUM_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Playwright switches the back/forward cache off; readers have it.
CHROMIUM_WITHOUT = ("--disable-back-forward-cache",)

PROFILE_EXTENSIONS = 1
ALL_EXTENSIONS = 15
NOWHERE = 9  # the discard port: every proxied request is refused at once

Preferences = Mapping[str, str | float | bool]
FIREFOX_PREFERENCES: Preferences = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.autoDisableScopes": 0,
    "extensions.enabledScopes": PROFILE_EXTENSIONS,
    "extensions.startupScanScopes": ALL_EXTENSIONS,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": NOWHERE,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": NOWHERE,
    "network.proxy.no_proxies_on": "localhost, .localhost, 127.0.0.1, [::1]",
    "toolkit.telemetry.enabled": False,
}


def chromium(
    playwright: Playwright,
    profile: Path,
    *,
    extension: Path | None = None,
    hosts: Mapping[str, str] | None = None,
    **options: Any,
) -> BrowserContext:
    """Opens Chromium; `options` are those of Playwright's `launch_persistent_context`.

    :param extension: an unpacked one; it must hold copies, not links.
    :param hosts: name -> where it is found instead, such as `127.0.0.1:8000` or `~NOTFOUND`.
    :raises MissingError: neither Debian's nor Playwright's Chromium is installed.
    """
    mapped = (f"MAP {name} {place}" for name, place in (hosts or {}).items())
    rules = ", ".join((*mapped, LOCAL_ONLY))
    arguments = [*CHROMIUM_ARGUMENTS, f"--host-resolver-rules={rules}", *options.pop("args", ())]
    without = list(CHROMIUM_WITHOUT)
    if extension is not None:
        # Playwright's own headless mode is a smaller browser, which takes no extensions.
        arguments += ["--headless=new", f"--load-extension={extension}"]
        arguments += [f"--disable-extensions-except={extension}"]
        without += ["--disable-extensions"]
        options["headless"] = False
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path=find_chromium(playwright),
        args=arguments,
        ignore_default_args=without,
        **options,
    )


def firefox(
    playwright: Playwright,
    profile: Path,
    *,
    ublock: bool = False,
    extension: Path | None = None,
    preferences: Preferences | None = None,
    **options: Any,
) -> BrowserContext:
    """Opens Firefox, with uBlock Origin as packaged if `ublock`, or with the unpacked `extension`.

    :param preferences: added to (or replacing) those that keep Firefox quiet and offline.
    :raises MissingError: neither Debian's nor Playwright's Firefox, or no uBlock Origin, is here.
    """
    executable, debian = find_firefox(playwright)
    chosen = dict(FIREFOX_PREFERENCES)
    if ublock and debian:
        find_ublock()
        chosen["extensions.enabledScopes"] = ALL_EXTENSIONS
    elif ublock:
        extension = find_ublock()
    if extension is not None:
        chosen["xpinstall.signatures.required"] = False
        shutil.copytree(extension, profile / "extensions" / extension.name)
    chosen |= preferences or {}
    if debian:
        options["channel"] = "moz-firefox"
    return playwright.firefox.launch_persistent_context(
        profile, executable_path=executable, firefox_user_prefs=chosen, **options
    )


def launch(playwright: Any, name: str) -> Any:
    """Opens a bare `chromium` or `firefox` whose contexts each have storage of their own.

    :param playwright: of the synchronous or the asynchronous kind; returns what that returns.
    :raises MissingError: the browser is not installed.
    """
    if name == "chromium":
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        return playwright.chromium.launch(
            executable_path=find_chromium(playwright),
            args=[*CHROMIUM_ARGUMENTS, f"--host-resolver-rules={LOCAL_ONLY}", *root],
            ignore_default_args=list(CHROMIUM_WITHOUT),
        )
    executable, debian = find_firefox(playwright)
    channel = {"channel": "moz-firefox"} if debian else {}
    return playwright.firefox.launch(
        executable_path=executable, firefox_user_prefs=dict(FIREFOX_PREFERENCES), **channel
    )


def find_ublock() -> Path:
    """The unpacked uBlock Origin of this machine.

    :raises MissingError: it is not installed.
    """
    found = Path(os.environ.get("E2E_UBLOCK", DEBIAN_UBLOCK))
    if not (found / "manifest.json").is_file():
        raise MissingError(f"uBlock Origin is not in {found}: {INSTALL} where apt has it")
    return found


def find_chromium(playwright: Playwright) -> Path:
    """The Chromium of this machine.

    :raises MissingError: neither Debian's nor Playwright's is installed.
    """
    named = os.environ.get("E2E_CHROMIUM")
    own = Path(playwright.chromium.executable_path)
    candidates = [Path(named)] if named else [DEBIAN_CHROMIUM, own]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise MissingError(f"Chromium is not installed (looked for {_listed(candidates)}): {INSTALL}")


def find_firefox(playwright: Playwright) -> tuple[Path, bool]:
    """The Firefox of this machine, and whether it is Debian's (or another that is not patched).

    :raises MissingError: neither Debian's nor Playwright's is installed.
    """
    named = os.environ.get("E2E_FIREFOX")
    stock = Path(named) if named else DEBIAN_FIREFOX
    if stock.is_file():
        return stock, True
    own = Path(playwright.firefox.executable_path)
    if not named and own.is_file():
        return own, False
    raise MissingError(f"Firefox is not installed (looked for {_listed([stock, own])}): {INSTALL}")


def _listed(paths: list[Path]) -> str:
    return ", ".join(map(str, paths))
