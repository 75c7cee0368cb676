"""Behind a real nginx that terminates TLS and caches by URL, whatever the cookie."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.proxy.site import FREE_VIEWS, Site, serving
from tests.visitor import BLOCKED, CLEAR, NAVIGATION, Visitor, client_of

BAITS = (
    "www/delivery/adverts/adserve/ad_728.js",
    "adbanners/banner/static/728x90/ads728x90.png",
    "banner/static/728x90/ads/acctid=1/ajax/banners?page=1",
)
ASSET_CONTROLS = ("control.js", "control.png")
OLD_DIGEST = "bcdfghjklm"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as site:
        yield site


@pytest.fixture
async def meet(site: Site) -> AsyncIterator[Callable[[], Visitor]]:
    # The certificate is of this test's own making.
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    clients: list[httpx.AsyncClient] = []

    def visitor() -> Visitor:
        clients.append(
            httpx.AsyncClient(
                base_url=site.nginx.address, headers={"Host": site.nginx.host}, verify=trusting
            )
        )
        return Visitor(clients[-1], site.origin)

    yield visitor
    for client in clients:
        await client.aclose()


async def whole_view(visitor: Visitor, path: str) -> None:
    """Everything that a browser without a blocker may ask for in one view."""
    page = await visitor.open(path)
    source, _ = client_of(page)
    await visitor.fetch(source)
    for name in (*BAITS, *ASSET_CONTROLS):
        (await visitor.fetch(f"/_site/{name}")).raise_for_status()
    await visitor.report(page, CLEAR, path=path)


async def test_two_visitors_get_the_same_bytes_from_one_request(
    site: Site, meet: Callable[[], Visitor]
) -> None:
    one, other = meet(), meet()
    other.client.cookies.set("session", "of somebody else")
    first, second = await one.open("/a"), await other.open("/a")
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert first.content == second.content
    assert "set-cookie" not in first.headers
    assert site.app.paths == ["/a"]


async def test_two_requests_a_view_reach_python(site: Site, meet: Callable[[], Visitor]) -> None:
    await whole_view(meet(), "/a")
    site.app.seen.clear()
    await whole_view(meet(), "/a")
    assert site.app.paths == ["/_site/control", "/_site/report"]


@pytest.mark.parametrize("path", [*BAITS, *ASSET_CONTROLS])
async def test_a_bait_from_the_cache_is_the_bait_and_no_browser_keeps_it(
    path: str, meet: Callable[[], Visitor]
) -> None:
    visitor = meet()
    first = await visitor.fetch(f"/_site/{path}")
    second = await visitor.fetch(f"/_site/{path}")
    assert second.headers["x-cache"] == "HIT"
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "no-store" in second.headers["cache-control"]


async def test_the_cookie_is_bound_to_this_host_over_tls(meet: Callable[[], Visitor]) -> None:
    visitor = meet()
    await visitor.view(BLOCKED, "/a")
    [cookie] = visitor.client.cookies.jar
    assert cookie.name == "__Host-site_note"
    assert cookie.secure
    assert cookie.path == "/"
    assert not cookie.domain_specified
    assert cookie.has_nonstandard_attr("HttpOnly")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://{host}", 200),
        ("http://{host}", 403),
        ("https://news.localhost", 403),
        ("http://127.0.0.1:{upstream}", 403),
        ("https://example.org", 403),
        ("null", 403),
        (None, 403),
    ],
)
async def test_a_report_is_taken_from_the_origin_that_readers_see(
    origin: str | None, status: int, site: Site, meet: Callable[[], Visitor]
) -> None:
    visitor = meet()
    control = (await visitor.fetch("/_site/control?v=/a")).json()
    body = {
        "v": 1,
        "id": f"{control['day']}-0123456789abcdefghijkl",
        "token": control["token"],
        "kind": "view",
        "path": "/a",
        "signals": CLEAR,
    }
    headers = {"Content-Type": "application/json"}
    if origin is not None:
        headers["Origin"] = origin.format(host=site.nginx.host, upstream=site.app.port)
    answer = await visitor.client.post("/_site/report", content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_cached_page_still_finds_its_client_after_a_deploy(
    site: Site, meet: Callable[[], Visitor]
) -> None:
    visitor = meet()
    page = await visitor.open("/a")
    source, digest = client_of(page)
    site.deploy(sample=0.5)

    again = await visitor.open("/a")
    assert again.headers["x-cache"] == "HIT"
    assert client_of(again) == (source, digest)
    _, current = client_of(await visitor.open("/b"))
    assert current != digest
    client = await visitor.fetch(source)
    assert client.status_code == 200
    assert "immutable" not in client.headers["cache-control"]
    assert "max-age=300" in client.headers["cache-control"]
    assert (await visitor.report(again, CLEAR, path="/a"))["verdict"] == "clear"


async def test_any_well_formed_old_digest_answers_with_the_current_client(
    meet: Callable[[], Visitor],
) -> None:
    visitor = meet()
    source, digest = client_of(await visitor.open("/a"))
    old = await visitor.fetch(source.replace(digest, OLD_DIGEST))
    assert old.status_code == 200
    assert old.content == (await visitor.fetch(source)).content


async def test_a_reader_of_cached_pages_is_led_to_the_interstitial_and_back(
    site: Site, meet: Callable[[], Visitor]
) -> None:
    visitor = meet()
    for _ in range(FREE_VIEWS):
        assert (await visitor.view(BLOCKED, "/premium/a"))["decision"]["action"] == "none"
    page = await visitor.open("/premium/a")
    assert page.headers["x-cache"] == "HIT"
    decision = (await visitor.report(page, BLOCKED, path="/premium/a"))["decision"]
    assert decision["action"] == "interstitial"

    wall = await visitor.client.get(decision["url"], headers=NAVIGATION)
    assert wall.status_code == 200
    assert "no-store" in wall.headers["cache-control"]
    assert wall.headers["x-cache"] in {"MISS", "BYPASS"}
    again = await visitor.client.get(decision["url"], headers=NAVIGATION)
    assert again.headers["x-cache"] in {"MISS", "BYPASS"}

    back = re.search(r'name="to"\s+value="([^"]+)"', wall.text)
    assert back is not None
    answer = await visitor.client.post(
        "/_site/choice",
        data={"choice": "later", "to": unescape(back[1])},
        headers={**NAVIGATION, "Sec-Fetch-Site": "same-origin", "Origin": site.origin},
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/premium/a"
    assert (await visitor.view(BLOCKED, "/premium/a"))["decision"]["action"] == "none"
