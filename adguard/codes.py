"""A code that a reader can copy from the preferences page: what decisions about them rest on, and
nothing that tells one reader from another who did the same."""

from __future__ import annotations

from base64 import b32decode, b32encode
from typing import Annotated
from zlib import crc32

import msgspec
from msgspec import Meta
from msgspec.structs import astuple, fields

from adguard.detection import Verdict
from adguard.forgetting import Horizon, essence
from adguard.presets import MOST_ASKS
from adguard.reader import COUNTER_TOP, LIFETIME_DAYS, AllowStage, ReaderState, month_of
from adguard.variants import LONGEST_NAME, NAME

__all__ = ["FIRST_DAY", "LAST_DAY", "Code", "CodeError", "read_code", "write_code"]

BEGINNING = "s1"
LONGEST = 200
VERDICTS = tuple(Verdict)

FIRST_DAY, LAST_DAY = 10_000, 100_000
"""UTC day numbers in 1997 and 2243, so that every day in a code has a date."""
Day = Annotated[int, Meta(ge=FIRST_DAY, le=LAST_DAY)]
Ago = Annotated[int, Meta(ge=0, le=LIFETIME_DAYS + 1)]
"""0 for never, 1 for the code's own day, 2 for the day before."""
Count = Annotated[int, Meta(ge=0, le=COUNTER_TOP)]


class _Written(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A code's values in their order; what stands at the end with its default is left out."""

    day: Day
    has_pass: bool = False
    arm: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    verdict: Annotated[int, Meta(ge=0, lt=len(VERDICTS))] = VERDICTS.index(Verdict.UNKNOWN)
    verdict_ago: Ago = 0
    views: Count = 0
    visit_views: Count = 0
    month_views: Count = 0
    asks: Annotated[tuple[Ago, ...], Meta(max_length=MOST_ASKS)] = ()
    open_ask: bool = False
    later_count: Count = 0
    later_ago: Ago = 0
    pass_ago: Ago = 0
    pressed_ago: Ago = 0
    pressed: bool = False
    not_blocking_count: Count = 0
    not_blocking_ago: Ago = 0
    never_ago: Ago = 0


_DEFAULTS = tuple(field.default for field in fields(_Written))


class CodeError(ValueError):
    """A text that is no code; the message is one clear sentence."""


class Code(msgspec.Struct, frozen=True):
    """What a code says.

    :param state: the essence of the reader's note, see `forgetting.essence`; its `first_day` is
        the day on which the code was made.
    :param arm: of an experiment, empty outside of one.
    :param has_pass: whether the reader had a supporter's pass.
    """

    state: ReaderState
    arm: str = ""
    has_pass: bool = False

    @property
    def day(self) -> int:
        """Returns the UTC day number on which it was made."""
        return self.state.first_day


def write_code(
    state: ReaderState | None, today: int, horizon: Horizon, *, arm: str, has_pass: bool
) -> str:
    """Returns the code of a reader: some twenty to seventy lower-case letters and digits.

    :param state: what the reader's note says, `None` without one.
    """
    kept = ReaderState(first_day=today)
    if state is not None and not has_pass:
        kept = essence(state, today, horizon, arm=arm)
    values = list(astuple(_written(Code(kept, arm, has_pass))))
    while values[-1] == _DEFAULTS[len(values) - 1]:
        values.pop()
    packed = msgspec.msgpack.encode(values)
    return BEGINNING + b32encode(packed + _check(packed)).rstrip(b"=").decode().lower()


def read_code(text: str) -> Code:
    """Returns what `write_code` wrote; what a mail did to spaces, lines and capitals is undone.

    :raises CodeError: when it is none, or was not copied as a whole.
    """
    joined = "".join(text.split()).lower()
    if not joined.startswith(BEGINNING):
        raise CodeError(
            f"This is no code: one begins with {BEGINNING!r} and stands on the reader's "
            "preferences page."
        )
    if len(joined) > LONGEST:
        raise CodeError(f"A code has at most {LONGEST} characters, this one {len(joined)}.")
    letters = joined[len(BEGINNING) :].upper()
    try:
        whole = b32decode(letters + "=" * (-len(letters) % 8))
        packed, check = whole[:-2], whole[-2:]
        if _check(packed) != check:
            raise ValueError  # noqa: TRY301
        written = msgspec.msgpack.decode(packed, type=_Written)
    except (ValueError, msgspec.MsgspecError):
        raise CodeError("The code was not copied as a whole, or has a letter wrong.") from None
    if written.arm and not NAME.fullmatch(written.arm):
        raise CodeError("The code names an arm that no experiment can have.")
    return _read(written)


def _check(packed: bytes) -> bytes:
    """Two bytes by which a code that was copied wrong is noticed."""
    return (crc32(packed) & 0xFFFF).to_bytes(2, "big")


def _written(code: Code) -> _Written:
    state, day = code.state, code.day

    def ago(when: int) -> int:
        return day - when + 1 if when else 0

    return _Written(
        day,
        code.has_pass,
        code.arm,
        VERDICTS.index(state.verdict),
        ago(state.verdict_day),
        state.views,
        state.visit_views,
        state.month_views,
        tuple(ago(when) for when in state.asks),
        state.open_ask,
        state.later_count,
        ago(state.later_day),
        ago(state.pass_day),
        ago(state.pressed_day),
        state.allow is AllowStage.PRESSED,
        state.not_blocking_count,
        ago(state.not_blocking_day),
        ago(state.never_day),
    )


def _read(written: _Written) -> Code:
    day = written.day

    def when(ago: int) -> int:
        return day - ago + 1 if ago else 0

    state = ReaderState(
        first_day=day,
        verdict=VERDICTS[written.verdict],
        verdict_day=when(written.verdict_ago),
        views=written.views,
        visit_day=day if written.visit_views else 0,
        visit_views=written.visit_views,
        month=month_of(day) if written.month_views else 0,
        month_views=written.month_views,
        asks=tuple(when(ago) for ago in written.asks),
        open_ask=written.open_ask,
        later_count=written.later_count,
        later_day=when(written.later_ago),
        pass_day=when(written.pass_ago),
        pressed_day=when(written.pressed_ago),
        allow=AllowStage.PRESSED if written.pressed else AllowStage.NONE,
        not_blocking_count=written.not_blocking_count,
        not_blocking_day=when(written.not_blocking_ago),
        never_day=when(written.never_ago),
    )
    return Code(state, written.arm, written.has_pass)
