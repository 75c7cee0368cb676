"""The page of figures: what stands on it, for which address, and what when something is wrong."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import NoReturn

import html5lib
import pytest

from adguard.dashboard import app as app_module
from adguard.insight.metrics import METRICS
from adguard.ledger import Batch, Event, Store, StoreError, open_store
from adguard.ledger.events import DAY
from tests.dashboard.conftest import TODAY, Client, Make

HUNTED = (
    *("ad", "ads", "adb", "adblock", "adguard", "block", "blocker", "detect", "beacon", "track"),
    *("collect", "notice", "overlay", "modal", "popup", "banner", "cookie", "consent"),
)


async def read(client: Client, query: str = "") -> str:
    answer = await client.get("/" + query)
    assert answer.status_code == 200
    html5lib.HTMLParser(strict=True).parse(answer.text)
    return answer.text


def headline(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found
    return found[1].replace("\u00a0", " ")


async def test_the_first_line_answers_the_editor(make: Make) -> None:
    page = await read(make())
    assert re.fullmatch(
        r"Of [\d,]+ page views, [\d.]+ % were behind a blocker; "
        r"[\d.]+ % of those asked allowed ads\.",
        headline(page),
    )


async def test_the_first_tile_is_money_where_there_is_an_rpm(make: Make) -> None:
    page = await read(make(rpm={"city": 6.0, "*": 2.0}, currency="CHF"))
    first = page[page.index('class="first"') :].partition("</li>")[0]
    assert re.search(r"[\d,.]+ CHF", first)
    assert "An estimate" in first
    assert "Set the option rpm" in await read(make())
    assert "no sum for a part" in await read(make(rpm={"city": 6.0}), "?browser=Firefox")
    assert "EUR" in await read(make(rpm=4.0), "?browser=Firefox")


async def test_every_part_is_there(make: Make) -> None:
    page = await read(make(), "?days=4")
    assert re.findall(r'<h2 id="([a-z-]+)">', page) == [
        *("time", "funnel", "answers", "by-page", "verdicts", "reasons", "by-browser"),
        *("by-device", "by-section", "by-country", "experiment"),
        *("quality", "by-version"),
    ]


async def test_days_on_which_something_of_ours_changed_are_marked(
    make: Make, tmp_path: Path
) -> None:
    store = open_store(f"sqlite://{tmp_path / 'changed.sqlite3'}")
    store.migrate()
    events = [
        Event("", "demo", day * DAY, "view", verdict="clear", version=f"0.1 baits {day}")
        for day in (TODAY - 2, TODAY)
    ]
    store.apply(Batch("node", 1, events))
    page = await read(make(lambda: store))
    assert "<li>23 November: other settings</li>" in page
    assert page.count('class="mark"><line') == 2  # one in each of the two drawings


async def test_no_figure_stands_without_its_definition(make: Make) -> None:
    page = await read(make())
    definitions = {metric.definition for metric in METRICS}
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    ids = {e.get("id"): "".join(e.itertext()) for e in tree.iter() if e.get("id")}
    terms = [e.get("aria-describedby") for e in tree.iter("button") if e.get("aria-describedby")]
    assert len(terms) > 40
    assert len(set(terms)) == len(terms)
    assert {ids[term] for term in terms} <= definitions


async def test_filters_change_the_figures_and_stand_in_the_address(make: Make) -> None:
    client = make()
    whole = headline(await read(client))
    firefox = await read(client, "?browser=Firefox")
    assert headline(firefox) != whole
    assert "browser: Firefox" in firefox
    network = await read(client, "?verdict=network")
    assert re.search(r"page views, [\d.]+ % of all, had the verdict network", headline(network))
    page = await read(client, "?page=/city/harbour-budget")
    assert headline(page) != whole
    assert "by-browser" not in page


async def test_what_came_of_asking_stands_below_the_funnel(make: Make) -> None:
    client = make()
    for label in (
        "Clear on re-check",
        "Back without a blocker",
        "Ways opened",
        "Support confirmed",
    ):
        shown = re.search(rf">{label}</button>.*?</dt><dd>([\d,]+)</dd>", await read(client))
        assert shown, label
    # It happens on later views, which are clear.
    assert "<dd>" not in await read(client, "?verdict=network")


async def test_any_page_can_be_asked_for_over_the_same_days(make: Make) -> None:
    client = make()
    page = await read(client, "?days=4&site=demo")
    form = page[page.index('aria-label="Another page"') :]
    assert re.findall(r'name="(\w+)" value="(\w+)"', form[: form.index("</form>")]) == [
        *(("days", "4"), ("site", "demo")),
    ]
    one = await read(client, "?days=4&site=demo&page=https://news.example/city/the-last-ferry?a=b")
    assert "page: /city/the-last-ferry" in one
    assert "were behind a blocker" in headline(one)


async def test_consent_tools_that_did_not_answer_are_told_where_there_are_any(
    make: Make, tmp_path: Path
) -> None:
    assert "No consent tool answered" not in await read(make())
    store = open_store(f"sqlite://{tmp_path / 'consent.sqlite3'}")
    store.migrate()
    silent = Event("", "demo", TODAY * DAY, "unanswered")
    store.apply(Batch("node", 1, [silent] * 7 + [Event("", "demo", TODAY * DAY, "measured")]))
    page = await read(make(lambda: store))
    assert re.search(r"No consent tool answered</button>.*?</th><td>7</td>", page)


async def test_hours_are_shown_for_short_spans(make: Make) -> None:
    assert page_steps(await read(make(), "?days=1")) == 24
    assert page_steps(await read(make(), "?days=4")) == 4


def page_steps(page: str) -> int:
    wide = page[page.index("chart-wide") : page.index("chart-narrow")]
    return wide.count('class="step"')


async def test_what_the_address_says_is_never_markup(make: Make) -> None:
    page = await read(make(), "?browser=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page
    assert "Nothing was recorded in these days under these filters" in page


async def test_a_new_store_says_what_to_do(make: Make, tmp_path: Path) -> None:
    empty = open_store(f"sqlite://{tmp_path / 'empty.sqlite3'}")
    empty.migrate()
    page = await read(make(lambda: empty))
    assert "adguard demo-data" in page
    assert "ADGUARD_STORE" in page


async def test_days_without_figures_lead_to_days_with_some(make: Make) -> None:
    page = await read(make(), "?from=2026-01-01&to=2026-01-10")
    assert "look at the last 365" in page


async def test_a_question_without_sense_is_answered_with_a_sentence(make: Make) -> None:
    answer = await make().get("/?days=many")
    assert answer.status_code == 400
    assert "write a number from 1 to 760" in answer.text


def gone() -> NoReturn:
    raise StoreError("None of the servers can be reached")


def odd() -> NoReturn:
    raise RuntimeError("a secret of ours")


async def test_a_store_that_is_down_gets_a_page_of_its_own(make: Make) -> None:
    answer = await make(gone).get("/?days=7")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "None of the servers can be reached." in answer.text
    assert 'href="/?days=7"' in answer.text
    assert "goes on being recorded" in answer.text


async def test_a_fault_of_ours_says_so_and_no_more(make: Make) -> None:
    answer = await make(odd).get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_a_store_that_hangs_holds_up_nothing_else(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, released = threading.Event(), threading.Event()

    def hanging() -> Store:
        begun.set()
        released.wait(10)
        return store

    client = make(hanging)
    try:
        waiting = asyncio.create_task(client.get("/"))
        await asyncio.to_thread(begun.wait, 10)
        assert (await client.get("/nothing-here")).status_code == 404
        assert not waiting.done()
    finally:
        released.set()
    assert (await waiting).status_code == 200

    released.clear()
    monkeypatch.setattr(app_module, "PATIENCE", 0.01)
    answer = await client.get("/")
    released.set()
    assert answer.status_code == 503
    assert "did not answer" in answer.text


async def test_a_store_that_hangs_holds_two_threads_however_often_the_page_is_loaded_again(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "PATIENCE", 0.1)
    begun: list[int] = []
    released = threading.Event()

    def hanging() -> Store:
        begun.append(threading.get_ident())
        released.wait(10)
        return store

    client = make(hanging)
    try:
        for _ in range(6):
            assert (await client.get("/")).status_code == 503
        assert len(begun) == app_module.AT_ONCE
    finally:
        released.set()
    monkeypatch.setattr(app_module, "PATIENCE", 20)
    assert (await client.get("/")).status_code == 200


async def test_nothing_is_cached_framed_or_run_in_line(make: Make) -> None:
    answer = await make().get("/")
    policy = answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert not re.search(r"<script(?! src=)|\son[a-z]+=", answer.text)


async def test_files_are_kept_and_change_their_names_with_their_contents(make: Make) -> None:
    client = make()
    page = await read(client)
    for name in re.findall(r'(?:href|src)="(/desk-[^"]+)"', page):
        answer = await client.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/desk-0000.css")).status_code == 404


async def test_no_name_is_one_that_filter_lists_hunt(make: Make) -> None:
    page = await read(make())
    names = re.findall(r' (?:id|class|name|src|for|aria-describedby)="([^"]*)"', page)
    words = {word for name in names for word in re.split(r"[^a-z]+", name.lower())}
    assert not words & set(HUNTED)


async def test_the_page_can_only_be_read(make: Make) -> None:
    client = make()
    answer = await client.post("/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert (await client.head("/")).status_code == 200
