"""What a page of figures is asked for: everything stands in its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlencode

from adguard.insight.periods import date_of
from adguard.ledger.events import DAY
from adguard.ledger.store import KEEP_DAYS, SLICED, Slice, Span, Step

__all__ = ["PERIODS", "Question", "QuestionError", "read_question"]

PERIODS = (7, 28, 90, 365)
USUAL = 28
HOURLY = 2
"""Up to so many days are shown by the hour."""
FILTERS = (*SLICED, "page")
LONGEST = 600


class QuestionError(ValueError):
    """An address that cannot be answered; the message is one clear sentence."""


@dataclass(frozen=True)
class Question:
    """Which days, whose, and which views.

    :param span: whole UTC days.
    :param today: the day of asking, counted from 1970-01-01.
    :param period: how many days up to today were asked for; `None` for dates.
    :param slice: which views.
    """

    span: Span
    today: int
    period: int | None = USUAL
    slice: Slice = field(default_factory=Slice)

    @property
    def step(self) -> Step:
        return "hour" if self.length <= HOURLY and self.slice.page is None else "day"

    @property
    def length(self) -> int:
        """How many days."""
        return self.span.last - self.span.first + 1

    @property
    def running(self) -> bool:
        """Whether the last day is not over yet."""
        return self.span.last == self.today

    @property
    def first(self) -> date:
        return date_of(self.span.first)

    @property
    def last(self) -> date:
        return date_of(self.span.last)

    @property
    def filters(self) -> dict[str, str]:
        """The values asked for, by dimension."""
        page = {} if self.slice.page is None else {"page": self.slice.page}
        return {**self.slice.labels, **page}

    @property
    def days(self) -> dict[str, str | int]:
        """The fields that ask for these days; none for the usual ones."""
        if self.period is None:
            return {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return {} if self.period == USUAL else {"days": self.period}

    def query(self, **changes: str | int | None) -> str:
        """Returns the address of this question with changes, as what follows the path: `?…`, or
        nothing at all for the usual one. A page goes without the other filters, and they without
        it."""
        # What has no name is written as a dash: an empty field of a form asks for nothing.
        named = {name: value or "-" for name, value in self.filters.items()}
        fields: dict[str, str | int | None] = {"site": self.span.site, **named, **self.days}
        if changes.get("page") is not None:
            fields |= dict.fromkeys(SLICED)
        elif any(changes.get(name) is not None for name in SLICED):
            fields["page"] = None
        if "days" in changes:
            fields |= {"from": None, "to": None}
        fields |= changes
        if fields.get("days") == USUAL:
            del fields["days"]
        written = urlencode({name: value for name, value in fields.items() if value is not None})
        return f"?{written}" if written else ""

    def without_verdict(self) -> Question:
        """The same of all verdicts: what a verdict's share is a share of."""
        return replace(self, slice=replace(self.slice, verdict=None))


def read_question(query: str, now: float) -> Question:
    """Reads an address's query.

    :param now: Unix seconds.
    :raises QuestionError: it makes no sense, saying what would.
    """
    if len(query) > 4 * LONGEST:
        raise QuestionError("The address is too long.")
    try:
        fields = dict(parse_qsl(query, max_num_fields=16, errors="strict"))
    except ValueError:
        raise QuestionError("The address cannot be read.") from None
    for name, value in fields.items():
        if len(value) > LONGEST or not value.isprintable():
            raise QuestionError(f"{name}: that is no value that figures are kept under.")
    today = int(now // DAY)
    first, last, period = _days(fields, today)
    asked = {name: fields[name] for name in FILTERS if fields.get(name)}
    if "page" in asked:
        asked["page"] = _path(asked["page"])
    try:
        part = Slice(**{name: "" if value == "-" else value for name, value in asked.items()})
    except ValueError:
        raise QuestionError(
            "Figures of a page are kept by themselves. Take out the page, or the other filters."
        ) from None
    return Question(Span(first, last, fields.get("site") or None), today, period, part)


def _path(text: str) -> str:
    """The path of a page, also where its whole address was pasted."""
    path = re.sub("^https?://[^/?#]*", "", text.strip())
    return re.split("[?#]", path)[0] or "/"


def _days(fields: Mapping[str, str], today: int) -> tuple[int, int, int | None]:
    if not fields.get("from") and not fields.get("to"):
        period = fields.get("days") or str(USUAL)
        if not re.fullmatch("[1-9][0-9]{0,2}", period) or int(period) > KEEP_DAYS:
            raise QuestionError(f"days: write a number from 1 to {KEEP_DAYS}.")
        return today - int(period) + 1, today, int(period)
    last = min(today, _day(fields, "to")) if fields.get("to") else today
    first = _day(fields, "from") if fields.get("from") else last - USUAL + 1
    if first > last:
        raise QuestionError("The first day is after the last one.")
    if last - first >= KEEP_DAYS:
        raise QuestionError(f"Figures are kept for {KEEP_DAYS} days; ask for fewer days.")
    return first, last, None


def _day(fields: Mapping[str, str], name: str) -> int:
    text = fields[name]
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        moment = None
    if moment is None or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise QuestionError(f"{name}: write a date such as 2026-11-30.") from None
    if moment.year < 1971:
        raise QuestionError(f"{name}: nothing was recorded then.")
    return int(moment.timestamp() // DAY)
