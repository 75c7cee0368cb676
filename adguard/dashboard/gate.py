"""Who may read the figures: an authenticator of the site's own, or a password."""

from __future__ import annotations

import inspect
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from hashlib import blake2b
from hmac import compare_digest
from typing import cast

import anyio
from starlette.requests import HTTPConnection

from adguard.crew import Crew
from adguard.signing import Seal

__all__ = ["Authenticator", "Gate"]

logger = logging.getLogger("adguard.dashboard")

Authenticator = Callable[[HTTPConnection], bool | Awaitable[bool]]

HOURS = 12
PATIENCE = 5.0
"""Seconds an authenticator may take."""
AT_ONCE = 4
"""Visitors for whom it is asked in a thread at the same time; more wait."""


class Gate:
    """Decides who is let in. Closed unless something says yes: an authenticator that raises, takes
    longer than 5 s or returns anything but `True` keeps the reader out.

    :param authenticator: asked on every request, in a thread unless it is a coroutine function.
    :param password: what a visitor has to type; empty for none.
    :param keys: sign sessions, newest first.
    :param clock: Unix seconds.
    :raises ValueError: neither authenticator nor password.
    """

    def __init__(
        self,
        *,
        authenticator: Authenticator | None = None,
        password: str = "",
        keys: Sequence[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        if authenticator is None and not password:
            raise ValueError("a dashboard needs an authenticator or a password")
        self._authenticator = authenticator
        self._askers = Crew(AT_ONCE)
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._password = self._hash(password)
        # Sessions end with the password that opened them.
        owner = blake2b(password.encode(), digest_size=16, person=b"site desk").hexdigest()
        self._seal = Seal(keys, f"desk.{owner}")
        self._faults: set[str] = set()

    @property
    def asks_password(self) -> bool:
        return self._authenticator is None

    def is_right(self, password: str) -> bool:
        """Whether this is the password; takes as long for every wrong one."""
        return self.asks_password and compare_digest(self._hash(password), self._password)

    def new_session(self) -> str:
        """Returns a signed session, good for 12 hours."""
        return self._seal.seal(f"{int(self._clock()) + HOURS * 3600}.{secrets.token_urlsafe(9)}")

    async def admits(self, connection: HTTPConnection, session: str) -> bool:
        """Whether this request may see the figures."""
        if self._authenticator is None:
            return self._is_open(session)
        try:
            with anyio.fail_after(PATIENCE):
                return await self._asked(self._authenticator, connection) is True
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            if cause not in self._faults and len(self._faults) < 100:
                self._faults.add(cause)
                logger.exception("The dashboard's authenticator failed; nobody is let in by it")
            return False

    async def _asked(self, authenticator: Authenticator, connection: HTTPConnection) -> object:
        if inspect.iscoroutinefunction(authenticator):
            return cast("object", await authenticator(connection))
        said = await self._askers.run(partial(authenticator, connection))
        return await said if inspect.isawaitable(said) else said

    def _is_open(self, session: str) -> bool:
        value = self._seal.open(session, longest=200)
        if value is None:
            return False
        until = value.partition(".")[0]
        return until.isdigit() and self._clock() < int(until)

    def _hash(self, password: str) -> bytes:
        return blake2b(password.encode("utf-8", "replace"), key=self._salt).digest()
