"""Everything of ours that reaches a browser: requests, elements, names and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser

from adguard import snippets
from adguard.assets import Assets
from adguard.filters import Element
from adguard.pages import Article, Entry, Memory, Pages, Visit
from adguard.settings import Settings

COOKIES = ("site_note", "site_pass", "__Host-site_note", "__Host-site_pass")
_EVENT = re.compile(r'"(site:[a-z]+)"')
VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "path"})
VERDICTS = ("extension", "network", "protection", "unknown")


@dataclass(frozen=True)
class OwnRequest:
    """A request that one of our pages makes.

    :param name: what to call it in a report, such as `client`.
    :param kind: the request type as filter lists name it.
    :param path: from the site's root, with its query.
    """

    name: str
    kind: str
    path: str


@dataclass(frozen=True)
class Own:
    """What no filter list may hit.

    :param names: cookies, events, storage keys and data attributes, for rules that are neither
        about requests nor about elements.
    :param texts: the sentences that readers see.
    """

    requests: tuple[OwnRequest, ...]
    elements: tuple[Element, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]


def collect(settings: Settings) -> Own:
    """Returns all of it for these settings, made by the code that serves it."""
    assets = Assets(settings)
    kept: dict[object, Element] = {}
    texts: dict[str, None] = {}
    attributes: set[str] = set()
    baits = [frozenset(bait.classes) for bait in assets.baits.elements]
    for html in _documents(settings, assets):
        reader = _Reader()
        reader.feed(html)
        reader.close()
        texts |= dict.fromkeys(reader.texts)
        for key, element in reader.elements():
            attributes.update(element.attributes)
            if frozenset(element.classes) not in baits:
                kept[key] = element
    return Own(
        requests=_requests(settings, assets),
        elements=tuple(kept.values()),
        names=(*COOKIES, *_events(), *sorted(a for a in attributes if a.startswith("data-site"))),
        texts=tuple(texts),
    )


def label(element: Element) -> str:
    """`div#site-note.site-note-sheet`, short enough for a sentence."""
    dotted = "".join(f".{name}" for name in element.classes)
    return f"{element.tag}{'#' if element.id else ''}{element.id}{dotted}"[:60]


def read_elements(html: str) -> list[Element]:
    """The elements of a document, in its order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return [element for _, element in reader.elements()]


def _requests(settings: Settings, assets: Assets) -> tuple[OwnRequest, ...]:
    xhr, page = "xmlhttprequest", "document"
    listed = (
        ("client", "script", assets.client),
        ("client on the interstitial", "script", assets.gate),
        ("note script", "script", assets.note),
        ("note style", "stylesheet", assets.style),
        ("control script", "script", assets.baits.controls.script[1:]),
        ("control image", "image", assets.baits.controls.image[1:]),
        ("control", xhr, "control?v=%2Fnews%2Farticle"),
        ("control of a re-check", xhr, "control?r=%2Fnews%2Farticle"),
        ("report", xhr, "report"),
        ("report on leaving", "ping", "report"),
        ("choice", xhr, "choice"),
        ("choice by form", page, "choice"),
        ("note", xhr, "note?form=dialog&verdict=extension&lang=en"),
        ("interstitial", page, "note?to=WyIvYSJd.c2ln"),
        ("help", page, "help?tool=ubo&to=WyIvYSJd.c2ln"),
        ("support", page, "support?to=WyIvYSJd.c2ln"),
        ("way to support", page, "way?of=w0123456789&to=WyIvYSJd.c2ln"),
        ("pass", page, f"pass?code={'k7Q-_x' * 8}A&lang=de"),
        ("pass taken", page, "pass?kept=1"),
        ("preferences", page, "preferences?lang=de"),
        ("health", xhr, "health"),
    )
    return tuple(OwnRequest(name, kind, f"{settings.prefix}/{path}") for name, kind, path in listed)


def _documents(settings: Settings, assets: Assets) -> Iterator[str]:
    """Every page and notice we can show, and what stands in a publisher's page."""
    pages = Pages(settings, assets, assets.kinds)
    visit = Visit(base=settings.prefix)
    article = Article(path="/news/article", to="c2lnbmVk")
    today = date(2026, 1, 1)
    entries = (Entry(reason="later", on=today, until=today),)
    memory = Memory(verdict="extension", entries=entries, since=today, code="s1aa")
    yield f"<body>{assets.snippet.plain('').decode()}</body>"
    for verdict in VERDICTS:
        yield _hosted(pages.fragment(visit, verdict=verdict, form="inline"), "inline")
    for form in ("banner", "dialog"):
        yield _hosted(pages.fragment(visit, form=form), form)
    yield _hosted(pages.fragment(visit, action="thanks"), "inline")
    for verdict in VERDICTS:
        yield pages.interstitial(visit, article, verdict=verdict)
    yield pages.help(visit, article=article)
    yield pages.support(visit)
    yield pages.pass_page(visit)
    yield pages.pass_page(visit, code="k7Q", hand="x_Y", until=today, article=article)
    yield pages.preferences(visit, memory)
    yield pages.preferences(visit, Memory())
    yield pages.message(visit, "never", article=article)


def _hosted(fragment: str, form: str) -> str:
    """The fragment in the elements that `note.js` puts around it."""
    shape = {"inline": "card", "banner": "strip", "dialog": "dialog"}[form]
    tag = "dialog" if form == "dialog" else "section"
    named = "strip" if form == "banner" else form
    inner = re.sub(r"(?s).*<body>|</body>.*", "", fragment)
    return (
        f'<body><div id="site-note" data-nosnippet data-form="{named}" data-scheme="light">'
        f'<{tag} class="site-note-{shape}" aria-labelledby="site-note-ask">{inner}</{tag}></div>'
    )


def _events() -> list[str]:
    sources = (snippets.read("page/client.js"), snippets.read("page/note.js"))
    return sorted({name for text in sources for name in _EVENT.findall(text)})


class _Open:
    """An element while its document is read."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: _Open | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.previous = parent.children[-1] if parent and parent.children else None
        self.children: list[_Open] = []
        self.has_text = False
        if parent:
            parent.children.append(self)


class _Reader(HTMLParser):
    """Elements and sentences of a document of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._all: list[_Open] = []
        self._open: list[_Open] = []

    def elements(self) -> Iterator[tuple[object, Element]]:
        """What was read, in the order of the document, each with what tells it from others: itself,
        the element before it and those around it."""
        made: dict[_Open | None, Element | None] = {None: None}
        keys: dict[_Open | None, int] = {None: 0}
        for one in self._all:
            element = made[one] = Element(
                tag=one.tag,
                id=one.attributes.get("id", ""),
                classes=tuple(one.attributes.get("class", "").split()),
                attributes=one.attributes,
                parent=made[one.parent],
                previous=made[one.previous],
                empty=not one.children and not one.has_text,
            )
            name = (one.tag, element.id, element.classes)
            before = one.previous and (one.previous.tag, one.previous.attributes.get("class"))
            keys[one] = hash((name, keys[one.parent]))
            told = (element.empty, before, tuple(sorted(one.attributes.items())))
            yield (keys[one], told), element

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        around = self._open[-1] if self._open else None
        one = _Open(tag, {name: value or "" for name, value in attrs}, around)
        self._all.append(one)
        if tag not in VOID:
            self._open.append(one)

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if self._open and text:
            self._open[-1].has_text = True
        if text and (not self._open or self._open[-1].tag not in {"script", "style"}):
            self.texts.append(text)
