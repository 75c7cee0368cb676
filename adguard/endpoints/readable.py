"""The pages that a reader can open: `note`, `help`, `support`, `preferences`."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.types import Receive, Scope

from adguard.audience import audience_in, brand_in, prefers_privacy
from adguard.endpoints.asking import situation_of, variant_of
from adguard.endpoints.control import page_path
from adguard.endpoints.http import Answer, Refusal, answer_page, headers_of, query_of, redirect
from adguard.pages import Article, Entry, Memory, Visit
from adguard.policy import NEVER_DAYS, NOT_BLOCKING_DAYS, Reason, decide_navigation
from adguard.presets import Form, Policy
from adguard.reader import AllowStage, ReaderState
from adguard.services import Services, base_of
from adguard.support import likely_guide

EPOCH = date(1970, 1, 1)
FORM_WORDS = {"strip": "banner"}
"""Words for forms in our URLs, where filter lists hunt the usual ones."""


def form_word(form: Form | None) -> str:
    """Returns the word that stands for `form` in a URL."""
    return "strip" if form == "banner" else str(form)


def visit_of(services: Services, scope: Scope, query: dict[str, str]) -> Visit:
    accept = headers_of(scope).get(b"accept-language", b"").decode("latin-1")
    return Visit(
        base=base_of(scope) + services.settings.prefix,
        lang=query.get("lang", "")[:35],
        accept=accept,
        arm=query.get("arm", ""),
    )


def article_of(services: Services, query: dict[str, str]) -> Article | None:
    """Returns the page that waits for the reader.

    :raises Refusal: 400 when `to` is there but was not signed by us.
    """
    sealed = query.get("to", "")
    if not sealed:
        return None
    path = services.destinations.open(sealed)
    if path is None:
        raise Refusal(400, "The way back was not made by this site.")
    return Article(path=path, to=sealed)


async def note(services: Services, scope: Scope, receive: Receive) -> Answer:
    """Answers the in-page notice as a fragment; with `to`, the interstitial as a page."""
    query = query_of(scope)
    visit = visit_of(services, scope, query)
    verdict = query.get("verdict", "extension")
    article = article_of(services, query)
    if article is None and query.get("form") == "interstitial":
        sealed = services.destinations.sign(base_of(scope) + "/") or ""
        article = Article(path=base_of(scope) + "/", to=sealed)
        page = services.pages.interstitial(visit, article, verdict=verdict, waiting=False)
    elif article is not None:
        if _way_is_free(services, scope, article):
            return redirect(article.path)
        page = services.pages.interstitial(visit, article, verdict=verdict)
    else:
        page = services.pages.fragment(
            visit,
            verdict=verdict,
            form=FORM_WORDS.get(query.get("form", ""), query.get("form", "inline")),
            action=query.get("action", "notice"),
            preview="preview" in query,
            tool=query.get("tool") or _tool_of(services, scope, verdict),
        )
    return answer_page(page)


def _tool_of(services: Services, scope: Scope, verdict: str) -> str:
    """Returns the guide for this reader; without a verdict, for what the cookie remembers."""
    headers = headers_of(scope)
    if not verdict:
        state = _state(services, scope)
        verdict = "" if state is None else state.verdict_on(services.today()).value
    return likely_guide(verdict, brand_in(headers), audience_in(headers).device)


def _state(services: Services, scope: Scope) -> ReaderState | None:
    return services.jar.read_state(
        scope["headers"], secure=services.secure(scope), today=services.today()
    )


FREE = frozenset(
    {
        Reason.MODE_OFF,
        Reason.MODE_OBSERVE,
        Reason.EXCLUDED,
        Reason.BOT,
        Reason.CLEAR,
        Reason.PASS,
        Reason.SUPPORTED,
        Reason.NEVER,
        Reason.NOT_BLOCKING,
        Reason.HOLDOUT,
        Reason.DAY_PASS,
    }
)


def _way_is_free(services: Services, scope: Scope, article: Article) -> bool:
    """Whether the policy would let this reader through by now: the back button leads here."""
    state, today = _state(services, scope), services.today()
    if state is None:
        return False
    ruling, mode = services.ruling(page_path(article.path))
    headers = headers_of(scope)
    situation = situation_of(
        services,
        scope,
        state,
        ruling,
        mode,
        bot=audience_in(headers).bot,
        today=today,
        arm=variant_of(services.settings, state, gpc=prefers_privacy(headers)),
    )
    return decide_navigation(situation).reason in FREE


async def help_page(services: Services, scope: Scope, receive: Receive) -> Answer:
    query = query_of(scope)
    tool = query.get("tool") or _tool_of(services, scope, query.get("verdict", ""))
    page = services.pages.help(
        visit_of(services, scope, query), tool=tool, article=article_of(services, query)
    )
    return answer_page(page)


async def support_page(services: Services, scope: Scope, receive: Receive) -> Answer:
    query = query_of(scope)
    page = services.pages.support(
        visit_of(services, scope, query), article=article_of(services, query)
    )
    return answer_page(page)


async def preferences(services: Services, scope: Scope, receive: Receive) -> Answer:
    query = query_of(scope)
    state, today = _state(services, scope), services.today()
    has_pass = services.jar.read_pass(scope["headers"], secure=services.secure(scope), today=today)
    policy = services.settings.book.ruling("/").policy
    page = services.pages.preferences(
        visit_of(services, scope, query),
        memory_of(state, policy, today=today, has_pass=has_pass),
        article=article_of(services, query),
    )
    return answer_page(page)


def memory_of(state: ReaderState | None, policy: Policy, *, today: int, has_pass: bool) -> Memory:
    """Returns what the cookies say, in the order of how long it matters."""
    entries: list[Entry] = []

    def add(reason: str, day: int, quiet: int | None = None, *, ever: bool = False) -> None:
        until = None if quiet is None else EPOCH + timedelta(days=day + quiet)
        entries.append(Entry(reason=reason, on=EPOCH + timedelta(days=day), until=until, ever=ever))

    if has_pass:
        add("pass", today)
    if state is None:
        return Memory(entries=entries)
    if state.never_day:
        add("never", state.never_day, NEVER_DAYS)
    if state.not_blocking_count:
        again = state.not_blocking_count > 1
        quiet = None if again else NOT_BLOCKING_DAYS
        add("not-blocking", state.not_blocking_day, quiet, ever=again)
    if state.later_count:
        index = min(state.later_count, len(policy.quiet_days)) - 1
        add("later", state.later_day, policy.quiet_days[index])
    if state.allow is AllowStage.VERIFIED:
        add("allowed", state.pressed_day)
    elif state.pressed_day:
        add("allow" if state.allow else "support", state.pressed_day, policy.unanswered_days)
    if state.asks:
        add("shown", state.asks[-1])
    return Memory(
        verdict=state.verdict_on(today).value,
        entries=entries,
        since=EPOCH + timedelta(days=state.first_day),
    )
