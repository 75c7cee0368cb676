"""What an alert says, and what to do about it, in words."""

from __future__ import annotations

from adguard.alerts.rules import OF_A_NODE, Finding

__all__ = ["ADVICE", "NAMES", "number", "sentence"]

NAMES = {
    "block_rate": "The block rate",
    "unknown_rate": "The share of views that could not be judged",
    "wrong_reports": 'The share of "I am not blocking ads"',
    "render_loss": "The share of notices that were decided and not seen",
    "coverage": "The share of page views that are measured",
    "journal": "Recording",
}

ADVICE = {
    "block_rate": "Usually a bait and not the readers: look whether a release, a setting or a "
    "filter list changed that day, run `adguard lint`, and set mode=observe if readers without "
    "a blocker are asked.",
    "unknown_rate": "Something eats our files: open the control and bait addresses through the CDN "
    "and the firewall and look for challenges, rewrites and cached errors.",
    "wrong_reports": "Readers say we are wrong: set mode=observe until the cause is known, then "
    "compare the verdicts by browser.",
    "render_loss": "Notices do not reach readers: a stylesheet, a consent dialog or a filter list "
    "may hide them. Open a page with a blocker and look.",
    "coverage": "Pages go out without a measurement: look at `skipped` in health, at a new CSP, at "
    "a cache with old pages, and whether crawlers are about.",
    "journal": "Look at `store` in health: disk space, rights, and whether the store answers. What "
    "is in the journal is kept.",
}


def number(rule: str, value: float | None) -> str:
    """Returns a rule's figure with its unit."""
    if value is None:
        return "-"
    return f"{value:.0f} s" if rule == "journal" else f"{value * 100:.1f} %"


def sentence(site: str, finding: Finding, status: str, host: str = "") -> str:
    """Returns one sentence, or two, for people.

    :param status: `firing` or `resolved`.
    :param host: the machine that speaks, for rules about a node.
    """
    rule, name = finding.rule, NAMES[finding.rule]
    if rule in OF_A_NODE:
        site = f"{site} on {host}" if host else site
        if status == "resolved":
            return f"{site}: {name} works again."
        why = f" ({finding.reason})" if finding.reason else ""
        return f"{site}: {name} has been late or away for {number(rule, finding.value)}{why}."
    if finding.status == "quiet":
        return f"{site}: {name} cannot be told any more: too little happens. The alert is closed."
    value = f"{number(rule, finding.value)} of {finding.n:,} in the last {finding.hours} hours"
    if finding.usual is not None:
        value += f" (usually {number(rule, finding.usual)})"
    if status == "resolved":
        return f"{site}: {name} is right again: {value}."
    return f"{site}: {name} is {value}, beyond {number(rule, finding.limit)}."
