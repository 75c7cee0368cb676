"""The notice and our few pages as HTML: strings in, strings out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import unquote, urlencode

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
)
from markupsafe import Markup

from adguard.languages import FALLBACK, wanted_languages
from adguard.settings import Settings, SettingsError, SupportOption, Wording
from adguard.support import GUIDES, find_guide, likely_guide
from adguard.texts import Speech, Texts
from adguard.variants import Variant

__all__ = ["Article", "AssetNames", "Entry", "Memory", "Pages", "Visit", "support_policy"]

logger = logging.getLogger("adguard")

TEMPLATES = Path(__file__).parent / "templates"
NAMES = ("fragment", "interstitial", "help", "support", "pass", "preferences", "message")
VERDICTS = ("extension", "network", "protection")
SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "of", "on", "or", "the", "to")
)
FORMS = ("inline", "banner", "dialog")
OUTCOMES = (
    *("loaded", "blocked", "substituted", "faulty", "refused", "timeout", "unasked"),
    *("visible", "hidden", "styled", "unjudged"),
)
KINDS = MappingProxyType(
    {"n1": "script", "n2": "image", "n3": "fetch", "c1": "element", "c2": "element"}
)

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The `Content-Security-Policy` that every full page here works under, but for what the support
page has to reach: see `support_policy`."""


def support_policy(options: Sequence[SupportOption]) -> str:
    """Returns the policy of the page that lists the ways to support: forms may go to the
    newsletters' origins, and a wallet's address may be asked for; nothing else is added."""
    letters = {option.origin for option in options if option.field and option.origin}
    wallets = {option.url for option in options if option.kind == "monetization"}
    policy = PAGE_POLICY
    if letters:
        own = "form-action 'self'"
        policy = policy.replace(own, " ".join([own, *sorted(letters)]))
    if wallets:
        policy += "; monetization-src " + " ".join(sorted(wallets))
    return policy


class AssetNames(Protocol):
    """File names below the prefix, such as `note-7k3bq9xw2m.css`, and the bait elements.

    `gate` is the client for pages that stand in for an article, `rows` the HTML it measures by.
    """

    @property
    def gate(self) -> str: ...
    @property
    def rows(self) -> str: ...
    @property
    def style(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Where and for whom a page is made.

    :param base: root path and prefix without a slash at the end: `/_site`.
    :param lang: the `lang` of the page the reader comes from, or "".
    :param accept: the reader's `Accept-Language`, or "".
    :param arm: the reader's arm of an experiment, for the words of a variant.
    """

    base: str
    lang: str = ""
    accept: str = ""
    arm: str = ""


@dataclass(frozen=True, kw_only=True)
class Article:
    """The page that waits for the reader.

    :param path: a path of this site, with its query; the way back leads there.
    :param to: the same path, signed, for forms and links.
    :param title: its headline if known; else one is made from the path.
    :raises ValueError: when `path` could lead to another site.
    """

    path: str
    to: str
    title: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"/(?![/\\])[^\x00-\x20\\\x7f]*", self.path):
            raise ValueError(f"{self.path!r} is not a path of this site")

    @property
    def headline(self) -> str:
        """`/culture/the-last-ferry.html` reads `The Last Ferry`; other paths stay as they are.
        Capitals throughout, because a path does not say which words are names."""
        if self.title:
            return self.title
        path = unquote(self.path.partition("?")[0].partition("#")[0])
        last = re.sub(r"\.[a-z]{2,5}$", "", path.rstrip("/").rpartition("/")[2])
        words = [word for word in re.split(r"[-_+ ]+", last) if word]
        if len([word for word in words if word.isalpha()]) < 2:
            return path
        return " ".join(
            word if place and word in SMALL_WORDS else word[0].upper() + word[1:]
            for place, word in enumerate(words)
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing the reader's note says.

    :param reason: `shown`, `later`, `day-pass`, `never`, `not-blocking`, `allow`, `allowed`,
        `support`, `pass`.
    :param on: the day it was written.
    :param until: the day before which we do not ask, or None; for `day-pass`, its last day.
    """

    reason: str
    on: date
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """All that the reader's note says; empty means that there is none.

    :param verdict: the last verdict, or "".
    :param entries: in the order in which they are to be read.
    :param number: whether a number for experiments was drawn.
    :param since: the day the note was first written, or None.
    :param code: what the reader may send to be told which rule decided, or "".
    """

    verdict: str = ""
    entries: Sequence[Entry] = ()
    number: bool = False
    since: date | None = None
    code: str = ""


class Pages:
    """Templates, compiled once; each method renders one.

    :param settings: `publisher`, `language`, `support`, `texts` and `template_dir` are used.
    :param assets: names of the client and the stylesheet.
    :param kinds: what each bait is (`script`, `image`, `fetch`, `element`), by its id, for the
        table behind "How do we know?".
    :raises SettingsError: when a publisher's text or template cannot be used.
    """

    def __init__(
        self, settings: Settings, assets: AssetNames, kinds: Mapping[str, str] = KINDS
    ) -> None:
        self.texts = Texts(settings.texts)
        self._worded = {
            name: _worded(settings.texts, variant)
            for name, variant in settings.arms.variants.items()
            if variant.texts
        }
        self._publisher = settings.publisher
        self._language = settings.language
        self._support: Sequence[SupportOption] = tuple(settings.support)
        self._assets = assets
        self._prefix = settings.prefix
        self._kinds = kinds
        self._ours = _our_environment()
        self._theirs = self._ours
        if settings.template_dir is not None:
            self._theirs = _environment(Path(settings.template_dir), TEMPLATES)
        self._told: set[str] = set()
        for name in (*NAMES, "page"):
            self._compile(name)

    def fragment(
        self,
        visit: Visit,
        *,
        verdict: str = "extension",
        form: str = "inline",
        action: str = "notice",
        tool: str = "",
        preview: bool = False,
    ) -> str:
        """Returns the in-page notice as an HTML document that holds one element; the note module
        takes that over. Every view (ask, guide, support, why, thanks) is in it.

        :param verdict: what the words have to be true for.
        :param form: `inline`, `banner` or `dialog`.
        :param action: `notice`, or `thanks` for the thank-you alone.
        :param tool: slug of the guide shown first; chosen from the verdict when empty.
        :param preview: whether nobody is asked: the form says so, and its answer is forgotten.
        """
        return self._render(
            "fragment",
            visit,
            verdict=_verdict(verdict),
            form=form if form in FORMS else "inline",
            action="thanks" if action == "thanks" else "notice",
            tool=find_guide(tool or likely_guide(verdict)).slug,
            kinds=self._kinds,
            article=None,
            preview=preview,
        )

    def interstitial(
        self, visit: Visit, article: Article, *, verdict: str = "extension", waiting: bool = True
    ) -> str:
        """Returns the page that stands in for `article`. Its buttons are forms, so it works
        without JavaScript; with it, the client re-checks and goes on by itself.

        :param waiting: whether a reader waits for `article`; False for a preview, which names no
            headline, never goes on, and whose answer is forgotten.
        """
        return self._render(
            "interstitial", visit, verdict=_verdict(verdict), article=article, waiting=waiting
        )

    def help(self, visit: Visit, *, tool: str = "", article: Article | None = None) -> str:
        """Returns the guide for `tool` (else the general one) with links to all others."""
        return self._render("help", visit, guide=find_guide(tool), article=article)

    def support(self, visit: Visit, *, article: Article | None = None) -> str:
        """Returns the publisher's ways to support, or a kind word when there are none."""
        return self._render("support", visit, article=article)

    def pass_page(
        self,
        visit: Visit,
        *,
        code: str = "",
        hand: str = "",
        until: date | None = None,
        article: Article | None = None,
    ) -> str:
        """Returns the page on which a reader takes a supporter pass, or enters the code for one.

        :param until: the day before which such a reader is not asked.
        """
        return self._render("pass", visit, code=code, hand=hand, until=until, article=article)

    def preferences(self, visit: Visit, memory: Memory, *, article: Article | None = None) -> str:
        """Returns what the reader's note says, in words, with the buttons that change it."""
        verdict = "clear" if memory.verdict == "clear" else _verdict(memory.verdict)
        return self._render("preferences", visit, memory=memory, verdict=verdict, article=article)

    def message(self, visit: Visit, name: str, *, article: Article | None = None) -> str:
        """Returns a page with one message.

        :param name: the middle of a `message.<name>.title` key in the catalogue, such as
            `never` or `too-large`; an unknown one reads as `error`.
        """
        known = f"message.{name}.title" in self.texts.speak()
        return self._render("message", visit, topic=name if known else "error", article=article)

    def _compile(self, name: str) -> None:
        try:
            self._theirs.get_template(f"{name}.html")
        except TemplateSyntaxError as error:
            raise SettingsError(
                f"template_dir: {error.filename or error.name}, line {error.lineno}: "
                f"{error.message}"
            ) from error
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"template_dir: {name}.html cannot be read: {error}") from error
        self._ours.get_template(f"{name}.html")

    def _render(self, name: str, visit: Visit, **values: Any) -> str:
        texts = self._worded.get(visit.arm, self.texts)
        speech = texts.speak(*wanted_languages(visit.lang or self._language, visit.accept))
        lang = speech.lang if visit.lang or speech.lang != FALLBACK else ""
        context = {
            **values,
            "t": speech,
            "base": visit.base,
            "publisher": self._publisher or speech("publisher.none"),
            "named": self._publisher,
            "home": visit.base.removesuffix(self._prefix) + "/",
            "words": _words(speech),
            "options": self._support,
            "guides": GUIDES,
            "client": self._assets.gate,
            "rows": Markup(self._assets.rows),  # noqa: S704 (made of checked names)
            "style": self._assets.style,
            "lang": lang,
            "link": _link(visit.base, values["article"], lang),
        }
        try:
            return self._theirs.get_template(f"{name}.html").render(context)
        except Exception as error:
            if self._theirs is self._ours:
                raise
            if name not in self._told:
                self._told.add(name)
                logger.warning("template_dir: %s.html failed, ours is used: %r", name, error)
            return self._ours.get_template(f"{name}.html").render(context)


def _worded(texts: Mapping[str, Mapping[str, Wording]], variant: Variant) -> Texts:
    """Returns the sentences that readers in the arm `variant` meet."""
    languages = dict.fromkeys([*texts, *variant.texts])
    try:
        return Texts(
            {one: {**texts.get(one, {}), **variant.texts.get(one, {})} for one in languages}
        )
    except SettingsError as error:
        raise SettingsError(f"variants: {variant.name!r}: {error}") from None


def _verdict(verdict: str) -> str:
    return verdict if verdict in VERDICTS else "unknown"


def _link(base: str, article: Article | None, lang: str) -> Any:
    """Builds links between our pages that keep the language, if any, and the way back."""

    def link(page: str, **query: str) -> str:
        if article is not None:
            query["to"] = article.to
        if lang:
            query["lang"] = lang
        return f"{base}/{page}" + (f"?{urlencode(query)}" if query else "")

    return link


def _words(speech: Speech) -> str:
    """What each outcome is called and what the re-check says, for the note module."""
    words = {name: speech(f"why.outcome.{name}") for name in OUTCOMES}
    return json.dumps(
        {**words, "checking": speech("guide.checking"), "not-yet": speech("guide.not-yet")},
        ensure_ascii=False,
    )


@cache
def _our_environment() -> Environment:
    """The templates of this release, compiled once however many sites a process serves."""
    return _environment(TEMPLATES)


def _environment(*folders: Path) -> Environment:
    ours = PrefixLoader({"ours": FileSystemLoader(TEMPLATES)})
    return Environment(
        loader=ChoiceLoader([*(FileSystemLoader(folder) for folder in folders), ours]),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
