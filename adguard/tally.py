"""Counts of what went by, for `/health`: pages injected or not, requests refused, our faults."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable

logger = logging.getLogger("adguard")


class Tally:
    """Counters of one process since its start. Every cause of a fault is logged once.

    :param clock: monotonic seconds.
    """

    FIRST = 50
    RECENT = 600.0
    """Seconds for which a fault says something of how things are now."""
    MOST_RECENT = 1000
    NO_PAGE = frozenset({"status", "attachment", "range", "empty", "opted-out"})
    """Why HTML is left as it is that no reader opens as a page, or that is not to be measured."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.injected = 0
        self.skipped: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self._moments: dict[str, deque[float]] = {}
        self._warned = False

    @property
    def served(self) -> int:
        """Pages that went out since the start, with the snippet or, against our will, without."""
        skipped = self.skipped.copy()
        return self.injected + sum(n for why, n in skipped.items() if why not in self.NO_PAGE)

    def count_injected(self) -> None:
        self.injected += 1

    def count_skipped(self, reason: str) -> None:
        """Counts an HTML answer that was left as it was; warns when the first fifty all were."""
        self.skipped[reason] += 1
        if not self.injected and not self._warned and self.skipped.total() >= self.FIRST:
            self._warned = True
            common = ", ".join(f"{why} {n}" for why, n in self.skipped.most_common(3))
            logger.warning(
                "None of the first %d HTML answers could be injected (%s). "
                "If it is the encoding: mount AdGuardMiddleware inside the compressor.",
                self.FIRST,
                common,
            )

    def count_refused(self, status: int) -> None:
        self.refused[status] += 1

    def count_fault(self, cause: str, error: BaseException) -> None:
        """Counts a fault of ours and logs it the first time, with its traceback."""
        self.faults[cause] += 1
        self._moments.setdefault(cause, deque(maxlen=self.MOST_RECENT)).append(self.clock())
        if self.faults[cause] == 1:
            logger.error("%s failed; readers keep their page", cause, exc_info=error)

    def health(self) -> dict[str, object]:
        """Returns the counts since the start. Of faults also `recent_faults`, those of the last ten
        minutes (a thousand of a cause at the most), and `last_fault`, its cause and its age in
        seconds, or None."""
        now = self.clock()
        ages = {cause: now - moments[-1] for cause, moments in self._moments.items()}
        latest = min(ages, key=ages.__getitem__, default=None)
        return {
            "injected": self.injected,
            "skipped": dict(self.skipped),
            "refused": {str(status): count for status, count in self.refused.items()},
            "faults": dict(self.faults),
            "recent_faults": {
                cause: sum(now - moment <= self.RECENT for moment in self._moments[cause])
                for cause, age in ages.items()
                if age <= self.RECENT
            },
            "last_fault": latest and {"cause": latest, "age": int(ages[latest])},
        }
