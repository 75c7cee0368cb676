"""A supporter pass for whoever gives on Ko-fi: its webhook mails the reader a link.

    adguard snippet kofi > payments.py
    SITE_SECRET=$(adguard keys) SITE_ORIGIN=https://www.example.org KOFI_VERIFICATION_TOKEN=… \
        uvicorn payments:app

`hear_kofi` and what it calls are what you copy; `send_mail` stands for your own. In Ko-fi, set the
webhook's address to /webhooks/kofi; the token stands there under "Advanced". A webhook does not
carry the reader's cookie: that is why the pass travels in a link.
"""

import hmac
import json
import logging
import os
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adguard import AdGuardMiddleware

logger = logging.getLogger("payments")

TOKEN = os.environ.get("KOFI_VERIFICATION_TOKEN", "").strip()
if not TOKEN:
    # Anybody can send an empty token.
    raise RuntimeError("Set KOFI_VERIFICATION_TOKEN to the token that Ko-fi shows.")
LONGEST_BODY = 64 * 1024
GIFTS = {"Donation", "Subscription"}
PASS_DAYS = 365
LINK_MINUTES = 30 * 24 * 60


async def send_mail(address: str, link: str) -> None:
    """Your own mailer: thanks, and the link. Raise when it could not be sent: Ko-fi comes back."""
    raise NotImplementedError


def is_kofi(token: object) -> bool:
    """Whether a message holds Ko-fi's token. It is all that tells Ko-fi from others: nothing is
    signed, and the token stands within the message, which has to be read first. Who has seen one
    message can write others: give the webhook an https address and log no bodies."""
    return isinstance(token, str) and hmac.compare_digest(token.encode(), TOKEN.encode())


async def read_body(request: Request) -> bytes | None:
    """The body; `None` when it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return body


async def hear_kofi(request: Request) -> Response:
    body = await read_body(request)
    if body is None:
        return PlainTextResponse("The body is too long.", 413)
    try:
        (data,) = parse_qs(body.decode(), strict_parsing=True, max_num_fields=8)["data"]
        gift = json.loads(data)
        known = is_kofi(gift.get("verification_token"))
    except (ValueError, KeyError, AttributeError, RecursionError):
        return PlainTextResponse("The message is not understood.", 400)
    if not known:
        return PlainTextResponse("The token is not Ko-fi's.", 400)
    match gift:
        case {
            "type": str(kind),
            "email": str(address),
            "kofi_transaction_id": str(transaction),
        } if kind in GIFTS and address and transaction:
            pass
        case _:
            return PlainTextResponse("Nothing to do.")
    # However often Ko-fi tells of this payment, one pass can be taken.
    link = request.scope["adguard"].pass_link(
        days=PASS_DAYS, minutes=LINK_MINUTES, about=f"kofi:{transaction}"
    )
    try:
        await send_mail(address, link)
    except Exception as error:
        # Neither the address nor the link.
        logger.warning("The mail for a Ko-fi payment was not sent: %s", type(error).__name__)
        return PlainTextResponse("The mail was not sent; please try again.", 503)
    return PlainTextResponse("Thank you.")


app = Starlette(
    routes=[Route("/webhooks/kofi", hear_kofi, methods=["POST"])],
    middleware=[
        Middleware(
            AdGuardMiddleware,
            secret_key=os.environ["SITE_SECRET"],
            # Links for mails begin with it; the Host header of a request is anybody's word.
            origin=os.environ["SITE_ORIGIN"],
        )
    ],
)
