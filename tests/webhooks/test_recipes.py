"""The recipes in `snippets/webhooks/`: a payment becomes a mail with a link, once; nothing else
does.

The one vector that is not ours is Stripe's own: the event, secret, time and signature of the test
`EventUtilityTest` and `event_test_signature.json` in github.com/stripe/stripe-dotnet. Patreon and
Ko-fi publish none; theirs are made here, by the rules of their documentation.
"""

from __future__ import annotations

import gc
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from adguard.passes.taken import KEEP
from tests.webhooks.conftest import ORIGIN, Load, Mailbox, take

STRIPE_EVENT = b"""{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "ii_123",
      "object": "invoiceitem",
      "amount": 1000,
      "currency": "usd",
      "customer": "cus_123",
      "date": 1533204620,
      "description": "Test Invoice Item",
      "discountable": false,
      "invoice": "in_123",
      "livemode": false,
      "metadata": {},
      "period": {
        "start": 1533204620,
        "end": 1533204620
      },
      "plan": null,
      "proration": false,
      "quantity": null,
      "subscription": null
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "invoiceitem.created"
}
"""
STRIPE_TIME = 1_533_204_620
STRIPE_V1 = "f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613"
STRIPE_V0 = "63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
STRIPE_HEADER = f"t={STRIPE_TIME},v1={STRIPE_V1},v0={STRIPE_V0}"

SECRET = "webhook_secret"
ADDRESS = "reader@mail.example"
NOW = 1_800_000_000.0
BEGUN = "2027-01-15T07:00:00.000+00:00"
"""An hour before `NOW`."""

Of = Callable[[ASGIApp], httpx.AsyncClient]


class Payment:
    """How one of the services tells of a payment."""

    def __init__(self, name: str, recipe: ModuleType, client: httpx.AsyncClient) -> None:
        self.name, self.recipe, self.client = name, recipe, client

    def message(self, payment: Any = "pay_1", **changes: Any) -> dict[str, Any]:
        match self.name:
            case "stripe":
                session = {
                    "id": payment,
                    "payment_status": "paid",
                    "customer_details": {"email": ADDRESS},
                    **changes,
                }
                kind = session.pop("type", "checkout.session.completed")
                return {"id": "evt_1", "type": kind, "data": {"object": session}}
            case "patreon":
                facts = {
                    "email": ADDRESS,
                    "patron_status": "active_patron",
                    "pledge_relationship_start": BEGUN,
                    **changes,
                }
                return {"data": {"id": payment, "type": "member", "attributes": facts}}
        return {
            "verification_token": SECRET,
            "message_id": "m",
            "type": "Donation",
            "email": ADDRESS,
            "kofi_transaction_id": payment,
            **changes,
        }

    def signed(self, body: bytes, secret: str = SECRET, now: float = NOW) -> dict[str, str]:
        match self.name:
            case "stripe":
                signed = f"{int(now)}.".encode() + body
                digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
                return {"Stripe-Signature": f"t={int(now)},v1={digest}"}
            case "patreon":
                digest = hmac.new(secret.encode(), body, hashlib.md5).hexdigest()
                return {"X-Patreon-Signature": digest, "X-Patreon-Event": "members:pledge:create"}
        return {"Content-Type": "application/x-www-form-urlencoded"}

    def packed(self, message: Any) -> bytes:
        text = json.dumps(message)
        return urlencode({"data": text}).encode() if self.name == "kofi" else text.encode()

    async def send(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        headers = self.signed(body) if headers is None else headers
        return await self.client.post(f"/webhooks/{self.name}", content=body, headers=headers)

    async def tell(self, payment: str = "pay_1", **changes: Any) -> httpx.Response:
        return await self.send(self.packed(self.message(payment, **changes)))


@pytest.fixture(params=["stripe", "patreon", "kofi"])
def payment(
    request: pytest.FixtureRequest, load: Load, client: Of, monkeypatch: pytest.MonkeyPatch
) -> Payment:
    for name in ("STRIPE_WEBHOOK_SECRET", "PATREON_WEBHOOK_SECRET", "KOFI_VERIFICATION_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    recipe = load(request.param)
    if hasattr(recipe, "time"):
        monkeypatch.setattr(recipe.time, "time", lambda: NOW)
    app = recipe.app
    return Payment(request.param, recipe, client(app))


async def test_a_payment_mails_a_link_and_the_link_gives_a_pass(
    payment: Payment, mailbox: Mailbox
) -> None:
    answer = await payment.tell()
    assert (answer.status_code, answer.text) == (200, "Thank you.")
    ((address, link),) = mailbox.sent
    assert address == ADDRESS
    assert link.startswith(f"{ORIGIN}/_site/pass?code=")
    assert await take(payment.client, link) == 303
    assert "__Host-site_pass" in payment.client.cookies


async def test_a_message_that_comes_again_gives_no_second_pass(
    payment: Payment, mailbox: Mailbox
) -> None:
    for _ in range(3):
        assert (await payment.tell()).status_code == 200
    await payment.tell("pay_2")
    statuses = [await take(payment.client, link) for _, link in mailbox.sent]
    assert statuses == [303, 409, 409, 303]


async def test_a_mail_that_could_not_be_sent_is_asked_for_again(
    payment: Payment, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mailbox.broken = True
    assert (await payment.tell()).status_code == 503
    said = [record.getMessage() for record in caplog.records if record.name == "payments"]
    assert len(said) == 1
    assert said[0].endswith("was not sent: ConnectionError")
    assert all(word not in caplog.text for word in (ADDRESS, SECRET, "code="))
    mailbox.broken = False
    assert (await payment.tell()).status_code == 200
    assert await take(payment.client, mailbox.sent[0][1]) == 303


@pytest.mark.parametrize(
    ("payment", "changes"),
    [
        ("stripe", {"type": "invoice.paid"}),
        ("stripe", {"payment_status": "unpaid"}),
        ("stripe", {"customer_details": None}),
        ("stripe", {"customer_details": {"email": None}}),
        ("patreon", {"patron_status": "declined_patron"}),
        ("patreon", {"email": None}),
        ("kofi", {"type": "Shop Order"}),
        ("kofi", {"email": None}),
        ("kofi", {"kofi_transaction_id": None}),
    ],
    indirect=["payment"],
)
async def test_what_is_no_payment_of_a_reader_with_an_address_is_heard_and_left(
    payment: Payment, mailbox: Mailbox, changes: dict[str, Any]
) -> None:
    answer = await payment.tell(**changes)
    assert (answer.status_code, answer.text) == (200, "Nothing to do.")
    assert not mailbox.sent


@pytest.mark.parametrize("payment", ["patreon"], indirect=True)
async def test_another_event_of_patreon_is_left(payment: Payment, mailbox: Mailbox) -> None:
    body = payment.packed(payment.message())
    for event in ({"X-Patreon-Event": "members:pledge:delete"}, {}):
        headers = {"X-Patreon-Signature": payment.signed(body)["X-Patreon-Signature"], **event}
        assert (await payment.send(body, headers)).text == "Nothing to do."
    assert not mailbox.sent


async def test_a_message_that_the_service_did_not_sign_is_refused(
    payment: Payment, mailbox: Mailbox
) -> None:
    body = payment.packed(payment.message())
    foreign = payment.packed(payment.message(verification_token="another"))
    tries = {
        "stripe": [
            (body, payment.signed(body, secret="another")),
            (body + b" ", payment.signed(body)),
            (body, {}),
            (body, {"Stripe-Signature": "t=1"}),
            (body, {"Stripe-Signature": f"t={int(NOW)},v1=é"}),
            (body, {"Stripe-Signature": payment.signed(body).get("Stripe-Signature", "")[2:]}),
        ],
        "patreon": [
            (body, payment.signed(body, secret="another")),
            (body + b" ", payment.signed(body)),
            (body, {}),
            (body, {"X-Patreon-Signature": ""}),
            (body, {"X-Patreon-Signature": "é" * 32}),
        ],
        "kofi": [
            (foreign, payment.signed(foreign)),
            (payment.packed(payment.message(verification_token=None)), payment.signed(body)),
            (payment.packed(payment.message(verification_token=[SECRET])), payment.signed(body)),
        ],
    }
    for content, headers in tries[payment.name]:
        raw = {name.encode(): value.encode() for name, value in headers.items()}
        answer = await payment.client.post(
            f"/webhooks/{payment.name}", content=content, headers=raw
        )
        assert answer.status_code == 400
        assert answer.text.startswith(("The signature is not", "The token is not"))
    assert not mailbox.sent


async def test_a_message_that_is_too_long_is_refused_before_it_is_read(
    payment: Payment, mailbox: Mailbox
) -> None:
    body = b" " * (payment.recipe.LONGEST_BODY + 1)
    assert (await payment.send(body)).status_code == 413


async def test_only_posts_are_heard(payment: Payment) -> None:
    assert (await payment.client.get(f"/webhooks/{payment.name}")).status_code == 405


WORDS = st.sampled_from(
    ["Donation", "checkout.session.completed", "active_patron", "paid", ADDRESS, SECRET, "\ud800"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20)


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "object", "type", "id", "attributes", "email", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
) | st.integers(1, 900).map(nested)
PLACES = {
    "stripe": ["type", "payment_status", "customer_details"],
    "patreon": ["patron_status", "email", "pledge_relationship_start"],
    "kofi": ["verification_token", "type", "email", "kofi_transaction_id"],
}
NO_FAULT = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@NO_FAULT
@given(message=ANYTHING)
async def test_no_signed_nonsense_mails_anything_and_none_is_a_fault(
    payment: Payment, mailbox: Mailbox, message: Any
) -> None:
    answer = await payment.send(payment.packed(message))
    assert answer.status_code in {200, 400}
    assert not mailbox.sent


@NO_FAULT
@given(data=st.data())
async def test_whatever_stands_in_a_field_of_a_signed_payment_is_no_fault(
    payment: Payment, mailbox: Mailbox, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(["payment", *PLACES[payment.name]]), "place")
    message = payment.message(**{place: data.draw(ANYTHING, "value")})
    mailbox.sent.clear()
    answer = await payment.send(payment.packed(message))
    assert answer.status_code in {200, 400}
    assert all(isinstance(address, str) for address, _ in mailbox.sent)


@NO_FAULT
@given(
    body=st.binary(max_size=60)
    | st.sampled_from(
        [
            b"\xff{",
            b"[" * 5_000,
            b'{"data":' * 2_000,
            b"[1" + b"0" * 5000 + b"]",
            b'{"type":"Donation","type":[]}',
            b'{"data":{},"data":7}',
            b"NaN",
            b"",
        ]
    )
)
async def test_no_body_is_a_fault_whoever_signed_it(
    payment: Payment, mailbox: Mailbox, body: bytes
) -> None:
    # Where the parser gives up for want of stack, a collection would call hypothesis's own hook,
    # which has none left either.
    gc.disable()
    try:
        for content in (body, urlencode({"data": body}).encode(), b"data=" + body):
            assert (await payment.send(content)).status_code in {200, 400}
    finally:
        gc.enable()
    assert not mailbox.sent


@pytest.mark.parametrize("payment", ["stripe"], indirect=True)
@pytest.mark.parametrize(
    "time", ["9" * 400, "9" * 5000, "9" * 13, "-1", "1e3", "\u00b2", "\u00bd", ""]
)
async def test_a_time_that_is_none_is_refused(payment: Payment, time: str) -> None:
    headers = {b"Stripe-Signature": f"t={time},v1=0".encode("latin-1")}
    answer = await payment.client.post("/webhooks/stripe", content=b"{}", headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("stripe", "STRIPE_WEBHOOK_SECRET"),
        ("patreon", "PATREON_WEBHOOK_SECRET"),
        ("kofi", "KOFI_VERIFICATION_TOKEN"),
    ],
)
@pytest.mark.parametrize("value", [None, "", " \n"])
def test_no_recipe_starts_without_its_secret(
    load: Load, monkeypatch: pytest.MonkeyPatch, name: str, secret: str, value: str | None
) -> None:
    monkeypatch.delenv(secret, raising=False)
    if value is not None:
        monkeypatch.setenv(secret, value)
    with pytest.raises(RuntimeError, match=f"Set {secret}"):
        load(name)


@pytest.mark.parametrize("payment", ["patreon"], indirect=True)
async def test_an_old_pledge_gives_no_link_by_the_time_its_pass_is_forgotten(
    payment: Payment, mailbox: Mailbox
) -> None:
    last = NOW - 90 * 86_400
    begun = {t: datetime.fromtimestamp(last + t, UTC).isoformat() for t in (-1, 0)}
    answer = await payment.tell(pledge_relationship_start=begun[-1])
    assert (answer.status_code, answer.text) == (200, "Nothing to do.")
    assert not mailbox.sent
    assert (await payment.tell(pledge_relationship_start=begun[0])).text == "Thank you."
    # The last link that is made ends while it is remembered that the first was taken.
    assert payment.recipe.PLEDGE_DAYS * 86_400 <= KEEP
    assert (await payment.tell(pledge_relationship_start=None)).text == "Thank you."
    assert (await payment.tell(pledge_relationship_start="soon")).text == "Nothing to do."


@pytest.mark.parametrize(
    ("header", "now", "signed"),
    [
        (STRIPE_HEADER, STRIPE_TIME + 100, True),
        (STRIPE_HEADER, STRIPE_TIME + 300, True),
        (STRIPE_HEADER, STRIPE_TIME + 301, False),
        (STRIPE_HEADER, STRIPE_TIME - 301, False),
        (f"t={STRIPE_TIME},v1={'0' * 64},v1={STRIPE_V1}", STRIPE_TIME, True),
        (f"t={STRIPE_TIME}, v1={STRIPE_V1}", STRIPE_TIME, True),
        (f"t={STRIPE_TIME},v0={STRIPE_V1}", STRIPE_TIME, False),
        (f"t={STRIPE_TIME + 1},v1={STRIPE_V1}", STRIPE_TIME, False),
        (f"t={STRIPE_TIME},t={STRIPE_TIME},v1={STRIPE_V1}", STRIPE_TIME, False),
        (f"t={STRIPE_TIME},v1={STRIPE_V1.upper()}", STRIPE_TIME, False),
        ("", STRIPE_TIME, False),
    ],
)
def test_stripes_own_vector(
    load: Load, monkeypatch: pytest.MonkeyPatch, header: str, now: float, signed: bool
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    assert load("stripe").is_signed(STRIPE_EVENT, header, now) is signed
    assert not load("stripe").is_signed(STRIPE_EVENT + b" ", header, now)


def test_patreons_signature_is_hmac_md5_as_in_rfc_2104(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second vector in the appendix of RFC 2104.
    monkeypatch.setenv("PATREON_WEBHOOK_SECRET", "Jefe")
    is_signed = load("patreon").is_signed
    assert is_signed(b"what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738")
    assert is_signed(b"what do ya want for nothing?", "750C783E6AB0B503EAA86E310A5DB738")
    assert not is_signed(b"what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db739")
