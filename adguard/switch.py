"""The operator's switch: `off`, `observe` or `ask`, changed without a restart."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from adguard.presets import MODES, Mode
from adguard.settings import Settings

logger = logging.getLogger("adguard")

VARIABLE = "ADGUARD_MODE"

# CPython keeps the environment in a plain dict, where a variable that is not set costs 0.05 µs to
# miss; through `os.environ`, which raises and catches, 0.7 µs, on every page.
_environment = getattr(os.environ, "_data", None)
_key = os.environ.encodekey(VARIABLE) if isinstance(_environment, dict) else VARIABLE


class ModeSwitch:
    """Answers the mode in force. The watched file beats the environment, which beats the code; a
    `Rule`'s mode holds on its paths, but never asks more than the switch allows.

    :param clock: monotonic seconds; the file is looked at four times a second at most.
    """

    LOOK_EVERY = 0.25

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._coded: Mode = settings.mode
        self._file = None if settings.mode_file is None else Path(settings.mode_file)
        self._clock = clock
        self._next_look = float("-inf")
        self._from_file: Mode | None = None
        self._complaint = ""

    def current(self, rule: Mode | None = None) -> Mode:
        """Returns the mode for a path whose rule says `rule`."""
        switched = self._switched()
        if switched is None:
            return rule or self._coded
        if rule is None:
            return switched
        return min(rule, switched, key=MODES.index)

    def _switched(self) -> Mode | None:
        if self._file is not None:
            now = self._clock()
            if now >= self._next_look:
                self._next_look = now + self.LOOK_EVERY
                self._from_file = self._read(self._file)
            if self._from_file is not None:
                return self._from_file
        if _environment is not None and _key not in _environment:
            return None
        text = os.environ.get(VARIABLE)
        return None if text is None else self._known(text, VARIABLE)

    def _read(self, file: Path) -> Mode | None:
        try:
            text = file.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            self._complain(f"mode_file: {file} cannot be read ({error})")
            return self._from_file
        return self._known(text, str(file)) or self._from_file

    def _known(self, text: str, source: str) -> Mode | None:
        word = text.strip().lower()
        for mode in MODES:
            if word == mode:
                return mode
        self._complain(f"mode: {source} says {word[:40]!r}, not one of {', '.join(MODES)}")
        return None

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            logger.warning("%s; keeping the mode as it was", complaint)
