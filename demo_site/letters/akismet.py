"""Asks Akismet through its own client, and says of a failure no more than its kind.

The text of the client's exceptions can hold the key, and so can that of what they wrap: neither is
logged, shown or kept anywhere.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from demo_site.letters.sieve import Opinion

if TYPE_CHECKING:
    from akismet import SyncClient
    from httpx import BaseTransport

logger = logging.getLogger("demo_site.letters")

STEP = 1.5
"""Seconds that each step of an answer may take: to connect, to send, to read a piece."""
PATIENCE = 4.0
"""Seconds that an answer may take altogether; its reader is waiting."""
NOWHERE = "0.0.0.0"  # noqa: S104 (no socket: the address of nobody)
"""What is sent as address where none is known: with corrections, since no address is kept."""

SENT = {
    "user_ip": "the address from which your letter came",
    "user_agent": "how your browser describes itself",
    "permalink": "the address of the story",
    "comment_type": "that it is a comment",
    "comment_author": "the name that you gave",
    "comment_content": "the letter",
    "blog_lang": "that this paper is in English",
    "blog_charset": "and in UTF-8",
}
"""Everything that Akismet is sent about a letter, beside the paper's own address and key."""


class Akismet:
    """A second opinion.

    :param client: makes a client from an `http_client`; by default the package's own, which reads
        `PYTHON_AKISMET_API_KEY` and `PYTHON_AKISMET_BLOG_URL`.
    :param transport: makes another way for its requests than httpx's own.
    """

    def __init__(
        self,
        client: Callable[..., SyncClient] | None = None,
        *,
        transport: Callable[[], BaseTransport] | None = None,
    ) -> None:
        self._make, self._transport = client, transport
        self._threads: anyio.CapacityLimiter | None = None

    async def ask(self, evidence: Mapping[str, str]) -> tuple[Opinion, str]:
        """Returns an opinion, and its code among a letter's reasons.

        :param evidence: values for the names in `SENT`.
        """

        def check() -> str:
            with self._client() as client:
                return client.comment_check(**evidence).name.lower()  # type: ignore[arg-type]

        said = await self._within_patience(check)
        if said not in {"ham", "spam", "discard"}:
            return Opinion.FAULT, f"akismet:fault:{said}"
        return Opinion(said), f"akismet:{said}"

    async def tell(self, evidence: Mapping[str, str], *, spam: bool) -> str:
        """Corrects Akismet; returns "" or the kind of failure."""

        def submit() -> str:
            with self._client() as client:
                (client.submit_spam if spam else client.submit_ham)(**evidence)  # type: ignore[arg-type]
            return ""

        return await self._within_patience(submit)

    @contextmanager
    def _client(self) -> Iterator[SyncClient]:
        # Extras: only who has a key needs them.
        import akismet  # noqa: PLC0415
        import httpx  # noqa: PLC0415

        headers = {"User-Agent": akismet.USER_AGENT}
        way = self._transport() if self._transport else None
        with httpx.Client(headers=headers, timeout=STEP, transport=way) as http:
            # Not as a context manager: that would verify the key anew for each letter.
            yield (self._make or akismet.SyncClient)(http_client=http)

    async def _within_patience(self, work: Callable[[], str]) -> str:
        """Returns what `work` returns, or the name of what it raised."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(4)
        try:
            with anyio.fail_after(PATIENCE):
                return await anyio.to_thread.run_sync(
                    work, abandon_on_cancel=True, limiter=self._threads
                )
        except Exception as error:
            kind = type(error).__name__
            # Neither the text nor the traceback: both can hold the key.
            logger.error("Akismet could not be asked: %s", kind)  # noqa: TRY400
            return kind


def akismet_of_environment() -> Akismet | None:
    """Returns Akismet where `PYTHON_AKISMET_API_KEY` is set, else `None`: nothing leaves."""
    return Akismet() if os.environ.get("PYTHON_AKISMET_API_KEY", "").strip() else None
