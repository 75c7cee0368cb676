"""What the filter lists of this machine's uBlock Origin package do to our names.

A small reading of the lists: generic cosmetic rules and generic network rules, without exceptions.
It may take a rule for broader than it is, never for narrower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from adguard import snippets
from adguard.assets import Assets
from adguard.baits import load
from adguard.settings import Settings

PLACES = (
    Path("/usr/share/chromium/extensions/ublock-origin/assets"),
    *Path("/usr/share/mozilla/extensions").glob("*/uBlock0@raymondhill.net/assets"),
)
LISTS = tuple(
    sorted(next((p for p in PLACES if p.is_dir()), Path("/nowhere")).rglob("*list*/*.txt"))
)
LISTS += tuple(sorted(p for place in PLACES[:1] for p in place.glob("ublock/*.txt")))
ASSETS = Assets(Settings(secret_key="k" * 32))
SITE = "https://www.example.org/_site/"
TEMPLATES = Path(snippets.__file__).parent / "templates"
TYPES = {
    "script": "script",
    "image": "image",
    "fetch": "xmlhttprequest",
    "style": "stylesheet",
    "page": "document",
}
KNOWN_TYPES = set(
    re.findall(
        r"\S+",
        "script image xmlhttprequest xhr stylesheet css document doc subdocument frame ping beacon "
        "object media font websocket other popup all",
    )
)
SAME = {"xhr": "xmlhttprequest", "css": "stylesheet", "doc": "document", "frame": "subdocument"}

pytestmark = pytest.mark.skipif(not LISTS, reason="uBlock Origin's lists are not installed")


@cache
def lines() -> tuple[str, ...]:
    text = "\n".join(path.read_text("utf-8") for path in LISTS)
    stripped = (line.strip() for line in text.splitlines())
    return tuple(line for line in stripped if line and line[0] not in "![")


def generic_selectors() -> Iterator[str]:
    for line in lines():
        if line.startswith(("##", "*##")):
            selector = line.partition("##")[2]
            if not selector.startswith(("+js", "^", "@")):
                yield selector


def hiding(html: str) -> set[str]:
    """The generic rules that select an element of `html` other than the page's own frame."""
    tree = LexborHTMLParser(html)
    body = tree.body
    assert body is not None
    names = set()
    for node in body.css("*"):
        names |= {f".{name}" for name in (node.attributes.get("class") or "").split()}
        names.add(f"#{node.attributes.get('id')}")
    found = set()
    for selector in generic_selectors():
        if re.fullmatch(r"[.#][\w-]+", selector):
            if selector in names:
                found.add(selector)
        elif "[" in selector or any(name in selector for name in names):
            try:
                found |= {selector} if tree.body and tree.body.css(selector) else set()
            except ValueError:
                continue  # a procedural filter: needs more than a selector
    return found


class Rule:
    """One generic network rule."""

    def __init__(self, line: str) -> None:
        expression = re.fullmatch(r"(/.+/)(?:\$([^/]*))?", line)
        pattern, _, options = line.partition("$")
        if expression:
            pattern, options = expression[1], expression[2] or ""
        self.options = options.split(",") if options else []
        self.pattern = pattern
        literals = re.split(r"[*^|]+", pattern)
        self.literal = max(literals, key=len).lower()

    def applies(self, kind: str) -> bool:
        """Whether it hits first-party requests of `kind` on any site."""
        wanted: set[str] = set()
        unwanted: set[str] = set()
        for option in self.options:
            name = SAME.get(option.lstrip("~"), option.lstrip("~"))
            if option in {"third-party", "3p", "~first-party", "~1p"} or "domain=" in option:
                return False
            if option.startswith(
                ("badfilter", "csp=", "removeparam", "from=", "to=", "permissions")
            ):
                return False
            if name in KNOWN_TYPES:
                (unwanted if option.startswith("~") else wanted).add(name)
        if "all" in wanted:
            return True
        if kind == "document":
            return kind in wanted
        return (not wanted or kind in wanted) and kind not in unwanted

    def matches(self, url: str) -> bool:
        if self.pattern.startswith("/") and self.pattern.endswith("/") and len(self.pattern) > 2:
            return re.search(self.pattern[1:-1], url, re.IGNORECASE) is not None
        if self.literal not in url.lower():
            return False
        made = re.escape(self.pattern).replace(r"\*", ".*").replace(r"\^", r"(?:[^\w.%-]|$)")
        made = re.sub(r"^\\\|", "^", re.sub(r"\\\|$", "$", made))
        return re.search(made, url, re.IGNORECASE) is not None


@cache
def rules() -> tuple[Rule, ...]:
    elsewhere = r"^(@@|\|\||#|\d)|##|#@#|#\?#|#\$#"
    narrow = (
        r"[$,](domain|from|to|denyallow|method|header|ipaddress|replace|csp|permissions|badfilter"
    )
    narrow += r"|removeparam|redirect-rule|urlskip|urltransform|strict1p|strict3p)\b"
    return tuple(Rule(line) for line in lines() if not re.search(f"{elsewhere}|{narrow}", line))


def blocking(path: str, kind: str) -> list[str]:
    """The rules that stop a first-party request for `path`, below the prefix."""
    found = (rule for rule in rules() if rule.applies(TYPES[kind]) and rule.matches(SITE + path))
    return [rule.pattern for rule in found]


OWN = {
    "script": [ASSETS.client, ASSETS.gate, ASSETS.note, "control.js"],
    "image": ["control.png"],
    "style": [ASSETS.style],
    "fetch": [
        *("control?v=%2Fnews%2Farticle", "report", "choice", "health"),
        "note?form=inline&verdict=extension&lang=en",
    ],
    "page": ["note?to=abc", "help?tool=ubo&to=abc", "support?to=abc", "preferences"],
}


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind in OWN for path in OWN[kind]])
def test_no_rule_stops_our_own_requests(kind: str, path: str) -> None:
    assert blocking(path, kind) == []


def test_no_rule_stops_a_client_of_any_digest() -> None:
    letters = "bcdfghjklmnpqrstvwxyz0123456789"
    for shift in range(len(letters)):
        digest = (letters[shift:] + letters[:shift])[:10]
        assert blocking(f"client-{digest}.js", "script") == []


def test_no_rule_hides_the_element_control_or_the_rows() -> None:
    control = ASSETS.rows.partition('<span data-site-row="c1"')[0]
    assert (
        hiding(f"<body>{control}<span data-site-row='c1' hidden aria-hidden=true></span>") == set()
    )


def test_no_rule_hides_anything_that_we_show() -> None:
    texts = [snippets.read(f"page/{name}") for name in ("note.js", "note.css")]
    texts += [path.read_text("utf-8") for path in TEMPLATES.glob("*.html")]
    names = sorted(set(re.findall(r"site-note[a-z0-9-]*", " ".join(texts))))
    assert len(names) > 10
    html = "".join(f'<div id="{name}" class="{name}" data-nosnippet>text</div>' for name in names)
    html += (
        '<div id="site-note" data-form="strip"><section class="site-note-strip"></section></div>'
    )
    assert hiding(f"<body>{html}") == set()


@pytest.mark.parametrize("bait", load().network, ids=lambda bait: bait.id)
def test_the_lists_still_stop_every_network_bait(bait: object) -> None:
    entry = next(one for one in load().network if one == bait)
    assert len(blocking(entry.path[1:], entry.kind.value)) >= entry.min_rules


@pytest.mark.parametrize("bait", load().elements, ids=lambda bait: bait.id)
def test_the_lists_still_hide_every_element_bait(bait: object) -> None:
    entry = next(one for one in load().elements if one == bait)
    names = {f".{name}" for name in entry.classes} | {f"#{name}" for name in entry.ids}
    html = f'<div class="{" ".join(entry.classes)}" id="{"".join(entry.ids)}"></div>'
    assert len(hiding(f"<body>{html}") & names) >= entry.min_rules
