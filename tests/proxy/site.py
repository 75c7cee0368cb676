"""A site behind a real nginx that terminates TLS and caches by URL, whatever the cookie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from adguard import AdGuardMiddleware, Rule
from e2e.harness.missing import MissingError, skip_or_fail
from e2e.harness.nginx import Nginx, free_port
from e2e.harness.server import Server

FREE_VIEWS = 3
"""Blocked views a month before the preset `strict` withholds a page."""


async def article(request: Request) -> HTMLResponse:
    title = request.path_params["name"]
    return HTMLResponse(
        f"<!doctype html><html lang='en'><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1><p>Text.</p></article></body></html>",
        headers={"Cache-Control": "public, max-age=600"},
    )


class Site:
    """nginx in front of the application, which can be deployed anew with other options."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._store = f"sqlite:///{folder}/store.db"
        self.app = Server(self._make())
        self.nginx = Nginx(folder, port=self._port, upstream=self.app.port)

    @property
    def origin(self) -> str:
        return f"https://news.localhost:{self._port}"

    def deploy(self, **options: Any) -> None:
        self.app.restart(self._make(**options))

    def _make(self, **options: Any) -> Callable[[], ASGIApp]:
        def make() -> ASGIApp:
            return AdGuardMiddleware(
                Starlette(routes=[Route("/{name:path}", article)]),
                secret_key="a secret of the tests, long enough to sign with",
                origin=self.origin,
                store=self._store,
                rules=[Rule("/premium/*", preset="strict")],
                interstitial="redirect",
                **options,
            )

        return make


@contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """A site that is up; without nginx the test is skipped, or fails where `CI=true`."""
    try:
        site = Site(folder)
    except MissingError as missing:
        skip_or_fail(missing)
    try:
        with site.nginx:
            yield site
    finally:
        site.app.stop()
