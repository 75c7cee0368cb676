"""One look: what a publisher's readers get under one theme, made into states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from adguard.assets import Assets
from adguard.pages import Article, Entry, Memory, Pages, Visit
from adguard.preview.states import State
from adguard.settings import Settings, build_settings

__all__ = ["Look"]

PATH = "/culture/the-last-ferry-to-skelling"
TODAY = date(2026, 11, 23)
DATED = ("preferences.reason.day-pass",)
"""Sentences that name the day themselves."""
CODE = "s1ttgvclgcuaaqcaybaoiqfqqbajb7g"
QUIET = 14
"""Days of silence in what preferences say."""


@dataclass(frozen=True)
class _Names:
    """Files of a page that stands still: nothing waits for a verdict on it."""

    style: str
    gate: str = "nothing.js"
    rows: str = ""


class Look:
    """Makes states with a publisher's texts, templates and ways to support.

    :param theme: a ready theme in place of the publisher's own.
    """

    def __init__(self, settings: Settings, theme: str | None = None) -> None:
        worn = settings if theme is None else build_settings(settings, {"theme": theme})
        self.assets = Assets(worn)
        names = _Names(self.assets.style)
        self.pages = Pages(worn, names, self.assets.kinds)
        self._alone = self.pages
        if worn.support:
            without = build_settings(worn, {"support": ()})
            self._alone = Pages(without, names, self.assets.kinds)

    def fragment(self, state: State, visit: Visit, form: str) -> str:
        """Returns the notice's fragment with the state's view in it."""
        return self._pages(state).fragment(
            visit,
            verdict=state.verdict,
            form=form,
            action="thanks" if state.says == "thanks" else "notice",
            tool=state.about,
            preview=True,
        )

    def page(self, state: State, visit: Visit) -> str:
        """Returns a state that is a page of its own."""
        pages, article = self._pages(state), Article(path=PATH, to="")
        back = None if state.alone else article
        if state.kind == "interstitial":
            return pages.interstitial(visit, article, verdict=state.verdict)
        if state.kind == "help":
            return pages.help(visit, tool=state.about, article=back)
        if state.kind == "support":
            return pages.support(visit, article=article)
        if state.kind == "pass":
            code, until = ("", None) if state.alone else (CODE, TODAY + timedelta(days=365))
            return pages.pass_page(visit, code=code, hand=code, until=until, article=article)
        if state.kind == "preferences":
            memory = Memory() if state.alone else _memory(pages, state.about)
            return pages.preferences(visit, memory, article=back)
        return pages.message(visit, state.about, article=article)

    def _pages(self, state: State) -> Pages:
        return self._alone if state.alone and "support" in (state.kind, state.view) else self.pages


def _memory(pages: Pages, verdict: str) -> Memory:
    """Every reason that the catalogue has words for, one a day."""
    begin = "preferences.reason."
    keys = sorted(key for key in pages.texts.speak().sentences if key.startswith(begin))
    entries = []
    for days, key in enumerate(keys):
        on = TODAY - timedelta(days=len(keys) - days)
        until = on + timedelta(days=QUIET) if days % 3 or key in DATED else None
        entries.append(Entry(reason=key.removeprefix(begin), on=on, until=until))
    since = TODAY - timedelta(days=40)
    return Memory(verdict=verdict, entries=entries, number=True, since=since, code=CODE)
