"""A copy of uBlock Origin with a bridge that can switch it off for a site and set its rules."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from e2e.harness.browsers import find_ublock

BRIDGE_NAME = "uBlock Origin with a test bridge"
BRIDGE_EVENT = "site-test-filtering"
BRIDGE_ANSWER = "data-site-test-filtering"
BRIDGE_PAGE = f"""
document.addEventListener('{BRIDGE_EVENT}', event => {{
  browser.runtime.sendMessage({{ what: '{BRIDGE_EVENT}', url: location.href, say: event.detail }})
    .then(() => document.documentElement.setAttribute('{BRIDGE_ANSWER}', event.detail));
}});
"""
BRIDGE_BACKGROUND = f"""
import µb from './background.js';
import {{ sessionFirewall, sessionSwitches }} from './filtering-engines.js';
browser.runtime.onMessage.addListener(message => {{
  if (message.what !== '{BRIDGE_EVENT}') return;
  if (message.say === 'on' || message.say === 'off') {{
    µb.toggleNetFilteringSwitch(message.url, '', message.say === 'on');
    return Promise.resolve();
  }}
  const rules = message.say.split('; ').map(rule => rule.split(' '));
  const known = rules.every(rule =>
    (rule.length === 3 ? sessionSwitches : sessionFirewall).addFromRuleParts(rule));
  return known ? Promise.resolve() : Promise.reject();
}});
"""


def bridged_copy(folder: Path) -> Path:
    """Copies the machine's uBlock Origin into `folder` and adds the bridge; returns the copy."""
    origin = find_ublock()
    copy = folder / origin.name
    shutil.copytree(origin, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["name"] = BRIDGE_NAME
    manifest["content_scripts"].append(
        {"matches": ["http://*/*"], "js": ["/js/site-test-page.js"], "run_at": "document_start"}
    )
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (copy / "js" / "site-test-page.js").write_text(BRIDGE_PAGE, "utf-8")
    (copy / "js" / "site-test-background.js").write_text(BRIDGE_BACKGROUND, "utf-8")
    background = (copy / "background.html").read_text("utf-8")
    script = '<script src="js/site-test-background.js" type="module"></script>\n</body>'
    (copy / "background.html").write_text(background.replace("</body>", script), "utf-8")
    return copy


class BridgedUBlock:
    """Firefox having uBlock Origin with a test bridge: its `context`, and a switch for a site."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context

    def filtering(self, page: Page, *, on: bool) -> None:
        """Switches filtering on or off for the site of `page`, without a reload, as the power
        button in uBlock Origin's own window does, and returns when that is done."""
        say(page, "on" if on else "off")


def say(page: Page, words: str) -> None:
    """Tells the bridge, through `page`, to switch filtering "on" or "off" for its site, or to add
    rules, parted by "; ", that are written as in uBlock Origin's own list of "My rules"."""
    page.evaluate(
        "([name, detail]) => document.dispatchEvent(new CustomEvent(name, { detail }))",
        [BRIDGE_EVENT, words],
    )
    page.wait_for_selector(f"html[{BRIDGE_ANSWER}={json.dumps(words)}]", state="attached")
