"""What an app finds in `scope["adguard"]`: what we know of this reader, read when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from starlette.types import Scope

from adguard.audience import audience_in, prefers_privacy
from adguard.detection import Verdict
from adguard.endpoints.asking import situation_of, variant_of
from adguard.endpoints.passes import grant
from adguard.passes import LINK_MINUTES, MOST_DAYS, PASS_DAYS
from adguard.passes.code import check_days
from adguard.policy import Decision, decide_navigation
from adguard.reader import ReaderState
from adguard.services import Services, base_of, full_path

if TYPE_CHECKING:
    from starlette.responses import Response


class Reader:
    """The reader behind one request. A signature is checked at the first look, not before."""

    __slots__ = ("_decision", "_headers", "_path", "_root", "_scheme", "_services", "_state")

    _decision: Decision
    _state: ReaderState | None

    def __init__(self, services: Services, scope: Scope) -> None:
        # Not the scope itself: it holds this reader, and a circle would wait for the collector.
        self._services = services
        self._headers = scope["headers"]
        self._path = scope["path"]
        self._root = scope.get("root_path", "")
        self._scheme = scope.get("scheme", "http")

    @property
    def state(self) -> ReaderState | None:
        """What the signed cookie remembers; `None` for a reader without one."""
        try:
            return self._state
        except AttributeError:
            services = self._services
            self._state = services.jar.read_state(
                self._headers, secure=services.secure(self._scope), today=services.today()
            )
            return self._state

    @property
    def verdict(self) -> Verdict:
        """The last verdict, `unknown` when there is none or it is older than yesterday."""
        state = self.state
        return Verdict.UNKNOWN if state is None else state.verdict_on(self._services.today())

    @property
    def decision(self) -> Decision:
        """What the policy says of this navigation, before `is_supporter` is asked."""
        try:
            return self._decision
        except AttributeError:
            services, scope = self._services, self._scope
            today, headers = services.today(), dict(scope["headers"])
            ruling, mode = services.ruling(full_path(scope))
            situation = situation_of(
                services,
                scope,
                self.state or ReaderState(first_day=today),
                ruling,
                mode,
                bot=audience_in(headers).bot,
                today=today,
                arm=variant_of(services.settings, self.state, gpc=prefers_privacy(headers)),
            )
            self._decision = decide_navigation(situation)
            return self._decision

    @property
    def _scope(self) -> Scope:
        return {
            "headers": self._headers,
            "path": self._path,
            "root_path": self._root,
            "scheme": self._scheme,
        }

    def grant_pass(self, response: Response, *, days: int = PASS_DAYS) -> None:
        """Sets a supporter pass on `response`: this reader is not asked for `days` days.

        :param days: 1 to 395.
        :raises ValueError: for another number.
        """
        check_days(days)
        response.raw_headers.append(
            grant(self._services, self._scope, days, full_path(self._scope))
        )

    def pass_link(
        self,
        *,
        days: int = PASS_DAYS,
        minutes: int = LINK_MINUTES,
        about: str | None = None,
    ) -> str:
        """Returns the address of a page on which a reader takes a supporter pass, once: for the
        return URL of a payment, or for a mail. Issuing costs nothing and keeps nothing.

        :param days: 1 to 395, counted from the day on which it is taken.
        :param minutes: for how long it can be taken: 15 for a return URL, more for a mail.
        :param about: the payment's id. Of all links about one payment, one pass can be taken; this
            is remembered until 90 days after the last minute of the link that was used.
        :returns: a path of this site; with the option `origin` the whole address.
        :raises ValueError: for another number of days, or minutes that are none.
        """
        if not 1 <= minutes <= MOST_DAYS * 1440:
            raise ValueError(f"a link can be used for 1 minute to {MOST_DAYS} days")
        services = self._services
        until = services.clock() + minutes * 60
        code = services.pass_codes.issue(days=days, until=until, about=about)
        prefix = base_of(self._scope) + services.settings.prefix
        return f"{services.settings.origin or ''}{prefix}/pass?code={code}"

    def snippet_tag(self, nonce: str | None = None) -> Markup:
        """Returns the snippet for `inject="manual"`, to stand before `</body>`; empty where the
        settings say that this page is left alone."""
        services = self._services
        ruling, mode = services.ruling(full_path(self._scope))
        if mode == "off" or ruling.excluded:
            return Markup("")
        snippet, base = services.assets.snippet, base_of(self._scope)
        made = snippet.plain(base) if nonce is None else snippet.nonced(base, nonce.encode())
        if services.settings.inject == "manual":
            services.tally.count_injected()
        return Markup(made.decode("ascii"))  # noqa: S704

    def withheld(self, selector: str) -> dict[str, object]:
        """Returns what structured data (schema.org) has to say where a wall can stand before this
        page's words: `isAccessibleForFree` and `hasPart`; empty everywhere else. It is the same
        for every visitor, and so may be cached with the page.

        :param selector: CSS selector, by class, of what is withheld.
        """
        services = self._services
        ruling, mode = services.ruling(full_path(self._scope))
        if mode != "ask" or ruling.excluded or ruling.policy.form != "interstitial":
            return {}
        part = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": selector,
        }
        return {"isAccessibleForFree": False, "hasPart": part}

    def withheld_tag(self, selector: str, kind: str = "WebPage") -> Markup:
        """Returns `withheld` as a JSON-LD script for a page that has no structured data of its own;
        empty where nothing is withheld.

        :param kind: the page's type at schema.org, such as `NewsArticle`.
        """
        withheld = self.withheld(selector)
        if not withheld:
            return Markup("")
        data = {"@context": "https://schema.org", "@type": kind, **withheld}
        return _DATA.format(htmlsafe_json_dumps(data))

    def monetization_tag(self) -> Markup:
        """Returns a `<link rel="monetization">` for each wallet among the ways to support, to stand
        in the page's head; empty where there is none."""
        options = self._services.settings.support
        wallets = [option.url for option in options if option.kind == "monetization"]
        return Markup("\n").join(_WALLET.format(wallet) for wallet in wallets)


_DATA = Markup('<script type="application/ld+json">{}</script>')
_WALLET = Markup('<link rel="monetization" href="{}">')


@pass_context
def snippet_tag(context: Context, nonce: str | None = None) -> Markup:
    """A Jinja global: `{{ snippet_tag() }}` in a template whose context holds `request`."""
    request: Any = context["request"]
    reader: Reader | None = request.scope.get("adguard")
    return Markup("") if reader is None else reader.snippet_tag(nonce)


@pass_context
def monetization_tag(context: Context) -> Markup:
    """A Jinja global: `{{ monetization_tag() }}` in the head of a template whose context holds
    `request`."""
    request: Any = context["request"]
    reader: Reader | None = request.scope.get("adguard")
    return Markup("") if reader is None else reader.monetization_tag()


@pass_context
def withheld_tag(context: Context, selector: str, kind: str = "WebPage") -> Markup:
    """A Jinja global: `{{ withheld_tag(".story-text", "NewsArticle") }}` in a template whose
    context holds `request`."""
    request: Any = context["request"]
    reader: Reader | None = request.scope.get("adguard")
    return Markup("") if reader is None else reader.withheld_tag(selector, kind)
