"""A site with a consent tool of the kind that IAB TCF v2 describes: a stub that queues, first in
the page; the tool itself, later; a bar with two buttons; an answer that is kept for the next page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adguard import AdGuardMiddleware

TOOL = "/vendor/sourcepoint.js"
"""EasyPrivacy has `/sourcepoint.js`: uBlock Origin stops the tool, as it comes."""

STUB = """<script>
(() => {
  const queue = [];
  self.__tcfapi = (...asked) => {
    const [command, , answer] = asked;
    if (!asked.length) return queue;
    if (command === "ping") answer({ cmpLoaded: false, cmpStatus: "stub" }, true);
    else queue.push(asked);
  };
  const frame = Object.assign(document.createElement("iframe"), { name: "__tcfapiLocator" });
  frame.style.cssText = "display: none";
  document.head.append(frame);
})();
</script>"""

SCRIPT = """(() => {
  const applies = %(applies)s;
  const queue = self.__tcfapi ? self.__tcfapi() : [];
  const listeners = new Map();
  let status, number = 0;
  const told = listenerId => ({
    tcfPolicyVersion: 5, cmpId: 1, cmpStatus: "loaded", gdprApplies: applies, listenerId,
    eventStatus: status, purpose: { consents: { 1: localStorage.answer === "yes" } },
  });
  const change = next => {
    status = next;
    for (const [id, answer] of listeners) answer(told(id), true);
  };
  self.__tcfapi = (command, version, answer, parameter) => {
    if (version !== 2) answer(null, false);
    else if (command === "addEventListener") {
      listeners.set(++number, answer);
      answer(told(number), true);
    } else if (command === "removeEventListener") answer(listeners.delete(parameter), true);
    else answer({ gdprApplies: applies, cmpLoaded: true, cmpStatus: "loaded" }, true);
  };
  self.openTool = () => {
    const bar = document.createElement("aside");
    for (const word of ["yes", "no"]) {
      const button = Object.assign(document.createElement("button"), { textContent: word });
      button.onclick = () => {
        localStorage.answer = word;
        bar.remove();
        change("useractioncomplete");
      };
      bar.append(button);
    }
    document.body.append(bar);
    change("cmpuishown");
  };
  if (applies === false || localStorage.answer) change("tcloaded");
  else openTool();
  for (const asked of queue) self.__tcfapi(...asked);
})();"""

PAGE = """<!doctype html><html lang="en"><title>A page</title>{head}
<main><article><h1>A page</h1><p>Words, and more words.</p></article></main></html>"""

LATE = f"<script async src={TOOL}></script>"


def with_tool(
    head: str = STUB + LATE, *, applies: str = "true", after: float = 0.1, **options: Any
) -> Callable[[], ASGIApp]:
    """A factory of the site.

    :param head: what stands before all else.
    :param applies: what the tool says of the law, as JavaScript.
    :param after: seconds until the tool comes.
    :param options: further settings of the middleware.
    """

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.format(head=head))

    async def tool(request: Request) -> Response:
        await asyncio.sleep(after)
        return Response(SCRIPT % {"applies": applies}, media_type="text/javascript")

    def make() -> ASGIApp:
        chosen = {"secret_key": "m" * 40, "store": "memory:", "consent_mode": "required", **options}
        return Starlette(
            routes=[Route(TOOL, tool), Route("/{path:path}", page)],
            middleware=[Middleware(AdGuardMiddleware, **chosen)],
        )

    return make
