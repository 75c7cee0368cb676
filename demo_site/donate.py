"""The tin on the counter: a payment that is only pretended, and the pass that it grants."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo_site.forms import FormError, read_own_form
from demo_site.office import office_of
from demo_site.render import go, render_alone

CROWNS = {
    "1": "One crown",
    "3": "Three crowns",
    "8": "Eight crowns",
}
USUAL = "3"
THANKS_SECONDS = 3600


async def donate(request: Request) -> Response:
    if request.method != "POST":
        return _tin(request)
    try:
        crowns = (await read_own_form(request)).get("crowns", "")
    except FormError as error:
        return _tin(request, error.status, str(error))
    if crowns not in CROWNS:
        return _tin(request, 422, "Choose how many crowns.")
    answer = go(f"/donate/thanks?gift={office_of(request).gifts.write(crowns)}")
    # What a publisher does when a payment has come through.
    if "adguard" in request.scope:
        request.scope["adguard"].grant_pass(answer)
    return answer


async def thanks(request: Request) -> Response:
    gift = office_of(request).gifts.read(
        request.query_params.get("gift", "")[:100], within=THANKS_SECONDS
    )
    if gift is None:
        return go("/donate")
    return render_alone(request, "thanks.html", crowns=CROWNS.get(gift[0], ""))


def _tin(request: Request, status: int = 200, trouble: str = "") -> Response:
    return render_alone(request, "donate.html", status, crowns=CROWNS, usual=USUAL, trouble=trouble)


ROUTES = [
    Route("/donate", donate, methods=["GET", "POST"]),
    Route("/donate/thanks", thanks),
]
