"""One innocent fault: what is wrong, and what the client may say of it. Data, no browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e.faults.visit import Visit

BOTH = ("chromium", "firefox")
CLEAR = frozenset({"clear"})
DROPPED = frozenset({"control-failed"})
REFUSED = frozenset({"refused"})
TIMEOUT = frozenset({"timeout"})
UNJUDGED = frozenset({"unjudged"})
SILENT = frozenset({"silent"})
"""No verdict at all: the client found nothing to judge, or could not run."""

PAGE = (
    "<!doctype html><html lang=en><head><title>A page</title>{head}</head>"
    "<body><article><h1>A page</h1><p>Words.</p></article>{body}</body></html>"
)

PARTS = ("page", "client", "control", "control.js", "control.png", "n1", "n2", "n3", "report")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "baits": ("n1", "n2", "n3"),
    "controls": ("control", "control.js", "control.png"),
    "checks": ("n1", "n2", "n3", "control", "control.js", "control.png"),
    "ours": PARTS[1:],
    "all": PARTS,
}


@dataclass(frozen=True)
class Fault:
    """
    :param name: one line, as the documentation lists it.
    :param reasons: what the client may give as the reason of its verdict; `silent` when it may say
        nothing. No reason here ever stands for a blocker.
    :param trouble: a part of the site, or a group of them, -> what is wrong with it (`paper.py`).
    :param headers: of the page.
    :param page: the whole document; `{snippet}` stands for a copy of ours, `{nonced}` for one with
        the nonce `abc123`.
    :param options: of the middleware.
    :param root: what the application is mounted under.
    :param host: another host than one of `*.localhost`.
    :param init: JavaScript before all of the page's own, on the faulty view only.
    :param context: options of Playwright's `new_context`, by browser (`""` for each).
    :param profile: a browser of its own, see `browser.py`; the fault lies in its preferences.
    :param go: opens the faulty view, in place of a plain `goto`.
    :param returns: the faulty view ends on a page that comes back from the back/forward cache,
        after which Playwright finds no elements in Firefox.
    :param counted: events of kind `view` or `remembered` that the faulty view may leave.
    :param calm: events that the view afterwards leaves; none for a crawler.
    :param lasts: the fault is a setting, which no view afterwards is without.
    """

    name: str
    reasons: frozenset[str] = CLEAR
    trouble: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str = PAGE.format(head="", body="")
    options: Mapping[str, Any] = field(default_factory=dict)
    root: str = ""
    host: str = ""
    init: str = ""
    context: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    profile: str = ""
    go: Callable[[Visit], Awaitable[None]] | None = None
    browsers: tuple[str, ...] = BOTH
    returns: bool = False
    counted: tuple[int, ...] = (1,)
    calm: int = 1
    lasts: bool = False

    @property
    def ordinary(self) -> bool:
        """Whether a tab that others have used will do."""
        return not (self.context or self.profile or self.go or self.init)

    @property
    def troubled(self) -> dict[str, Any]:
        """Part -> what is wrong with it."""
        return {
            part: wrong
            for name, wrong in self.trouble.items()
            for part in GROUPS.get(name, (name,))
        }


def head(html: str) -> str:
    """A page with `html` in its head."""
    return PAGE.replace("{head}", html).replace("{body}", "")


def body(html: str) -> str:
    """A page with `html` at the end of its body."""
    return PAGE.replace("{head}", "").replace("{body}", html)


def style(css: str) -> str:
    return head(f"<style>{css}</style>")


def script(code: str) -> str:
    """A page with a script before ours."""
    return head(f"<script>{code}</script>")
