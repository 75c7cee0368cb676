"""Ten thousand forgeries: cookies, passes, tokens, forms and ways back, changed in every way that
somebody may think of, sent to the real middleware. None is accepted, none is a fault of ours."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, quote, quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adguard.detection import Verdict
from adguard.reader import Choice, ReaderState, encode, month_of
from adguard.signing import Seal, Tokens
from tests.endpoints.conftest import KEY, Site
from tests.lean import FORM, JSON, Lean, Reply
from tests.visitor import BLOCKED

FORGERIES = {"cookie": 3000, "pass": 1000, "token": 2000, "form": 2000, "way back": 2000}
TODAY = 20_780
OTHER_KEY = "o" * 32
SAME = (b"sec-fetch-site", b"same-origin")
NASTY = (
    b"\r\nSet-Cookie: site_note=x",
    b"\r\n\r\n<script>alert(1)</script>",
    b"\x00",
    b"\xff\xfe",
    "é\u202e😀".encode(),
    b"%00%0d%0a",
    b"A" * 5000,
    b'"',
    b"=",
    b".",
    b";",
    b",",
    b"../",
    b"{{7*7}}",
)


def changed(valid: bytes, how: str, place: int, byte: int, junk: bytes) -> bytes:
    """Returns `valid` after one change."""
    at = place % (len(valid) + 1)
    match how:
        case "flip":
            at %= len(valid)
            return valid[:at] + bytes([valid[at] ^ (1 << byte % 8)]) + valid[at + 1 :]
        case "cut":
            return valid[:at]
        case "behead":
            return valid[at:]
        case "drop":
            return valid[:at] + valid[at + 1 + byte % 9 :]
        case "insert":
            return valid[:at] + junk + valid[at:]
        case "nasty":
            return valid[:at] + NASTY[byte % len(NASTY)] + valid[at:]
        case "replace":
            return NASTY[byte % len(NASTY)] + junk
        case "double":
            return valid + valid[at:]
        case "turn":
            return valid[at:] + valid[:at]
        case "capitals":
            return valid[:at] + valid[at:].swapcase()
    return junk


HOWS = (
    *("flip", "flip", "flip", "cut", "behead", "drop", "insert", "nasty", "replace", "double"),
    *("turn", "capitals", "junk"),
)
EACH = 4
"""Forgeries in one example: drawing costs more than sending."""

Change = tuple[str, int, int, bytes]


def _changes(drawn: bytes) -> list[Change]:
    parts = (drawn[at : at + 20] for at in range(0, len(drawn), 20))
    return [
        (HOWS[p[0] % len(HOWS)], int.from_bytes(p[1:3], "big"), p[3], p[4 : 4 + p[19] % 13])
        for p in parts
    ]


batches = st.binary(min_size=20 * EACH, max_size=20 * EACH).map(_changes)
patient = {
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    "deadline": None,
}


def sealed(purpose: str, value: str, key: str = KEY) -> bytes:
    return Seal([key], purpose).seal(value).encode()


BLOCKING = ReaderState(
    first_day=TODAY - 3,
    verdict=Verdict.EXTENSION,
    verdict_day=TODAY,
    views=4,
    month=month_of(TODAY),
    month_views=9,
)
STATE = encode(BLOCKING)
COOKIE = sealed("state", STATE)
PASS = sealed("pass", str(TODAY + 30))
NOT_COOKIES = (
    sealed("state", STATE, OTHER_KEY),
    *(sealed(purpose, STATE) for purpose in ("pass", "token", "destination", "adguard.state", "")),
    sealed("state", "1" + STATE[1:]),
    sealed("state", "1~f20780~v1e~m24322-9"),
    sealed("state", "3" + STATE[1:]),
    sealed("state", STATE[:-3]),
    sealed("state", ""),
    sealed("state", encode(replace(BLOCKING, first_day=TODAY - 396))),
    sealed("state", encode(replace(BLOCKING, first_day=TODAY + 2))),
    sealed("state", "2" + urlsafe_b64encode(b"\xdd\xff\xff\xff\xff").decode()),
    sealed("state", "2" + urlsafe_b64encode(b"\x91" * 60).decode()),
    PASS,
    STATE.encode(),
    COOKIE.partition(b".")[0] + b".",
    b"." + COOKIE.partition(b".")[2],
)
NOT_PASSES = (
    sealed("pass", str(TODAY - 1)),
    sealed("pass", "-1"),
    sealed("pass", "99999999 "),
    sealed("pass", "1e9"),
    sealed("pass", ""),
    sealed("pass", str(TODAY + 30), OTHER_KEY),
    *(sealed(purpose, str(TODAY + 30)) for purpose in ("state", "token", "destination")),
    COOKIE,
    b"99999",
)


def forged(valid: bytes, change: Change, others: tuple[bytes, ...]) -> bytes:
    """Returns the change, or one of the `others`, which were signed but not for this."""
    how, place, byte, junk = change
    return (
        others[byte % len(others)]
        if how == "junk" and byte < 128
        else changed(valid, how, place, byte, junk)
    )


def unchanged(forgery: bytes, valid: bytes) -> bool:
    """Whether a header with the forgery still begins with the valid value: cookies end at a
    semicolon, and blanks around them do not count."""
    return forgery.partition(b";")[0].strip() == valid


def no_fault(site: Site, reply: Reply) -> None:
    assert reply.status < 500
    assert sum(site.middleware.services.tally.faults.values()) == 0
    for name, value in reply.headers:
        assert b"\r" not in value + name
        assert b"\n" not in value + name


@settings(max_examples=FORGERIES["cookie"] // EACH, **patient)  # type: ignore[arg-type]
@given(batches)
async def test_no_forged_cookie_is_a_note(site: Site, batch: list[Change]) -> None:
    """A note that is one meets the wall, and stands on the preferences page."""
    lean = Lean(site.middleware)
    for change in batch:
        forgery = forged(COOKIE, change, NOT_COOKIES)
        if unchanged(forgery, COOKIE):
            continue
        header = (b"cookie", b"theme=dark; site_note=" + forgery + b"; site_note=" + COOKIE)
        reply = await lean.ask("GET", "/_site/preferences", headers=[header, SAME])
        no_fault(site, reply)
        if b";" not in forgery:
            assert reply.status == 200
            assert b"There is no note in this browser" in reply.body


@settings(max_examples=FORGERIES["pass"] // EACH, **patient)  # type: ignore[arg-type]
@given(batches)
async def test_no_forged_pass_opens_the_way(site: Site, batch: list[Change]) -> None:
    lean = Lean(site.middleware)
    for change in batch:
        forgery = forged(PASS, change, NOT_PASSES)
        if unchanged(forgery, PASS):
            continue
        cookies = b"site_note=" + COOKIE + b"; site_pass=" + forgery
        headers = [
            (b"cookie", cookies),
            (b"accept", b"text/html"),
            (b"sec-fetch-dest", b"document"),
        ]
        reply = await lean.ask("GET", "/markets/a", headers=headers)
        no_fault(site, reply)
        assert b"The article." not in reply.body


async def test_what_the_forgeries_were_made_from_is_accepted(site: Site) -> None:
    """Else the tests here would pass whatever they sent."""
    lean = Lean(site.middleware)
    lean.cookies["site_note"] = COOKIE.decode()
    assert "There is no note" not in (await lean.open("/_site/preferences")).text
    assert "The article." not in (await lean.open("/markets/a")).text
    lean.cookies["site_pass"] = PASS.decode()
    assert "The article." in (await lean.open("/markets/a")).text
    token = Tokens([KEY]).issue(site.clock.now)
    assert (await report(lean, site, token.encode())).status == 200
    assert (await lean.choose(choice="later", to=WAY.decode())).status == 303
    assert (await lean.open(f"/_site/help?to={quote(WAY.decode())}")).status == 200


async def report(lean: Lean, site: Site, token: bytes) -> Reply:
    body = {
        **{"v": 1, "id": f"{TODAY}-{'x' * 22}", "token": token.decode("latin-1")},
        **{"kind": "view", "path": "/markets/a", "signals": BLOCKED},
    }
    headers = [SAME, (b"content-type", JSON.encode())]
    return await lean.ask("POST", "/_site/report", json.dumps(body).encode(), headers)


@settings(max_examples=FORGERIES["token"] // EACH, **patient)  # type: ignore[arg-type]
@given(batches, st.integers(-3000, 3000))
async def test_no_forged_token_brings_a_report_in(
    site: Site, batch: list[Change], age: int
) -> None:
    lean, now = Lean(site.middleware), site.clock.now
    for change in batch:
        token = Tokens([KEY]).issue(now).encode()
        stale = Tokens([KEY]).issue(now - (age if age > 600 or age < -60 else 601)).encode()
        value = token.decode().partition(".")[0]
        others = (
            *(stale, stale, stale, sealed("token", value, OTHER_KEY)),
            *(sealed(purpose, value) for purpose in ("state", "pass", "destination")),
        )
        forgery = forged(token, change, others)
        if forgery == token:
            continue
        reply = await report(lean, site, forgery)
        no_fault(site, reply)
        assert reply.status in {400, 403, 413}
        assert reply.all("set-cookie") == []


WAY = sealed("destination", "/markets/a?page=2")
NOT_WAYS = (
    *(
        sealed("destination", path)
        for path in (
            *("//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"),
            *("evil.example", "/a b", "/a\r\nX: y", "/\x00", ""),
        )
    ),
    *(sealed(purpose, "/markets/a?page=2") for purpose in ("state", "pass", "token")),
    sealed("destination", "/markets/a?page=2", OTHER_KEY),
    sealed("destination", "/" + "a" * 1100),
    *(b"https://evil.example/", b"//evil.example", b"/markets/a?page=2", b"javascript:alert(1)"),
)


@settings(max_examples=FORGERIES["way back"] // EACH, **patient)  # type: ignore[arg-type]
@given(batches, st.sampled_from(["help", "support", "preferences", "note", "choice"]))
async def test_no_forged_way_back_leads_anywhere(
    site: Site, batch: list[Change], name: str
) -> None:
    lean = Lean(site.middleware)
    for change in batch:
        forgery = forged(WAY, change, NOT_WAYS)
        if forgery in {WAY, b""}:
            continue
        field = "to=" + quote_from_bytes(forgery)
        if name == "choice":
            body = ("choice=later&" + field).encode()
            headers = [SAME, (b"content-type", FORM.encode())]
            reply = await lean.ask("POST", "/_site/choice", body, headers)
        else:
            reply = await lean.ask("GET", f"/_site/{name}?{field}", headers=[SAME])
        no_fault(site, reply)
        assert reply.status in {400, 413}
        assert reply.all("location") == []
        assert reply.all("set-cookie") == []
        assert "evil.example" not in reply.text


VALID_FORM = urlencode({"choice": "later", "to": WAY.decode(), "lang": "en"}).encode()
ORIGINS = (b"same-origin", b"same-origin", b"same-origin", None, b"cross-site", b"same-site", b"x")
fields = st.lists(
    st.tuples(
        st.sampled_from(["choice", "to", "path", "lang", "preview", "x", "choice[]", "Choice"]),
        st.sampled_from([*Choice, "forget", WAY.decode(), "//evil.example", "/a\r\nb: c", "é", ""])
        | st.text(max_size=12),
    ),
    max_size=10,
)


@settings(max_examples=FORGERIES["form"] // EACH, **patient)  # type: ignore[arg-type]
@given(batches)
async def test_a_forged_form_is_taken_only_for_what_it_says(
    site: Site, batch: list[Change]
) -> None:
    for change in batch:
        origin = ORIGINS[change[1] % len(ORIGINS)]
        await post_form(site, changed(VALID_FORM, *change), origin)


@settings(max_examples=300, **patient)  # type: ignore[arg-type]
@given(fields, st.sampled_from(ORIGINS))
async def test_a_made_up_form_is_taken_only_for_what_it_says(
    site: Site, made_up: list[tuple[str, str]], origin: bytes | None
) -> None:
    await post_form(site, urlencode(made_up).encode(), origin)


async def post_form(site: Site, body: bytes, origin: bytes | None) -> None:
    """Accepted are a known choice, from our own page, with no way back or our own."""
    lean = Lean(site.middleware)
    headers = [(b"content-type", FORM.encode())]
    if origin is not None:
        headers.append((b"sec-fetch-site", origin))
    reply = await lean.ask("POST", "/_site/choice", body, headers)
    no_fault(site, reply)
    if reply.status == 303:
        said = {name: values[-1] for name, values in parse_qs(body.decode("ascii")).items()}
        assert origin == b"same-origin"
        assert said["choice"] in {*Choice, "forget"}
        assert said.get("to") in {None, WAY.decode()}
        location = reply.one("location")
        assert re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", location)
        # "Forget" removes the note and the pass.
        cookies = 2 if said["choice"] == "forget" else 1
        assert len(reply.all("set-cookie")) == ("preview" not in said) * cookies
    else:
        assert reply.status in {400, 403, 413}
        assert reply.all("set-cookie") == []


REPORT = {
    **{
        "v": 1,
        "id": f"{TODAY}-{'x' * 22}",
        "token": "",
        "kind": "view",
        "path": "/a",
        "lang": "en",
    },
    **{"signals": BLOCKED, "brave": False, "gpc": False, "earlier": "", "client": "szcjj9bm9k"},
}
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=8).map(repr)
)


@settings(max_examples=250, **patient)  # type: ignore[arg-type]
@given(batches, st.dictionaries(st.sampled_from(list(REPORT)), values, max_size=3))
async def test_no_report_is_a_fault_of_ours_whatever_stands_in_it(
    site: Site, batch: list[Change], other: dict[str, Any]
) -> None:
    lean = Lean(site.middleware)
    token = Tokens([KEY]).issue(site.clock.now)
    plain = json.dumps({**REPORT, "token": token}).encode()
    bodies = [changed(plain, *change) for change in batch]
    for body in (*bodies, json.dumps({**REPORT, "token": token, **other}).encode()):
        headers = [SAME, (b"content-type", JSON.encode())]
        reply = await lean.ask("POST", "/_site/report", body, headers)
        no_fault(site, reply)
        assert reply.status in {200, 400, 403, 413}


@pytest.mark.parametrize("name", ["cookie", "sec-fetch-site", "accept-language", "referer", "host"])
async def test_repeated_and_hostile_headers_are_no_fault_of_ours(site: Site, name: str) -> None:
    lean = Lean(site.middleware)
    for nasty in (*NASTY, b"a" * 20_000, b"en;q=9, " * 500):
        for headers in ([(name.encode(), nasty)] * 2, [(name.encode(), nasty), SAME]):
            for target in ("/markets/a", "/_site/preferences", "/_site/note?form=dialog"):
                no_fault(site, await lean.ask("GET", target, headers=headers))


def test_there_are_ten_thousand_of_them() -> None:
    assert sum(FORGERIES.values()) == 10_000
