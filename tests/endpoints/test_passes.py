"""Taking a supporter pass with a code: by a link from a mail or a payment, without a script."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adguard.ledger import StoreError
from adguard.passes import Codes
from tests.endpoints.conftest import KEY, Site
from tests.visitor import BLOCKED, Visitor

MakeSite = Callable[..., Site]
AS_FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
FORM = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def issue(site: Site, *, days: int = 30, minutes: float = 15, about: str | None = None) -> str:
    services = site.middleware.services
    return services.pass_codes.issue(days=days, until=site.clock() + minutes * 60, about=about)


async def opened(visitor: Visitor, code: str, query: str = "") -> dict[str, str]:
    """Opens the link and returns the fields of the page's form."""
    page = await visitor.open(f"/_site/pass?code={code}{query}")
    assert page.status_code == 200
    assert "Keep the pass in this browser" in page.text
    return dict(FORM.findall(page.text))


async def press(
    visitor: Visitor, form: dict[str, str], headers: dict[str, str] = AS_FORM
) -> httpx.Response:
    return await visitor.client.post("/_site/pass", data=form, headers=headers)


async def take(visitor: Visitor, code: str, query: str = "") -> httpx.Response:
    return await press(visitor, await opened(visitor, code, query))


def has_pass(visitor: Visitor) -> bool:
    return "site_pass" in visitor.client.cookies


async def test_a_reader_opens_the_link_presses_the_button_and_is_not_asked_again(
    site: Site,
) -> None:
    visitor = await site.visitor()
    answer = await take(visitor, issue(site))
    assert answer.status_code == 303
    thanks = await visitor.open(answer.headers["location"])
    assert "we will not ask you for anything here" in thanks.text
    assert "code" not in answer.headers["location"]
    for _ in range(3):
        decision = (await visitor.view(BLOCKED))["decision"]
        assert (decision["action"], decision["reason"]) == ("none", "pass")
    assert (await site.counted())["supported"] == 1


async def test_the_page_says_until_when_and_the_pass_stands_as_long(site: Site) -> None:
    visitor = await site.visitor()
    page = await visitor.open(f"/_site/pass?code={issue(site, days=30)}")
    assert "before 23 December 2026" in page.text
    await take(visitor, issue(site, days=30))
    assert "before 23 December 2026" in (await visitor.open("/_site/preferences")).text
    site.clock.pass_days(30)
    assert "a pass as a supporter" in (await visitor.open("/_site/preferences")).text
    site.clock.pass_days(1)
    assert "a pass as a supporter" not in (await visitor.open("/_site/preferences")).text


async def test_opening_the_link_takes_nothing(site: Site) -> None:
    code = issue(site)
    scanner = await site.visitor()
    for _ in range(3):
        await opened(scanner, code)
        assert (await scanner.client.head(f"/_site/pass?code={code}")).status_code == 200
    assert not has_pass(scanner)
    assert (await take(await site.visitor(), code)).status_code == 303


async def test_a_code_works_once(site: Site) -> None:
    code = issue(site)
    first, second = await site.visitor(), await site.visitor()
    await take(first, code)
    answer = await take(second, code)
    assert answer.status_code == 409
    assert "This pass is taken" in answer.text
    assert not has_pass(second)
    assert (await site.counted())["supported"] == 1


async def test_a_second_click_or_a_lost_answer_costs_nothing_and_counts_nothing(
    site: Site,
) -> None:
    visitor = await site.visitor()
    form = await opened(visitor, issue(site))
    assert (await press(visitor, form)).status_code == 303
    visitor.client.cookies.clear()
    assert (await press(visitor, form)).status_code == 303
    assert has_pass(visitor)
    assert (await site.counted())["supported"] == 1
    site.clock.now += 600
    assert (await press(visitor, form)).status_code == 409


async def test_codes_about_one_payment_give_one_pass(site: Site) -> None:
    await take(await site.visitor(), issue(site, about="evt_1"))
    again = await take(await site.visitor(), issue(site, about="evt_1", minutes=60))
    assert again.status_code == 409
    assert (await take(await site.visitor(), issue(site, about="evt_2"))).status_code == 303


async def test_a_code_that_came_too_late_says_so(site: Site) -> None:
    visitor = await site.visitor()
    code = issue(site)
    form = await opened(visitor, code)
    site.clock.now += 15 * 60 + 1
    for answer in (await visitor.open(f"/_site/pass?code={code}"), await press(visitor, form)):
        assert answer.status_code == 410
        assert "This link is too old" in answer.text
    assert not has_pass(visitor)


async def test_a_code_that_is_not_ours_says_so(make_site: MakeSite) -> None:
    site = make_site()
    visitor = await site.visitor()
    other = Codes([KEY], "another-site").issue(days=1, until=site.clock() + 60)
    for code in (other, "x" * 49, issue(site)[:-1], "<script>"):
        for answer in (
            await visitor.client.get("/_site/pass", params={"code": code}),
            await press(visitor, {"code": code, "hand": "h"}),
        ):
            assert answer.status_code == 400
            assert "We do not know this code" in answer.text
            assert code not in answer.text


async def test_a_key_that_is_taken_out_revokes_codes_and_passes(make_site: MakeSite) -> None:
    new = "n" * 32
    before = make_site(secret_key=[KEY])
    code = issue(before)
    visitor = await before.visitor()
    await take(visitor, issue(before))
    cookie = {"site_pass": visitor.client.cookies["site_pass"]}

    async def fares(site: Site) -> tuple[bool, int]:
        reader = await site.visitor()
        reader.client.cookies.update(cookie)
        page = await reader.open("/_site/preferences")
        answer = await reader.open(f"/_site/pass?code={code}")
        return "a pass as a supporter" in page.text, answer.status_code

    assert await fares(make_site(secret_key=[new, KEY])) == (True, 200)
    assert await fares(make_site(secret_key=[new])) == (False, 400)


async def test_a_store_that_is_away_uses_nothing_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()
    form = await opened(visitor, issue(site))

    def away(*_: object) -> None:
        raise StoreError("the code could not be taken: the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(site.middleware.services.taken, "take", away)
        answer = await press(visitor, form)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "Your pass is not used up" in answer.text
    assert not has_pass(visitor)
    assert site.middleware.services.tally.faults["pass"] == 1
    assert (await press(visitor, form)).status_code == 303


async def test_a_form_from_another_site_takes_nothing(site: Site) -> None:
    visitor = await site.visitor()
    form = await opened(visitor, issue(site))
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Accept": "text/html"},
        {"Origin": "https://evil.example", "Accept": "text/html"},
        {"Accept": "text/html"},
    ):
        assert (await press(visitor, form, headers)).status_code == 403
    assert (await press(visitor, form)).status_code == 303


async def test_a_reader_whose_browser_keeps_nothing_is_told(site: Site) -> None:
    visitor = await site.visitor()
    answer = await take(visitor, issue(site))
    visitor.client.cookies.clear()
    page = await visitor.open(answer.headers["location"])
    assert "The pass did not stay" in page.text


async def test_a_longer_pass_is_not_made_shorter_and_counts_once(site: Site) -> None:
    visitor = await site.visitor()
    await take(visitor, issue(site, days=300))
    await take(visitor, issue(site, days=10))
    site.clock.pass_days(200)
    assert "a pass as a supporter" in (await visitor.open("/_site/preferences")).text
    assert (await site.counted())["supported"] == 1


async def test_the_pass_outlives_the_readers_state(site: Site) -> None:
    visitor = await site.visitor()
    await visitor.view(BLOCKED)
    await take(visitor, issue(site))
    visitor.client.cookies.delete("site_note")
    assert (await visitor.view(BLOCKED))["decision"]["reason"] == "pass"


async def test_language_and_the_way_back_stay_with_the_reader(site: Site) -> None:
    visitor = await site.visitor()
    sealed = site.middleware.services.destinations.sign("/markets/a?page=2")
    answer = await take(visitor, issue(site), f"&lang=en&to={sealed}")
    assert answer.headers["location"].endswith("&lang=en")
    page = await visitor.open(answer.headers["location"])
    assert 'href="/markets/a?page=2"' in page.text
    forged = await press(visitor, {"code": issue(site), "to": "//evil.example"})
    assert forged.status_code == 400


async def test_without_a_code_there_is_a_form_for_one(site: Site) -> None:
    visitor = await site.visitor()
    page = await visitor.open("/_site/pass")
    assert "Have you been sent a code?" in page.text
    assert '<form method="get" action="/_site/pass">' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["referrer-policy"] == "same-origin"


async def test_no_code_is_ever_logged(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = await site.visitor()
    codes = [issue(site) for _ in range(3)]
    await take(visitor, codes[0])
    await take(await site.visitor(), codes[0])
    monkeypatch.setattr(site.middleware.services.pages, "pass_page", None)
    await visitor.open(f"/_site/pass?code={codes[1]}")
    monkeypatch.setattr(site.middleware.services, "taken", None)
    await press(visitor, {"code": codes[2], "hand": "h"})
    ours = [record for record in caplog.records if record.name.startswith("adguard")]
    assert ours
    assert not any(code in record.getMessage() for record in ours for code in codes)
    assert not any(code in (record.exc_text or "") for record in ours for code in codes)


async def returned(request: Request) -> Response:
    reader = request.scope["adguard"]
    return RedirectResponse(reader.pass_link(days=30, about=request.query_params["session"]), 303)


async def test_a_payments_return_url_leads_to_a_link_of_fifteen_minutes(
    make_site: MakeSite,
) -> None:
    site = make_site(app=Starlette(routes=[Route("/thanks", returned)]))
    visitor = await site.visitor()
    link = (await visitor.open("/thanks?session=cs_1")).headers["location"]
    assert link.startswith("/_site/pass?code=")
    assert (await visitor.open(link)).status_code == 200
    site.clock.now += 15 * 60 + 1
    assert (await visitor.open(link)).status_code == 410


async def test_with_an_origin_the_link_can_be_mailed(make_site: MakeSite) -> None:
    routes = [Route("/thanks", returned)]
    site = make_site(app=Starlette(routes=routes), origin="https://www.example.org")
    visitor = await site.visitor("https://www.example.org")
    link = (await visitor.open("/thanks?session=cs_1")).headers["location"]
    assert link.startswith("https://www.example.org/_site/pass?code=")


@pytest.mark.parametrize("options", [{"minutes": 0}, {"minutes": 568_801}, {"days": 0}])
async def test_a_link_that_could_never_be_used_is_refused(
    site: Site, options: dict[str, Any]
) -> None:
    from adguard import Reader

    reader = Reader(site.middleware.services, {"type": "http", "headers": [], "path": "/"})
    with pytest.raises(ValueError, match=r"1 (minute )?to 395 days"):
        reader.pass_link(**options)


MUTATED = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@MUTATED
@given(
    place=st.integers(0, 48),
    char=st.characters(codec="utf-8"),
    rest=st.dictionaries(st.text(max_size=8), st.text(max_size=60), max_size=4),
)
async def test_no_mutated_form_takes_a_pass_and_none_is_a_fault(
    site: Site, place: int, char: str, rest: dict[str, str]
) -> None:
    code = issue(site)
    forged = code[:place] + char + code[place + 1 :]
    if "".join(forged.split()) == code:
        return
    visitor = await site.visitor()
    answer = await press(visitor, {**rest, "code": forged})
    assert answer.status_code in {400, 413}
    assert not has_pass(visitor)
    assert site.middleware.services.tally.faults == {}


@MUTATED
@given(st.binary(max_size=300))
async def test_no_made_up_body_takes_a_pass_and_none_is_a_fault(site: Site, body: bytes) -> None:
    visitor = await site.visitor()
    answer = await visitor.client.post(
        "/_site/pass",
        content=body,
        headers={**AS_FORM, "content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert site.middleware.services.tally.faults == {}
