"""An experiment as readers meet it: words, form and timing by arm, and what is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adguard import Rule, SettingsError, Variant
from adguard.experiment import BUCKETS, arm_of
from adguard.reader import CookieJar, ReaderState
from tests.endpoints.conftest import KEY, Site
from tests.endpoints.test_counting import by
from tests.visitor import BLOCKED, CLEAR, Visitor

MakeSite = Callable[..., Site]
WORDS = "Ads keep this paper free"
TEXTS = {"en": {"ask.title.extension": WORDS, "interstitial.title": WORDS}}
COPY = Variant("copy-b", 0.5, texts=TEXTS, form="inline", policy={"first_ask": 3})


def bucket_in(site: Site, arm: str) -> int:
    settings = site.middleware.services.settings
    return next(
        bucket
        for bucket in range(BUCKETS)
        if arm_of(bucket, settings.holdout, settings.arms.shares, settings.site) == arm
    )


async def visitor_in(site: Site, arm: str) -> Visitor:
    """A reader whose first blocked view of the experiment is still to come, but not the draw."""
    visitor = await site.visitor()
    state = ReaderState(
        first_day=20_780,
        bucket=bucket_in(site, arm),
        experiment=site.middleware.services.settings.arms.number,
    )
    cookie = CookieJar([KEY]).write_state(state, secure=False, today=20_780).decode()
    name, _, value = cookie.partition(";")[0].partition("=")
    visitor.client.cookies.set(name, value, domain="news.localhost")
    return visitor


async def test_each_arm_is_asked_at_its_time_in_its_form_and_words(make_site: MakeSite) -> None:
    site = make_site(variants=[COPY])
    control, tried = await visitor_in(site, "asked"), await visitor_in(site, "copy-b")
    asked = [await control.view(BLOCKED, "/a") for _ in range(3)]
    assert [one["decision"]["form"] for one in asked] == [None, "dialog", None]
    assert "arm" not in parse_qs(urlsplit(asked[1]["decision"]["url"]).query)
    tried_asked = [await tried.view(BLOCKED, "/a") for _ in range(3)]
    assert [one["decision"]["form"] for one in tried_asked] == [None, None, "inline"]
    url = tried_asked[2]["decision"]["url"]
    assert parse_qs(urlsplit(url).query)["arm"] == ["copy-b"]
    assert WORDS in (await tried.fetch(url)).text
    assert WORDS not in (await control.fetch(asked[1]["decision"]["url"])).text
    assert await by(site, "variant", "extension") == {"asked": 3, "copy-b": 3}


@pytest.mark.parametrize(
    "arm", ["asked", "nothing", "copy-c", "<script>alert(1)</script>", "x" * 900]
)
async def test_an_arm_that_there_is_not_gets_the_usual_words(make_site: MakeSite, arm: str) -> None:
    site = make_site(variants=[COPY])
    visitor = await site.visitor()
    usual = await visitor.open("/_site/note?form=dialog")
    forged = await visitor.client.get("/_site/note", params={"form": "dialog", "arm": arm})
    assert (forged.status_code, forged.text) == (200, usual.text)


async def test_the_interstitial_speaks_the_readers_variant(make_site: MakeSite) -> None:
    site = make_site(variants=[COPY])
    for arm, spoken in (("asked", False), ("copy-b", True)):
        visitor = await visitor_in(site, arm)
        for _ in range(3):
            await visitor.view(BLOCKED, "/markets/a")
        wall = await visitor.open("/markets/a")
        assert "The article." not in wall.text
        assert (WORDS in wall.text) is spoken
    assert await by(site, "variant", "interstitials") == {"asked": 1, "copy-b": 1}


async def test_behind_a_cache_the_interstitial_speaks_it_too(make_site: MakeSite) -> None:
    site = make_site(variants=[COPY], interstitial="redirect")
    visitor = await visitor_in(site, "copy-b")
    for _ in range(4):
        answer = await visitor.view(BLOCKED, "/markets/a")
    assert answer["decision"]["action"] == "interstitial"
    assert WORDS in (await visitor.open(answer["decision"]["url"])).text


async def test_a_variant_may_give_more_free_views_and_the_navigation_knows(
    make_site: MakeSite,
) -> None:
    site = make_site(variants=[Variant("open", 0.5, policy={"free_views": 5})])
    visitor = await visitor_in(site, "open")
    for _ in range(4):
        await visitor.view(BLOCKED, "/markets/a")
    assert "The article." in (await visitor.open("/markets/a")).text
    await visitor.view(BLOCKED, "/markets/a")
    assert "The article." not in (await visitor.open("/markets/a")).text


async def test_readers_are_drawn_at_the_first_blocked_view_also_without_a_hold_out(
    make_site: MakeSite,
) -> None:
    site = make_site(variants=[Variant("b", 0.998, form="inline")])
    visitor = await site.visitor()
    await visitor.view(CLEAR, "/a")
    assert await by(site, "variant", "assigned") == {}
    answers = [await visitor.view(BLOCKED, "/a") for _ in range(3)]
    (arm,) = await by(site, "variant", "assigned")
    assert answers[1]["decision"]["form"] == {"b": "inline", "asked": "dialog"}[arm]
    assert await by(site, "variant", "extension") == {arm: 3}


async def test_global_privacy_control_puts_a_reader_in_no_arm_and_ends_an_earlier_one(
    make_site: MakeSite,
) -> None:
    site = make_site(variants=[COPY], holdout=0.5)
    fresh = await site.visitor()
    fresh.client.headers["Sec-GPC"] = "1"
    answers = [await fresh.view(BLOCKED, "/a") for _ in range(2)]
    assert answers[1]["decision"]["form"] == "dialog"
    for arm in ("copy-b", "holdout"):
        drawn = await visitor_in(site, arm)
        drawn.client.headers["Sec-GPC"] = "1"
        answers = [await drawn.view(BLOCKED, "/a") for _ in range(2)]
        assert answers[1]["decision"]["form"] == "dialog"
    assert await by(site, "variant", "extension") == {"": 6}
    assert "assigned" not in await site.counted()


async def test_other_variants_draw_a_known_reader_anew(make_site: MakeSite) -> None:
    first, second = make_site(holdout=0.000001), make_site(variants=[COPY], holdout=0.000001)
    visitor, later = await first.visitor(), await second.visitor()
    for signals in (BLOCKED, CLEAR):
        await visitor.view(signals, "/a")
    assert await by(first, "variant", "cleared") == {"asked": 1}
    later.client.cookies = visitor.client.cookies
    await later.view(CLEAR, "/a")
    assert await by(second, "variant", "clear") == {"": 1}
    for signals in (BLOCKED, BLOCKED, CLEAR):
        await later.view(signals, "/a")
    (arm,) = await by(second, "variant", "assigned")
    assert arm in {"asked", "copy-b"}
    assert await by(second, "variant", "assigned") == {arm: 1}
    assert await by(second, "variant", "cleared") == {arm: 1}


async def test_held_out_readers_meet_neither_notice_nor_wall(make_site: MakeSite) -> None:
    site = make_site(variants=[COPY], holdout=0.5)
    visitor = await visitor_in(site, "holdout")
    reasons = [(await visitor.view(BLOCKED, "/markets/a"))["decision"]["reason"] for _ in range(5)]
    assert reasons == ["holdout"] * 5
    assert "The article." in (await visitor.open("/markets/a")).text


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            {"en": {"button.latr": "x"}},
            "'copy-b': texts: 'en' has no sentence 'button.latr'; did you",
        ),
        (
            {"en": {"button.later": "{name}"}},
            "'copy-b': texts: 'en', 'button.later' asks for {name}",
        ),
        ({"english!": {"button.later": "x"}}, "'copy-b': texts: 'english!' is not a language tag"),
    ],
)
def test_words_that_there_are_not_are_refused_at_the_start(
    make_site: MakeSite, texts: Any, says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        make_site(variants=[Variant("copy-b", 0.3, texts=texts)])
    assert says in str(caught.value)


async def test_a_publishers_own_words_stand_where_a_variant_has_none(make_site: MakeSite) -> None:
    site = make_site(
        texts={"en": {"button.later": "Perhaps tomorrow"}},
        variants=[COPY],
        rules=[Rule("/markets/*", preset="strict")],
    )
    page = await (await site.visitor()).open("/_site/note?form=dialog&arm=copy-b")
    assert "Perhaps tomorrow" in page.text
    assert WORDS in page.text
