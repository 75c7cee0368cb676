"""`support` lists the publisher's ways to support; `way` counts which were opened, without a script
or a form, and leads there: nowhere but to what the publisher listed."""

from __future__ import annotations

from starlette.types import Receive, Scope

from adguard.endpoints.control import page_path
from adguard.endpoints.http import (
    Answer,
    answer_page,
    comes_from_here,
    headers_of,
    query_of,
    redirect,
    referer_of,
)
from adguard.endpoints.noting import note_reader
from adguard.endpoints.readable import article_of, visit_of
from adguard.pages import Article, support_policy
from adguard.services import Services, base_of


async def support_page(services: Services, scope: Scope, receive: Receive) -> Answer:
    query = query_of(scope)
    page = services.pages.support(
        visit_of(services, scope, query), article=article_of(services, query)
    )
    return answer_page(page, policy=support_policy(services.settings.support))


async def way(services: Services, scope: Scope, receive: Receive) -> Answer:
    """Sends the reader on to the way that the link names. A link from an older list leads to
    today's."""
    query = query_of(scope)
    article = article_of(services, query)
    slug = query.get("of", "")
    list_of_all = f"{base_of(scope)}{services.settings.prefix}/support"
    found = next((one for one in services.settings.support if one.slug == slug), None)
    if found is None:
        return redirect(list_of_all)
    if _was_clicked(services, scope):
        _count(services, scope, article)
    if found.field or found.kind == "monetization":
        return redirect(f"{list_of_all}#site-note-{found.slug}")
    return redirect(found.url)


def _was_clicked(services: Services, scope: Scope) -> bool:
    """Whether a reader followed a link of this site, and no program fetched it ahead."""
    headers = headers_of(scope)
    if scope["method"] != "GET" or b"sec-purpose" in headers or b"purpose" in headers:
        return False
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin" and headers.get(b"sec-fetch-mode") == b"navigate"
    return comes_from_here(scope, headers, services)


def _count(services: Services, scope: Scope, article: Article | None) -> None:
    address = referer_of(headers_of(scope))[0] if article is None else article.path
    path = page_path(address)
    # The notice is shown on measured views only; the list of its own is for all readers.
    noticed = article is None
    if path.startswith(base_of(scope) + services.settings.prefix + "/"):
        path, noticed = "/", False
    note_reader(services, scope, "choice", path, choice="way", sampled=noticed)
