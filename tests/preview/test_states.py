"""The list of states: whatever a reader can meet is on it, and is drawn without a fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adguard.pages import FORMS, VERDICTS, Visit
from adguard.preview import Preview, State, pictures_of, states_of
from adguard.preview.look import Look
from adguard.settings import Settings, SupportOption
from adguard.support import GUIDES
from adguard.texts import Texts
from adguard.theme import THEMES

KEY = "k" * 32
SETTINGS = Settings(
    secret_key=KEY,
    publisher="The Harbour Post",
    support=[SupportOption("Subscribe", "/subscribe", "subscribe")],
)
SENTENCES = Texts().speak().sentences
STATES = states_of(GUIDES, SENTENCES.keys())
TEMPLATES = Path(__file__).parents[2] / "adguard" / "templates"
LOOK = Look(SETTINGS)


def test_every_state_has_an_address_of_its_own_that_needs_no_encoding() -> None:
    names = [state.name for state in STATES]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z0-9-]+", name), name


def test_every_view_of_the_notice_is_on_the_list() -> None:
    html = LOOK.fragment(STATES[0], Visit(base="/x"), "dialog")
    views = set(re.findall(r'data-view="([a-z-]+)"', html))
    assert views == {state.view for state in STATES if state.kind == "note" and state.view}


def test_every_template_verdict_guide_and_message_is_on_the_list() -> None:
    kinds = {state.kind for state in STATES}
    pages = {file.stem for file in TEMPLATES.glob("*.html")} - {"page", "parts", "fragment"}
    assert kinds == {*pages, "note"}
    for kind in ("note", "interstitial"):
        told = {state.verdict for state in STATES if state.kind == kind}
        assert told == {*VERDICTS, "unknown"}
    for kind in ("note", "help"):
        tools = {state.about for state in STATES if state.kind == kind and state.about}
        assert tools == {guide.slug for guide in GUIDES}
    topics = {state.about for state in STATES if state.kind == "message"}
    assert {f"message.{topic}.title" for topic in topics} == {
        key for key in SENTENCES if re.fullmatch(r"message\..+\.title", key)
    }


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_every_state_can_be_made(state: State) -> None:
    visit = Visit(base="/_site/preview/look/paper", lang="ar")
    if state.kind == "note":
        html = LOOK.fragment(state, visit, "dialog")
    else:
        html = LOOK.page(state, visit)
    assert "<html" in html
    assert 'dir="rtl"' in html
    none = "site-note-ways" not in html
    assert "support" not in (state.view, state.kind) or none is state.alone


def test_preferences_show_every_reason_there_is_a_sentence_for() -> None:
    (full,) = (state for state in STATES if state.name == "memory-extension")
    (empty,) = (state for state in STATES if state.name == "memory-none")
    html = LOOK.page(full, Visit(base="/x", lang="en"))
    reasons = [key for key in SENTENCES if key.startswith("preferences.reason.")]
    told = html.partition('class="site-note-memory"')[2].partition("</ul>")[0]
    assert told.count("<li>") == len(reasons) + len(("the verdict", "a number", "since when"))
    assert "<li>" not in LOOK.page(empty, Visit(base="/x", lang="en"))


def test_a_publisher_without_ways_to_support_has_no_state_with_them() -> None:
    bare = Preview(Settings(secret_key=KEY))
    names = {state.name for state in bare.states}
    assert {"support-none", "ways-none"} <= names
    assert not {"support", "ways"} & names


def test_pictures_are_every_state_in_every_form_language_theme_and_scheme() -> None:
    shown = Preview(SETTINGS)
    pictures = list(pictures_of(shown.states, shown.languages, shown.themes))
    notes = sum(state.kind == "note" for state in shown.states)
    forms = notes * len(FORMS) + len(shown.states) - notes
    assert len(pictures) == len(set(pictures))
    assert len(pictures) == forms * len(shown.languages) * len(THEMES) * 2
    some = pictures_of(shown.states, ["de"], ["ink"], ["dark"], ["inline"])
    assert len(list(some)) == len(shown.states)
