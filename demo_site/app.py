"""The newspaper with adguard mounted, the way a publisher would do it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from adguard import AdGuardMiddleware, Rule, SupportOption
from demo_site import desk, donate, members, pages
from demo_site.letters.routes import ROUTES as LETTERS
from demo_site.office import Office, office_of_environment
from demo_site.pages import STRICT, failed, not_found
from demo_site.render import PAPER
from demo_site.secret import site_secret

RULES = (
    Rule(f"/{STRICT}/*", preset="strict"),
    Rule("/behind-the-scenes", mode="observe"),
)
SUPPORT = (
    SupportOption("Have the Saturday paper delivered", "/subscribe#paper", "subscribe"),
    SupportOption("Take the harbour letter", "/subscribe#letter", "newsletter"),
    SupportOption("Put a crown in the tin", "/donate", "donate"),
)
ROUTES = [*LETTERS, *desk.ROUTES, *members.ROUTES, *donate.ROUTES, *pages.ROUTES]


def create_app(
    *, middleware: bool = True, office: Office | None = None, **adguard_options: Any
) -> Starlette:
    """Makes the newspaper.

    :param middleware: False leaves adguard out, for tests of the paper alone.
    :param office: letters, desk and members; by default one that forgets everything with the
        process.
    :param adguard_options: fields of `adguard.Settings`, on top of the paper's own.
    """
    options: dict[str, Any] = {
        "publisher": PAPER,
        "rules": RULES,
        "support": SUPPORT,
        "site": "merrow-packet",
        "is_supporter": members.is_supporter,
        **adguard_options,
    }
    mounted = [Middleware(GZipMiddleware)]
    if middleware:
        options.setdefault("secret_key", site_secret())
        mounted.append(Middleware(AdGuardMiddleware, **options))
    office = office or Office((secrets.token_urlsafe(32),))

    @asynccontextmanager
    async def opening_hours(app: Starlette) -> AsyncIterator[None]:
        yield
        office.tray.close()

    made = Starlette(
        routes=ROUTES,
        middleware=mounted,
        exception_handlers={404: not_found, 500: failed},
        lifespan=opening_hours,
    )
    made.state.prefix = options.get("prefix", "/_site")
    made.state.office = office
    return made


def __getattr__(name: str) -> Any:
    """Makes `app` when a server asks for it, so that importing the factory writes no key."""
    if name != "app":
        raise AttributeError(name)
    key = site_secret()
    made = create_app(office=office_of_environment(key), secret_key=key)
    globals()["app"] = made
    return made
