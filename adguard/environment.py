"""Options from the environment: `ADGUARD_<NAME>` is the default of the option `<name>`."""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
from collections.abc import Callable, Collection
from dataclasses import field
from typing import Any, TypeVar

__all__ = [
    "SettingsError",
    "as_flag",
    "as_hook",
    "as_json",
    "as_look",
    "as_words",
    "option",
    "warn_unknown",
]

logger = logging.getLogger("adguard")

PREFIX = "ADGUARD_"
NOT_OPTIONS = {
    "ADGUARD_DATA",
    "ADGUARD_DEMO_PORT",
    "ADGUARD_MAIL_FROM",
    "ADGUARD_MAIL_TO",
    "ADGUARD_SMTP",
}
T = TypeVar("T")


class SettingsError(ValueError):
    """An option that cannot be used; the message starts with the option's name."""


def as_words(text: str) -> tuple[str, ...]:
    """Splits at commas and white space."""
    return tuple(part for part in re.split(r"[\s,]+", text) if part)


def as_hook(text: str) -> Any:
    """Imports what `module:name` means."""
    module, _, name = text.partition(":")
    return getattr(importlib.import_module(module), name)


def as_json(text: str) -> Any:
    return json.loads(text)


def as_look(text: str) -> Any:
    """A name, or a mapping as JSON."""
    return json.loads(text) if text.lstrip().startswith("{") else text.strip()


def as_flag(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    return known[text.strip().lower()]


def option(name: str, default: T, parse: Callable[[str], Any] = str) -> T:
    """A dataclass field whose default is `ADGUARD_<NAME>` from the environment, else `default`."""

    def from_environment() -> Any:
        text = os.environ.get(PREFIX + name.upper())
        if text is None:
            return default
        try:
            return parse(text)
        except SettingsError:
            raise
        except Exception as error:
            raise SettingsError(
                f"{name}: {PREFIX}{name.upper()}={text!r} from the environment cannot be used "
                f"({type(error).__name__}: {error})"
            ) from error

    made: T = field(default_factory=from_environment)
    return made


def warn_unknown(options: Collection[str]) -> None:
    """Logs a warning for each `ADGUARD_…` in the environment that is no option."""
    for name in os.environ:
        if name.startswith(PREFIX) and name not in NOT_OPTIONS:
            wanted = name.removeprefix(PREFIX).lower()
            if wanted not in options:
                logger.warning("The environment sets %s, but there is no option %r", name, wanted)
