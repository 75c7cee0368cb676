"""What is in force: the package, the baits, and the settings that make figures what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from adguard._version import __version__
from adguard.baits import BaitSet
from adguard.presets import PRESETS, Mode
from adguard.settings import Settings

AS_THEY_ARE = (
    *("prefix", "publisher", "probe_ad_urls", "neutral_url", "consent_mode", "holdout", "sample"),
    *("inject", "interstitial", "inline_target", "support", "texts", "language"),
    *("protection_blocks", "network_wall"),
)
HOOKS = ("is_supporter", "section", "country")
NOTES = {"version", "verified", "rules", "min_rules", "brave_rules"}
"""What a bait set says about filter lists; browsers never see it."""


class Edition:
    """Names what is in force as `<package version> <baits digest> <settings digest>`, for the
    figures: a day on which a name appears for the first time is marked on charts.

    The settings digest holds no secret and no address. It changes when an option changes that the
    figures depend on, and only then: a default written out, other keys, another store leave it.
    """

    def __init__(self, settings: Settings, baits: BaitSet) -> None:
        self._begin = f"{__version__} {_digest(_without_notes(msgspec.to_builtins(baits)))}"
        self._settings = _what_counts(settings)
        self._names: dict[Mode, str] = {}

    def name(self, mode: Mode) -> str:
        """Returns the name while `mode` is in force: the operator's switch changes it at any time.
        At most 64 characters."""
        known = self._names.get(mode)
        if known is None:
            known = f"{self._begin} {_digest({**self._settings, 'mode': mode})}"[-64:]
            self._names[mode] = known
        return known


def _what_counts(settings: Settings) -> dict[str, Any]:
    standard = PRESETS[settings.preset].overridden(settings.policy)
    rules = [
        (
            rule.path.pattern,
            rule.mode,
            asdict((PRESETS[rule.preset] if rule.preset else standard).overridden(rule.policy)),
        )
        for rule in settings.rules
    ]
    return {
        **{name: getattr(settings, name) for name in AS_THEY_ARE},
        **{name: _name_of(getattr(settings, name)) for name in HOOKS},
        "policy": asdict(standard),
        "rules": rules,
        "variants": [
            (
                one.name,
                one.share,
                one.form,
                dict(one.policy),
                {k: dict(v) for k, v in one.texts.items()},
            )
            for one in settings.variants
        ],
        "exclude": sorted(set(settings.exclude)),
        "ad_urls": sorted(set(settings.ad_urls)),
        "templates": _templates(settings.template_dir),
        "look": settings.look.css(),
    }


def _name_of(hook: Callable[..., object] | None) -> str:
    """Returns what a hook is called; an object without a name is called as its type is."""
    if hook is None:
        return ""
    name = getattr(hook, "__qualname__", "") or type(hook).__qualname__
    return f"{hook.__module__}.{name}"


def _templates(folder: str | Path | None) -> dict[str, str]:
    """Digests of the templates that `Pages` would take from `folder`."""
    if folder is None:
        return {}
    found = {file.name: file.read_bytes() for file in sorted(Path(folder).glob("*.html"))}
    return {name: hashlib.blake2b(text).hexdigest() for name, text in found.items()}


def _without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_notes(one) for name, one in value.items() if name not in NOTES}
    return [_without_notes(one) for one in value] if isinstance(value, (list, tuple)) else value


def _digest(value: object) -> str:
    """Returns eight hexadecimal digits, the same in every process."""
    packed = msgspec.json.encode(value, order="sorted", enc_hook=dict)
    return hashlib.blake2b(packed, digest_size=4).hexdigest()
