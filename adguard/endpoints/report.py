"""`POST report`: signals in, verdict and decision out, one event kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta
from starlette.types import Receive, Scope

from adguard.audience import audience_in, prefers_privacy
from adguard.detection import Finding, Outcome, Verdict, classify
from adguard.endpoints.control import LONGEST_PATH, page_path
from adguard.endpoints.http import (
    Answer,
    Header,
    Refusal,
    answer_post,
    headers_of,
    read_body,
    referer_of,
    require_same_origin,
)
from adguard.endpoints.judgement import Inquiry, Upshot, judge
from adguard.endpoints.limits import Turnstile
from adguard.endpoints.readable import form_word
from adguard.endpoints.recording import check_id, event_of
from adguard.endpoints.why import reasons
from adguard.ledger import LedgerError
from adguard.policy import Action, Decision, Moment, Reason
from adguard.reader import AllowStage, day_of
from adguard.services import Services, base_of
from adguard.signing import TokenError

VERSIONS = (1,)
MEDIA_TYPES = (b"application/json", b"text/plain")
OUTCOMES = tuple(outcome.value for outcome in Outcome)
REMEMBERED = Finding(Verdict.CLEAR, 0.5, "remembered")
SEEN = Finding(Verdict.UNKNOWN, 0.0, "seen")

LATER = ("remembered", "seen")
LATER_LIFETIME = 2100
"""Seconds: a page keeps a clear verdict for half an hour, with a token no older than `FRESH`; and a
notice at the end of an article may be seen that late."""

FRESH = 240
REUSES = 2
"""How often, and for how many seconds, a page gets its own token back instead of a new one."""


T = TypeVar("T")
Short = Annotated[str, Meta(max_length=40)]


class Report(msgspec.Struct):
    """What a page sends; see `docs/protocol.md`.

    :param id: `<UTC day>-<16 to 40 URL-safe characters>`, kept when the page sends it again.
    :param path: `location.pathname`.
    :param lang: the page's `lang`, which a site may fill with anything.
    :param signals: bait, control or host name -> outcome.
    :param earlier: the earlier finding's reason, in a re-check.
    :param agreed: the reader has said yes to the site's consent tool.
    :param gate: the page only stands in for an article, and goes on to it by itself.
    """

    v: int
    id: Annotated[str, Meta(min_length=18, max_length=47)]
    token: Annotated[str, Meta(max_length=128)]
    kind: Literal["view", "recheck", "seen", "remembered", "left"]
    path: Annotated[str, Meta(min_length=1, max_length=LONGEST_PATH)]
    lang: str = ""
    signals: msgspec.Raw = msgspec.Raw(b"{}")
    brave: bool = False
    gpc: bool = False
    earlier: Short = ""
    client: Short = ""
    agreed: bool = False
    gate: bool = False


class DecisionAnswer(msgspec.Struct):
    action: str
    form: str | None
    reason: str
    url: str | None


class ReportAnswer(msgspec.Struct):
    """
    :param token: for the page's next report; its own, or a fresh one.
    :param memory: whether the page may remember this clear verdict for half an hour.
    """

    verdict: str
    confidence: float
    reason: str
    decision: DecisionAnswer
    token: str
    memory: bool


Signals = Annotated[
    dict[Annotated[str, Meta(max_length=24)], Literal[OUTCOMES]],  # type: ignore[valid-type]
    Meta(max_length=32),
]

_decode = msgspec.json.Decoder(Report).decode
_decode_signals = msgspec.json.Decoder(Signals).decode


class ReportEndpoint:
    """Checks, classifies, decides, records; the answer waits until the event is durable."""

    REMEMBERED = 1024

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turnstile = Turnstile()
        self._findings: dict[object, Finding] = {}

    async def __call__(self, scope: Scope, receive: Receive) -> Answer:
        services = self._services
        headers = headers_of(scope)
        require_same_origin(scope, headers, services)
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise Refusal(415, "Send a report as application/json or text/plain.")
        if services.settings.consent_mode == "local_only":
            raise Refusal(403, "This site keeps verdicts in the page and takes no reports.")
        report = _read(await read_body(receive, headers))
        now = services.clock()
        today = day_of(now)
        secure = services.secure(scope)
        if report.kind == "left":
            return self._forget(report, secure=secure)
        token = self._admit(report, now, today)
        path = page_path(report.path)
        ruling, mode = services.ruling(path)
        before = None
        if b"cookie" in headers:
            before = services.jar.read_state(scope["headers"], secure=secure, today=today)
        finding = self._finding(report)
        inquiry = Inquiry(
            report.kind,
            scope,
            audience_in(headers),
            path,
            ruling,
            mode,
            now,
            today,
            before,
            report.gpc or prefers_privacy(headers),
            report.agreed or services.settings.consent_mode != "required",
            report.gate,
        )
        upshot = await judge(services, inquiry, finding)
        if inquiry.counts:
            await self._record(report, inquiry, finding, upshot)
        cookies: tuple[Header, ...] = ()
        if upshot.after is not None and upshot.after != before:
            if not secure:
                services.warn_plain(headers.get(b"host", b"").decode("latin-1"))
            cookie = services.jar.write_state(upshot.after, secure=secure, today=today)
            cookies = ((b"set-cookie", cookie),)
        memory = (
            finding.verdict is Verdict.CLEAR
            and mode != "off"
            and inquiry.consent
            and (before is None or before.allow in {AllowStage.NONE, AllowStage.VERIFIED})
        )
        answered = ReportAnswer(
            finding.verdict,
            finding.confidence,
            finding.reason,
            self._decision_answer(report, inquiry, finding, upshot),
            token,
            memory,
        )
        moment = Moment.RECHECK if report.kind == "recheck" else Moment.VIEW
        why = reasons(
            services,
            (ruling, mode),
            upshot.decision,
            moment,
            situation=upshot.situation,
            arm=upshot.variant,
        )
        return answer_post(answered, (*cookies, *why))

    def _forget(self, report: Report, *, secure: bool) -> Answer:
        """Answers a reader who takes consent back: the cookie goes, nothing is counted."""
        silent = DecisionAnswer(Action.NONE, None, Reason.NO_CONSENT, None)
        answered = ReportAnswer(Verdict.UNKNOWN, 0, report.kind, silent, report.token, memory=False)
        cookie = self._services.jar.forget_state(secure=secure)
        return answer_post(answered, ((b"set-cookie", cookie),))

    def _admit(self, report: Report, now: float, today: int) -> str:
        """Returns the token for the page's next report: its own again while that is fresh."""
        tokens = self._services.tokens
        lifetime = LATER_LIFETIME if report.kind in LATER else tokens.LIFETIME
        try:
            token = tokens.check(report.token, now, lifetime=lifetime)
        except TokenError as error:
            raise Refusal(403, str(error)) from None
        try:
            check_id(report.id, today)
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        used = self._turnstile.admit(token.nonce, now)
        if not used:
            raise Refusal(429, "Too many reports for one token.", (b"retry-after", b"600"))
        if used <= REUSES and now - token.issued < FRESH:
            return report.token
        return tokens.issue(now)

    def _finding(self, report: Report) -> Finding:
        """Returns the verdict. Browsers send few texts of signals, so each is read and judged once.

        :raises Refusal: 400 for signals that are not a mapping of names to known outcomes.
        """
        if report.kind == "remembered":
            return REMEMBERED
        if report.kind == "seen":
            return SEEN
        key = (bytes(report.signals), report.brave, report.earlier)
        finding = self._findings.get(key)
        if finding is None:
            signals = _understood(_decode_signals, report.signals)
            if len(self._findings) >= self.REMEMBERED:
                self._findings.clear()
            finding = self._findings[key] = classify(
                signals, self._services.assets.kinds, brave=report.brave, earlier=report.earlier
            )
        return finding

    def _decision_answer(
        self, report: Report, inquiry: Inquiry, finding: Finding, upshot: Upshot
    ) -> DecisionAnswer:
        services, decision = self._services, upshot.decision
        arm = upshot.variant if upshot.variant in services.settings.arms.variants else ""
        if decision.action is Action.NONE:
            return DecisionAnswer(decision.action, None, decision.reason, None)
        note = f"{base_of(inquiry.scope)}{services.settings.prefix}/note?"
        if decision.action is Action.INTERSTITIAL:
            signed = services.destinations.sign(_page_address(report, inquiry.scope))
            if signed is not None:
                url = note + urlencode({"to": signed, "arm": arm} if arm else {"to": signed})
                return DecisionAnswer(decision.action, None, decision.reason, url)
            decision = Decision(Action.NOTICE, Reason.STAND_IN, "dialog")
        url = note + _query(decision, finding.verdict, report.lang[:35], arm)
        return DecisionAnswer(decision.action, decision.form, decision.reason, url)

    async def _record(
        self, report: Report, inquiry: Inquiry, finding: Finding, upshot: Upshot
    ) -> None:
        services, decision = self._services, upshot.decision
        verdict: str = finding.verdict
        reason = action = form = ""
        if report.kind == "seen":
            verdict = "" if inquiry.before is None else inquiry.before.verdict
        else:
            reason, action, form = decision.reason, decision.action, decision.form or ""
        event = event_of(
            services,
            inquiry.scope,
            report.kind,
            inquiry.path,
            inquiry.audience,
            now=inquiry.now,
            id=report.id,
            verdict=verdict,
            reason=reason,
            action=action,
            form=form,
            choice=upshot.choice,
            variant=upshot.variant,
            fresh=upshot.fresh,
            assigned=upshot.assigned,
            cleared=upshot.cleared,
        )
        try:
            await services.ledger.record(event)
        except LedgerError as error:
            services.tally.count_fault("ledger", error)
            raise Refusal(
                503, "The report cannot be kept just now; send it again.", (b"retry-after", b"10")
            ) from None


@lru_cache(maxsize=256)
def _query(decision: Decision, verdict: Verdict, lang: str, arm: str) -> str:
    """What the notice's address says of it."""
    fields = {"form": form_word(decision.form), "verdict": verdict.value}
    if lang:
        fields["lang"] = lang
    if arm:
        fields["arm"] = arm
    if decision.action is Action.THANKS:
        fields["action"] = "thanks"
    return urlencode(fields)


def _understood(decode: Callable[[Any], T], text: bytes | msgspec.Raw) -> T:
    try:
        return decode(text)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"The report is not understood: {error}.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Refusal(400, "The report is not valid JSON.") from None


def _read(body: bytes) -> Report:
    report = _understood(_decode, body)
    if report.v not in VERSIONS:
        known = ", ".join(map(str, VERSIONS))
        raise Refusal(400, f"Reports of version {report.v} are not understood, only {known}.")
    if report.path[0] != "/":
        raise Refusal(400, "The path of a page begins with a slash.")
    return report


def _page_address(report: Report, scope: Scope) -> str:
    """Returns the page's path as the reader's address bar has it, with its query when the Referer
    tells it."""
    path, query = referer_of(headers_of(scope))
    if path == report.path and query:
        return f"{path}?{query}"
    return quote(report.path, safe="/%:@!$&'()*+,;=~")
