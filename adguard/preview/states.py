"""Everything that a reader can meet, once: the preview, the tests and the screenshots walk it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from adguard.pages import FORMS
from adguard.support import Guide

__all__ = ["GROUPS", "PAGE", "State", "states_of"]

Kind = Literal["note", "interstitial", "help", "support", "pass", "preferences", "message"]

PAGE = "page"
"""The form of what is a page of its own."""
GROUPS = ("asking", "guides", "answers", "instead", "pages", "messages")
VERDICTS = ("extension", "protection", "network", "unknown")


@dataclass(frozen=True)
class State:
    """One thing that a reader can meet.

    :param name: what addresses call it.
    :param title: what the sheet calls it.
    :param group: one of `GROUPS`.
    :param kind: the page it is, or `note` for a view of the notice.
    :param view: the notice's view.
    :param about: the tool of a guide, the reader's verdict in `preferences`, or the topic of a
        message.
    :param says: what the guide's status line says: `checking`, `not-yet` or nothing.
    :param alone: as if the publisher had named no way to support; for `help`, without a way back;
        for `pass`, without a code; for `preferences`, without a note.
    """

    name: str
    title: str
    group: str
    kind: Kind = "note"
    verdict: str = "extension"
    view: str = "ask"
    about: str = ""
    says: str = ""
    alone: bool = False

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms it comes in."""
        return FORMS if self.kind == "note" else (PAGE,)


def states_of(
    guides: Collection[Guide], sentences: Collection[str], *, support: bool = True
) -> tuple[State, ...]:
    """Returns every state.

    :param sentences: keys of the catalogue, which say what messages there are.
    :param support: whether the publisher names ways to support.
    """
    return (
        *_asking(support=support),
        *_guides(guides),
        *_pages(support=support),
        *_messages(sentences),
    )


def _asking(*, support: bool) -> Iterator[State]:
    for verdict in VERDICTS:
        yield State(f"ask-{verdict}", f"The ask, {verdict}", "asking", verdict=verdict)
    if support:
        yield State("support", "Support another way", "answers", view="support")
    yield State("support-none", "No other way yet", "answers", view="support", alone=True)
    for verdict in VERDICTS:
        title = f"How do we know, {verdict}"
        yield State(f"why-{verdict}", title, "answers", view="why", verdict=verdict)
    yield State("never", "Not for six months", "answers", view="never")
    yield State("not-blocking", "I am not blocking", "answers", view="not-blocking")
    yield State("thanks", "Thank you, after the guide", "answers", view="thanks")
    yield State("thanks-alone", "Thank you, on a later page", "answers", view="", says="thanks")


def _guides(guides: Collection[Guide]) -> Iterator[State]:
    for guide in guides:
        verdict = "network" if guide.slug == "network" else "extension"
        yield State(
            f"guide-{guide.slug}",
            f"Guide, {guide.slug}",
            "guides",
            view="guide",
            about=guide.slug,
            verdict=verdict,
        )
    yield State("guide-checking", "Guide, looking", "guides", view="guide", says="checking")
    yield State("guide-not-yet", "Guide, not yet", "guides", view="guide", says="not-yet")
    for guide in guides:
        yield State(f"help-{guide.slug}", f"Help, {guide.slug}", "guides", "help", about=guide.slug)
    yield State("help-lost", "Help, no way back", "guides", "help", alone=True)


def _pages(*, support: bool) -> Iterator[State]:
    for verdict in VERDICTS:
        title = f"Interstitial, {verdict}"
        yield State(f"instead-{verdict}", title, "instead", "interstitial", verdict)
    if support:
        yield State("ways", "Support", "pages", "support")
    yield State("ways-none", "Support, none named", "pages", "support", alone=True)
    yield State("pass", "A pass, to be taken", "pages", "pass")
    yield State("pass-none", "A pass, by its code", "pages", "pass", alone=True)
    yield State("memory-none", "Preferences, no note", "pages", "preferences", alone=True)
    for verdict in (*VERDICTS, "clear"):
        title = f"Preferences, {verdict}"
        yield State(f"memory-{verdict}", title, "pages", "preferences", about=verdict)


def _messages(sentences: Collection[str]) -> Iterator[State]:
    for key in sorted(sentences):
        before, _, rest = key.partition(".")
        topic, _, last = rest.partition(".")
        if before == "message" and last == "title":
            title = f"Message, {topic}"
            yield State(f"message-{topic}", title, "messages", "message", about=topic)
