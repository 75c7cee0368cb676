"""From findings to messages: what must be said now, given what was said before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import msgspec

from adguard.alerts.book import Entry
from adguard.alerts.rules import Finding
from adguard.alerts.wording import ADVICE, sentence
from adguard.ledger.events import DAY, HOUR

__all__ = [
    "GIVE_UP",
    "REST",
    "TAKE_OVER",
    "Desk",
    "Message",
    "firing",
    "news",
    "orphans",
    "pending",
]

REST = HOUR
"""Seconds after "right again" in which a rule stays silent: a figure at its limit rings rarely."""

GIVE_UP = DAY
"""Seconds for which a message is offered to those who do not take it."""

TAKE_OVER = 900
"""Seconds after which another node delivers what the first did not."""


@dataclass(frozen=True)
class Message:
    """A message and who still waits for it.

    :param opened: the entry by which this node delivers it.
    :param targets: those that have not taken it, in the order asked for.
    """

    opened: Entry
    targets: tuple[str, ...]


def _latest(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    """The newest message of each rule and subject, as the entry that opened it first."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.word != "open" or entry.turn:
            continue
        before = found.get((entry.rule, entry.subject))
        if before is None or _order(entry) > _order(before):
            found[entry.rule, entry.subject] = entry
    return found


def _order(entry: Entry) -> tuple[int, bool]:
    return (entry.episode, entry.status == "resolved")


def firing(entries: Iterable[Entry]) -> list[str]:
    """Returns the rules whose alert is open, sorted."""
    found = _latest(entries)
    return sorted(rule for (rule, _), entry in found.items() if entry.status == "firing")


class Desk(NamedTuple):
    """Who speaks, and about what.

    :param subject: what the findings are about; see `Entry`.
    :param node: who delivers the messages.
    :param host: the machine's name, for people.
    """

    site: str
    subject: str = ""
    node: str = ""
    host: str = ""


def news(
    findings: Iterable[Finding], entries: Sequence[Entry], desk: Desk, now: float
) -> list[Entry]:
    """Returns the entries that would open the messages due now: at most one a finding."""
    said = _latest(entries)
    due: list[Entry] = []
    for finding in findings:
        last = said.get((finding.rule, desk.subject))
        if last is not None and last.status == "firing":
            if finding.status in {"fine", "quiet"}:
                due.append(_entry(finding, "resolved", last.episode, desk, now))
        elif finding.status == "bad" and (last is None or not 0 <= now - last.at < REST):
            episode = last.episode + 1 if last is not None else 1
            due.append(_entry(finding, "firing", episode, desk, now))
    return due


def _entry(
    finding: Finding,
    status: Literal["firing", "resolved"],
    episode: int,
    desk: Desk,
    now: float,
) -> Entry:
    entry = Entry(
        site=desk.site,
        rule=finding.rule,
        subject=desk.subject,
        episode=episode,
        status=status,
        turn=0,
        word="open",
        target="",
        node=desk.node,
        at=int(now),
    )
    body = {
        "version": 1,
        "id": entry.name,
        "alert": entry.name.removesuffix(f".{status}"),
        "site": desk.site,
        "rule": finding.rule,
        "status": status,
        "at": entry.at,
        "value": finding.value,
        "limit": finding.limit,
        "usual": finding.usual,
        "n": finding.n,
        "hours": finding.hours,
        "text": sentence(desk.site, finding, status, desk.host),
        "advice": ADVICE[finding.rule] if status == "firing" else "",
    }
    return replace(entry, body=msgspec.json.encode(body).decode())


def pending(
    entries: Sequence[Entry], targets: Sequence[str], node: str, now: float
) -> list[Message]:
    """Returns what this node has to deliver, oldest first."""
    done = {(*entry.message, entry.target) for entry in entries if entry.word == "sent"}
    newest: dict[tuple[object, ...], Entry] = {}
    born: dict[tuple[object, ...], int] = {}
    for entry in entries:
        if entry.word == "open":
            born[entry.message] = min(entry.at, born.get(entry.message, entry.at))
            before = newest.get(entry.message)
            if before is None or entry.turn > before.turn:
                newest[entry.message] = entry
    waiting = (
        Message(entry, tuple(t for t in targets if (*entry.message, t) not in done))
        for entry in newest.values()
        if entry.node == node and now - born[entry.message] < GIVE_UP
    )
    found = [message for message in waiting if message.targets]
    return sorted(found, key=lambda message: (message.opened.at, _order(message.opened)))


def orphans(entries: Sequence[Entry], targets: Sequence[str], node: str, now: float) -> list[Entry]:
    """Returns the entries by which this node would take over what another did not deliver."""
    nodes = {entry.node for entry in entries if entry.word == "open"} - {node}
    late = (message for other in nodes for message in pending(entries, targets, other, now))
    return [
        replace(message.opened, turn=message.opened.turn + 1, node=node, at=int(now))
        for message in late
        if now - message.opened.at >= TAKE_OVER
    ]
