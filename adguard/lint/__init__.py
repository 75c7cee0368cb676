"""Filter lists against our own names: `adguard lint`."""

from adguard.lint.command import lint

__all__ = ["lint"]
