"""The paper's pages: a request in, a response out."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urljoin

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo_site.edition import (
    FRONT,
    SECTIONS,
    STORIES,
    Section,
    Story,
    stories_called,
    stories_in,
)
from demo_site.letters.akismet import SENT
from demo_site.letters.routes import EMPTY, Column, column_of, new_stamp, story_called
from demo_site.letters.tray import KEPT_DAYS
from demo_site.office import office_of
from demo_site.render import FOR_NOBODY_ELSE, HOUSE, MAY_BE_KEPT, PAPER, STATIC, render
from demo_site.scenes import FORMS, PRESETS, READERS, SIGNALS, VERDICTS

STRICT = "markets"
FOR_ONE_READER = "private, no-cache"
"""What a strict section needs: a shared cache would answer in place of the interstitial."""


def _cache_of(section: Section) -> str:
    return FOR_ONE_READER if section.slug == STRICT else MAY_BE_KEPT


async def front(request: Request) -> Response:
    lead, second, *others = stories_called(FRONT)
    placed = {*FRONT}
    columns = [
        (section, [story for story in stories_in(section) if story.slug not in placed])
        for section in SECTIONS.values()
    ]
    return render(request, "front.html", lead=lead, second=second, others=others, columns=columns)


async def section_page(request: Request, *, section: Section) -> Response:
    lead, *others = stories_in(section)
    return render(
        request,
        "section.html",
        cache=_cache_of(section),
        section=section,
        lead=lead,
        others=others,
        elsewhere=[story for story in STORIES.values() if story.section is not section][:3],
    )


async def story_page(request: Request, *, section: Section) -> Response:
    story = story_called(section, request.path_params["slug"])
    column = await column_of(request, story)
    page = render(
        request,
        "story.html",
        cache=FOR_NOBODY_ELSE if "letter" in request.query_params else _cache_of(section),
        section=section,
        story=story,
        column=column,
        draft=EMPTY,
        stamp=new_stamp(request, story),
        related=stories_called(story.related),
        data=_structured(request, story, column),
    )
    if "letter" in request.query_params:
        page.headers["X-Robots-Tag"] = "noindex"
    return page


def _structured(request: Request, story: Story, column: Column) -> dict[str, Any]:
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
        "isAccessibleForFree": True,
        "commentCount": len(story.letters) + len(column.printed),
        "comment": [
            {
                "@type": "Comment",
                "author": {"@type": "Person", "name": letter.name},
                "dateCreated": letter.when.isoformat(timespec="seconds"),
                "text": letter.text,
            }
            for letter in column.printed
        ],
    }
    reader = request.scope.get("adguard")
    return data if reader is None else data | reader.withheld(".story-text")


def _plain(name: str) -> Any:
    async def page(request: Request) -> Response:
        return render(request, f"{name}.html")

    return page


async def privacy(request: Request) -> Response:
    return render(
        request,
        "privacy.html",
        sent=SENT.values() if office_of(request).akismet else (),
        kept_days=KEPT_DAYS,
        most_spam=office_of(request).tray.limits.spam,
    )


async def behind_the_scenes(request: Request) -> Response:
    return render(
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


async def robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nAllow: /\n")


async def not_found(request: Request, error: Exception) -> Response:
    return render(request, "missing.html", status=404)


async def failed(request: Request, error: Exception) -> Response:
    return render(request, "failed.html", status=500, cache="no-store")


PLAIN = ("about", "accessibility", "subscribe")

ROUTES = [
    Route("/", front),
    *(Route(f"/{name}", _plain(name)) for name in PLAIN),
    Route("/privacy", privacy),
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
