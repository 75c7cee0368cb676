"""A door with a password: the same for members and for the editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from demo_site.forms import FOREIGN, FormError, comes_from_here, read_own_form
from demo_site.gate import Patience, Sessions, too_many
from demo_site.render import go


@dataclass(frozen=True)
class Door:
    """
    :param page: draws the door, with a status and what went wrong.
    :param who: whose fields these are, or `None` for nobody's.
    :param nobody: what is said then.
    :param inside, outside: where one stands after coming in, and after leaving.
    """

    page: Callable[[Request, int, str], Response]
    who: Callable[[Request, Mapping[str, str]], str | None]
    nobody: str
    inside: str
    outside: str

    async def enter(self, request: Request, sessions: Sessions, patience: Patience) -> Response:
        try:
            fields = await read_own_form(request)
        except FormError as error:
            return self.page(request, error.status, str(error))
        if wait := patience.wait(request):
            page = self.page(request, 429, too_many(wait))
            page.headers["Retry-After"] = str(wait)
            return page
        who = self.who(request, fields)
        if who is None:
            patience.count_wrong(request)
            return self.page(request, 403, self.nobody)
        answer = go(self.inside)
        patience.forget(request)
        sessions.open(request, answer, who)
        return answer

    def leave(self, request: Request, sessions: Sessions) -> Response:
        if not comes_from_here(request):
            return self.page(request, 403, FOREIGN)
        answer = go(self.outside)
        sessions.close(request, answer)
        return answer
