"""Two ad hosts that have nothing to do with each other, and a host that serves no ads.

Every list and every blocker here knows the two. No request leaves this machine: the browsers take
a local server for them, Chromium by a rule of its resolver, Firefox by its proxy.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from e2e.harness import Server, browsers

GOOGLE = "pagead2.googlesyndication.com"
AMAZON = "c.amazon-adsystem.com"
AD_HOSTS = (GOOGLE, AMAZON)
NEUTRAL = "static.example.org"
AD_URLS = (f"http://{GOOGLE}/pagead/js/adsbygoogle.js", f"http://{AMAZON}/aax2/apstag.js")
NEUTRAL_URL = f"http://{NEUTRAL}/logo.svg"


def ad_server() -> Server:
    """Answers for all three hosts, to requests that were sent to it and to those of a proxy."""
    return Server(_application, name=AD_HOSTS[0])


def to_server(port: int, hosts: tuple[str, ...] = AD_HOSTS) -> Mapping[str, str]:
    """Where Chromium finds `hosts` instead: on `port` of this machine."""
    return dict.fromkeys((*hosts, NEUTRAL), f"127.0.0.1:{port}")


def through_server(port: int) -> browsers.Preferences:
    """Firefox's preferences to ask `port` for every host that is not `*.localhost`."""
    return {"network.proxy.http": "127.0.0.1", "network.proxy.http_port": port}


def _application() -> Starlette:
    async def script(request: Request) -> Response:
        name = request.headers["host"].partition(":")[0]
        if name not in (*AD_HOSTS, NEUTRAL):
            return Response(status_code=403)
        return PlainTextResponse(
            f"self.served = (self.served || []).concat({name!r});",
            media_type="text/javascript",
            headers={"access-control-allow-origin": "*", "cache-control": "no-store"},
        )

    return Starlette(routes=[Route("/{path:path}", script)])
