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
import time
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adguard import AdGuardMiddleware

logger = logging.getLogger("payments")

SECRET = os.environ.get("PATREON_WEBHOOK_SECRET", "").strip()
if not SECRET:
    # Anybody can sign with an empty key.
    raise RuntimeError("Set PATREON_WEBHOOK_SECRET to the secret of Patreon's webhook.")
LONGEST_BODY = 256 * 1024
PASS_DAYS = 365
LINK_MINUTES = 30 * 24 * 60
BEGAN = "pledge_relationship_start"
PLEDGE_DAYS = 90
"""An older pledge gives no link. That its pass was taken is remembered until 90 days after the
time of the first link: longer than any link lasts that is made in these days."""


async def send_mail(address: str, link: str) -> None:
    """Your own mailer: thanks, and the link. Raise when it could not be sent: Patreon comes
    back."""
    raise NotImplementedError


def is_signed(body: bytes, header: str) -> bool:
    """Whether Patreon signed `body`: https://docs.patreon.com/#webhooks. HMAC-MD5 is Patreon's
    choice; there is no time in it, so an old message can be sent again: `is_recent`."""
    ours = hmac.new(SECRET.encode(), body, hashlib.md5).hexdigest()
    return hmac.compare_digest(header.strip().lower().encode(), ours.encode())


def is_recent(start: object, now: float) -> bool:
    """Whether a pledge began in the last `PLEDGE_DAYS`, or does not say when it did."""
    if start is None:
        return True
    try:
        begun = datetime.fromisoformat(str(start)).timestamp()
    except (ValueError, OverflowError):
        return False
    return now - begun <= PLEDGE_DAYS * 86_400


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
        event = json.loads(body)
    except (ValueError, RecursionError):
        return PlainTextResponse("The event is not understood.", 400)
    begun = request.headers.get("x-patreon-event") == "members:pledge:create"
    match event:
        case {
            "data": {
                "id": str(member),
                "attributes": {"patron_status": "active_patron", "email": str(address), **facts},
            }
        } if begun and address and is_recent(facts.get(BEGAN), time.time()):
            # A member who leaves and comes back begins anew.
            pledge = f"patreon:{member}:{facts.get(BEGAN)}"
        case _:
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
