"""A small site that shows every state of the notice and every page of ours, with no server behind.

`/` is an article; its query becomes the context that the note module is shown with. Answers posted
to `/_site/choice` and requests for anything are kept on the page, in `data-` attributes of `html`.
"""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from adguard.pages import PAGE_POLICY, Article, Entry, Memory, Pages, Visit, support_policy
from adguard.settings import Settings, SupportOption

PAGE = Path(__file__).resolve().parents[1] / "snippets" / "page"
ASSETS = SimpleNamespace(gate="client.js", rows="", style="note.css")
WAYS = (
    SupportOption("Subscribe from €3 a month", "/subscribe", "subscribe"),
    SupportOption("Give once, any amount", "https://give.example.org/harbour", "donate"),
    SupportOption("Read our morning letter", "/letter", "newsletter"),
    SupportOption("The Tuesday letter", "https://letters.example.org/join", "newsletter", "email"),
    SupportOption("Pay as you read", "$wallet.example.org/harbour", "monetization"),
)
SETTINGS = Settings(
    secret_key="not a secret, only long enough for it",
    publisher="The Harbour Post",
    support=WAYS,
)
PAGES = Pages(SETTINGS, ASSETS)
ALONE = Pages(Settings(secret_key=SETTINGS.keys[0]), ASSETS)
CODE = "s1ttgvclgcuaaqcaybaoiqfqqbajb7g"
ARTICLE = Article(path="/culture/the-last-ferry-to-skelling", to="signed.path")
SIGNALS = {
    "n1": "blocked",
    "script": "loaded",
    "n2": "loaded",
    "n3": "substituted",
    "fetch": "loaded",
    "c1": "hidden",
    "c2": "visible",
    "element": "visible",
}
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'"
)

BOOT = """
import { show } from "/_site/note.js";
const html = document.documentElement;
const query = new URLSearchParams(location.search);
const form = query.get("form") || "inline";
const events = [];
const keep = (name, detail) => {
  events.push([name, detail]);
  html.dataset.events = JSON.stringify(events);
};
for (const type of ["site:seen", "site:choice"]) {
  document.addEventListener(type, (event) => keep(type, event.detail));
}
const before = new Set(Object.keys(window));
const url = "/_site/note?" + query;
const start = async () => {
  if (query.has("engage")) { scrollTo(0, 40); }
  const shown = await show({
    base: "/_site/",
    decision: { action: query.get("action") || "notice", form: form === "none" ? null : form, url },
    verdict: query.get("verdict") || "extension",
    reason: "ask",
    signals: JSON.parse(query.get("signals") || html.dataset.signals),
    inlineTarget: query.get("target") || "[data-site-note], article, main",
    engaged: query.has("engaged"),
    report: (kind) => keep("report", kind),
    recheck: async () => {
      keep("recheck");
      if (html.dataset.recheck === "fail") throw new Error("no");
      return { verdict: html.dataset.recheck || "extension" };
    },
    lang: html.lang,
  });
  html.dataset.globals = Object.keys(window).filter(
    (name) => !before.has(name) && !name.startsWith("__p"),
  );
  html.dataset.shown = shown;
};
if (query.has("wait")) document.addEventListener("go", start, { once: true });
else start();
"""

STYLE = """
:root { color-scheme: light dark; }
html { background: #fff; color: #1c1b19; }
@media (prefers-color-scheme: dark) { html { background: #161513; color: #ece8e1; } }
body { margin: 0; font: 19px/1.6 ui-serif, Georgia, "Liberation Serif", serif; }
main { max-inline-size: 36rem; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 2.2em; line-height: 1.15; text-wrap: balance; }
div { border: 3px dotted red; }
div:empty { display: none; }
button { text-transform: uppercase; }
dialog { border: 3px solid; }
.consent { position: fixed; inset: auto 0 0; block-size: 60vh; background: #dde; }
.slim { position: fixed; inset: auto 0 0; block-size: 40px; background: #dde; }
"""

PARAGRAPH = (
    "The ferry to Skelling makes its last crossing on a Tuesday, with eleven passengers, two dogs "
    "and a crate of paint. Nobody on the pier says much. The harbour master has written the times "
    "of every sailing since 1961 into the same kind of ledger, and he means to finish the page."
)


async def article(request: Request) -> Response:
    lang = request.query_params.get("lang", "en")
    short = "short" in request.query_params
    return HTMLResponse(
        f'<!doctype html><html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}" '
        f"data-signals='{json.dumps(SIGNALS)}'><head><meta charset=utf-8>"
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Ferry</title>'
        '<link rel="stylesheet" href="/site.css"><link rel="icon" href="data:,"></head>'
        "<body><main><article>"
        "<h1>The last ferry to Skelling</h1>"
        '<p><label>Search <input id="search"></label> <a id="first" href="#end">To the end</a></p>'
        + f"<p>{PARAGRAPH}</p>" * (1 if short else 12)
        + '</article><p id="end">The end.</p></main>'
        + {"dialog": '<div role="dialog" class="consent" aria-label="Cookies">May we?</div>'}.get(
            request.query_params.get("other", ""), ""
        )
        + {"fixed": '<div class="consent">May we?</div>', "slim": '<p class="slim">Demo</p>'}.get(
            request.query_params.get("other", ""), ""
        )
        + '<script type="module" src="/boot.js"></script></body></html>',
        headers={"content-security-policy": STRICT},
    )


async def fragment(request: Request) -> Response:
    query = request.query_params
    if query.get("broken"):
        return HTMLResponse("<p>no", status_code=int(query["broken"]))
    pages = ALONE if "alone" in query else PAGES
    return HTMLResponse(
        pages.fragment(
            _visit(request),
            verdict=query.get("verdict", "extension"),
            form=query.get("form", "inline"),
            action=query.get("action", "notice"),
        )
    )


async def page(request: Request) -> Response:
    query = request.query_params
    pages = ALONE if "alone" in query else PAGES
    back = None if "lost" in query else ARTICLE
    visit = _visit(request)
    today = date(2026, 11, 23)
    made = {
        "interstitial": lambda: pages.interstitial(
            visit, ARTICLE, verdict=query.get("verdict", "extension")
        ),
        "help": lambda: pages.help(visit, tool=query.get("tool", "ubo"), article=back),
        "support": lambda: pages.support(visit, article=back),
        "preferences": lambda: pages.preferences(
            visit,
            Memory()
            if "alone" in query
            else Memory(
                verdict="extension",
                entries=(
                    Entry(reason="shown", on=date(2026, 10, 30)),
                    Entry(reason="later", on=today, until=date(2026, 12, 7)),
                ),
                since=date(2026, 10, 29),
                code=CODE,
            ),
            article=back,
        ),
        "pass": lambda: pages.pass_page(
            visit,
            code="" if "alone" in query else "AQFtazEV9iyEALxcuwS90AvTVmxZVmR7CLA_vyE2hKr5-qCvE",
            hand="hand",
            until=date(2027, 11, 28),
            article=back,
        ),
        "message": lambda: pages.message(visit, query.get("name", "not-blocking"), article=back),
    }[request.path_params["page"]]()
    listed = request.path_params["page"] == "support"
    policy = support_policy(() if pages is ALONE else WAYS) if listed else PAGE_POLICY
    return HTMLResponse(made, headers={"content-security-policy": policy})


def _visit(request: Request) -> Visit:
    return Visit(base="/_site", lang=request.query_params.get("lang", ""))


async def choice(request: Request) -> Response:
    if request.headers.get("accept") == "application/json":
        request.app.state.choices.append((await request.body()).decode())
        return JSONResponse({"ok": True, "reason": "saved", "next": None})
    form = (await request.body()).decode()
    request.app.state.choices.append(form)
    return HTMLResponse(PAGES.message(_visit(request), "saved"))


async def choices(request: Request) -> Response:
    return JSONResponse(request.app.state.choices)


async def script(_: Request) -> Response:
    style = (PAGE / "note.css").read_text(encoding="utf-8")
    text = (PAGE / "note.js").read_text(encoding="utf-8")
    made = re.sub('"__SITE_NOTE_STYLE__"', lambda _: json.dumps(style), text, count=1)
    return Response(made, media_type="text/javascript")


async def stylesheet(_: Request) -> Response:
    return Response((PAGE / "note.css").read_text(encoding="utf-8"), media_type="text/css")


async def boot(_: Request) -> Response:
    return Response(BOOT, media_type="text/javascript")


async def site_css(_: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def client(_: Request) -> Response:
    return Response("", media_type="text/javascript")


def make_site() -> Starlette:
    """Returns the site as an ASGI application."""
    app = Starlette(
        routes=[
            Route("/", article),
            Route("/boot.js", boot),
            Route("/site.css", site_css),
            Route("/choices", choices),
            Route("/_site/note", fragment),
            Route("/_site/note.js", script),
            Route("/_site/note.css", stylesheet),
            Route("/_site/client.js", client),
            Route("/_site/choice", choice, methods=["POST"]),
            Route("/_site/{page}", page),
        ]
    )
    app.state.choices = []
    return app
