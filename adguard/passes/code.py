"""A code: for how long the pass stands, until when it can be taken, and a number used once."""

from __future__ import annotations

import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from adguard.signing import Seal

__all__ = ["LINK_MINUTES", "MOST_DAYS", "PASS_DAYS", "Code", "Codes"]

MOST_DAYS = 395
"""Days that a pass stands at most, and that its code can wait: thirteen months, as the cookies."""

PASS_DAYS = 365
"""Days that a pass stands where nobody says otherwise."""

LINK_MINUTES = 15
"""Minutes in which the link of a payment's return URL can be used."""

NONCE_BYTES = 9
_FORM = struct.Struct(f">BHI{NONCE_BYTES}s")
_VERSION = 1
_WRITTEN = 22
_LENGTH = _WRITTEN + 27


@dataclass(frozen=True)
class Code:
    """What a code says.

    :param days: days that the pass stands, from the day on which it is taken.
    :param until: Unix seconds, the last in which it can be taken.
    :param nonce: under which it is remembered that it was taken; says nothing of anybody.
    """

    days: int
    until: int
    nonce: str


class Codes:
    """Writes and reads the codes of one site; those of another site are none of ours.

    :param keys: secret keys, newest first: a key that is taken out of the list makes all codes
        that it signed worthless, taken or not, and all passes with them.
    """

    def __init__(self, keys: Sequence[str], site: str) -> None:
        self._seal = Seal(keys, f"code.{site}")
        self._about = Seal(keys, f"code-about.{site}")

    def issue(self, *, days: int, until: float, about: str | None = None) -> str:
        """Returns a code of 49 letters, digits, dashes and underscores.

        :param about: the payment that it thanks for, by any name that stays the same. Of all codes
            about one payment, one can be taken: whoever hears twice of it may issue twice, until
            90 days after the time of the one that was taken.
        :raises ValueError: `days` is not from 1 to 395, or `until` no time.
        """
        check_days(days)
        if not 0 < until < 2**32:
            raise ValueError(f"{until!r} is not in Unix seconds")
        nonce = secrets.token_bytes(NONCE_BYTES) if about is None else self._nonce(about)
        packed = _FORM.pack(_VERSION, days, int(until), nonce)
        return self._seal.seal(urlsafe_b64encode(packed).rstrip(b"=").decode()).replace(".", "")

    def read(self, text: str) -> Code | None:
        """Returns what a code says, or `None` for one that is not ours; spaces and line breaks
        that a mail program put into it are left out. It may be too late to take it."""
        text = "".join(text.split())
        if len(text) != _LENGTH:
            return None
        value = self._seal.open(f"{text[:_WRITTEN]}.{text[_WRITTEN:]}")
        if value is None:
            return None
        version, days, until, nonce = _FORM.unpack(urlsafe_b64decode(value + "=="))
        return Code(days, until, nonce.hex()) if version == _VERSION else None

    def _nonce(self, about: str) -> bytes:
        # Signed, so that what is kept cannot be compared with a list of payments.
        # JSON may hold half a surrogate pair: a name like any other.
        named = blake2b(about.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        signature = self._about.seal(named).rpartition(".")[2]
        return blake2b(signature.encode(), digest_size=NONCE_BYTES).digest()


def check_days(days: int) -> None:
    """Refuses a number of days for which no pass can stand.

    :raises ValueError: it is not from 1 to 395.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a pass lasts 1 to {MOST_DAYS} days, not {days}")
