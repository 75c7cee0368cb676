"""The pages that a reader can open."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from starlette.requests import HTTPConnection

from adguard.codes import read_code
from adguard.detection import Verdict
from adguard.endpoints.readable import EPOCH, memory_of
from adguard.policy import Action, Moment, Situation, decide
from adguard.presets import Rule
from adguard.reader import AllowStage, ReaderState, month_of
from adguard.settings import Settings
from tests.endpoints.conftest import KEY, Site
from tests.visitor import BLOCKED, FIREFOX, FROM_OUR_PAGE, NAVIGATION

TODAY = 20_780
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "
    "Safari/537.36"
)


def text_of(page: httpx.Response, selector: str) -> str:
    """What the first element that matches says."""
    return HTMLParser(page.text).css(selector)[0].text()


@pytest.mark.parametrize("name", ["help", "support", "preferences", "note"])
async def test_every_page_is_private_uncached_and_keeps_foreign_things_out(
    site: Site, name: str
) -> None:
    visitor = await site.visitor()
    answer = await visitor.open(f"/_site/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    head = await visitor.client.head(f"/_site/{name}")
    assert (head.content, head.headers["content-length"]) == (
        b"",
        answer.headers["content-length"],
    )


async def test_a_forged_way_back_is_refused_everywhere(site: Site) -> None:
    visitor = await site.visitor()
    for name in ("help", "support", "preferences", "note"):
        answer = await visitor.open(f"/_site/{name}?to=https://evil.example/")
        assert answer.status_code == 400
        assert "evil.example" not in answer.text


async def test_an_address_with_too_many_fields_is_refused(site: Site) -> None:
    visitor = await site.visitor()
    query = "&".join(f"{n}=1" for n in range(17))
    assert (await visitor.open(f"/_site/help?{query}")).status_code == 400


async def test_the_help_page_opens_the_guide_that_was_asked_for(site: Site) -> None:
    visitor = await site.visitor()
    assert "Brave" in (await visitor.open("/_site/help?tool=brave")).text
    assert (await visitor.open("/_site/help?tool=<script>")).status_code == 200


@pytest.mark.parametrize(
    ("query", "headers", "name"),
    [
        ("", {}, "AdBlock"),
        ("", {"sec-ch-ua": '"Chromium";v="156", "Brave";v="156"'}, "Brave Shields"),
        ("", {"sec-ch-ua": '"Chromium";v="156", "Opera";v="140"'}, "Opera"),
        ("verdict=network", {"sec-ch-ua": '"Brave";v="156"'}, "Pi-hole or another filter"),
        ("verdict=protection", {"user-agent": FIREFOX}, "Firefox tracking protection"),
        ("verdict=extension", {"user-agent": FIREFOX}, "uBlock Origin"),
    ],
)
async def test_the_help_page_and_the_ask_open_the_guide_for_this_browser(
    site: Site, query: str, headers: dict[str, str], name: str
) -> None:
    visitor = await site.visitor()
    headers = {"user-agent": CHROME, **headers}
    page = await visitor.client.get(f"/_site/help?{query}", headers=headers)
    assert text_of(page, "h2").startswith(name)
    assert text_of(page, "a[aria-current]").startswith(name)
    ask = await visitor.client.get(f"/_site/note?{query}", headers=headers)
    assert text_of(ask, "option[selected]").startswith(name)


async def test_without_a_verdict_the_guide_is_for_what_was_seen_last(site: Site) -> None:
    visitor = await site.visitor()
    state = ReaderState(first_day=TODAY, verdict=Verdict.NETWORK, verdict_day=TODAY)
    cookie = site.middleware.services.jar.write_state(state, secure=False, today=TODAY).decode()
    headers = {"cookie": cookie.partition(";")[0]}
    page = await visitor.client.get("/_site/help", headers=headers)
    assert text_of(page, "a[aria-current]").startswith("Pi-hole")


async def test_a_preview_of_the_interstitial_waits_for_nothing(site: Site) -> None:
    visitor = await site.visitor()
    page = await visitor.open("/_site/note?form=interstitial")
    assert "data-to" not in page.text
    assert 'name="to"' in page.text


@pytest.mark.parametrize("query", ["form=interstitial", "form=dialog&preview=1"])
async def test_a_preview_says_what_it_is_and_its_form_keeps_the_word(
    site: Site, query: str
) -> None:
    page = await (await site.visitor()).open(f"/_site/note?{query}")
    assert "This is a preview" in page.text
    assert '<input type="hidden" name="preview" value="1">' in page.text


async def test_what_a_reader_really_meets_is_no_preview(site: Site) -> None:
    visitor = await site.visitor()
    assert "preview" not in (await visitor.open("/_site/note?form=dialog")).text
    for _ in range(3):
        await visitor.view(BLOCKED, "/markets/a")
    wall = await visitor.open("/markets/a?preview=1")
    assert "Continue without" in wall.text
    assert 'name="preview"' not in wall.text


BLOCKING = ReaderState(
    first_day=TODAY,
    verdict=Verdict.EXTENSION,
    verdict_day=TODAY,
    views=5,
    month=month_of(TODAY),
    month_views=5,
)


async def at_the_wall(
    site: Site, state: ReaderState | None, cookie: str = "", agent: str = FIREFOX
) -> httpx.Response:
    """What a reader with such a note finds behind the address of an earlier wall."""
    services = site.middleware.services
    if state is not None:
        note = services.jar.write_state(state, secure=False, today=TODAY).decode()
        cookie = f"{note.partition(';')[0]}; {cookie}"
    return await (await site.visitor()).client.get(
        "/_site/note",
        params={"to": services.destinations.sign("/markets/a")},
        headers={"cookie": cookie, "user-agent": agent},
    )


@pytest.mark.parametrize(
    "changes",
    [
        *({"verdict": one} for one in Verdict if one is not Verdict.EXTENSION),
        {"verdict_day": TODAY - 2},
        {"month": BLOCKING.month - 1},
        {"month_views": 2},
        {"never_day": TODAY - 9},
    ],
)
async def test_a_walls_address_leads_on_whom_the_policy_would_not_stop(
    site: Site, changes: dict[str, Any]
) -> None:
    assert (await at_the_wall(site, BLOCKING)).status_code == 200
    way = await at_the_wall(site, msgspec.structs.replace(BLOCKING, **changes))
    assert (way.status_code, way.headers["location"]) == (303, "/markets/a")


@pytest.mark.parametrize("state", [None, BLOCKING])
async def test_a_pass_and_a_crawler_are_known_at_a_walls_address_without_a_note_too(
    site: Site, state: ReaderState | None
) -> None:
    kept = site.middleware.services.jar.write_pass(days=9, secure=False, today=TODAY).decode()
    assert (await at_the_wall(site, state, kept.partition(";")[0])).status_code == 303
    assert (await at_the_wall(site, state, agent="Googlebot/2.1")).status_code == 303
    assert (await at_the_wall(site, None)).status_code == 303


@pytest.mark.parametrize(("says", "status"), [(True, 303), (None, 303), (False, 200)])
async def test_a_walls_address_asks_whether_the_reader_supports_the_site(
    make_site: Callable[..., Site], says: bool | None, status: int
) -> None:
    async def is_supporter(connection: HTTPConnection) -> bool | None:
        return says

    assert (await at_the_wall(make_site(is_supporter=is_supporter), BLOCKING)).status_code == status


async def test_a_walls_words_are_true_for_the_verdict_that_the_note_holds(
    make_site: Callable[..., Site],
) -> None:
    filtered = msgspec.structs.replace(BLOCKING, verdict=Verdict.NETWORK)
    page = await at_the_wall(make_site(network_wall=True), filtered)
    assert "a filter on the network" in page.text
    assert "a filter on the network" not in (await at_the_wall(make_site(), BLOCKING)).text


async def test_where_no_page_is_withheld_any_more_a_walls_address_leads_on(
    make_site: Callable[..., Site],
) -> None:
    assert (await at_the_wall(make_site(rules=[]), BLOCKING)).status_code == 303


async def test_nothing_of_ours_is_beside_the_routes(site: Site) -> None:
    visitor = await site.visitor()
    missing = await visitor.fetch("/_site/nothing")
    assert (missing.status_code, missing.text) == (404, "There is nothing here.\n")
    wrong = await visitor.fetch("/_site/report")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    posted = await visitor.client.post("/_site/control", headers=FROM_OUR_PAGE)
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


async def test_a_person_gets_a_page_where_a_script_gets_a_line(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor()
    page = await visitor.open("/_site/nothing")
    assert page.status_code == 404
    assert "<h1" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wrong = await visitor.open("/_site/report")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    for referer, back in {
        "http://news.localhost/city/a?x=1": '<a href="/city/a?x=1">',
        "http://news.localhost/_site/help": '<a href="/">',
        "http://news.localhost/": '<a href="/">',
        "http://else.example/city/a": '<a href="/">',
    }.items():
        answer = await visitor.client.post(
            "/_site/choice",
            data={"choice": "later", "to": "/city/a.signed-by-a-key-that-is-gone"},
            headers={**NAVIGATION, "Sec-Fetch-Site": "same-origin", "Referer": referer},
        )
        assert (answer.status_code, back in answer.text) == (400, True), referer
        assert ("/city/a" in answer.text) == ("/city/a?x" in referer)
    monkeypatch.setattr(site.middleware.services.pages, "message", None)
    assert (await visitor.open("/_site/nothing")).text == "There is nothing here.\n"


async def test_the_strip_is_asked_for_by_a_word_that_no_list_hunts(site: Site) -> None:
    visitor = await site.visitor()
    strip = await visitor.fetch("/_site/note?form=strip")
    assert strip.text == (await visitor.fetch("/_site/note?form=banner")).text


async def test_a_fault_of_ours_is_answered_with_500_and_counted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.middleware.services.pages, "help", None)
    visitor = await site.visitor()
    answer = await visitor.fetch("/_site/help")
    assert (answer.status_code, answer.headers["content-type"]) == (
        500,
        "text/plain; charset=utf-8",
    )
    health = (await visitor.fetch("/_site/health")).json()
    assert health["faults"] == {"endpoint help": 1}


async def test_preferences_say_what_the_cookie_remembers(site: Site) -> None:
    visitor = await site.visitor()
    await visitor.client.post("/_site/choice", data={"choice": "never"}, headers=FROM_OUR_PAGE)
    page = await visitor.open("/_site/preferences")
    assert "22 May 2027" in page.text


async def test_preferences_show_a_code_by_which_the_publisher_sees_what_decided(site: Site) -> None:
    visitor = await site.visitor()
    assert "site-note-copy" not in (await visitor.open("/_site/preferences")).text
    for _ in range(2):
        await visitor.view(BLOCKED, "/a")
    await visitor.client.post("/_site/choice", data={"choice": "later"}, headers=FROM_OUR_PAGE)
    page = await visitor.open("/_site/preferences")
    shown = re.search(r'id="site-note-copy" value="([a-z0-9]+)" readonly', page.text)
    assert shown is not None
    code = read_code(shown[1])
    assert (code.state.later_day, code.state.asks) == (TODAY, (TODAY,))
    assert (code.state.bucket, code.arm, code.has_pass) == (None, "", False)


async def test_two_readers_who_did_the_same_are_shown_the_same_code(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(holdout=0.000001)
    codes = set()
    for early in (3, 0):
        visitor = await site.visitor()
        if early:
            site.clock.pass_days(-40)
            for _ in range(early):
                await visitor.view(BLOCKED, "/a")
            site.clock.pass_days(40)
        for _ in range(4):
            await visitor.view(BLOCKED, "/markets/a")
        page = await visitor.open("/_site/preferences")
        codes |= set(re.findall(r'value="(s1[a-z0-9]+)"', page.text))
    assert len(codes) == 1


async def test_preferences_say_how_long_continue_without_opens_the_way(site: Site) -> None:
    visitor = await site.visitor()
    for _ in range(4):
        await visitor.view(BLOCKED, "/markets/a")
    await visitor.client.post(
        "/_site/choice", data={"choice": "later", "path": "/markets/a"}, headers=FROM_OUR_PAGE
    )
    page = (await visitor.open("/_site/preferences")).text
    assert "the way is free until the end of 24 November 2026" in page
    assert "We will not ask before 25 November 2026" in page
    assert "7 December" not in page


async def test_an_answer_promises_nothing_where_a_wall_can_stand_all_the_same(site: Site) -> None:
    visitor = await site.visitor()
    for _ in range(4):
        await visitor.view(BLOCKED, "/a")
    await visitor.client.post("/_site/choice", data={"choice": "later"}, headers=FROM_OUR_PAGE)
    page = (await visitor.open("/_site/preferences")).text
    assert "answered “Not now”" in page
    assert "We will not ask" not in page


def test_memory_tells_every_kind_of_entry() -> None:
    state = ReaderState(
        first_day=TODAY,
        never_day=TODAY,
        not_blocking_day=TODAY,
        not_blocking_count=2,
        later_day=TODAY,
        later_count=9,
        pressed_day=TODAY,
        pass_day=TODAY,
        asks=(TODAY,),
        open_ask=True,
    )
    walled = Settings(secret_key=KEY, rules=[Rule("/markets/*", preset="strict")])

    def reasons(state: ReaderState | None, *, pass_until: int | None = None) -> list[str]:
        memory = memory_of(state, walled, today=TODAY, pass_until=pass_until)
        return [entry.reason for entry in memory.entries]

    assert reasons(state) == [*("never", "not-blocking", "later", "day-pass", "support", "shown")]
    assert reasons(None) == []
    assert reasons(None, pass_until=TODAY) == ["pass"]
    pressed = ReaderState(first_day=TODAY, pressed_day=TODAY, allow=AllowStage.PRESSED)
    verified = ReaderState(first_day=TODAY, pressed_day=TODAY, allow=AllowStage.VERIFIED)
    assert reasons(pressed) == ["allow"]
    assert reasons(verified) == ["allowed"]
    answered = msgspec.structs.replace(state, open_ask=False)
    assert "shown" not in reasons(answered)
    later = msgspec.structs.replace(state, pass_day=TODAY - 2)
    assert "day-pass" not in reasons(later)


def promised(state: ReaderState, today: int = TODAY, **options: Any) -> dict[str, int | None]:
    """In how many days each entry ends, by its reason."""
    made = Settings(secret_key=KEY, **options)
    return {
        entry.reason: None if entry.until is None else (entry.until - EPOCH).days - today
        for entry in memory_of(state, made, today=today, pass_until=None).entries
    }


def test_what_preferences_promise_holds_on_every_path() -> None:
    later = ReaderState(first_day=TODAY, later_day=TODAY, later_count=1, pressed_day=TODAY)
    news = [Rule("/news/*", preset="standard")]
    assert promised(later, preset="gentle") == {"later": 30, "support": 7}
    assert promised(later, preset="gentle", rules=news) == {"later": 14, "support": 3}
    strict = [*news, Rule("/markets/*", preset="strict")]
    assert promised(later, rules=strict) == {"later": None, "support": None}
    free = msgspec.structs.replace(later, pass_day=TODAY)
    assert promised(free, rules=strict) == {"later": 2, "day-pass": 1, "support": 2}


def test_what_preferences_promise_ends_with_the_note() -> None:
    old = TODAY - 390
    state = ReaderState(
        first_day=old,
        never_day=TODAY,
        not_blocking_day=TODAY - 9,
        not_blocking_count=1,
        later_day=TODAY,
        later_count=3,
        pass_day=TODAY,
    )
    long = [Rule("/a", preset="strict", policy={"pass_days": 9})]
    assert promised(state) == {"never": 5, "not-blocking": 5, "later": 5}
    assert promised(state, rules=long) == {
        **{"never": 5, "not-blocking": 5, "later": 5},
        "day-pass": 4,
    }
    good = msgspec.structs.replace(state, not_blocking_count=2, first_day=TODAY - 9)
    assert promised(good)["not-blocking"] == 386
    assert promised(good, TODAY + 300) == {"never": None, "not-blocking": 86, "later": None}


ago = st.just(0) | st.integers(TODAY - 200, TODAY)
SITES = [
    Settings(secret_key=KEY, preset=preset, rules=rules)
    for preset in ("gentle", "standard")
    for rules in (
        [],
        [Rule("/news", preset="standard"), Rule("/quick", policy={"quiet_days": (2, 5)})],
        [
            Rule("/markets", preset="strict"),
            Rule("/deep", preset="strict", policy={"pass_days": 5}),
        ],
    )
]


@given(
    st.builds(
        ReaderState,
        first_day=st.integers(TODAY - 395, TODAY - 200),
        never_day=ago,
        not_blocking_count=st.just(1),
        not_blocking_day=ago,
        later_count=st.integers(1, 4),
        later_day=ago,
        pressed_day=ago,
        pass_day=ago,
    ),
    st.sampled_from(SITES),
)
def test_nobody_is_asked_before_the_day_that_preferences_promise(
    state: ReaderState, settings: Settings
) -> None:
    entries = memory_of(state, settings, today=TODAY, pass_until=None).entries
    days = [entry.until for entry in entries if entry.until and entry.reason != "day-pass"]
    silent_until = max(((day - EPOCH).days for day in days), default=TODAY)
    assert silent_until <= state.first_day + 395
    for day in range(TODAY, silent_until):
        busy = msgspec.structs.replace(
            state, views=99, visit_day=day, visit_views=99, month=month_of(day), month_views=99
        )
        for policy in settings.book.policies:
            for moment in (Moment.VIEW, Moment.NAVIGATION):
                decision = decide(
                    Situation(verdict=Verdict.EXTENSION, state=busy, today=day, policy=policy),
                    moment,
                )
                assert decision.action is Action.NONE, (day - TODAY, policy.form, moment)
