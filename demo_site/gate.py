"""Who is in: signed sessions without a store, and patience with wrong passwords."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Literal

from itsdangerous import BadData, TimestampSigner
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

HOURS = 12


class Signer(TimestampSigner):
    """Signs short words with the time, for one purpose.

    :param keys: newest first; all verify.
    :param clock: Unix seconds.
    """

    def __init__(self, keys: Sequence[str], purpose: str, clock: Callable[[], float]) -> None:
        super().__init__(list(reversed(keys)), salt=f"packet.{purpose}")
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock())

    def write(self, word: str) -> str:
        return self.sign(word).decode()

    def read(self, signed: str, *, within: int | None = None) -> tuple[str, int] | None:
        """Returns the word and its age in seconds, or `None` for what is not ours or older than
        `within`."""
        try:
            word, moment = self.unsign(signed, max_age=within, return_timestamp=True)
            return word.decode(), self.get_timestamp() - int(moment.timestamp())
        except (BadData, UnicodeError):
            return None


class Sessions:
    """Signed cookies that say who is in, for 12 hours.

    :param name: of the cookie, and what a session is worth: nothing under another name.
    :param bound_to: something that ends every session when it changes, such as a password.
    """

    def __init__(
        self,
        keys: Sequence[str],
        name: str,
        clock: Callable[[], float],
        *,
        bound_to: str = "",
        same_site: Literal["lax", "strict"] = "lax",
    ) -> None:
        owner = blake2b(bound_to.encode(), digest_size=8).hexdigest()
        self._signer = Signer(keys, f"{name}.{owner}", clock)
        self._name, self._same_site = name, same_site

    def who(self, connection: HTTPConnection) -> str | None:
        """Returns whose session comes with this request."""
        signed = connection.cookies.get(self._cookie(connection), "")
        read = self._signer.read(signed, within=HOURS * 3600) if len(signed) < 300 else None
        return read[0] if read else None

    def open(self, request: Request, response: Response, who: str) -> None:
        self._set(request, response, self._signer.write(who), HOURS * 3600)

    def close(self, request: Request, response: Response) -> None:
        self._set(request, response, "", 0)

    def _set(self, request: Request, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            self._cookie(request),
            value,
            max_age=seconds,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite=self._same_site,
        )

    def _cookie(self, connection: HTTPConnection) -> str:
        secure = connection.url.scheme == "https"
        return f"__Host-packet_{self._name}" if secure else f"packet_{self._name}"


class Patience:
    """Counts wrong passwords of the last five minutes, by address; in memory alone, and there as
    digests with a salt of this process.

    :param clock: seconds.
    """

    WINDOW = 300
    EACH = 5
    MOST = 1000

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._wrong: OrderedDict[bytes, deque[float]] = OrderedDict()

    def wait(self, request: Request) -> int:
        """Returns the seconds before this address may try again; 0 for now."""
        tries = self._wrong.get(self._digest(request))
        if tries is None or len(tries) < self.EACH:
            return 0
        return max(0, int(tries[0] + self.WINDOW - self._clock()) + 1)

    def count_wrong(self, request: Request) -> None:
        name = self._digest(request)
        self._wrong.setdefault(name, deque(maxlen=self.EACH)).append(self._clock())
        self._wrong.move_to_end(name)
        if len(self._wrong) > self.MOST:
            self._wrong.popitem(last=False)

    def forget(self, request: Request) -> None:
        """Forgets the wrong passwords before the right one."""
        self._wrong.pop(self._digest(request), None)

    def _digest(self, request: Request) -> bytes:
        address = request.client.host if request.client else ""
        return blake2b(address.encode(), key=self._salt, digest_size=16).digest()


def too_many(wait: int) -> str:
    """The sentence for whoever has to wait so many seconds."""
    minutes = -(-wait // 60)
    return f"Too many wrong passwords. Try again in {minutes} minute{'' if minutes == 1 else 's'}."


def same_word(given: str, right: str) -> bool:
    """Compares passwords, in the same time for every wrong one."""
    first, second = (blake2b(word.encode("utf-8", "replace")).digest() for word in (given, right))
    return compare_digest(first, second)
