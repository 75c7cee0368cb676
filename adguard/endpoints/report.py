"""`POST report`: signals in, verdict and decision out, one event kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec
from msgspec import Meta
from starlette.types import Receive, Scope, Send

from adguard.audience import Audience, audience_in, prefers_privacy
from adguard.detection import Finding, Outcome, Verdict, classify
from adguard.endpoints.asking import decide, situation_of
from adguard.endpoints.control import LONGEST_PATH, page_path
from adguard.endpoints.http import (
    Header,
    Refusal,
    answer_json,
    headers_of,
    read_body,
    require_same_origin,
)
from adguard.endpoints.limits import Turnstile
from adguard.endpoints.recording import event_of
from adguard.experiment import draw_bucket, held_out
from adguard.ledger import LedgerError
from adguard.policy import Action, Decision, Reason, decide_recheck, decide_view, is_blocking
from adguard.presets import Mode, Ruling
from adguard.reader import AllowStage, ReaderState, day_of
from adguard.services import Services, base_of
from adguard.signing import Token, TokenError

VERSIONS = (1,)
MEDIA_TYPES = (b"application/json", b"text/plain")
OUTCOMES = frozenset(outcome.value for outcome in Outcome)

Short = Annotated[str, Meta(max_length=40)]


class Report(msgspec.Struct):
    """What a page sends; see `docs/protocol.md`.

    :param id: `<UTC day>-<16 to 32 URL-safe characters>`, kept when the page sends it again.
    :param path: `location.pathname`.
    :param signals: bait, control or host name -> outcome.
    :param earlier: the earlier finding's reason, in a re-check.
    """

    v: int
    id: Annotated[str, Meta(pattern=r"^\d{1,6}-[A-Za-z0-9_-]{16,32}$")]
    token: Annotated[str, Meta(max_length=128)]
    kind: Literal["view", "recheck", "seen", "remembered"]
    path: Annotated[str, Meta(max_length=LONGEST_PATH, pattern="^/")]
    lang: Short = ""
    signals: Annotated[dict[Annotated[str, Meta(max_length=24)], Short], Meta(max_length=32)] = {}
    brave: bool = False
    gpc: bool = False
    earlier: Short = ""
    client: Short = ""


class DecisionAnswer(msgspec.Struct):
    action: str
    form: str | None
    reason: str
    url: str | None


class ReportAnswer(msgspec.Struct):
    """
    :param token: for the page's next report.
    :param memory: whether the page may remember this clear verdict for half an hour.
    """

    verdict: str
    confidence: float
    reason: str
    decision: DecisionAnswer
    token: str
    memory: bool


_decode = msgspec.json.Decoder(Report).decode


@dataclass(frozen=True)
class Inquiry:
    """One report with all that its request says."""

    report: Report
    scope: Scope
    audience: Audience
    path: str
    ruling: Ruling
    mode: Mode
    now: float
    gpc: bool

    @property
    def today(self) -> int:
        return day_of(self.now)


@dataclass(frozen=True)
class Upshot:
    """What came of one report: the state to remember, if any, and what the figures need."""

    decision: Decision
    state: ReaderState | None
    choice: str = ""
    variant: str = ""


class ReportEndpoint:
    """Checks, classifies, decides, records; the answer waits until the event is durable."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turnstile = Turnstile()
        self._kinds = services.assets.kinds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services = self._services
        headers = headers_of(scope)
        require_same_origin(scope, headers, services)
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise Refusal(415, "Send a report as application/json or text/plain.")
        if services.settings.consent_mode == "local_only":
            raise Refusal(403, "This site keeps verdicts in the page and takes no reports.")
        report = self._read(await read_body(receive, headers))
        now = services.clock()
        token = self._admit(report, now)
        path = page_path(unquote(report.path, errors="replace"))
        ruling, mode = services.ruling(path)
        inquiry = Inquiry(
            report,
            scope,
            audience_in(headers),
            path,
            ruling,
            mode,
            now,
            report.gpc or prefers_privacy(headers),
        )
        await self._answer(inquiry, token, send, headers)

    def _read(self, body: bytes) -> Report:
        try:
            report = _decode(body)
        except msgspec.ValidationError as error:
            raise Refusal(400, f"The report is not understood: {error}.") from None
        except (msgspec.DecodeError, UnicodeError):
            raise Refusal(400, "The report is not valid JSON.") from None
        if report.v not in VERSIONS:
            known = ", ".join(map(str, VERSIONS))
            raise Refusal(400, f"Reports of version {report.v} are not understood, only {known}.")
        for name, outcome in report.signals.items():
            if outcome not in OUTCOMES:
                raise Refusal(400, f"The signal {name[:24]!r} has an outcome that is not known.")
        return report

    def _admit(self, report: Report, now: float) -> Token:
        try:
            token = self._services.tokens.check(report.token, now)
        except TokenError as error:
            raise Refusal(403, str(error)) from None
        if token.memory and report.kind == "view":
            raise Refusal(403, "A remembered verdict's token does not serve for a new one.")
        if report.kind == "remembered" and not token.memory:
            raise Refusal(403, "This token remembers no verdict.")
        if not -2 <= int(report.id.partition("-")[0]) - day_of(now) <= 1:
            raise Refusal(400, "The event id's day is not within two days of today.")
        if not self._turnstile.admit(token.nonce, now):
            raise Refusal(429, "Too many reports for one token.", (b"retry-after", b"600"))
        return token

    async def _answer(
        self, inquiry: Inquiry, token: Token, send: Send, headers: dict[bytes, bytes]
    ) -> None:
        services, report = self._services, inquiry.report
        finding = self._finding(report)
        secure = services.secure(inquiry.scope)
        before = services.jar.read_state(
            inquiry.scope["headers"], secure=secure, today=inquiry.today
        )
        upshot = await self._decide(inquiry, finding, before)
        await self._record(inquiry, finding, before, upshot)
        cookies: list[Header] = []
        if upshot.state is not None and upshot.state != before:
            if not secure:
                services.warn_plain(headers.get(b"host", b"").decode("latin-1"))
            cookie = services.jar.write_state(upshot.state, secure=secure, today=inquiry.today)
            cookies.append((b"set-cookie", cookie))
        memory = (
            finding.verdict is Verdict.CLEAR
            and inquiry.mode != "off"
            and (before is None or before.allow in {AllowStage.NONE, AllowStage.VERIFIED})
        )
        await answer_json(
            send,
            ReportAnswer(
                finding.verdict,
                finding.confidence,
                finding.reason,
                self._decision_answer(inquiry, finding, upshot.decision),
                services.tokens.issue(inquiry.now, memory=memory),
                memory,
            ),
            *cookies,
        )

    def _finding(self, report: Report) -> Finding:
        if report.kind == "remembered":
            return Finding(Verdict.CLEAR, 0.5, "remembered")
        if report.kind == "seen":
            return Finding(Verdict.UNKNOWN, 0.0, "seen")
        return classify(report.signals, self._kinds, brave=report.brave, earlier=report.earlier)

    async def _decide(
        self, inquiry: Inquiry, finding: Finding, before: ReaderState | None
    ) -> Upshot:
        services, report, today = self._services, inquiry.report, inquiry.today
        if report.kind == "seen":
            variant = self._variant(before, inquiry)
            return Upshot(Decision(Action.NONE, Reason.RECHECK), None, variant=variant)
        blocking = is_blocking(
            finding.verdict, protection_blocks=services.settings.protection_blocks
        )
        started = before or ReaderState(first_day=today)
        if services.settings.holdout and blocking and not inquiry.gpc and started.bucket is None:
            started = replace(started, bucket=draw_bucket())
        if report.kind == "recheck":
            after = started.with_verdict(finding.verdict, today)
        else:
            after = started.with_view(finding.verdict, blocking=blocking, today=today)
        situation = situation_of(
            services,
            inquiry.scope,
            after,
            inquiry.ruling,
            inquiry.mode,
            bot=inquiry.audience.bot,
            today=today,
        )
        how = decide_recheck if report.kind == "recheck" else decide_view
        decision, _ = await decide(
            services, inquiry.scope, replace(situation, verdict=finding.verdict), how
        )
        if decision.action is Action.NOTICE:
            after = after.with_ask(today)
        remembers = inquiry.mode == "ask" and not inquiry.ruling.excluded
        keep = remembers and (before is not None or (blocking and not inquiry.audience.bot))
        return Upshot(
            self._by_address(decision),
            after if keep else None,
            _proof(before, after),
            self._variant(after, inquiry) if blocking or before is not None else "",
        )

    def _by_address(self, decision: Decision) -> Decision:
        if (
            decision.reason is Reason.STAND_IN
            and self._services.settings.interstitial == "redirect"
        ):
            return Decision(Action.INTERSTITIAL, Reason.WALL)
        return decision

    def _variant(self, state: ReaderState | None, inquiry: Inquiry) -> str:
        settings = self._services.settings
        if state is None or state.bucket is None or inquiry.gpc or not settings.holdout:
            return ""
        return "holdout" if held_out(state.bucket, settings.holdout, settings.site) else "asked"

    def _decision_answer(
        self, inquiry: Inquiry, finding: Finding, decision: Decision
    ) -> DecisionAnswer:
        services = self._services
        base = base_of(inquiry.scope) + services.settings.prefix
        url: str | None = None
        if decision.action is Action.INTERSTITIAL:
            signed = services.destinations.sign(_page_address(inquiry))
            if signed is None:
                decision = Decision(Action.NOTICE, Reason.STAND_IN, "dialog")
            else:
                url = f"{base}/note?{urlencode({'to': signed})}"
        if decision.action in {Action.NOTICE, Action.THANKS}:
            query = {
                "form": str(decision.form),
                "verdict": finding.verdict.value,
                "lang": inquiry.report.lang,
            }
            if decision.action is Action.THANKS:
                query["action"] = "thanks"
            url = f"{base}/note?{urlencode({name: text for name, text in query.items() if text})}"
        return DecisionAnswer(decision.action, decision.form, decision.reason, url)

    async def _record(
        self, inquiry: Inquiry, finding: Finding, before: ReaderState | None, upshot: Upshot
    ) -> None:
        if inquiry.mode == "off" or inquiry.ruling.excluded or inquiry.audience.bot:
            return
        services, report = self._services, inquiry.report
        seen = report.kind == "seen"
        verdict = before.verdict.value if seen and before is not None else finding.verdict.value
        event = event_of(
            services,
            inquiry.scope,
            report.kind,
            inquiry.path,
            inquiry.audience,
            now=inquiry.now,
            id=report.id,
            verdict="" if seen and before is None else verdict,
            reason="" if seen else upshot.decision.reason.value,
            action="" if seen else upshot.decision.action.value,
            form=upshot.decision.form or "",
            choice=upshot.choice,
            variant=upshot.variant,
        )
        try:
            await services.ledger.record(event)
        except LedgerError as error:
            services.tally.count_fault("ledger", error)
            raise Refusal(
                503, "The report cannot be kept just now; send it again.", (b"retry-after", b"10")
            ) from None


def _page_address(inquiry: Inquiry) -> str:
    """Returns the page's path, percent-encoded, with its query when the Referer tells it."""
    referer = headers_of(inquiry.scope).get(b"referer", b"").decode("latin-1")
    parts = urlsplit(referer)
    if parts.path == inquiry.report.path and parts.query:
        return f"{parts.path}?{parts.query}"
    return quote(inquiry.path, safe="/:@!$&'()*+,;=~")


def _proof(before: ReaderState | None, after: ReaderState) -> str:
    """Returns what this view says of an earlier "allow": `verified`, `verify-failed` or nothing."""
    if before is None or before.allow is after.allow:
        return ""
    if after.allow is AllowStage.VERIFIED:
        return "verified"
    return "verify-failed" if before.allow is AllowStage.THANKED else ""
