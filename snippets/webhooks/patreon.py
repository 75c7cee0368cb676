"""A supporter pass for whoever pledges on Patreon: its webhook mails the reader a link.

    adguard snippet patreon > payments.py
    SITE_SECRET=$(adguard keys) SITE_ORIGIN=https://www.example.org PATREON_WEBHOOK_SECRET=… \
        uvicorn payments:app

`hear_patreon` and what it calls are what you copy; `send_mail` stands for your own. In Patreon,
send `members:pledge:create` to /webhooks/patreon. A webhook does not carry the reader's cookie:
that is why the pass travels in a link.
"""

import hashlib
import hmac
import json
import logging
import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adguard import AdGuardMiddleware

logger = logging.getLogger("payments")

SECRET = os.environ["PATREON_WEBHOOK_SECRET"]
LONGEST_BODY = 256 * 1024
PASS_DAYS = 365
LINK_MINUTES = 30 * 24 * 60


async def send_mail(address: str, link: str) -> None:
    """Your own mailer: thanks, and the link. Raise when it could not be sent: Patreon comes
    back."""
    raise NotImplementedError


def is_signed(body: bytes, header: str) -> bool:
    """Whether Patreon signed `body`: https://docs.patreon.com/#webhooks. HMAC-MD5 is Patreon's
    choice; there is no time in it, so an old message can be sent again, but gives no second
    pass."""
    ours = hmac.new(SECRET.encode(), body, hashlib.md5).hexdigest()
    return hmac.compare_digest(header.strip().lower().encode(), ours.encode())


async def read_body(request: Request) -> bytes | None:
    """The body, byte for byte as it was signed; `None` when it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return body


async def hear_patreon(request: Request) -> Response:
    body = await read_body(request)
    if body is None:
        return PlainTextResponse("The body is too long.", 413)
    if not is_signed(body, request.headers.get("x-patreon-signature", "")):
        return PlainTextResponse("The signature is not Patreon's.", 400)
    try:
        member = json.loads(body)["data"]
        facts = member["attributes"]
        # A member who leaves and comes back begins anew.
        pledge = f"patreon:{member['id']}:{facts.get('pledge_relationship_start')}"
        paying = facts.get("patron_status") == "active_patron"
        begun = request.headers.get("x-patreon-event") == "members:pledge:create"
        address = facts.get("email") if paying and begun else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return PlainTextResponse("The event is not understood.", 400)
    if not address:
        return PlainTextResponse("Nothing to do.")
    # However often Patreon tells of this pledge, one pass can be taken.
    link = request.scope["adguard"].pass_link(days=PASS_DAYS, minutes=LINK_MINUTES, about=pledge)
    try:
        await send_mail(address, link)
    except Exception as error:
        # Neither the address nor the link.
        logger.warning("The mail for a Patreon pledge was not sent: %s", type(error).__name__)
        return PlainTextResponse("The mail was not sent; please try again.", 503)
    return PlainTextResponse("Thank you.")


app = Starlette(
    routes=[Route("/webhooks/patreon", hear_patreon, methods=["POST"])],
    middleware=[
        Middleware(
            AdGuardMiddleware,
            secret_key=os.environ["SITE_SECRET"],
            # Links for mails begin with it; the Host header of a request is anybody's word.
            origin=os.environ["SITE_ORIGIN"],
        )
    ],
)
