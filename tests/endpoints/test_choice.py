"""Choices: the reader's answers, by script and by plain form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adguard.signing import Seal
from tests.endpoints.conftest import KEY, Site
from tests.visitor import BLOCKED, CLEAR, FROM_OUR_PAGE, Visitor

AS_SCRIPT = {**FROM_OUR_PAGE, "Accept": "application/json"}
AS_FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document", "Accept": "text/html"}


async def choose(visitor: Visitor, headers: dict[str, str] = AS_FORM, **form: str) -> Any:
    return await visitor.client.post("/_site/choice", data=form, headers=headers)


async def wall(site: Site, visitor: Visitor, path: str = "/markets/a") -> httpx.Response:
    """Uses up the three free views and returns the interstitial for `path`."""
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    return await visitor.open(path)


def way_back(page: httpx.Response) -> str:
    match = re.search(r'name="to" value="([^"]+)"', page.text)
    assert match is not None
    return match[1]


async def test_the_fourth_blocked_view_of_a_strict_section_meets_the_interstitial(
    site: Site,
) -> None:
    visitor = await site.visitor()
    page = await wall(site, visitor, "/markets/bond-yields-rise?page=2")
    assert page.status_code == 200
    assert "The article." not in page.text
    assert "Bond Yields Rise" in page.text
    assert "The Gazette" in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["cdn-cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "etag" not in page.headers
    counted = await site.counted()
    assert counted["interstitials"] == 1


async def test_continue_without_leads_to_the_article_for_today_and_tomorrow(site: Site) -> None:
    visitor = await site.visitor()
    page = await wall(site, visitor, "/markets/a?page=2")
    answer = await choose(visitor, choice="later", to=way_back(page))
    assert (answer.status_code, answer.headers["location"]) == (303, "/markets/a?page=2")
    assert "The article." in (await visitor.open("/markets/a")).text
    site.clock.pass_days(1)
    assert "The article." in (await visitor.open("/markets/a")).text
    await visitor.report(await visitor.open("/culture/a"), BLOCKED, path="/culture/a")
    site.clock.pass_days(1)
    assert "The article." not in (await visitor.open("/markets/a")).text


@pytest.mark.parametrize(
    ("choice", "location"),
    [
        ("allow", "/_site/help?to="),
        ("support", "/_site/support?to="),
        ("never", "/markets/a"),
        ("not-blocking", "/markets/a"),
        ("later", "/markets/a"),
    ],
)
async def test_every_button_of_the_interstitial_works_as_a_plain_form(
    site: Site, choice: str, location: str
) -> None:
    visitor = await site.visitor()
    page = await wall(site, visitor)
    answer = await choose(visitor, choice=choice, to=way_back(page))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(location)
    onward = await visitor.open(answer.headers["location"])
    assert onward.status_code == 200
    opens = choice not in {"allow", "support"}
    assert ("The article." in (await visitor.open("/markets/a")).text) is opens


async def test_the_interstitial_goes_away_once_ads_are_allowed(site: Site) -> None:
    visitor = await site.visitor()
    page = await wall(site, visitor)
    source = re.search(r'src="([^"]*/wait-[^"]+)" data-to="([^"]+)"', page.text)
    assert source is not None
    assert source[2] == "/markets/a"
    control = (await visitor.fetch("/_site/control?v=/markets/a")).json()
    body = {
        "v": 1,
        "id": f"{control['day']}-{'z' * 22}",
        "token": control["token"],
        "kind": "recheck",
        "path": "/markets/a",
        "signals": CLEAR,
    }
    await visitor.client.post("/_site/report", json=body, headers=FROM_OUR_PAGE)
    assert "The article." in (await visitor.open("/markets/a")).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"HX-Request": "true"},
        {"X-Requested-With": "XMLHttpRequest"},
    ],
)
async def test_only_a_real_navigation_meets_the_interstitial(
    site: Site, headers: dict[str, str]
) -> None:
    visitor = await site.visitor()
    await wall(site, visitor)
    answer = await visitor.client.get("/markets/a", headers={"Accept": "text/html", **headers})
    assert "The article." in answer.text


async def test_a_post_into_a_strict_section_is_never_withheld(site: Site) -> None:
    visitor = await site.visitor()
    await wall(site, visitor)
    answer = await visitor.client.post("/markets/a", headers={"Accept": "text/html"})
    assert answer.status_code == 405


@pytest.mark.parametrize("name", ["allow", "support", "later", "never", "not-blocking", "forget"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_a_choice_in_a_preview_leaves_no_trace(site: Site, name: str, accept: str) -> None:
    visitor = await site.visitor()
    await visitor.view(BLOCKED, "/a")
    before, counted = dict(visitor.client.cookies), await site.counted()
    answer = await visitor.client.post(
        "/_site/choice",
        data={"choice": name, "path": "/a", "preview": "1"},
        headers={**FROM_OUR_PAGE, "Accept": accept},
    )
    assert answer.status_code == (200 if accept == "application/json" else 303)
    assert "set-cookie" not in answer.headers
    assert dict(visitor.client.cookies) == before
    assert await site.counted() == counted


async def test_crawlers_never_meet_the_interstitial(site: Site) -> None:
    visitor = await site.visitor()
    await wall(site, visitor)
    visitor.client.headers["User-Agent"] = "Mozilla/5.0 (compatible; Googlebot/2.1)"
    assert "The article." in (await visitor.open("/markets/a")).text


async def test_a_fault_while_withholding_lets_the_page_through(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()
    await wall(site, visitor)
    monkeypatch.setattr(site.middleware.services.pages, "interstitial", None)
    assert "The article." in (await visitor.open("/markets/a")).text
    health = (await visitor.fetch("/_site/health")).json()
    assert health["faults"] == {"interstitial": 1}


async def test_in_redirect_mode_the_client_is_sent_to_an_uncached_page_that_leads_back(
    make_site: Callable[..., Site],
) -> None:
    from adguard import Rule

    site = make_site(interstitial="redirect", rules=[Rule("/markets/*", preset="strict")])
    visitor = await site.visitor()
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    assert "The article." in (await visitor.open("/markets/a")).text
    visitor.client.headers["Referer"] = "http://news.localhost/markets/a?page=2"
    answer = await visitor.view(BLOCKED, "/markets/a")
    assert answer["decision"]["action"] == "interstitial"
    page = await visitor.open(answer["decision"]["url"])
    assert page.status_code == 200
    assert page.headers["cache-control"] == "private, no-store"
    forth = await choose(visitor, choice="later", to=way_back(page))
    assert forth.headers["location"] == "/markets/a?page=2"
    again = await visitor.open(answer["decision"]["url"])
    assert (again.status_code, again.headers["location"]) == (303, "/markets/a?page=2")
    assert (await visitor.view(BLOCKED, "/markets/a"))["decision"]["reason"] == "day-pass"


@pytest.mark.parametrize("choice", ["never", "not-blocking", "later"])
async def test_the_back_button_finds_no_wall_once_the_way_is_free(
    make_site: Callable[..., Site], choice: str
) -> None:
    site = make_site(interstitial="redirect")
    visitor = await site.visitor()
    for _ in range(4):
        answer = await visitor.view(BLOCKED, "/markets/a")
    page = await visitor.open(answer["decision"]["url"])
    assert page.status_code == 200
    await choose(visitor, choice=choice, to=way_back(page))
    assert (await visitor.open(answer["decision"]["url"])).status_code == 303


async def test_every_wall_that_is_built_has_buttons_that_fit_into_a_form(site: Site) -> None:
    visitor = await site.visitor()
    await wall(site, visitor)
    for query in ("a=1&" * 253, "&" * 900, "a=1&" * 240, "x" * 700):
        page = await visitor.open("/markets/a?" + query)
        if "The article." not in page.text:
            to = way_back(page).replace("&amp;", "&")
            assert (await choose(visitor, choice="allow", to=to)).status_code == 303


async def test_a_referer_that_is_no_url_is_no_referer(site: Site) -> None:
    visitor = await site.visitor()
    visitor.client.headers["Referer"] = "http://["
    assert (await choose(visitor, choice="later")).status_code == 303


async def test_choices_are_not_counted_for_bots_or_while_we_are_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, bot = await site.visitor(), await site.visitor()
    bot.client.headers["User-Agent"] = "Mozilla/5.0 (compatible; Googlebot/2.1)"
    await choose(bot, choice="never")
    monkeypatch.setenv("ADGUARD_MODE", "off")
    await choose(visitor, choice="never")
    assert await site.counted() == {}


async def test_a_dialogs_not_now_in_a_strict_section_is_a_days_pass(site: Site) -> None:
    visitor = await site.visitor()
    for _ in range(4):
        answer = await visitor.view(BLOCKED, "/markets/a")
    assert answer["decision"]["reason"] == "stand-in"
    await choose(visitor, AS_SCRIPT, choice="later", path="/markets/a")
    assert "The article." in (await visitor.open("/markets/a")).text


async def test_a_script_gets_json_and_the_cookie(site: Site) -> None:
    visitor = await site.visitor()
    answer = await choose(visitor, AS_SCRIPT, choice="later", path="/a")
    assert answer.json() == {"ok": True, "reason": "later", "next": "/_site/preferences"}
    assert "site_note" in visitor.client.cookies
    assert (await site.counted())["later"] == 1


async def test_an_answer_that_is_sent_again_counts_once(site: Site) -> None:
    visitor = await site.visitor()
    day = site.middleware.services.today()
    for _ in range(2):
        await choose(visitor, AS_SCRIPT, choice="later", path="/a", id=f"{day}-{7:016}")
    assert (await site.counted())["later"] == 1


@pytest.mark.parametrize("id", ["", "x", "20000-0000000000000007", f"0{7:040}"])
async def test_an_answer_whose_id_is_none_still_counts(site: Site, id: str) -> None:  # noqa: A002
    visitor = await site.visitor()
    for _ in range(2):
        answer = await choose(visitor, AS_SCRIPT, choice="later", path="/a", id=id)
        assert answer.json()["ok"]
    assert (await site.counted())["later"] == 2


async def test_forget_removes_the_note_and_the_pass(site: Site) -> None:
    visitor = await site.visitor()
    services = site.middleware.services
    await choose(visitor, choice="never")
    passed = services.jar.write_pass(days=9, secure=False, today=services.today()).decode()
    (at,) = {cookie.domain for cookie in visitor.client.cookies.jar}
    visitor.client.cookies.set("site_pass", passed.split(";")[0].partition("=")[2], domain=at)
    page = (await visitor.open("/_site/preferences")).text
    assert "You have a pass as a supporter" in page
    assert "Your pass as a supporter is deleted, too" in page
    answer = await choose(visitor, choice="forget")
    assert answer.headers["location"] == "/_site/preferences"
    removed = [header.partition("=")[0] for header in answer.headers.get_list("set-cookie")]
    assert removed == ["site_note", "site_pass"]
    assert all("; Max-Age=0;" in header for header in answer.headers.get_list("set-cookie"))
    assert "There is no note in this browser" in (await visitor.open("/_site/preferences")).text


async def test_forget_over_tls_removes_what_is_left_from_plain_times_too(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(origin="https://www.example.org")
    visitor = await site.visitor()
    answer = await choose(visitor, {"Origin": "https://www.example.org"}, choice="forget")
    removed = {header.partition("=")[0] for header in answer.headers.get_list("set-cookie")}
    assert removed == {"__Host-site_note", "__Host-site_pass", "site_note", "site_pass"}
    for header in answer.headers.get_list("set-cookie"):
        assert header.endswith("; Secure") is header.startswith("__Host-")


async def test_the_number_for_experiments_is_told_of_where_one_is_in_the_note(
    site: Site, make_site: Callable[..., Site]
) -> None:
    for where, told in ((site, False), (make_site(holdout=0.1), True)):
        visitor = await where.visitor()
        await visitor.view(BLOCKED, "/a")
        page = (await visitor.open("/_site/preferences")).text
        assert "The note was first written" in page
        assert ("a number drawn at random" in page) is told


async def test_the_cookie_is_host_bound_behind_a_proxy_that_terminates_tls(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(origin="https://www.example.org")
    visitor = await site.visitor()
    answer = await choose(visitor, {"Origin": "https://www.example.org"}, choice="later")
    assert answer.headers["set-cookie"].startswith("__Host-site_note=")
    assert answer.headers["set-cookie"].endswith("; Secure")
    refused = await choose(visitor, {"Origin": "http://news.localhost"}, choice="later")
    assert refused.status_code == 403


async def test_cookies_without_tls_from_a_public_host_are_warned_about_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    local, public = await site.visitor(), await site.visitor("http://www.example.org:8000")
    for visitor in (local, public, public):
        await choose(visitor, choice="later")
    assert caplog.text.count("without TLS") == 1
    assert "www.example.org:8000" in caplog.text


@pytest.mark.parametrize(
    ("headers", "form", "status"),
    [
        ({**AS_FORM, "Sec-Fetch-Site": "cross-site"}, {"choice": "later"}, 403),
        ({}, {"choice": "later"}, 403),
        (AS_FORM, {}, 415),
        (AS_FORM, {"to": ""}, 400),
        (AS_FORM, {"choice": "dance"}, 400),
        (AS_FORM, {"choice": "later", "to": "https://evil.example/"}, 400),
        (AS_FORM, {"choice": "later", "to": "/markets/a"}, 400),
        (AS_FORM, {"choice": "later", "x": "y" * 2048}, 413),
        (AS_FORM, {"choice": "later", **{str(n): "1" for n in range(9)}}, 400),
        ({**AS_FORM, "Content-Type": "application/json"}, {"choice": "later"}, 415),
    ],
)
async def test_a_choice_that_cannot_be_taken_is_refused_and_sets_no_cookie(
    site: Site, headers: dict[str, str], form: dict[str, str], status: int
) -> None:
    visitor = await site.visitor()
    answer = await choose(visitor, headers, **form)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers
    assert await site.counted() == {}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    to=st.text(max_size=80)
    | st.text(st.characters(codec="ascii"), max_size=40).map(Seal([KEY], "destination").seal)
)
async def test_no_way_back_leads_off_the_site(site: Site, to: str) -> None:
    visitor = await site.visitor()
    answer = await choose(visitor, choice="later", to=to)
    if to and answer.status_code == 303:
        location = answer.headers["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
    else:
        assert answer.status_code in {303, 400}


async def test_the_answer_survives_a_store_that_fails(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adguard.ledger import LedgerUnavailable

    async def broken(event: object) -> bool:
        raise LedgerUnavailable("disk full")

    monkeypatch.setattr(site.middleware.services.ledger, "record", broken)
    visitor = await site.visitor()
    answer = await choose(visitor, choice="never")
    assert answer.status_code == 303
    assert "site_note" in visitor.client.cookies
