"""Counts of what went by, for `/health`: pages injected or not, requests refused, our faults."""

from __future__ import annotations

import logging
from collections import Counter

logger = logging.getLogger("adguard")


class Tally:
    """Counters of one process since its start. Every cause of a fault is logged once."""

    FIRST = 50

    def __init__(self) -> None:
        self.injected = 0
        self.skipped: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self._warned = False

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
        if self.faults[cause] == 1:
            logger.error("%s failed; readers keep their page", cause, exc_info=error)

    def health(self) -> dict[str, object]:
        return {
            "injected": self.injected,
            "skipped": dict(self.skipped),
            "refused": {str(status): count for status, count in self.refused.items()},
            "faults": dict(self.faults),
        }
