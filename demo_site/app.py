"""The newspaper with adguard mounted, the way a publisher would do it."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from adguard import AdGuardMiddleware, Rule, SupportOption
from demo_site.pages import PAPER, ROUTES, STRICT, failed, not_found
from demo_site.secret import site_secret

RULES = (
    Rule(f"/{STRICT}/*", preset="strict"),
    Rule("/behind-the-scenes", mode="observe"),
)
SUPPORT = (
    SupportOption("Have the Saturday paper delivered", "/subscribe#paper", "subscribe"),
    SupportOption("Take the harbour letter", "/subscribe#letter", "newsletter"),
    SupportOption("Put a crown in the tin", "/subscribe#tin", "donate"),
)


def create_app(*, middleware: bool = True, **adguard_options: Any) -> Starlette:
    """Makes the newspaper.

    :param middleware: False leaves adguard out, for tests of the paper alone.
    :param adguard_options: fields of `adguard.Settings`, on top of the paper's own.
    """
    options: dict[str, Any] = {
        "publisher": PAPER,
        "rules": RULES,
        "support": SUPPORT,
        "site": "merrow-packet",
        **adguard_options,
    }
    mounted = [Middleware(GZipMiddleware)]
    if middleware:
        options.setdefault("secret_key", site_secret())
        mounted.append(Middleware(AdGuardMiddleware, **options))
    made = Starlette(
        routes=ROUTES, middleware=mounted, exception_handlers={404: not_found, 500: failed}
    )
    made.state.prefix = options.get("prefix", "/_site")
    return made


def __getattr__(name: str) -> Any:
    """Makes `app` when a server asks for it, so that importing the factory writes no key."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = made = create_app()
    return made
