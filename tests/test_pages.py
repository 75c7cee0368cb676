"""The notice and our pages as HTML: what is in them, what never is, what publishers may change."""

from __future__ import annotations

import json
import logging
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from adguard.pages import TEMPLATES, Article, Entry, Memory, Pages, Visit
from adguard.settings import Settings, SettingsError, SupportOption
from adguard.support import GUIDES

GUIDE_TO_THEMING = (Path(__file__).parents[1] / "docs" / "theming.md").read_text("utf-8")
KEY = "a key of more than thirty-two characters"
ASSETS = SimpleNamespace(gate="client-7k3bq9xw2m.js", rows="", style="note-7k3bq9xw2m.css")
VISIT = Visit(base="/app/_site")
ARTICLE = Article(path="/culture/the-last-ferry?page=2", to="c2lnbmVk.x-y_z")
HUNTED = {
    *("ad", "ads", "adb", "adblock", "adguard", "block", "blocker", "detect", "beacon", "track"),
    *("collect", "notice", "overlay", "modal", "popup", "banner", "cookie", "consent"),
}
VERDICTS = ("extension", "network", "protection", "unknown", "nonsense")
FULL = ("interstitial", "help", "support", "preferences", "message")


def pages(**options: Any) -> Pages:
    return Pages(Settings(secret_key=KEY, **options), ASSETS)


def made(maker: Pages, name: str, visit: Visit = VISIT) -> str:
    memory = Memory(
        verdict="extension",
        entries=[Entry(reason="later", on=date(2026, 11, 23), until=date(2026, 12, 7))],
        since=date(2026, 11, 1),
    )
    match name:
        case "fragment":
            return maker.fragment(visit)
        case "interstitial":
            return maker.interstitial(visit, ARTICLE)
        case "help":
            return maker.help(visit, tool="ubo", article=ARTICLE)
        case "support":
            return maker.support(visit, article=ARTICLE)
        case "preferences":
            return maker.preferences(visit, memory, article=ARTICLE)
    return maker.message(visit, "never", article=ARTICLE)


def text_of(html: str, selector: str) -> str:
    node = HTMLParser(html).css_first(selector)
    assert node is not None, selector
    return " ".join(node.text().split())


@pytest.mark.parametrize("name", ["fragment", *FULL])
def test_no_name_that_a_browser_sees_is_hunted_by_filter_lists(name: str) -> None:
    for node in HTMLParser(made(pages(), name)).css("*"):
        names = [f"{node.attributes.get('class')} {node.attributes.get('id')}"]
        for attribute, value in node.attributes.items():
            names.append(attribute)
            own = (value or "").startswith("/") or attribute.startswith("data-")
            if attribute in {"href", "src", "action", "name"} and own:
                names.append(value or "")
            if attribute.startswith("data-") and attribute != "data-words":
                names.append(value or "")
        words = set(re.split(r"[^a-z0-9]+", " ".join(names).lower()))
        assert not words & HUNTED


@pytest.mark.parametrize("name", FULL)
def test_every_page_works_under_a_strict_policy(name: str) -> None:
    tree = HTMLParser(made(pages(), name))
    assert not tree.css("style, [style]")
    for script in tree.css("script"):
        assert script.attributes["src"] == "/app/_site/client-7k3bq9xw2m.js"
        assert not script.text()
    assert not [a for node in tree.css("*") for a in node.attributes if a.startswith("on")]
    links = [link.attributes.get("href") for link in tree.css("link[rel=stylesheet]")]
    assert links == ["/app/_site/note-7k3bq9xw2m.css"]


@pytest.mark.parametrize("name", ["fragment", *FULL])
def test_every_page_says_its_language_and_stays_out_of_search(name: str) -> None:
    maker = pages(texts={"ar": {"button.later": "ليس الآن"}})
    html = made(maker, name, Visit(base="/_site", lang="ar-EG"))
    root = HTMLParser(html).css_first("html")
    assert root is not None
    assert (root.attributes["lang"], root.attributes["dir"]) == ("ar", "rtl")
    assert '<meta name="robots" content="noindex">' in html
    assert "<title>" in html


def test_every_page_is_whole_in_every_language() -> None:
    maker = pages(publisher="The Harbour Post", support=[SupportOption("Give", "/give", "donate")])
    for lang in maker.texts.languages:
        visit, speech = Visit(base="/_site", lang=lang), maker.texts.speak(lang)
        for name in ("fragment", *FULL):
            root = HTMLParser(made(maker, name, visit)).css_first("html")
            assert root is not None
            assert (root.attributes["lang"], root.attributes["dir"]) == (lang, speech.dir)
        for verdict in VERDICTS:
            maker.interstitial(visit, ARTICLE, verdict=verdict)
            maker.fragment(visit, verdict=verdict)


def test_a_page_that_sees_no_language_speaks_the_sites_and_then_the_readers() -> None:
    reader = Visit(base="/_site", accept="de, fr;q=0.5")
    assert 'lang="de"' in pages().interstitial(reader, ARTICLE)
    assert 'lang="pl"' in pages(language="pl").interstitial(reader, ARTICLE)
    assert 'lang="de"' in pages(language="tlh").interstitial(reader, ARTICLE)
    article_in_french = Visit(base="/_site", lang="fr", accept="de")
    assert 'lang="fr"' in pages(language="pl").fragment(article_in_french)


@pytest.mark.parametrize("lang", ["ar", "he"])
def test_names_and_headlines_from_elsewhere_do_not_turn_a_sentence_around(lang: str) -> None:
    maker = pages(publisher="The Post", support=[SupportOption("Give once", "/give", "donate")])
    visit = Visit(base="/_site", lang=lang)
    html = maker.interstitial(visit, ARTICLE)
    assert "\u2068The Post\u2069" in text_of(html, "main p")
    assert text_of(html, "header bdi") == "The Post"
    assert text_of(html, ".site-note-headline bdi") == ARTICLE.headline
    assert text_of(html, ".site-note-path[dir=ltr]") == ARTICLE.path
    assert text_of(maker.help(visit, article=ARTICLE), "cite[dir=auto]") == ARTICLE.headline
    assert text_of(maker.support(visit), ".site-note-way [dir=auto]") == "Give once"


@pytest.mark.parametrize("name", ["fragment", *FULL])
def test_every_id_is_there_once_and_every_reference_finds_it(name: str) -> None:
    tree = HTMLParser(made(pages(), name))
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    for attribute in ("for", "aria-labelledby", "aria-describedby"):
        for node in tree.css(f"[{attribute}]"):
            assert node.attributes[attribute] in ids


def test_the_notice_offers_three_answers_and_three_ways_out() -> None:
    tree = HTMLParser(pages(publisher="The Harbour Post").fragment(VISIT))
    buttons = tree.css("[data-view=ask] .site-note-choices button")
    assert [button.text() for button in buttons] == [
        "Allow ads here",
        "Support another way",
        "Not now",
    ]
    assert [button.attributes["value"] for button in buttons] == ["allow", "support", "later"]
    links = tree.css("[data-view=ask] .site-note-links button")
    assert [link.text() for link in links] == [
        "I am not blocking ads",
        "Don't ask for six months",
        "How do we know?",
    ]
    form = tree.css_first("form")
    assert form is not None
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/app/_site/choice")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_words_are_true_for_the_verdict(verdict: str) -> None:
    html = pages().fragment(VISIT, verdict=verdict)
    ask = text_of(html, "[data-view=ask] p")
    assert ("most likely because a blocker" in ask) == (verdict == "extension")
    assert ("filter on your network" in ask) == (verdict == "network")
    assert ("protects you from trackers" in ask) == (verdict == "protection")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_interstitial_has_words_for_every_verdict(verdict: str) -> None:
    text = text_of(pages().interstitial(VISIT, ARTICLE, verdict=verdict), "main p")
    assert "You can also continue without." in text
    assert ("a blocker stops them" in text) == (verdict == "extension")


def test_a_reader_behind_a_network_filter_first_sees_a_guide_without_a_pause_button() -> None:
    html = pages().fragment(VISIT, verdict="network")
    shown = [
        node for node in HTMLParser(html).css("div[data-tool]") if "hidden" not in node.attributes
    ]
    assert [node.attributes["data-tool"] for node in shown] == ["network"]
    assert "pause" not in shown[0].text()
    assert text_of(html, "option[selected]") == "Pi-hole or another filter on the network"


def test_the_guide_that_is_asked_for_is_the_one_shown() -> None:
    assert text_of(pages().fragment(VISIT, tool="brave"), "option[selected]") == "Brave Shields"


def test_the_thank_you_stands_alone() -> None:
    tree = HTMLParser(pages().fragment(VISIT, action="thanks"))
    assert [view.attributes["data-view"] for view in tree.css("[data-view]")] == ["thanks"]
    assert not tree.css("form")


def test_the_bait_table_has_a_row_for_every_bait_of_the_set() -> None:
    maker = Pages(Settings(secret_key=KEY), ASSETS, {"x9": "image", "own": "element"})
    rows = HTMLParser(maker.fragment(VISIT)).css("tbody tr")
    assert [(row.attributes["data-signal"], row.attributes["data-control"]) for row in rows] == [
        ("x9", "image"),
        ("own", "element"),
    ]


def test_the_module_gets_a_word_for_every_outcome() -> None:
    sheet = HTMLParser(pages().fragment(VISIT)).css_first("[data-words]")
    assert sheet is not None
    words = json.loads(sheet.attributes["data-words"] or "")
    outcomes = "loaded blocked substituted faulty refused timeout unasked visible hidden styled"
    assert set(words) == {*outcomes.split(), "unjudged", "checking", "not-yet"}


def test_a_named_publisher_speaks_and_a_nameless_one_says_this_site() -> None:
    named = pages(publisher="Tide & Time").fragment(VISIT)
    assert text_of(named, "h2") == "Ads pay for Tide & Time"
    assert "Tide &amp; Time" in named
    assert text_of(pages().fragment(VISIT), "h2") == "Ads pay for this site"
    assert text_of(pages().help(VISIT), "header a") == "Go to the front page"
    assert text_of(pages(publisher="Tide").help(VISIT), "title").endswith("– Tide")


LOUD = Pages(Settings(secret_key=KEY, publisher='<b title="'), ASSETS)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_what_a_publisher_or_path_says_never_becomes_markup(text: str) -> None:
    article = Article(path="/x", to=text, title=f"{text}<script>alert(1)</script>")
    tree = HTMLParser(LOUD.interstitial(VISIT, article))
    assert len(tree.css("script")) == 1
    assert not tree.css("b")


def test_the_interstitial_is_a_form_that_carries_the_signed_way_back() -> None:
    tree = HTMLParser(pages().interstitial(VISIT, ARTICLE))
    values = [button.attributes["value"] for button in tree.css("form button")]
    assert values == ["allow", "support", "later", "not-blocking", "never"]
    hidden = tree.css("form input[type=hidden]")
    assert [(field.attributes["name"], field.attributes["value"]) for field in hidden] == [
        ("to", ARTICLE.to)
    ]
    assert text_of(pages().interstitial(VISIT, ARTICLE), "button[value=later]") == (
        "Continue without"
    )


GERMAN = {"de": {"button.later": "Jetzt nicht"}}


@pytest.mark.parametrize("name", ["interstitial", "preferences"])
@pytest.mark.parametrize(
    ("lang", "accept", "kept"),
    [
        ("", "de", ["de"]),
        ("de-AT", "en", ["de"]),
        ("en", "de", ["en"]),
        ("en", "", ["en"]),
        ("", "", []),
    ],
)
def test_forms_keep_the_language_a_reader_chose(
    name: str, lang: str, accept: str, kept: list[str]
) -> None:
    html = made(pages(texts=GERMAN), name, Visit(base="/_site", lang=lang, accept=accept))
    fields = HTMLParser(html).css("form input[name=lang]")
    assert [field.attributes["value"] for field in fields] == kept


@pytest.mark.parametrize("name", ["fragment", "help", "message"])
def test_links_keep_a_chosen_english_where_the_browser_asks_for_another_language(
    name: str,
) -> None:
    maker = pages(texts=GERMAN)
    tree = HTMLParser(made(maker, name, Visit(base="/_site", lang="en", accept="de")))
    links = [link.attributes["href"] or "" for link in tree.css("a[href^='/_site/']")]
    assert links
    assert all("lang=en" in link for link in links)
    unasked = made(maker, name, Visit(base="/_site"))
    assert "lang=en" not in unasked


def test_the_interstitial_says_what_waits_and_hands_it_to_the_client() -> None:
    html = pages().interstitial(VISIT, ARTICLE)
    assert text_of(html, ".site-note-headline") == "The Last Ferry"
    assert text_of(html, ".site-note-path") == ARTICLE.path
    script = HTMLParser(html).css_first("script")
    assert script is not None
    assert script.attributes["data-to"] == ARTICLE.path


def test_a_preview_of_the_interstitial_waits_for_nothing_and_never_goes_on() -> None:
    tree = HTMLParser(pages().interstitial(VISIT, ARTICLE, waiting=False))
    assert not tree.css("script, .site-note-headline")
    assert tree.css("form button")


@pytest.mark.parametrize(
    ("path", "headline"),
    [
        ("/culture/the-last-ferry", "The Last Ferry"),
        ("/2026/11/a_day-at-the%20pier.html?x=1#top", "A Day at the Pier"),
        ("/12345", "/12345"),
        ("/", "/"),
        ("/about", "/about"),
        ("/news/9-ways/", "/news/9-ways/"),
        ("/kultur/%C3%BCber-uns", "Über Uns"),
    ],
)
def test_a_headline_is_read_from_the_path(path: str, headline: str) -> None:
    assert Article(path=path, to="x").headline == headline


def test_a_known_headline_is_kept_as_it_is() -> None:
    assert Article(path="/a-b-c", to="x", title="What the tide left").headline == (
        "What the tide left"
    )


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb", "/a\\b"]
)
def test_a_way_back_never_leaves_the_site(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path of this site"):
        Article(path=path, to="x")


def test_help_links_to_every_other_tool_and_keeps_the_way_back() -> None:
    tree = HTMLParser(pages().help(VISIT, tool="brave", article=ARTICLE))
    links = [link.attributes["href"] for link in tree.css(".site-note-others a")]
    assert links == [f"/app/_site/help?tool={g.slug}&to={ARTICLE.to}" for g in GUIDES]
    assert text_of(tree.html or "", "[aria-current=page]") == "Brave Shields"
    back = tree.css_first(".site-note-back a")
    assert back is not None
    assert back.attributes["href"] == ARTICLE.path


def test_help_without_an_article_neither_goes_back_nor_runs_a_script() -> None:
    tree = HTMLParser(pages().help(VISIT, tool="no such tool"))
    assert not tree.css("script, .site-note-back")
    assert text_of(tree.html or "", "[aria-current=page]") == "Something else"


def test_help_says_when_the_steps_were_checked_and_does_not_when_they_were_not() -> None:
    assert "checked on 23 November 2026" in pages().help(VISIT, tool="ubo")
    assert "checked on" not in pages().help(VISIT, tool="abp")


def test_support_lists_the_publishers_ways_as_plain_links() -> None:
    ways = (
        SupportOption("Subscribe", "/subscribe", "subscribe"),
        SupportOption("Tip jar", "https://give.example/jar"),
        SupportOption("Pay as you read", "https://wallet.example/us", "monetization"),
    )
    tree = HTMLParser(pages(support=ways).support(VISIT))
    links = [(a.text(), a.attributes["href"]) for a in tree.css(".site-note-ways a")]
    assert links == [
        ("SubscribeSubscription", f"/app/_site/way?of={ways[0].slug}"),
        ("Tip jar", f"/app/_site/way?of={ways[1].slug}"),
    ]
    wallet = tree.css_first("link[rel=monetization]")
    assert wallet is not None
    assert wallet.attributes["href"] == "https://wallet.example/us"
    assert not tree.css("script")


def test_support_without_ways_has_a_kind_word_and_the_guide() -> None:
    html = pages(publisher="Tide").support(VISIT)
    assert "tell somebody about it" in html
    assert 'href="/app/_site/help"' in html
    assert "tell somebody about it" in pages().fragment(VISIT)


def test_preferences_say_in_words_what_is_remembered() -> None:
    html = made(pages(), "preferences")
    items = [" ".join(li.text().split()) for li in HTMLParser(html).css(".site-note-memory li")]
    assert items == [
        "When you were last here, a blocker in the browser stopped our ads.",
        "On 23 November 2026 you answered “Not now”. We will not ask before 7 December 2026.",
        "The note was first written on 1 November 2026 and is gone 13 months later at the latest.",
    ]
    buttons = [b.attributes["value"] for b in HTMLParser(html).css("form button")]
    assert buttons == ["never", "forget"]


def test_preferences_without_a_note_have_nothing_to_forget() -> None:
    tree = HTMLParser(pages().preferences(VISIT, Memory()))
    assert "There is no note in this browser" in text_of(tree.html or "", ".site-note-empty")
    assert [b.attributes["value"] for b in tree.css("form button")] == ["never"]
    assert not tree.css("input[name=to]")


@pytest.mark.parametrize("verdict", ["clear", "network", "protection", "unknown", "odd"])
def test_preferences_have_words_for_every_verdict(verdict: str) -> None:
    html = pages().preferences(VISIT, Memory(verdict=verdict))
    assert "When you were last here" in text_of(html, ".site-note-memory")


def test_preferences_have_words_for_every_reason_and_skip_unknown_ones() -> None:
    day = date(2026, 11, 23)
    reasons = ("shown", "later", "never", "not-blocking", "allow", "allowed", "support", "pass")
    entries = [Entry(reason=reason, on=day, until=day) for reason in (*reasons, "made-up")]
    tree = HTMLParser(pages().preferences(VISIT, Memory(entries=entries)))
    items = [li.text() for li in tree.css(".site-note-memory li")]
    assert len(items) == len(reasons)
    assert all("not ask before 23 November 2026" in item for item in items)
    assert all("23 November 2026" in item for item in items[:-1])


def test_a_message_has_its_words_and_an_unknown_one_is_an_error_of_ours() -> None:
    assert text_of(pages().message(VISIT, "too-large"), "main p") == (
        "The answer was too large. Please go back and try again."
    )
    html = pages().message(VISIT, "whatever")
    assert "Something went wrong on our side" in html
    assert 'href="/app/"' in html


def test_a_publishers_template_may_build_on_ours(tmp_path: Path) -> None:
    (tmp_path / "interstitial.html").write_text(
        '{% extends "ours/interstitial.html" %}{% block title %}Dear reader{% endblock %}'
    )
    html = pages(template_dir=tmp_path).interstitial(VISIT, ARTICLE)
    assert text_of(html, "title").startswith("Dear reader")
    assert text_of(html, "h1") == "Before you read on"
    assert pages(template_dir=tmp_path).help(VISIT) == pages().help(VISIT)


def test_one_block_of_the_page_changes_all_pages_and_one_of_the_notice_one_view(
    tmp_path: Path,
) -> None:
    (tmp_path / "page.html").write_text(
        '{% extends "ours/page.html" %}{% block masthead %}<p>Est. 1871</p>{% endblock %}'
    )
    (tmp_path / "fragment.html").write_text(
        '{% extends "ours/fragment.html" %}'
        '{% block thanks %}<section data-view="thanks" hidden>Cheers</section>{% endblock %}'
    )
    maker = pages(template_dir=tmp_path)
    for name in FULL:
        html = made(maker, name)
        assert "Est. 1871" in html
        assert "<header" not in html
    assert "Cheers" in made(maker, "fragment")
    assert 'data-view="ask"' in made(maker, "fragment")


@pytest.mark.parametrize("name", ["page", "fragment"])
def test_the_guide_to_theming_lists_every_block(name: str) -> None:
    row = re.search(rf"^\| `{name}.html` \| (.*) \|$", GUIDE_TO_THEMING, re.MULTILINE)
    assert row is not None
    template = (TEMPLATES / f"{name}.html").read_text("utf-8")
    listed = re.findall(r"`([a-z]+)`", row[1])
    assert sorted(listed) == sorted(re.findall(r"{% block (\w+) %}", template))


def test_a_page_of_theirs_that_cannot_be_read_fails_at_the_start_too(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{% block %}")
    with pytest.raises(SettingsError, match=r"template_dir: .*page\.html, line 1"):
        pages(template_dir=tmp_path)


def test_a_template_that_cannot_be_read_fails_at_the_start_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "help.html").write_text("<p>\n{% if %}")
    with pytest.raises(SettingsError, match=r"template_dir: .*help\.html, line 2"):
        pages(template_dir=tmp_path)


def test_a_template_in_another_encoding_fails_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "help.html").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"template_dir: .*help\.html"):
        pages(template_dir=tmp_path)


def test_a_template_that_fails_while_rendering_costs_nobody_the_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "interstitial.html").write_text("{{ no_such_thing }}")
    maker = pages(template_dir=tmp_path)
    with caplog.at_level(logging.WARNING, "adguard"):
        assert maker.interstitial(VISIT, ARTICLE) == pages().interstitial(VISIT, ARTICLE)
        maker.interstitial(VISIT, ARTICLE)
    assert len(caplog.records) == 1
    assert "interstitial.html failed" in caplog.text


def test_a_fault_of_our_own_template_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = pages()
    with pytest.raises(AttributeError):
        maker.help(VISIT, article=SimpleNamespace(path="/"))  # type: ignore[arg-type]
