"""Signatures: one key list, one salt a purpose, the newest key signs and every key verifies."""

from __future__ import annotations

import os
import secrets
from binascii import b2a_base64
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from itertools import count
from urllib.parse import quote_plus

import msgspec
from itsdangerous import Signer, want_bytes
from itsdangerous.signer import SigningAlgorithm

SIGNATURE_BYTES = 20
"""Written as 27 characters and one `=` of padding, which is left out."""


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _written(digest: bytes) -> bytes:
    return b2a_base64(digest, newline=False).translate(_URL_SAFE)[:-1]


class _KeyedBlake2b(SigningAlgorithm):
    """BLAKE2b in its keyed mode (RFC 7693), 160 bits: a MAC in one pass, without OpenSSL's look-up
    of an algorithm by name, which costs five times the hash."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return blake2b(value, key=key, digest_size=SIGNATURE_BYTES).digest()


class Seal(Signer):
    """Signs and verifies short ASCII values for one purpose.

    Deriving a key costs more than the signature, so each key is derived once.

    :param keys: secret keys, newest first.
    :param purpose: the salt; a value sealed for one purpose is worthless for another.
    """

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        super().__init__(
            list(reversed(keys)),
            salt=f"adguard.{purpose}",
            algorithm=_KeyedBlake2b(),
        )
        self._derived = {key: super(Seal, self).derive_key(key) for key in self.secret_keys}
        # A hash that has taken in its key is copied faster than it is begun anew.
        self._newest_first = [
            blake2b(key=self._derived[key], digest_size=SIGNATURE_BYTES)
            for key in reversed(self.secret_keys)
        ]

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        if secret_key is None:
            secret_key = self.secret_keys[-1]
        return self._derived[secret_key]  # type: ignore[index]

    def seal(self, value: str) -> str:
        """Returns `value`, a dot, and its signature: what `sign` writes, without its detours."""
        mac = self._newest_first[0].copy()
        mac.update(value.encode("ascii"))
        return f"{value}.{_written(mac.digest()).decode()}"

    def open(self, sealed: str | bytes, *, longest: int = 1024) -> str | None:
        """Returns the value, or `None` when it is oversized, malformed or not ours."""
        if len(sealed) > longest:
            return None
        try:
            signed = sealed.encode("ascii") if isinstance(sealed, str) else sealed
            value, _, signature = signed.rpartition(b".")
            text = value.decode("ascii")
        except UnicodeError:
            return None
        return text if self._signed(value, signature) else None

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Whether one of the keys signed `value`. Compares signatures as they are written, which
        spares decoding the given one."""
        return self._signed(want_bytes(value), want_bytes(sig))

    def _signed(self, value: bytes, signature: bytes) -> bool:
        for keyed in self._newest_first:
            mac = keyed.copy()
            mac.update(value)
            if compare_digest(_written(mac.digest()), signature):
                return True
        return False


_start = secrets.token_hex(8)
_count = count()


def _start_anew() -> None:
    """Gives the child of a fork nonces of its own."""
    global _start  # noqa: PLW0603
    _start = secrets.token_hex(8)


# Where there is no fork, there is nothing to start anew.
getattr(os, "register_at_fork", dict)(after_in_child=_start_anew)


class TokenError(Exception):
    """A report's token that cannot be accepted; the message is one clear sentence."""


class Token(msgspec.Struct, frozen=True):
    """What a control answer proves: that a browser asked us, and when.

    :param issued: seconds since the epoch, UTC.
    :param nonce: unique among all tokens; nobody needs to be unable to guess it.
    """

    issued: int
    nonce: str


class Tokens:
    """Issues and checks the tokens that the control hands out."""

    LIFETIME = 600
    SKEW = 60

    def __init__(self, keys: Sequence[str]) -> None:
        self._seal = Seal(keys, "token")

    def issue(self, now: float) -> str:
        """Returns a token of about 60 characters."""
        return self._seal.seal(f"{int(now):x}-{_start}{next(_count):x}")

    def check(self, token: str, now: float, *, lifetime: int = LIFETIME) -> Token:
        """Returns what `token` says.

        :param lifetime: seconds that it may be old.
        :raises TokenError: when it is not ours, too old, or from the future.
        """
        value = self._seal.open(token, longest=128)
        if value is None:
            raise TokenError("The token was not issued by this site.")
        issued_hex, _, nonce = value.partition("-")
        issued = int(issued_hex, 16)
        if not -self.SKEW <= now - issued <= lifetime:
            if now < issued:
                raise TokenError("The token comes from the future.")
            raise TokenError(f"The token is too old: {int(now - issued)} > {lifetime} seconds.")
        return Token(issued, nonce)


class Destinations:
    """Signed paths of this site: where a form may send a reader back to."""

    LONGEST = 1024
    LONGEST_ENCODED = 1800

    def __init__(self, keys: Sequence[str]) -> None:
        self._seal = Seal(keys, "destination")

    def sign(self, path: str) -> str | None:
        """Returns `path` (percent-encoded, with its query) signed, or `None` for one that could
        lead away from this site, or would not fit into a form: longer than 1,024 characters, or
        than 1,800 once a form has encoded it."""
        if not is_local_path(path) or len(path) > self.LONGEST:
            return None
        if len(quote_plus(path)) > self.LONGEST_ENCODED:
            return None
        return self._seal.seal(path)

    def open(self, sealed: str) -> str | None:
        """Returns the path, or `None` when it is not ours."""
        path = self._seal.open(sealed, longest=self.LONGEST + 64)
        return path if path is not None and is_local_path(path) else None


def is_local_path(path: str) -> bool:
    """Whether `path` is printable ASCII that a browser resolves within this origin."""
    return (
        path.startswith("/")
        and not path.startswith("//")
        and "\\" not in path
        and path.isascii()
        and path.isprintable()
        and " " not in path
    )
