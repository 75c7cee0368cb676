"""A supporter pass for whoever pays by Stripe Checkout: its webhook mails the reader a link.

    adguard snippet stripe > payments.py
    SITE_SECRET=$(adguard keys) SITE_ORIGIN=https://www.example.org STRIPE_WEBHOOK_SECRET=whsec_… \
        uvicorn payments:app

`hear_stripe` and what it calls are what you copy; `send_mail` stands for your own. In Stripe, send
`checkout.session.completed` and `checkout.session.async_payment_succeeded` to /webhooks/stripe.
A webhook does not carry the reader's cookie: that is why the pass travels in a link.
"""

import hashlib
import hmac
import json
import logging
import os
import re
import time

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adguard import AdGuardMiddleware

logger = logging.getLogger("payments")

SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "").strip()
if not SECRET:
    # Anybody can sign with an empty key.
    raise RuntimeError("Set STRIPE_WEBHOOK_SECRET to the signing secret of Stripe's webhook.")
TOLERANCE = 300
"""Seconds between Stripe's clock and ours, as in Stripe's own libraries."""
LONGEST_BODY = 256 * 1024
PAID = {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
PASS_DAYS = 365
LINK_MINUTES = 30 * 24 * 60


async def send_mail(address: str, link: str) -> None:
    """Your own mailer: thanks, and the link. Raise when it could not be sent: Stripe comes back."""
    raise NotImplementedError


def is_signed(body: bytes, header: str, now: float) -> bool:
    """Whether Stripe signed `body`, lately: https://docs.stripe.com/webhooks#verify-manually"""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]):
        return False
    if abs(now - int(times[0])) > TOLERANCE:
        return False
    signed = times[0].encode() + b"." + body
    ours = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest().encode()
    # Several while a secret is rotated.
    return any(
        hmac.compare_digest(value.encode(), ours) for name, _, value in parts if name == "v1"
    )


async def read_body(request: Request) -> bytes | None:
    """The body, byte for byte as it was signed; `None` when it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return body


async def hear_stripe(request: Request) -> Response:
    body = await read_body(request)
    if body is None:
        return PlainTextResponse("The body is too long.", 413)
    if not is_signed(body, request.headers.get("stripe-signature", ""), time.time()):
        return PlainTextResponse("The signature is not Stripe's, or it is too old.", 400)
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return PlainTextResponse("The event is not understood.", 400)
    match event:
        case {
            "type": str(kind),
            "data": {
                "object": {
                    "id": str(session),
                    "payment_status": "paid",
                    "customer_details": {"email": str(address)},
                }
            },
        } if kind in PAID and address:
            pass
        case _:
            return PlainTextResponse("Nothing to do.")
    # However often Stripe tells of this session, one pass can be taken.
    link = request.scope["adguard"].pass_link(
        days=PASS_DAYS, minutes=LINK_MINUTES, about=f"stripe:{session}"
    )
    try:
        await send_mail(address, link)
    except Exception as error:
        # Neither the address nor the link.
        logger.warning("The mail for a Stripe payment was not sent: %s", type(error).__name__)
        return PlainTextResponse("The mail was not sent; please try again.", 503)
    return PlainTextResponse("Thank you.")


app = Starlette(
    routes=[Route("/webhooks/stripe", hear_stripe, methods=["POST"])],
    middleware=[
        Middleware(
            AdGuardMiddleware,
            secret_key=os.environ["SITE_SECRET"],
            # Links for mails begin with it; the Host header of a request is anybody's word.
            origin=os.environ["SITE_ORIGIN"],
        )
    ],
)
