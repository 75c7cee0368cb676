"""Signals -> verdict: the one table, pure. `snippets/page/client.js` carries the same table, and
`tests/vectors/detection.json` runs against both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a page view says about the reader's browser."""

    CLEAR = "clear"
    EXTENSION = "extension"
    NETWORK = "network"
    PROTECTION = "protection"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of one bait, control or watched host."""

    LOADED = "loaded"
    BLOCKED = "blocked"
    SUBSTITUTED = "substituted"
    """Something answered, but without the marker: a stub, an empty body."""
    FAULTY = "faulty"
    """The server itself said no (status 400 or above), sent the request elsewhere, or a page came:
    a captive portal's, or a firewall's."""
    REFUSED = "refused"
    """The page's own Content-Security-Policy or Trusted Types said no."""
    TIMEOUT = "timeout"
    UNASKED = "unasked"
    VISIBLE = "visible"
    HIDDEN = "hidden"
    """Hidden even against the page's own `!important`: a user-origin style did it."""
    STYLED = "styled"
    """Hidden under each of its classes by rules that the page's own `!important` defeats: no site
    knows all of them, an engine's style does."""
    UNJUDGED = "unjudged"
    WITHHELD = "withheld"
    """A watched host that was stopped in a browser with a tracking protection of its own, which no
    page can tell from a filter in the network."""


@dataclass(frozen=True)
class Finding:
    """A verdict with what it rests on.

    :param confidence: from 0 (nothing known) to 1.
    :param reason: a key of `FINDINGS`.
    """

    verdict: Verdict
    confidence: float
    reason: str


FINDINGS: Mapping[str, Finding] = {
    reason: Finding(verdict, confidence, reason)
    for reason, verdict, confidence in (
        ("network-bait", Verdict.EXTENSION, 0.99),
        ("substituted", Verdict.EXTENSION, 0.95),
        ("cosmetic-only", Verdict.EXTENSION, 0.8),
        ("cosmetic-styled", Verdict.EXTENSION, 0.6),
        ("browser-shields", Verdict.EXTENSION, 0.8),
        ("tracking-protection", Verdict.PROTECTION, 0.8),
        ("ad-hosts", Verdict.NETWORK, 0.8),
        ("clear", Verdict.CLEAR, 0.9),
        ("control-failed", Verdict.UNKNOWN, 0.0),
        ("refused", Verdict.UNKNOWN, 0.0),
        ("faulty", Verdict.UNKNOWN, 0.0),
        ("timeout", Verdict.UNKNOWN, 0.0),
        ("unasked", Verdict.UNKNOWN, 0.0),
        ("styled", Verdict.UNKNOWN, 0.0),
        ("unjudged", Verdict.UNKNOWN, 0.0),
        ("one-host", Verdict.UNKNOWN, 0.0),
    )
}
"""Every reason with its finding; the proofs stand first, the strongest on top."""

PROOFS = ("network-bait", "substituted", "cosmetic-only", "cosmetic-styled")
NETWORK_PROOFS = frozenset(PROOFS[:2])
DOUBTS = frozenset(reason for reason in FINDINGS if FINDINGS[reason].verdict is Verdict.UNKNOWN)
KINDS = ("script", "image", "fetch", "element")
FAILED = ("blocked", "substituted")
HOST_FAILED = (*FAILED, "withheld")


def classify(
    signals: Mapping[str, str], kinds: Mapping[str, str], *, brave: bool = False, earlier: str = ""
) -> Finding:
    """Judges one page view, kind by kind.

    A kind whose control failed, or that the page refused, is dropped. One kind that proves blocking
    is enough; without a proof, a dropped kind means `unknown`. Names and outcomes that are not
    known count as not asked, so that a forged report can only lie, not break anything.

    :param signals: name -> outcome. Names are bait ids, the kinds for their controls, `h1`, `h2` …
        for watched hosts and `host` for their control.
    :param kinds: bait id -> `script`, `image`, `fetch` or `element`.
    :param brave: the browser says that it is Brave; never evidence by itself.
    :param earlier: the reason of an earlier verdict on the same document. When that one saw a
        request stopped, elements prove nothing any more: they stay hidden until a reload.
    """
    found = []
    for kind in KINDS:
        names = [name for name, its_kind in kinds.items() if its_kind == kind]
        if not names or (kind == "element" and earlier in NETWORK_PROOFS):
            continue
        outcomes = [signals.get(name, "unasked") for name in names]
        judge = _elements if kind == "element" else _requests
        found.append(judge(signals.get(kind, "unasked"), outcomes))
    for proof in PROOFS:
        if proof in found:
            return FINDINGS[proof]
    if not found:
        return FINDINGS["unasked"]
    doubt = next((reason for reason in found if reason), "")
    return FINDINGS[doubt or _hosts(signals, brave=brave)]


def _requests(control: str, outcomes: Sequence[str]) -> str:
    """The reason that one kind of request gives; empty when all is well."""
    if "refused" in (control, *outcomes):
        return "refused"
    failed = [outcome for outcome in outcomes if outcome in FAILED]
    if failed and control == "loaded":
        return "network-bait" if "blocked" in failed else "substituted"
    if failed or control not in ("loaded", "unasked"):
        return "control-failed"
    return _doubt(outcomes, "loaded")


def _elements(control: str, outcomes: Sequence[str]) -> str:
    if control != "visible":
        return "control-failed"
    if "hidden" in outcomes:
        return "cosmetic-only"
    if len(outcomes) > 1 and set(outcomes) == {"styled"}:
        return "cosmetic-styled"
    return _doubt(outcomes, "visible")


def _doubt(outcomes: Sequence[str], fine: str) -> str:
    for outcome in outcomes:
        if outcome != fine:
            return outcome if outcome in DOUBTS else "unjudged"
    return ""


def _hosts(signals: Mapping[str, str], *, brave: bool) -> str:
    """The reason that the watched hosts give, once the first-party baits are all well."""
    failed = [
        outcome
        for name, outcome in signals.items()
        if re.fullmatch(r"h\d+", name) and outcome in HOST_FAILED
    ]
    if not failed:
        return "clear"
    if len(failed) < 2:
        return "one-host"
    if signals.get("host") != "loaded":
        return "control-failed"
    if brave:
        return "browser-shields"
    return "ad-hosts" if set(failed) == {"blocked"} else "tracking-protection"
