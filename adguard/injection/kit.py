"""What all answers of one Injector share: the snippet, and somebody to tell."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

from adguard.injection.headers import TagSuffix

logger = logging.getLogger("adguard")


# Root paths may come from a header, by way of the server: never keep them without end.
MOST_ROOT_PATHS: Final = 64


class Snippet(Protocol):
    """The bytes to inject.

    ASCII, elements only: text between or after them could reopen formatting elements that the page
    left open. Elements that may stand in a paragraph are kindest: a `<div>` ends a `<p>` the page
    left open, and white space behind `</body>` then lands outside of it.
    """

    @property
    def version(self) -> str:
        """Enters entity tags; at most 64 letters, digits, dots, underscores, hyphens."""

    def plain(self, root_path: str) -> bytes:
        """The bytes for a page without a nonce; constant for a root path."""

    def nonced(self, root_path: str, nonce: bytes) -> bytes:
        """The bytes with the nonce (base64 characters only) on every script."""


class Kit:
    """Holds the snippet and counts; a failing callback is logged, never raised.

    :raises ValueError: when the snippet's version does not fit into an entity tag.
    """

    def __init__(
        self,
        snippet: Snippet,
        on_skip: Callable[[str], None],
        on_inject: Callable[[], None],
    ) -> None:
        self._snippet = snippet
        self._plain: dict[str, bytes] = {}
        self.suffix = TagSuffix(snippet.version)
        self._on_skip = on_skip
        self._on_inject = on_inject
        self._told: set[type[Exception]] = set()

    def snippet_for(self, root_path: str, nonce: bytes | None) -> bytes:
        """Gives the bytes to inject.

        :raises TypeError: when the snippet made something else.
        """
        if nonce is None and root_path in self._plain:
            return self._plain[root_path]
        made = self._snippet
        snippet = made.plain(root_path) if nonce is None else made.nonced(root_path, nonce)
        if not isinstance(snippet, bytes):
            raise TypeError(f"the snippet made {type(snippet).__name__} instead of bytes")
        if nonce is None and len(self._plain) < MOST_ROOT_PATHS:
            self._plain[root_path] = snippet
        return snippet

    def skipped(self, reason: str, path: str) -> None:
        logger.debug("%r is left as it is: %s", path, reason)
        try:
            self._on_skip(reason)
        except Exception as error:
            self.tell(error)

    def injected(self) -> None:
        try:
            self._on_inject()
        except Exception as error:
            self.tell(error)

    def tell(self, error: Exception) -> None:
        """Logs one error of ours, the first of each kind."""
        if type(error) not in self._told:
            self._told.add(type(error))
            logger.error("A page went out without our snippet: %r", error, exc_info=error)
