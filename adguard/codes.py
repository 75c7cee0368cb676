"""A code that a reader can copy from the preferences page: what decisions about them rest on, and
nothing that tells one reader from another who did the same."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from zlib import crc32

import msgspec
from msgspec.structs import fields

from adguard.forgetting import Horizon, essence
from adguard.reader import ReaderState
from adguard.variants import NAME

__all__ = ["Code", "CodeError", "read_code", "write_code"]

BEGINNING = "s1-"
LONGEST = 200
LAST_DAY = 100_000
"""The year 2243: no day in a code lies after it."""

_DEFAULTS = tuple(field.default for field in fields(ReaderState))


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
    """Returns the code of a reader: letters, digits, hyphens and underscores.

    :param state: what the reader's note says, `None` without one.
    """
    kept = ReaderState(first_day=today)
    if state is not None and not has_pass:
        kept = essence(state, today, horizon, arm=arm)
    values: list[object] = msgspec.to_builtins(kept)
    while values[-1] == _DEFAULTS[len(values) - 1]:
        values.pop()
    packed = msgspec.msgpack.encode([has_pass, arm, *values])
    return BEGINNING + urlsafe_b64encode(packed + _check(packed)).rstrip(b"=").decode()


def read_code(text: str) -> Code:
    """Returns what `write_code` wrote; spaces and line breaks of a mail are left out.

    :raises CodeError: when it is none, or was not copied as a whole.
    """
    joined = "".join(text.split())
    if not joined.startswith(BEGINNING):
        raise CodeError(
            f"This is no code: one begins with {BEGINNING!r} and stands on the reader's "
            "preferences page."
        )
    if len(joined) > LONGEST:
        raise CodeError(f"A code has at most {LONGEST} characters, this one {len(joined)}.")
    try:
        written = urlsafe_b64decode(joined[len(BEGINNING) :].encode("ascii") + b"===")
        packed, check = written[:-2], written[-2:]
        if _check(packed) != check:
            raise ValueError  # noqa: TRY301
        has_pass, arm, *values = msgspec.msgpack.decode(packed, type=list)
        code = Code(
            msgspec.convert(values, ReaderState),
            msgspec.convert(arm, str),
            msgspec.convert(has_pass, bool),
        )
    except (ValueError, msgspec.MsgspecError):
        raise CodeError("The code was not copied as a whole, or has a letter wrong.") from None
    if not _makes_sense(code):
        raise CodeError("The code says what no reader's note can say.")
    return code


def _check(packed: bytes) -> bytes:
    """Two bytes by which a code that was copied wrong is noticed."""
    return (crc32(packed) & 0xFFFF).to_bytes(2, "big")


def _makes_sense(code: Code) -> bool:
    state = code.state
    numbers = [value for value in msgspec.to_builtins(state) if isinstance(value, int)]
    return (
        0 < code.day <= LAST_DAY
        and all(0 <= number <= LAST_DAY for number in (*numbers, *state.asks))
        and state.bucket is None
        and (not code.arm or NAME.fullmatch(code.arm) is not None)
    )
