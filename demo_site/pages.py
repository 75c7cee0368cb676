"""The paper's pages: a request in, a response out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from demo_site.edition import (
    FRONT,
    MOST_READ,
    SECTIONS,
    STORIES,
    Section,
    Story,
    stories_called,
    stories_in,
)
from demo_site.scenes import FORMS, PRESETS, READERS, SIGNALS, VERDICTS
from demo_site.shelf import Shelf

HERE = Path(__file__).parent
PAPER = "The Merrow Packet"
STRICT = "markets"

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
FOR_ONE_READER = "private, no-cache"
"""What a strict section needs: a shared cache would answer in place of the interstitial."""

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
    }
    return environment


TEMPLATES = Jinja2Templates(env=_environment())


def _render(
    request: Request, name: str, status: int = 200, cache: str = MAY_BE_KEPT, **values: Any
) -> HTMLResponse:
    headers = {**HEADERS, "Cache-Control": cache}
    return TEMPLATES.TemplateResponse(request, name, values, status_code=status, headers=headers)


def _cache_of(section: Section) -> str:
    return FOR_ONE_READER if section.slug == STRICT else MAY_BE_KEPT


async def front(request: Request) -> Response:
    lead, second, *others = stories_called(FRONT)
    placed = {*FRONT}
    columns = [
        (section, [story for story in stories_in(section) if story.slug not in placed])
        for section in SECTIONS.values()
    ]
    return _render(request, "front.html", lead=lead, second=second, others=others, columns=columns)


async def section_page(request: Request, *, section: Section) -> Response:
    lead, *others = stories_in(section)
    return _render(
        request,
        "section.html",
        cache=_cache_of(section),
        section=section,
        lead=lead,
        others=others,
        elsewhere=[story for story in STORIES.values() if story.section is not section][:3],
    )


async def story_page(request: Request, *, section: Section) -> Response:
    story = STORIES.get(request.path_params["slug"])
    if story is None or story.section is not section:
        raise HTTPException(404)
    return _render(
        request,
        "story.html",
        cache=_cache_of(section),
        section=section,
        story=story,
        related=stories_called(story.related),
        data=_structured(request, story),
    )


def _structured(request: Request, story: Story) -> dict[str, Any]:
    """The story for search engines (schema.org NewsArticle). In the strict section the words may
    be withheld from some readers, and the markup says so, as search engines ask."""
    address = urljoin(str(request.base_url), story.path)
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.headline,
        "description": story.standfirst,
        "datePublished": story.published.isoformat(),
        "articleSection": story.section.name,
        "inLanguage": "en",
        "mainEntityOfPage": address,
        "author": {"@type": "Person", "name": story.author},
        "publisher": {"@type": "NewsMediaOrganization", "name": PAPER},
        "isAccessibleForFree": story.section.slug != STRICT,
    }
    if story.section.slug == STRICT:
        data["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": ".story-text",
        }
    return data


def _plain(name: str) -> Any:
    async def page(request: Request) -> Response:
        return _render(request, f"{name}.html")

    return page


async def behind_the_scenes(request: Request) -> Response:
    return _render(
        request,
        "scenes.html",
        prefix=request.app.state.prefix,
        forms=FORMS,
        presets=PRESETS,
        readers=READERS,
        signals=SIGNALS,
        verdicts=VERDICTS,
    )


async def rehearsed_choice(request: Request) -> Response:
    """Takes what a visitor chooses in a preview, and forgets it."""
    return Response('{"ok":true,"reason":"preview","next":null}', media_type="application/json")


async def letter(request: Request) -> Response:
    """Takes a letter without reading it; the thank-you page says so."""
    return RedirectResponse("/letters", status_code=303, headers={"Cache-Control": "no-store"})


async def sign_in(request: Request) -> Response:
    return _render(request, "login.html", tried=request.method == "POST", cache="no-store")


async def robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nAllow: /\n")


async def not_found(request: Request, error: Exception) -> Response:
    return _render(request, "missing.html", status=404)


async def failed(request: Request, error: Exception) -> Response:
    return _render(request, "failed.html", status=500, cache="no-store")


PLAIN = ("about", "accessibility", "privacy", "subscribe", "letters")

ROUTES = [
    Route("/", front),
    *(Route(f"/{name}", _plain(name)) for name in PLAIN),
    Route("/letters", letter, methods=["POST"]),
    Route("/login", sign_in, methods=["GET", "POST"]),
    Route("/behind-the-scenes", behind_the_scenes),
    Route("/behind-the-scenes/choice", rehearsed_choice, methods=["POST"]),
    Route("/robots.txt", robots),
    STATIC.route,
    HOUSE.route,
    *(
        route
        for section in SECTIONS.values()
        for route in (
            Route(section.path, partial(section_page, section=section)),
            Route(section.path + "{slug}", partial(story_page, section=section)),
        )
    ),
]
