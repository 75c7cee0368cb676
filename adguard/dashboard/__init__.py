"""The figures as a page: an ASGI app of its own, for the browser of whoever runs the site."""

from adguard.dashboard.app import Dashboard
from adguard.dashboard.gate import Gate

__all__ = ["Dashboard", "Gate"]
