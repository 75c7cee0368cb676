"""The tin on the counter: a pretended payment, and two ways to the pass that it is worth."""

from __future__ import annotations

import secrets
from urllib.parse import urljoin

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
GIFT_SECONDS = 3600
LINK_MINUTES = 60


async def donate(request: Request) -> Response:
    if request.method != "POST":
        return _tin(request)
    try:
        fields = await read_own_form(request)
    except FormError as error:
        return _tin(request, error.status, str(error))
    crowns = fields.get("crowns", "")
    if crowns not in CROWNS:
        return _tin(request, 422, "Choose how many crowns.")
    gift = office_of(request).gifts.write(f"{crowns}.{secrets.token_hex(8)}")
    if fields.get("how") == "mail":
        return go(f"/donate/mail?gift={gift}")
    answer = go(f"/donate/thanks?gift={gift}")
    # What a publisher does when a reader comes back from paying.
    if "adguard" in request.scope:
        request.scope["adguard"].grant_pass(answer)
    return answer


async def thanks(request: Request) -> Response:
    gift = _gift(request)
    if gift is None:
        return go("/donate")
    return render_alone(request, "thanks.html", crowns=CROWNS[gift.partition(".")[0]])


async def mail(request: Request) -> Response:
    """The mail that a bank's message would set off, shown instead of sent."""
    gift = _gift(request)
    if gift is None or "adguard" not in request.scope:
        return go("/donate")
    # Of all links about one payment one pass can be taken, so this page may be opened again.
    link = request.scope["adguard"].pass_link(minutes=LINK_MINUTES, about=gift)
    return render_alone(
        request,
        "mail.html",
        crowns=CROWNS[gift.partition(".")[0]],
        link=link,
        shown=urljoin(str(request.base_url), link),
        minutes=LINK_MINUTES,
    )


def _gift(request: Request) -> str | None:
    """What was given a moment ago, and its own number."""
    signed = request.query_params.get("gift", "")[:100]
    read = office_of(request).gifts.read(signed, within=GIFT_SECONDS)
    return read[0] if read else None


def _tin(request: Request, status: int = 200, trouble: str = "") -> Response:
    return render_alone(request, "donate.html", status, crowns=CROWNS, usual=USUAL, trouble=trouble)


ROUTES = [
    Route("/donate", donate, methods=["GET", "POST"]),
    Route("/donate/thanks", thanks),
    Route("/donate/mail", mail),
]
