"""Knows which page views happen behind an ad blocker, asks kindly, counts honestly."""

from adguard._version import __version__
from adguard.detection import Verdict
from adguard.policy import Decision
from adguard.presets import Rule
from adguard.settings import Settings, SettingsError, SupportOption

__all__ = ["Decision", "Rule", "Settings", "SettingsError", "SupportOption", "Verdict", "__version__"]
