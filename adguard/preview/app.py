"""The contact sheet as an ASGI app: an index, the states behind it, answers that nobody keeps."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import Receive, Scope, Send

from adguard.languages import FALLBACK
from adguard.pages import Visit
from adguard.preview.look import Look
from adguard.preview.pictures import (
    A_SHEET,
    ALL,
    SCHEMES,
    SIZES,
    form_of,
    languages_first,
    read_wanted,
)
from adguard.preview.states import GROUPS, PAGE, State, states_of
from adguard.settings import Settings
from adguard.support import GUIDES
from adguard.templating import fill
from adguard.texts import Speech
from adguard.theme import THEMES

__all__ = ["OWN", "Preview"]

logger = logging.getLogger("adguard")

OWN = "yours"
"""The theme that the publisher set, where that is not one of ours."""
LONGEST_BODY = 2048
STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
TYPES = {".css": "text/css", ".js": "text/javascript"}
FORMS = {"dialog": "Dialog", "inline": "Card", "strip": "Strip"}
HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
LINKED = {
    "help": State("help", "", "guides", "help"),
    "support": State("support", "", "pages", "support"),
    "preferences": State("preferences", "", "pages", "preferences", alone=True),
    "pass": State("pass", "", "pages", "pass", alone=True),
}
"""Pages that our pages link to."""
SIGNALS = {
    **{"n1": "blocked", "n2": "loaded", "n3": "substituted", "c1": "hidden", "c2": "visible"},
    **{"script": "loaded", "image": "loaded", "fetch": "loaded", "element": "visible"},
}
"""What the page of the preview says it saw."""


class Preview:
    """Shows what readers would meet under these settings. It records nothing and sets no cookie.

    :param settings: the publisher's; their theme comes first, ours follow.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        ready = [name for name, theme in THEMES.items() if theme == settings.look]
        self._own = ready[0] if ready else OWN
        self.themes = languages_first(self._own, THEMES)
        self._look: Callable[[str], Look] = cache(
            lambda theme: Look(settings, None if theme == self._own else theme)
        )
        texts = self._look(self._own).pages.texts
        self.languages = languages_first(FALLBACK, texts.languages)
        self.states = states_of(
            GUIDES, texts.speak().sentences.keys(), support=bool(settings.support)
        )
        self._by_name = {state.name: state for state in self.states}
        self._named = {lang: _name_of(texts.speak(lang)) for lang in self.languages}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an app of its own, at the root of a server."""
        if scope["type"] == "http":
            await self.respond(scope["path"].strip("/"), "", scope, receive, send)

    async def respond(
        self, name: str, base: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answers the request for `name`, a path below the preview's own, which is `base`."""
        request = Request(scope, receive)
        room, theme, rest = (*name.split("/", 2), "", "")[:3]
        try:
            if room != "look" or theme not in self.themes:
                answer = self._index(name, base, request)
            else:
                look = await anyio.to_thread.run_sync(self._look, theme)
                asset = look.assets.find(rest)
                if asset is not None:
                    await look.assets.respond(asset, scope, send)
                    return
                answer = await self._state(look, rest, f"{base}/look/{theme}", base, request)
        except ClientDisconnect:
            return
        except Exception as error:
            logger.exception("A state of the preview cannot be shown")
            answer = PlainTextResponse(f"This cannot be shown: {error!r}", 500, HEADERS)
        await answer(scope, receive, send)

    def _index(self, name: str, base: str, request: Request) -> Response:
        file = STATIC / name
        if name and file.parent == STATIC and file.is_file():
            return Response(file.read_bytes(), media_type=TYPES[file.suffix], headers=HEADERS)
        if name:
            return RedirectResponse(f"{base}/", 303, HEADERS)
        wanted = read_wanted(request.url.query, self.languages, self.themes)
        pictures = list(wanted.pick(self.states, self.languages, self.themes))
        page = fill(
            TEMPLATES,
            "index.html",
            whole=PAGE,
            base=base,
            publisher=self._settings.publisher,
            wanted=wanted,
            pictures=wanted.sheet(pictures),
            count=len(pictures),
            pages=range(1, -(-len(pictures) // A_SHEET) + 1),
            menus=(
                ("group", "What", {ALL: "Everything", **{one: one.title() for one in GROUPS}}),
                ("form", "Form", {**FORMS, ALL: "All forms"}),
                ("lang", "Language", {**self._named, ALL: "All"}),
                ("theme", "Theme", {**{one: one.title() for one in self.themes}, ALL: "All"}),
                ("scheme", "Scheme", {**{one: one.title() for one in SCHEMES}, ALL: "Both"}),
                ("size", "Width", {one: f"{width} px" for one, width in SIZES.items()}),
            ),
        )
        return HTMLResponse(page, headers=HEADERS)

    async def _state(
        self, look: Look, name: str, base: str, home: str, request: Request
    ) -> Response:
        query = request.query_params
        state = self._by_name.get(query.get("state", ""))
        visit = Visit(base=base, lang=query.get("lang", "")[:35])
        make: Callable[[], str] | None = None
        if name == "choice":
            return await _forget(look, base, visit, request)
        if name == "nothing.js":
            return Response("", media_type=TYPES[".js"], headers=HEADERS)
        if name == "note" and state is not None:
            make = partial(look.fragment, state, visit, form_of(query.get("form", "")))
        elif name == "see" and state is not None and state.kind == "note":
            make = partial(self._stage, look, state, visit, home, request)
        elif name == "see" and state is not None:
            make = partial(look.page, state, visit)
        elif name in LINKED:
            asked = replace(LINKED[name], about=query.get("tool", ""))
            make = partial(look.page, asked, visit)
        if make is None:
            return RedirectResponse(f"{home}/", 303, HEADERS)
        html = await anyio.to_thread.run_sync(make)
        if name != "note" and query.get("scheme") in SCHEMES:
            link = f'<link rel="stylesheet" href="{home}/{query["scheme"]}.css"></head>'
            html = html.replace("</head>", link, 1)
        return HTMLResponse(html, headers=HEADERS)

    def _stage(self, look: Look, state: State, visit: Visit, home: str, request: Request) -> str:
        """A page with nothing on it but grey lines, for the notice to stand in."""
        speech = look.pages.texts.speak(visit.lang)
        given = {
            "module": f"{visit.base}/{look.assets.note}",
            "base": f"{visit.base}/",
            "url": f"{visit.base}/note?{request.url.query}",
            "form": form_of(request.query_params.get("form", "")),
            "view": state.view,
            "says": state.says,
            "verdict": state.verdict,
            "signals": SIGNALS,
        }
        return fill(
            TEMPLATES,
            "stage.html",
            base=home,
            lang=speech.lang,
            dir=speech.dir,
            publisher=self._settings.publisher,
            state=state,
            given=json.dumps(given),
        )


async def _forget(look: Look, base: str, visit: Visit, request: Request) -> Response:
    """Answers a choice as the real thing does, and keeps nothing of it."""
    if request.method != "POST" or "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"ok": True, "reason": "preview", "next": None}, headers=HEADERS)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        return PlainTextResponse("An answer is a short form.", 413, HEADERS)
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    choice, lang = form.get("choice", [""])[0], form.get("lang", [visit.lang])[0]
    if choice in {"allow", "support"}:
        page = "help" if choice == "allow" else "support"
        return RedirectResponse(f"{base}/{page}?{urlencode({'lang': lang})}", 303, HEADERS)
    spoken = Visit(base=base, lang=lang)
    topic = {"forget": "forgotten"}.get(choice, choice)
    return HTMLResponse(look.pages.message(spoken, topic), headers=HEADERS)


def _name_of(speech: Speech) -> str:
    """What a language calls itself, with its tag."""
    return f"{speech.locale.get_language_name()} ({speech.lang})"
