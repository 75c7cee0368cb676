"""Slows down whoever guesses passwords."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

__all__ = ["Throttle"]


class Throttle:
    """Remembers wrong passwords of the last minutes, by address and all together.

    :param clock: monotonic seconds.
    """

    WINDOW = 300.0
    EACH = 5
    """Wrong passwords an address may send in a window."""
    ALL = 60
    """Wrong passwords all addresses together may send in a window."""
    MOST = 1000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=self.ALL)

    def wait(self, address: str) -> float:
        """Returns the seconds before this address may try again; 0 for now."""
        now = self._clock()
        own = self._by_address.get(_net(address), deque())
        return max(self._left(own, self.EACH, now), self._left(self._all, self.ALL, now))

    def count_wrong(self, address: str) -> None:
        """Counts a wrong password."""
        now, name = self._clock(), _net(address)
        own = self._by_address.setdefault(name, deque(maxlen=self.EACH))
        self._by_address.move_to_end(name)
        own.append(now)
        self._all.append(now)
        if len(self._by_address) > self.MOST:
            self._by_address.popitem(last=False)

    def forget(self, address: str) -> None:
        """Forgets what an address sent before it sent the right one."""
        self._by_address.pop(_net(address), None)

    def _left(self, moments: deque[float], most: int, now: float) -> float:
        """A full memory blocks until its oldest moment is past."""
        return max(0.0, moments[0] + self.WINDOW - now) if len(moments) >= most else 0.0


def _net(address: str) -> str:
    """An IPv6 subscriber has 2**64 addresses; they count as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{int(parsed) >> 64:x}"
    return str(parsed)
