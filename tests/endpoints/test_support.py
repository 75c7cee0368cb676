"""Ways to support: links that are counted without a script and lead nowhere else, a newsletter's
form, a wallet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from adguard import SupportOption, monetization_tag
from adguard.pages import PAGE_POLICY
from tests.endpoints.conftest import Site
from tests.visitor import FIREFOX, Visitor

MakeSite = Callable[..., Site]
JAR = SupportOption("Tip jar", "https://give.example/jar?from=site#now", "donate")
SUBSCRIBE = SupportOption("Subscribe", "/subscribe", "subscribe")
LETTER = SupportOption("The Tuesday letter", "https://news.example/join", "newsletter", "email")
OWN_LETTER = SupportOption("The Friday letter", "/letters/join", "newsletter", "address")
WALLET = SupportOption("Pay as you read", "$wallet.example/us", "monetization")
ALL = (SUBSCRIBE, JAR, LETTER, OWN_LETTER, WALLET)
CLICKED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site(support=ALL)


async def click(
    visitor: Visitor, option: SupportOption, headers: dict[str, str] = CLICKED, query: str = ""
) -> Any:
    return await visitor.client.get(f"/_site/way?of={option.slug}{query}", headers=headers)


async def test_a_click_is_counted_and_leads_to_the_way(site: Site) -> None:
    visitor = await site.visitor()
    answer = await click(visitor, JAR)
    assert (answer.status_code, answer.headers["location"]) == (303, JAR.url)
    assert answer.headers["cache-control"] == "private, no-store"
    assert (await click(visitor, SUBSCRIBE)).headers["location"] == "/subscribe"
    assert await site.counted() == {"ways": 2}


@pytest.mark.parametrize(
    ("headers", "counted"),
    [
        ({"Referer": "http://news.localhost/story"}, True),
        ({"Referer": "http://evil.example/story"}, False),
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, False),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}, False),
        ({**CLICKED, "Sec-Purpose": "prefetch"}, False),
        ({**CLICKED, "Purpose": "prefetch"}, False),
        ({**CLICKED, "User-Agent": "Googlebot/2.1"}, False),
    ],
)
async def test_only_a_readers_click_on_a_page_of_ours_counts(
    site: Site, headers: dict[str, str], counted: bool
) -> None:
    answer = await click(await site.visitor(), JAR, headers)
    assert answer.headers["location"] == JAR.url
    assert (await site.counted() == {"ways": 1}) == counted


async def test_a_click_counts_under_the_article_that_waits_or_the_page_with_the_notice(
    make_site: MakeSite,
) -> None:
    site = make_site(support=ALL, sample=0.5)
    visitor = await site.visitor()
    sealed = site.middleware.services.destinations.sign("/markets/a")
    await click(visitor, JAR, query=f"&to={sealed}")
    await click(visitor, JAR, {**CLICKED, "Referer": "http://news.localhost/story"})
    await click(visitor, JAR, {**CLICKED, "Referer": "http://news.localhost/_site/support"})
    assert (await site.counted()) == {"ways": 3}
    from adguard.ledger import Span

    with site.middleware.services.ledger.store.figures() as figures:
        found = {
            row.value: row.totals.weighted["ways"] for row in figures.top_pages(Span(0, 99_999))
        }
    assert found == {"/markets/a": 1.0, "/story": 2.0, "/": 1.0}


async def test_a_link_from_an_older_list_leads_to_todays(site: Site) -> None:
    visitor = await site.visitor()
    for slug in ("", "0123456789", "https://evil.example/"):
        answer = await visitor.client.get("/_site/way", params={"of": slug}, headers=CLICKED)
        assert (answer.status_code, answer.headers["location"]) == (303, "/_site/support")
    assert await site.counted() == {}


async def test_a_click_in_the_notice_on_what_needs_a_form_leads_to_the_form(site: Site) -> None:
    visitor = await site.visitor()
    answer = await click(visitor, LETTER)
    assert answer.headers["location"] == f"/_site/support#site-note-{LETTER.slug}"
    page = HTMLParser((await visitor.open("/_site/support")).text)
    assert page.css_first(f"#site-note-{LETTER.slug} form") is not None
    assert await site.counted() == {"ways": 1}


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(["of", "to", "url", "lang"]), st.text(max_size=80)))
async def test_no_address_leads_anywhere_else(site: Site, query: dict[str, str]) -> None:
    visitor = await site.visitor()
    answer = await visitor.client.get("/_site/way", params=query, headers=CLICKED)
    assert answer.status_code in {303, 400}
    if answer.status_code == 303:
        assert answer.headers["location"] == "/_site/support"
    assert site.middleware.services.tally.faults == {}


async def test_a_newsletter_is_a_form_that_sends_an_address_to_the_publishers_endpoint(
    site: Site,
) -> None:
    page = await (await site.visitor()).open("/_site/support")
    forms = HTMLParser(page.text).css("form")
    assert [(form.attributes["method"], form.attributes["action"]) for form in forms] == [
        ("post", "https://news.example/join"),
        ("post", "/letters/join"),
    ]
    field = forms[1].css("input")[0].attributes
    assert (field["type"], field["name"], field["autocomplete"]) == ("email", "address", "email")
    label = forms[1].css("label")[0]
    assert (label.text(), label.attributes["for"]) == ("Your email address", field["id"])
    assert "A mail will ask you to confirm it" in forms[1].text()


async def test_the_support_page_may_reach_just_what_is_on_its_list(site: Site) -> None:
    visitor = await site.visitor()
    policy = (await visitor.open("/_site/support")).headers["content-security-policy"]
    added = {
        *policy.replace("form-action 'self' https://news.example;", "form-action 'self';").split(
            "; "
        )
    }
    assert added - {*PAGE_POLICY.split("; ")} == {"monetization-src https://wallet.example/us"}
    assert "https://news.example" in policy
    help_page = (await visitor.open("/_site/help")).headers["content-security-policy"]
    assert help_page == PAGE_POLICY


async def test_without_such_ways_the_policy_is_the_usual_one(make_site: MakeSite) -> None:
    site = make_site(support=[JAR, SUBSCRIBE, OWN_LETTER])
    page = await (await site.visitor()).open("/_site/support")
    assert page.headers["content-security-policy"] == PAGE_POLICY


async def test_the_publishers_own_pages_carry_their_wallets(
    make_site: MakeSite, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("<head>{{ monetization_tag() }}</head>")
    templates = Jinja2Templates(tmp_path)
    templates.env.globals["monetization_tag"] = monetization_tag

    async def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    app = Starlette(routes=[Route("/", page)])
    other = SupportOption("Also", "https://other.example/us?a=1&b", "monetization")
    for options, wallets in (
        ([JAR], []),
        ([WALLET, JAR, other], ["https://wallet.example/us", "https://other.example/us?a=1&b"]),
    ):
        site = make_site(app=app, support=options, mode="off")
        shown = HTMLParser((await (await site.visitor()).open("/")).text)
        links = shown.css("head > link[rel=monetization]")
        assert [link.attributes["href"] for link in links] == wallets
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://news.localhost")
    async with bare:
        assert (await bare.get("/")).text == "<head></head>"


async def test_the_notice_has_links_only(site: Site) -> None:
    visitor = await site.visitor()
    visitor.client.headers["User-Agent"] = FIREFOX
    notice = HTMLParser((await visitor.fetch("/_site/note?verdict=extension")).text)
    view = notice.css_first("[data-view=support]")
    assert view is not None
    assert not view.css("form, input")
    assert [link.attributes["href"] for link in view.css(".site-note-ways a")] == [
        f"/_site/way?of={option.slug}" for option in ALL if option is not WALLET
    ]
