"""How the paper's pages are made: templates, headers, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.templating import Jinja2Templates

from demo_site.edition import MOST_READ, SECTIONS, stories_called
from demo_site.letters.letter import LONGEST_NAME, LONGEST_TEXT
from demo_site.shelf import Shelf

HERE = Path(__file__).parent
PAPER = "The Merrow Packet"

SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": SECURITY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
MAY_BE_KEPT = "no-cache"
FOR_NOBODY_ELSE = "private, no-store"
"""For what one reader alone may see: their own letter, a form with their words, the desk."""

STATIC = Shelf("/static", HERE / "static")
HOUSE = Shelf("/adbanners/house-ads", HERE / "house")
"""The house advertisements' drawings, at an address that filter lists really block."""


def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(HERE / "templates"),
                FileSystemLoader(HERE / "stories"),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "paper": PAPER,
        "sections": tuple(SECTIONS.values()),
        "static": STATIC.url,
        "house": HOUSE.url,
        "most_read": stories_called(MOST_READ),
        "section": None,
        "longest_name": LONGEST_NAME,
        "longest_text": LONGEST_TEXT,
    }
    return environment


TEMPLATES = Jinja2Templates(env=_environment())


def render(
    request: Request, name: str, status: int = 200, cache: str = MAY_BE_KEPT, **values: Any
) -> HTMLResponse:
    """Returns the page that the template `name` makes of `values`."""
    headers = {**HEADERS, "Cache-Control": cache}
    return TEMPLATES.TemplateResponse(request, name, values, status_code=status, headers=headers)


def render_alone(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Returns a page for one person at work: kept nowhere, not indexed, left alone by adguard."""
    page = render(request, name, status, FOR_NOBODY_ELSE, **values)
    page.headers["X-Robots-Tag"] = "noindex"
    page.headers["Site-Note"] = "off"
    return page


def go(address: str) -> RedirectResponse:
    """Sends a browser that has posted something on to a page that can be loaded again."""
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
