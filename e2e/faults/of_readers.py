"""Faults of the reader's side: the network, settings, tabs, and how the page is looked at."""

from __future__ import annotations

import asyncio

from playwright.async_api import Route

from e2e.faults.fault import CLEAR, DROPPED, SILENT, TIMEOUT, UNJUDGED, Fault
from e2e.faults.visit import Visit

GOOGLEBOT = (
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; "
    "+http://www.google.com/bot.html)"
)
DAY = 86_400_000


async def offline_after_load(visit: Visit) -> None:
    client = visit.paper.assets.find(visit.paper.assets.client)
    assert client is not None

    async def cut_off(route: Route) -> None:
        await visit.context.set_offline(True)
        await route.fulfill(content_type=client.media_type, body=client.identity)

    await visit.page.route("**/client-*", cut_off, times=1)
    await visit.goto("first")


async def skipping(visit: Visit, *kinds: str) -> None:
    async def skip(route: Route) -> None:
        if visit.scene.fault and route.request.resource_type in kinds:
            await route.abort()
        else:
            await route.continue_()

    await visit.page.route("**/*", skip)
    await visit.goto("first")


async def skips_images_and_fetches(visit: Visit) -> None:
    await skipping(visit, "image", "fetch", "xhr")


async def skips_images(visit: Visit) -> None:
    await skipping(visit, "image")


async def skips_all(visit: Visit) -> None:
    await skipping(visit, "image", "fetch", "xhr", "stylesheet", "other")


async def presses_stop(visit: Visit) -> None:
    await visit.goto("first")
    await visit.asked("n3")
    await visit.page.evaluate("() => window.stop()")


async def leaves_at_once(visit: Visit) -> None:
    await visit.goto("first")
    await visit.asked("n3")
    await visit.goto("second-thoughts")
    await visit.page.evaluate("() => history.back()")


async def leaves_slowly(visit: Visit) -> None:
    """The old page goes on while the next one is awaited."""
    await visit.goto("first")
    await visit.asked("client")
    await visit.page.evaluate("url => { location.href = url }", visit.url("again"))
    await asyncio.sleep(0.5)


async def comes_back(visit: Visit) -> None:
    await visit.goto("first")
    assert await visit.verdict()
    await visit.goto("elsewhere")
    await visit.page.evaluate("() => history.back()")
    # Playwright waits in Firefox for a navigation that never ends, and for a function for ever when
    # it asked on the page before. Once the site has counted, the page is there to be asked.
    first = visit.path("first")
    assert await visit.until(lambda: visit.scene.counted(first) == 2), visit.scene.events


async def prints(visit: Visit) -> None:
    await visit.goto("first")
    await visit.asked("client")
    await visit.page.pdf()


async def looks_at_print(visit: Visit) -> None:
    await visit.page.emulate_media(media="print")
    await visit.goto("first")
    assert await visit.verdict()
    await visit.page.emulate_media(media="screen")


async def is_slow(visit: Visit) -> None:
    session = await visit.context.new_cdp_session(visit.page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    await visit.goto("first")
    await visit.verdict()
    await session.send("Emulation.setCPUThrottlingRate", {"rate": 1})


async def behind_a_worker(visit: Visit) -> None:
    """The worker is asked for on the first page, and answers everything on the next ones."""
    await visit.page.goto(visit.url("elsewhere"))
    await visit.page.evaluate(
        "async url => { await navigator.serviceWorker.register(url);"
        " await navigator.serviceWorker.ready; }",
        visit.path("worker.js"),
    )
    await visit.goto("again")
    assert await visit.verdict()
    await visit.goto("first")


def shifted(milliseconds: int) -> str:
    return f"""
      const Own = Date, by = {milliseconds};
      window.Date = class extends Own {{
        constructor(...all) {{ if (all.length) super(...all); else super(Own.now() + by); }}
        static now() {{ return Own.now() + by; }}
      }};"""


HIDDEN = """
  Object.defineProperty(document, 'hidden', { get: () => !self.seen, configurable: true });
  const see = () => { self.seen = true; document.dispatchEvent(new Event('visibilitychange')) };
  setTimeout(see, 900);
"""
PRERENDERED = """
  Object.defineProperty(document, 'prerendering', { get: () => !self.seen, configurable: true });
  const see = () => { self.seen = true; document.dispatchEvent(new Event('prerenderingchange')) };
  setTimeout(see, 900);
"""
GPC = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });"
BRAVE = "Object.defineProperty(navigator, 'brave', { value: {} });"
ZOOMED = {"viewport": {"width": 426, "height": 240}, "device_scale_factor": 3}
CHROMIUM, FIREFOX = ("chromium",), ("firefox",)

NETWORK = (
    Fault("offline after load", DROPPED, go=offline_after_load, counted=(0,)),
    Fault(
        "the reader presses Stop",
        CLEAR | DROPPED | TIMEOUT,
        {"baits": 0.4},
        go=presses_stop,
        counted=(0, 1),
    ),
    Fault(
        "the reader leaves while the baits are asked, and comes back",
        CLEAR | DROPPED,
        {"baits": 0.4},
        go=leaves_at_once,
        returns=True,
        counted=(0, 1, 2),
    ),
    Fault(
        "the reader leaves for a page that is slow to come",
        CLEAR | SILENT | DROPPED,
        {"page": (None, 1, 0.5), "baits": 0.3},
        go=leaves_slowly,
        counted=(0, 1),
    ),
    Fault("a service worker that caches everything", CLEAR, go=behind_a_worker),
    Fault("a renderer that skips images", DROPPED, go=skips_images),
    Fault(
        "a renderer that skips images and fetches",
        DROPPED,
        go=skips_images_and_fetches,
        counted=(0,),
    ),
    Fault("a renderer that skips all but scripts", DROPPED, go=skips_all, counted=(0,)),
    Fault(
        "a search engine's crawler",
        CLEAR,
        context={
            "chromium": {"user_agent": GOOGLEBOT},
            # What Firefox is told of its own name, it does not send.
            "firefox": {"extra_http_headers": {"User-Agent": GOOGLEBOT}},
        },
        counted=(0,),
        calm=0,
    ),
)
LOOKS = (
    Fault("a background tab", CLEAR, init=HIDDEN),
    Fault("prerendered", CLEAR, init=PRERENDERED),
    Fault("back from the back/forward cache", CLEAR, go=comes_back, returns=True, counted=(2,)),
    Fault("printed while it is measured", CLEAR | UNJUDGED | DROPPED, go=prints),
    Fault("looked at as print", DROPPED, go=looks_at_print, browsers=CHROMIUM),
    Fault("a processor six times slower", CLEAR, go=is_slow, browsers=CHROMIUM),
    Fault("zoom 300 %", CLEAR, context={"": ZOOMED}),
    Fault("forced colours", CLEAR, context={"": {"forced_colors": "active"}}, browsers=CHROMIUM),
    Fault("reduced motion", CLEAR, context={"": {"reduced_motion": "reduce"}}, browsers=CHROMIUM),
    Fault(
        "a phone of 320 pixels", CLEAR, context={"": {"viewport": {"width": 320, "height": 480}}}
    ),
)
SETTINGS = (
    Fault("Save-Data", CLEAR, context={"": {"extra_http_headers": {"Save-Data": "on"}}}),
    Fault("GPC on", CLEAR, init=GPC, context={"": {"extra_http_headers": {"Sec-GPC": "1"}}}),
    Fault("a browser that says it is Brave", CLEAR, init=BRAVE),
    Fault("the reader's clock is a day behind", CLEAR, init=shifted(-DAY)),
    Fault("the reader's clock is a day ahead", CLEAR, init=shifted(DAY)),
    Fault("third-party cookies off", CLEAR, profile="careful", browsers=CHROMIUM),
    Fault(
        "third-party cookies off, GPC, forced colours, reduced motion, zoom 300 %",
        CLEAR,
        profile="careful",
        browsers=FIREFOX,
    ),
    Fault("images and all cookies off", DROPPED | TIMEOUT, profile="frugal", lasts=True),
    Fault("no JavaScript", SILENT, profile="plain", counted=(0,), calm=0, lasts=True),
    Fault("an IPv6 address", CLEAR, host="[::1]", browsers=FIREFOX),
)
FAULTS = (*NETWORK, *LOOKS, *SETTINGS)
