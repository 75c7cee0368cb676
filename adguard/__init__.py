"""Knows which page views happen behind an ad blocker, asks kindly, counts honestly.

Not related to the ad blocker AdGuard. `AdGuardMiddleware` mounts everything; `Settings` and `Rule`
say how, `Variant` what is tried; `Verdict` and `Decision` are what an app reads from
`scope["adguard"]`.
"""

from adguard._version import __version__
from adguard.detection import Verdict
from adguard.middleware import AdGuardMiddleware
from adguard.policy import Decision
from adguard.presets import Rule
from adguard.scope import Reader, monetization_tag, snippet_tag, withheld_tag
from adguard.settings import Settings, SettingsError, SupportOption
from adguard.variants import Variant

__all__ = [
    "AdGuardMiddleware",
    "Decision",
    "Reader",
    "Rule",
    "Settings",
    "SettingsError",
    "SupportOption",
    "Variant",
    "Verdict",
    "__version__",
    "monetization_tag",
    "snippet_tag",
    "withheld_tag",
]
