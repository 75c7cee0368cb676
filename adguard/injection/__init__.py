"""Puts constant bytes into HTML responses, and nothing else.

No place is searched in the page: HTML's "after body" rule gives what follows `</html>` to body, so
only the end of the last chunk is looked at. The length grows by a number known when the answer
starts, so no part of the page ever waits.
"""

from adguard.injection.injector import Injector
from adguard.injection.kit import Snippet

__all__ = ["Injector", "Snippet"]
