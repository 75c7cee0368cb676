"""Delivers what stands in a book: in order, until it is taken, with growing pauses."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence

from adguard.alerts.book import Book, Entry
from adguard.alerts.episodes import Message, pending
from adguard.alerts.webhook import Outcome, host_of, name_of, post

__all__ = ["Delivery", "Post", "pause"]

logger = logging.getLogger("adguard.alerts")

RETRY = 5.0
LONGEST_RETRY = 3600.0
MOST_LINES = 100

Post = Callable[[str, str, str, bytes, float], Outcome]
"""`webhook.post`: address, secret, id, body, time."""


def pause(failures: int, chance: float) -> float:
    """Returns the seconds before a delivery is tried again: doubled each time up to an hour, and
    spread, so that many senders do not come back together.

    :param failures: how often it failed, from 1.
    :param chance: from 0 to 1, drawn anew each time.
    """
    longest = min(LONGEST_RETRY, RETRY * 2.0 ** min(failures - 1, 20))
    return longest * (0.5 + chance / 2)


class Delivery:
    """Knows the addresses, and what failed there.

    :param clock: seconds since the epoch.
    :param elapsed: seconds that no setting of a clock moves.
    :param chance: draws from 0 to 1.
    """

    def __init__(
        self,
        urls: Sequence[str],
        secret: str,
        *,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
        chance: Callable[[], float] = random.random,
        post: Post = post,
    ) -> None:
        self._urls: Mapping[str, str] = {name_of(url): url for url in urls}
        self._secret = secret
        self._clock = clock
        self._elapsed = elapsed
        self._chance = chance
        self._post = post
        self._failures: dict[tuple[object, ...], tuple[int, float]] = {}
        self._taken: set[tuple[object, ...]] = set()
        self._logged: set[str] = set()

    @property
    def targets(self) -> tuple[str, ...]:
        """The addresses, by their short names."""
        return tuple(self._urls)

    def run(
        self, book: Book, entries: Sequence[Entry], node: str, stopped: Callable[[], bool]
    ) -> tuple[int, float]:
        """Tries once whatever is due.

        :param entries: what the book holds.
        :param node: whose messages.
        :param stopped: asked before each delivery.
        :returns: how many deliveries are left, and when the next is due, by `elapsed`.
        :raises StoreError: the book cannot be written; what was delivered is remembered.
        """
        left, next_at = 0, float("inf")
        behind: set[str] = set()
        for message in pending(entries, self.targets, node, self._clock()):
            for target in message.targets:
                key = (*message.opened.message, target)
                _, due = self._failures.get(key, (0, 0.0))
                # One after the other for each address: "right again" must not come first.
                if target in behind or stopped() or self._elapsed() < due:
                    done = False
                else:
                    done = self._deliver(book, message, target, key)
                if not done:
                    behind.add(target)
                    left += 1
                    next_at = min(next_at, self._failures.get(key, (0, next_at))[1])
        if not left:
            self._failures.clear()
        return left, next_at

    def _deliver(self, book: Book, message: Message, target: str, key: tuple[object, ...]) -> bool:
        opened = message.opened
        if key not in self._taken:
            url = self._urls[target]
            outcome = self._post(
                url, self._secret, opened.name, opened.body.encode(), self._clock()
            )
            if not outcome.ok:
                failures = self._failures.get(key, (0, 0.0))[0] + 1
                due = self._elapsed() + pause(failures, self._chance())
                self._failures[key] = (failures, due)
                self._log(f"An alert could not be delivered to {host_of(url)}: {outcome.detail}")
                return False
            self._taken.add(key)
        said = Entry(*opened.message, opened.turn, "sent", target, opened.node, int(self._clock()))
        book.write(said)
        self._taken.discard(key)
        self._failures.pop(key, None)
        return True

    def _log(self, line: str) -> None:
        if line not in self._logged and len(self._logged) < MOST_LINES:
            self._logged.add(line)
            logger.warning("%s", line)
