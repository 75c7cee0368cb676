"""How many reports one control token is good for; client addresses are never looked at."""

from __future__ import annotations


class Turnstile:
    """Counts reports by token, in two generations that are thrown away in turn.

    Each worker counts for itself, so a token is good for `PER_TOKEN` reports a worker.
    """

    PER_TOKEN = 8
    GENERATION_SECONDS = 2100
    LARGEST = 50_000

    def __init__(self) -> None:
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._turned = 0.0

    def admit(self, nonce: str, now: float) -> int:
        """Returns how many reports this token has seen, this one included; 0 when it is one too
        many. A token lives 35 minutes at most, a generation as long."""
        if now - self._turned >= self.GENERATION_SECONDS or len(self._now) >= self.LARGEST:
            self._before, self._now, self._turned = self._now, {}, now
        count = self._now.get(nonce)
        if count is None:
            count = self._before.get(nonce, 0)
        count += 1
        self._now[nonce] = count
        return count if count <= self.PER_TOKEN else 0
