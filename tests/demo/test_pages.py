"""The paper's pages as a browser, a search engine and a cache find them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from html5lib import HTMLParser, getTreeBuilder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import demo_site.app
from demo_site.app import create_app
from demo_site.edition import SECTIONS, STORIES
from demo_site.pages import PLAIN
from demo_site.render import HOUSE

KEY = "a key for the tests of the newspaper, 32+"
PAGES = [
    "/",
    "/behind-the-scenes",
    "/login",
    "/donate",
    "/desk",
    "/privacy",
    *(f"/{name}" for name in PLAIN),
    *(section.path for section in SECTIONS.values()),
    *(story.path for story in STORIES.values()),
]
PARSE = HTMLParser(getTreeBuilder("etree"), namespaceHTMLElements=False, strict=True)


def visit(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://news.localhost")


@pytest.fixture
async def paper() -> AsyncIterator[httpx.AsyncClient]:
    """The paper without the toolkit."""
    async with visit(create_app(middleware=False)) as client:
        yield client


@pytest.fixture
async def mounted() -> AsyncIterator[httpx.AsyncClient]:
    async with visit(create_app(secret_key=KEY, store="none")) as client:
        yield client


def addresses(page: str) -> Iterator[str]:
    for address in re.findall(r'\b(?:href|src|action|srcset|poster)="([^"]*)"', page):
        yield address.replace("&amp;", "&")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_sound_html_with_one_heading_a_title_and_a_description(
    paper: httpx.AsyncClient, path: str
) -> None:
    answer = await paper.get(path)
    assert answer.status_code == 200
    tree = PARSE.parse(answer.text)
    assert tree.get("lang") == "en"
    assert len(tree.findall(".//h1")) == 1
    assert len(tree.findall(".//main")) == 1
    assert len(tree.findtext(".//title") or "") > 5
    described = tree.find(".//meta[@name='description']")
    assert described is not None
    assert len(described.get("content") or "") > 30
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


async def test_no_two_pages_share_a_title(paper: httpx.AsyncClient) -> None:
    titles = [
        re.search(r"<title>(.*?)</title>", (await paper.get(path)).text)[1]  # type: ignore[index]
        for path in PAGES
    ]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_points_at_nothing_outside_and_at_nothing_missing(
    mounted: httpx.AsyncClient, path: str
) -> None:
    page = (await mounted.get(path)).text
    found = {*addresses(page)}
    assert found
    for address in found:
        assert not urlsplit(address).netloc, address
        if not address or address.startswith("#"):
            continue
        target = urlsplit(address)
        reached = await mounted.get(target.path, params=target.query, follow_redirects=True)
        assert reached.status_code == 200, address
        if target.fragment:
            assert f'id="{target.fragment}"' in reached.text, address


async def test_every_page_has_the_way_to_what_happens_behind_it(paper: httpx.AsyncClient) -> None:
    for path in [*PAGES, "/nothing-here"]:
        page = (await paper.get(path)).text
        assert page.index('href="/behind-the-scenes"') < page.index("<main")


async def test_a_policy_forbids_everything_from_elsewhere(paper: httpx.AsyncClient) -> None:
    for path in [*PAGES, "/nothing-here"]:
        policy = (await paper.get(path)).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy


async def test_only_the_strict_section_is_for_one_reader_at_a_time(
    mounted: httpx.AsyncClient,
) -> None:
    for path in PAGES:
        kept = (await mounted.get(path)).headers["cache-control"]
        if path.startswith("/markets/"):
            assert kept == "private, no-cache"
        elif path in {"/login", "/donate", "/desk"}:
            assert kept == "private, no-store"
        else:
            assert kept == "no-cache"


async def test_the_snippet_is_on_articles_and_not_on_log_in_and_legal_pages(
    mounted: httpx.AsyncClient,
) -> None:
    for path, there in (
        ("/", True),
        ("/city/four-clocks", True),
        ("/markets/a-second-rope", True),
        ("/behind-the-scenes", True),
        ("/login", False),
        ("/privacy", False),
        ("/donate", False),
        ("/desk", False),
    ):
        assert ("/_site/client-" in (await mounted.get(path)).text) is there, path


async def test_another_prefix_reaches_the_links_of_the_paper() -> None:
    async with visit(create_app(secret_key=KEY, store="none", prefix="/_desk")) as client:
        page = (await client.get("/behind-the-scenes")).text
        assert "/_desk/note?" in page
        assert "/_site" not in page
        assert "/_desk/preferences" in (await client.get("/privacy")).text


@pytest.mark.parametrize("form", ["dialog", "inline", "banner", "interstitial"])
@pytest.mark.parametrize("verdict", ["extension", "network", "protection"])
async def test_every_preview_opens_without_javascript(
    mounted: httpx.AsyncClient, form: str, verdict: str
) -> None:
    query = {"form": form, "verdict": verdict, "lang": "en"}
    answer = await mounted.get("/_site/note", params=query)
    assert answer.status_code == 200
    assert "<h" in answer.text


@pytest.mark.parametrize("slug", STORIES)
async def test_a_story_introduces_itself_to_search_engines(
    mounted: httpx.AsyncClient, slug: str
) -> None:
    story = STORIES[slug]
    page = (await mounted.get(story.path)).text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == story.headline
    assert data["mainEntityOfPage"] == f"http://news.localhost{story.path}"
    strict = story.section.slug == "markets"
    assert data["isAccessibleForFree"] is not strict
    assert (data.get("hasPart", {}).get("cssSelector") == ".story-text") is strict
    assert 'class="story-text"' in page


async def test_a_story_under_another_section_is_not_found(paper: httpx.AsyncClient) -> None:
    assert (await paper.get("/city/what-a-berth-costs")).status_code == 404
    assert (await paper.get("/city/nothing-of-the-kind")).status_code == 404


async def test_what_is_not_there_gets_a_page_that_helps(paper: httpx.AsyncClient) -> None:
    answer = await paper.get("/nothing-here")
    assert answer.status_code == 404
    assert "gone out with the tide" in answer.text
    assert 'href="/culture/"' in answer.text


async def test_a_fault_gets_a_page_that_takes_the_blame() -> None:
    async def break_down(request: Request) -> Response:
        raise RuntimeError("on purpose")

    app = create_app(middleware=False)
    app.router.routes.insert(0, Route("/boom", break_down))
    async with visit(app) as client:
        answer = await client.get("/boom")
    assert answer.status_code == 500
    assert "wrong on our side" in answer.text
    assert "on purpose" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_rehearsed_choice_leaves_no_trace(mounted: httpx.AsyncClient) -> None:
    answer = await mounted.post("/behind-the-scenes/choice", data={"choice": "later"})
    assert answer.json() == {"ok": True, "reason": "preview", "next": None}
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("form", ["dialog", "inline", "banner", "interstitial"])
async def test_no_answer_in_a_preview_changes_what_the_visitor_s_browser_remembers(
    mounted: httpx.AsyncClient, form: str
) -> None:
    scenes = (await mounted.get("/behind-the-scenes")).text
    offered = [address for address in addresses(scenes) if f"/note?form={form}&" in address]
    chooser = re.search(r"<form[^>]*data-chooser.*?</form>", scenes, re.DOTALL)
    assert chooser
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', chooser[0])
    query = {**dict(hidden), "form": form, "verdict": "extension"}
    for address in [f"/_site/note?{urlencode(query)}", *offered]:
        page = (await mounted.get(address)).text
        sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))
        for choice in ("later", "never", "allow"):
            answer = await mounted.post(
                "/_site/choice",
                data={**sent, "choice": choice},
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == 303
            assert "set-cookie" not in answer.headers


async def test_house_advertisements_come_from_an_address_that_lists_know(
    paper: httpx.AsyncClient,
) -> None:
    page = (await paper.get("/")).text
    drawings = [address for address in addresses(page) if address.startswith(HOUSE.mount)]
    assert len(drawings) == 2
    for address in drawings:
        answer = await paper.get(address)
        assert answer.headers["content-type"] == "image/svg+xml"


def test_importing_the_factory_makes_no_application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_SECRET", KEY)
    monkeypatch.delitem(vars(demo_site.app), "app", raising=False)
    made = demo_site.app.app
    assert made is demo_site.app.app
    with pytest.raises(AttributeError):
        demo_site.app.nothing  # noqa: B018
