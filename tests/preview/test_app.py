"""The preview as an app: an index to pick from, states as readers get them, answers forgotten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from adguard.preview import Preview
from adguard.preview.app import OWN
from adguard.settings import Settings, SupportOption

KEY = "k" * 32
SHOWN = Preview(
    Settings(
        secret_key=KEY,
        publisher="The <Harbour> Post",
        support=[SupportOption("Subscribe", "/subscribe", "subscribe")],
        texts={"en": {"ask.title.extension": "We are forty people"}},
    )
)


def visitor(app: Preview = SHOWN) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


def first(html: str, selector: str) -> dict[str, str]:
    """The attributes of the first element that the selector finds."""
    node = HTMLParser(html).css_first(selector)
    assert node is not None, selector
    return {name: value or "" for name, value in node.attributes.items()}


async def opened(path: str, app: Preview = SHOWN) -> httpx.Response:
    async with visitor(app) as client:
        return await client.get(path)


async def test_the_index_shows_every_state_once_and_links_to_each() -> None:
    answer = await opened("/")
    assert answer.status_code == 200
    page = HTMLParser(answer.text)
    frames = [frame.attributes["src"] for frame in page.css("iframe")]
    links = [link.attributes["href"] for link in page.css("ul.sheet a")]
    assert frames == links
    assert len(frames) == len(SHOWN.states)
    assert all("lang=en" in str(frame) and "scheme=light" in str(frame) for frame in frames)
    assert "The &lt;Harbour&gt; Post" in answer.text
    assert "<script" not in answer.text


async def test_a_picture_takes_no_part_in_the_keyboards_walk() -> None:
    page = HTMLParser((await opened("/")).text)
    for frame in page.css("iframe"):
        assert {"inert", "tabindex", "aria-hidden", "loading"} <= set(frame.attributes)


async def test_the_address_says_what_is_shown() -> None:
    query = "group=asking&form=strip&lang=ar&theme=ink&scheme=dark&size=wide"
    page = HTMLParser((await opened(f"/?{query}")).text)
    assert {option.attributes["value"] for option in page.css("option[selected]")} == {
        *("asking", "strip", "ar", "ink", "dark", "wide")
    }
    sources = [str(frame.attributes["src"]) for frame in page.css("iframe")]
    assert sources
    for source in sources:
        assert source.startswith("/look/ink/see?state=ask-")
        assert source.endswith("&form=strip&lang=ar&scheme=dark")


async def test_more_than_one_sheet_is_turned_page_by_page() -> None:
    begin = HTMLParser((await opened("/?form=all&scheme=all")).text)
    seen = []
    for link in begin.css("nav li a"):
        page = HTMLParser((await opened(str(link.attributes["href"]))).text)
        seen += [frame.attributes["src"] for frame in page.css("iframe")]
    count = re.search(r"([\d,]+) pictures", begin.text())
    assert count is not None
    assert len(set(seen)) == len(seen) == int(count[1].replace(",", ""))


async def test_a_sheet_that_is_not_there_leads_to_the_first() -> None:
    assert "page=1" in first((await opened("/?page=900")).text, "main .lead a")["href"]


@tries(max_examples=150)
@given(
    query=st.text(max_size=60), path=st.sampled_from(["", "look", "look/ink/see", "look/ink/note"])
)
async def test_no_address_breaks_it(query: str, path: str) -> None:
    async with visitor() as client:
        answer = await client.get(f"/{path}", params={"state": query, "lang": query, "page": query})
    assert answer.status_code in (200, 303)


async def test_a_notice_stands_on_a_stage_that_runs_the_module_of_the_theme() -> None:
    stage = await opened("/look/ink/see?state=guide-ubo&form=strip&lang=de&scheme=dark")
    root = first(stage.text, "html")
    assert (root["lang"], root["dir"]) == ("de", "ltr")
    given = json.loads(root["data-given"])
    assert (given["form"], given["view"]) == ("banner", "guide")
    module = await opened(given["module"])
    assert "border-radius" in module.text
    assert "#111111" in module.text, "the theme's ink"
    fragment = await opened(given["url"])
    assert 'lang="de"' in fragment.text
    assert "/dark.css" in stage.text


async def test_the_publishers_words_are_shown() -> None:
    fragment = await opened("/look/paper/note?state=ask-extension&lang=en")
    assert "We are forty people" in fragment.text


async def test_a_page_of_ours_is_shown_as_it_is_and_waits_for_nothing() -> None:
    page = await opened("/look/paper/see?state=instead-network&lang=he&scheme=light")
    assert 'dir="rtl"' in page.text
    assert (await opened(first(page.text, "script")["src"])).text == ""
    style = first(page.text, "link[rel=stylesheet]")["href"]
    assert "site-note-sheet" in (await opened(style)).text


async def test_pages_of_ours_link_to_each_other_within_the_preview() -> None:
    page = HTMLParser((await opened("/look/paper/see?state=help-ubo&lang=en")).text)
    for link in page.css("nav.site-note-others a"):
        answer = await opened(str(link.attributes["href"]))
        assert answer.status_code == 200
    assert (await opened("/look/paper/preferences")).status_code == 200
    assert (await opened("/look/paper/support")).status_code == 200


@pytest.mark.parametrize(
    ("choice", "status", "leads"),
    [
        ("allow", 303, "/look/ink/help?lang=de"),
        ("support", 303, "/look/ink/support?lang=de"),
        ("later", 200, None),
        ("never", 200, None),
        ("forget", 200, None),
        ("nonsense", 200, None),
    ],
)
async def test_an_answer_is_forgotten(choice: str, status: int, leads: str | None) -> None:
    async with visitor() as client:
        answer = await client.post("/look/ink/choice", data={"choice": choice, "lang": "de"})
        silent = await client.post(
            "/look/ink/choice", data={"choice": choice}, headers={"accept": "application/json"}
        )
    assert (answer.status_code, answer.headers.get("location")) == (status, leads)
    assert silent.json()["ok"] is True
    assert "set-cookie" not in answer.headers
    assert "set-cookie" not in silent.headers


async def test_an_answer_that_is_no_short_form_is_refused() -> None:
    async with visitor() as client:
        answer = await client.post("/look/ink/choice", content=b"x" * 3000)
    assert answer.status_code == 413


async def test_what_is_not_there_leads_back_to_the_index() -> None:
    for path in ("/nothing", "/look", "/look/papyrus/see", "/look/ink/", "/../app.py"):
        answer = await opened(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"] == "/"


async def test_a_theme_of_ones_own_comes_first() -> None:
    own = Preview(Settings(secret_key=KEY, theme={"accent": "#7a1f3d"}))
    assert own.themes == (OWN, "paper", "plain", "ink", "salmon")
    assert Preview(Settings(secret_key=KEY, theme="ink")).themes[0] == "ink"
    page = await opened(f"/look/{OWN}/see?state=ways-none", own)
    style = first(page.text, "link[rel=stylesheet]")["href"]
    assert "#7a1f3d" in (await opened(style, own)).text


async def test_a_broken_template_shows_ours_as_it_would_to_readers(tmp_path: Path) -> None:
    (tmp_path / "help.html").write_text("{{ nothing.at.all }}")
    broken = Preview(Settings(secret_key=KEY, template_dir=tmp_path))
    answer = await opened("/look/paper/see?state=help-ubo&lang=en", broken)
    assert "How to allow ads" in answer.text


async def test_a_fault_is_said_and_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    look = SHOWN._look("paper")

    def fail(*_: object) -> str:
        raise RuntimeError("no ink left")

    monkeypatch.setattr(look, "page", fail)
    answer = await opened("/look/paper/see?state=ways&lang=en")
    assert (answer.status_code, "no ink left" in answer.text) == (500, True)
