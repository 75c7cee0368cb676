"""The pages that a reader can open: `note`, `help`, `support`, `preferences`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from starlette.types import Receive, Scope

from adguard.audience import audience_in, brand_in, prefers_privacy
from adguard.codes import write_code
from adguard.detection import Verdict
from adguard.endpoints.asking import decide, situation_of, variant_of
from adguard.endpoints.control import page_path
from adguard.endpoints.http import (
    Answer,
    Header,
    Refusal,
    answer_page,
    comes_from_here,
    headers_of,
    query_of,
    redirect,
    referer_of,
)
from adguard.endpoints.why import reasons
from adguard.pages import Article, Entry, Memory, Visit
from adguard.policy import (
    NEVER_DAYS,
    NOT_BLOCKING_DAYS,
    Action,
    Moment,
    Situation,
    decide_local,
    decide_navigation,
)
from adguard.presets import Form, Mode, Ruling
from adguard.reader import LIFETIME_DAYS, AllowStage, ReaderState
from adguard.services import Services, base_of
from adguard.settings import Settings
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


def article_before(services: Services, scope: Scope) -> Article | None:
    """Returns the page of this site from which a reader came to us, as the Referer tells it; the
    front page, to which every page of ours leads, is none."""
    headers = headers_of(scope)
    path, query = referer_of(headers)
    home = base_of(scope) + "/"
    ours = path.startswith(base_of(scope) + services.settings.prefix + "/")
    if path == home or ours or not comes_from_here(scope, headers, services):
        return None
    address = f"{path}?{query}" if query else path
    sealed = services.destinations.sign(address)
    return None if sealed is None else Article(path=address, to=sealed)


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
        found, why = await _withheld_for(services, scope, article)
        if found is None:
            return redirect(article.path, *why)
        return answer_page(services.pages.interstitial(visit, article, verdict=found), *why)
    else:
        if not await _wanted(services, scope, query, verdict):
            return NOTHING
        page = services.pages.fragment(
            visit,
            verdict=verdict,
            form=FORM_WORDS.get(query.get("form", ""), query.get("form", "inline")),
            action=query.get("action", "notice"),
            preview="preview" in query,
            tool=query.get("tool") or _tool_of(services, scope, verdict),
        )
    return answer_page(page)


NOTHING = Answer(204, b"text/html", b"")


def _stand(
    services: Services,
    scope: Scope,
    path: str,
    state: ReaderState,
    *,
    arm: str,
    verdict: Verdict | None = None,
) -> tuple[tuple[Ruling, Mode], Situation]:
    """Returns what holds for a page, and what a decision about this reader there rests on."""
    ruling, mode = services.ruling(path)
    situation = situation_of(
        services,
        scope,
        state,
        ruling,
        mode,
        bot=audience_in(headers_of(scope)).bot,
        today=services.today(),
        arm=arm,
        verdict=verdict,
    )
    return (ruling, mode), situation


async def _wanted(services: Services, scope: Scope, query: dict[str, str], verdict: str) -> bool:
    """Whether the fragment may be shown. Where verdicts stay in the page, nothing has been decided
    before it is asked for."""
    local = services.settings.consent_mode == "local_only"
    if not local or "preview" in query or verdict not in set(Verdict):
        return True
    state = _state(services, scope) or ReaderState(first_day=services.today())
    path = page_path(referer_of(headers_of(scope))[0])
    _, situation = _stand(services, scope, path, state, arm="", verdict=Verdict(verdict))
    return (await decide(services, scope, situation, decide_local)).action is Action.NOTICE


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


async def _withheld_for(
    services: Services, scope: Scope, article: Article
) -> tuple[Verdict | None, tuple[Header, ...]]:
    """Returns the verdict for which the policy withholds the article from this reader by now, if
    it does, since the back button and bookmarks lead here; and the header that says why, in debug
    mode."""
    state = _state(services, scope)
    arm = variant_of(services.settings, state, gpc=prefers_privacy(headers_of(scope)))
    known = state or ReaderState(first_day=services.today())
    rules, situation = _stand(services, scope, page_path(article.path), known, arm=arm)
    decision = await decide(services, scope, situation, decide_navigation)
    why = reasons(services, rules, decision, Moment.NAVIGATION, situation=situation, arm=arm)
    return situation.verdict if decision.action is Action.INTERSTITIAL else None, why


async def help_page(services: Services, scope: Scope, receive: Receive) -> Answer:
    query = query_of(scope)
    tool = query.get("tool") or _tool_of(services, scope, query.get("verdict", ""))
    page = services.pages.help(
        visit_of(services, scope, query), tool=tool, article=article_of(services, query)
    )
    return answer_page(page)


async def preferences(services: Services, scope: Scope, receive: Receive) -> Answer:
    query = query_of(scope)
    state, today = _state(services, scope), services.today()
    secure = services.secure(scope)
    pass_until = services.jar.pass_until(scope["headers"], secure=secure, today=today)
    settings = services.settings
    arm = variant_of(settings, state, gpc=prefers_privacy(headers_of(scope)))
    memory = memory_of(state, settings, today=today, pass_until=pass_until, arm=arm)
    if memory.entries or state is not None:
        has_pass = pass_until is not None
        code = write_code(state, today, services.horizon, arm=arm, has_pass=has_pass)
        memory = replace(memory, code=code)
    page = services.pages.preferences(
        visit_of(services, scope, query), memory, article=article_of(services, query)
    )
    return answer_page(page)


def memory_of(
    state: ReaderState | None,
    settings: Settings,
    *,
    today: int,
    pass_until: int | None,
    arm: str = "",
) -> Memory:
    """Returns what the cookies say, in the order of how long it matters. What an entry says of
    the days to come holds on every page of the site.

    :param pass_until: the last day of a supporter's pass.
    """
    entries: list[Entry] = []

    def add(reason: str, day: int, until: int | None = None) -> None:
        entries.append(
            Entry(reason=reason, on=_date(day), until=None if until is None else _date(until))
        )

    if pass_until is not None:
        # On its last day the browser drops it, at the hour at which it was granted.
        add("pass", today, pass_until if pass_until > today else None)
    if state is None:
        return Memory(entries=entries)
    policies = {settings.arms.policy(arm, policy) for policy in settings.book.policies}
    stands = [
        Situation(verdict=Verdict.EXTENSION, state=state, today=today, policy=policy)
        for policy in policies
    ]
    walls = [policy.pass_days for policy in policies if policy.form == "interstitial"]
    forgotten = state.first_day + LIFETIME_DAYS
    # Only "continue without" keeps a wall away.
    walled = state.pass_day + min(walls) + 1 if walls else forgotten

    def silence(reason: str, day: int, *ends: int) -> None:
        """Adds an answer and the first day on which it may no longer keep us silent, if that is to
        come."""
        end = min(forgotten, *ends)
        add(reason, day, end if end > today else None)

    if state.never_day:
        silence("never", state.never_day, state.never_day + NEVER_DAYS)
    if state.not_blocking_day:
        again = state.not_blocking_count > 1
        end = forgotten if again else state.not_blocking_day + NOT_BLOCKING_DAYS
        silence("not-blocking", state.not_blocking_day, end)
    if state.later_day:
        quiet = min(stand.quiet_days for stand in stands)
        silence("later", state.later_day, state.later_day + quiet, walled)
    if walls and walled > today:
        add("day-pass", state.pass_day, min(walled, forgotten) - 1)
    if state.allow is AllowStage.VERIFIED:
        add("allowed", state.pressed_day)
    elif state.pressed_day:
        reason = "allow" if state.allow else "support"
        quiet = min(stand.invitation.unanswered_days for stand in stands)
        silence(reason, state.pressed_day, state.pressed_day + quiet, walled)
    if state.open_ask and state.asks:
        add("shown", state.asks[-1])
    return Memory(
        verdict=state.verdict_on(today).value,
        entries=entries,
        number=state.bucket is not None,
        since=_date(state.first_day),
    )


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
