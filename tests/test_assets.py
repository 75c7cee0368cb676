"""What we serve: names, bytes, headers, and the snippet."""

from __future__ import annotations

import gzip
import json
import re
import struct
import zlib
from html.parser import HTMLParser
from itertools import product
from typing import Any

import brotli
import pytest
from starlette.types import Message

from adguard.assets import ALPHABET, Asset, Assets
from adguard.baits import MARKER, BaitError, load
from adguard.settings import Settings

KEY = "k" * 32
BAITS = {bait.id: bait.path[1:].partition("?")[0] for bait in load().network}
HUNTED = frozenset(
    re.findall(
        r"\w+",
        "ad ads adb adblock adguard block blocker detect beacon track collect notice overlay "
        "modal popup banner cookie consent",
    )
)


def make(**options: Any) -> Assets:
    return Assets(Settings(secret_key=KEY, **options))


ASSETS = make()


async def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    asset = ASSETS.find(path)
    assert asset is not None
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"host": "example.org", **headers}
    names = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    await ASSETS.respond(asset, {"type": "http", "method": method, "headers": names}, send)
    start, body = sent
    pairs = [(name.decode(), value.decode()) for name, value in start["headers"]]
    assert len(dict(pairs)) == len(pairs)
    return start["status"], dict(pairs), body["body"]


def digest_of(name: str) -> str:
    found = re.fullmatch(rf"[a-z]+-([{ALPHABET}]{{10}})\.\w+", name)
    assert found, name
    return found[1]


AD_URLS = (
    "https://securepubads.g.doubleclick.net/tag/js/gpt.js",
    "https://c.amazon-adsystem.com/aax2/apstag.js",
    "https://static.criteo.net/js/ld/publishertag.js",
)
SECTIONS: tuple[tuple[dict[str, Any], ...], ...] = (
    ({}, {"sample": 0.909755}),
    ({}, {"consent_mode": "local_only"}, {"consent_mode": "required"}),
    ({}, {"ad_urls": AD_URLS}),
)
BUILDS = [
    dict(item for options in chosen for item in options.items()) for chosen in product(*SECTIONS)
]


@pytest.mark.parametrize("options", BUILDS, ids=lambda options: "+".join(options) or "default")
def test_the_client_fits_into_three_kilobytes_whatever_is_in_it(options: dict[str, Any]) -> None:
    assets = make(**options)
    for name in (assets.client, assets.gate):
        found = assets.find(name)
        assert found is not None
        assert len(found.brotli) <= 3000
        assert b"// only" not in found.identity
        assert b'"__' not in found.identity


def test_every_name_has_a_digest_without_vowels() -> None:
    for name in (ASSETS.client, ASSETS.gate, ASSETS.note, ASSETS.style):
        digest_of(name)
    assert not set("aeiou") & set(ALPHABET)


def test_client_and_note_share_a_digest_so_that_the_client_finds_the_note() -> None:
    assert digest_of(ASSETS.client) == digest_of(ASSETS.note)


@pytest.mark.parametrize(
    "options",
    [
        {"sample": 0.5},
        {"consent_mode": "required"},
        {"consent_mode": "local_only"},
        {"ad_urls": AD_URLS},
        {"inline_target": "#story"},
        {"baits": {"network": [{"id": "n1", "kind": "script", "path": "/ads/x.js"}]}},
    ],
    ids=str,
)
def test_a_different_configuration_has_a_different_name(options: dict[str, Any]) -> None:
    assert make(**options).client != ASSETS.client


def test_the_same_configuration_has_the_same_name() -> None:
    assert make().client == ASSETS.client


def test_the_prefix_stands_in_the_snippet_and_not_in_the_client() -> None:
    other = make(prefix="/_else")
    assert other.client == ASSETS.client
    assert f'src="/_else/{other.client}"'.encode() in other.snippet.plain("")


def test_the_configuration_is_baked_in() -> None:
    def text(name: str, **options: Any) -> str:
        assets = make(**options)
        found = assets.find(getattr(assets, name))
        assert found is not None
        return found.identity.decode()

    for path in BAITS.values():
        assert path in text("client")
    assert MARKER in text("client")
    assert "__CONFIG__" not in text("client")
    assert "0.25" in text("client", sample=0.25)
    assert "Math.random" not in text("client")
    assert "__tcfapi" in text("client", consent_mode="required")
    assert "__tcfapi" not in text("client")
    assert '"report"' in text("client")
    assert '"report"' not in text("client", consent_mode="local_only")
    assert "location.replace" in text("note")
    assert "location.replace" not in text("client")
    assert "__tcfapi" not in text("gate", consent_mode="required")
    for build in ("client", "gate"):
        assert "agreed:!0" in text(build, consent_mode="required")
        assert "agreed" not in text(build)
    assert "dataset.to" in text("gate")
    assert "dataset.to" not in text("client")
    assert "#story" in text("note", inline_target="#story")


def test_the_stylesheet_stands_inside_the_note() -> None:
    note, style = ASSETS.find(ASSETS.note), ASSETS.find(ASSETS.style)
    assert note is not None
    assert style is not None
    assert json.dumps(style.identity.decode()).encode() in note.identity
    assert b"__SITE" not in note.identity


@pytest.mark.parametrize("name", [ASSETS.client, ASSETS.gate, ASSETS.note, ASSETS.style])
async def test_a_current_name_may_be_kept_for_a_year(name: str) -> None:
    status, headers, body = await ask(name)
    assert status == 200
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["etag"] == f'W/"{digest_of(name)}"'
    assert headers["vary"] == "accept-encoding"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["content-length"] == str(len(body))
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    assert headers["content-type"] == f"{kind}; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "current"),
    [
        ("client-0123456789.js", ASSETS.client),
        ("note-bcdfghjklm.js", ASSETS.note),
        ("note-zzzzzzzzzz.css", ASSETS.style),
    ],
)
async def test_an_old_name_gets_the_current_file_for_five_minutes(name: str, current: str) -> None:
    status, headers, body = await ask(name)
    assert status == 200
    assert headers["cache-control"] == "public, max-age=300"
    assert "etag" not in headers
    assert body == (await ask(current))[2]


@pytest.mark.parametrize(
    "name",
    [
        *("", "client.js", "client-.js", "client-0123456789.css", "client-012345678a.js"),
        *("client-0123456789.js/", "note-0123456789", "control", "/control.js"),
        "x" + ASSETS.client,
    ],
)
def test_what_is_not_there_is_not_found(name: str) -> None:
    assert ASSETS.find(name) is None


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("BR", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0,gzip; q=0", None),
        ("*", "br"),
        ("identity", None),
        ("", None),
        ("brotli, gz", None),
    ],
)
async def test_the_best_coding_that_the_client_takes(accepted: str, coding: str | None) -> None:
    _, headers, body = await ask(ASSETS.client, accept_encoding=accepted)
    assert headers.get("content-encoding") == coding
    plain = {"br": brotli.decompress, "gzip": gzip.decompress}.get(coding or "", bytes)(body)
    assert plain == (await ask(ASSETS.client))[2]


@pytest.mark.parametrize("tag", ["{}", '"other", {}', "W/{}"])
async def test_an_unchanged_file_is_not_sent_again(tag: str) -> None:
    known = f'"{digest_of(ASSETS.client)}"'
    known = f"W/{known}" if tag != "W/{}" else known
    status, headers, body = await ask(ASSETS.client, if_none_match=tag.format(known))
    assert (status, body) == (304, b"")
    assert headers["cache-control"].endswith("immutable")
    assert not {"content-length", "content-type", "content-encoding"} & set(headers)


async def test_another_tag_is_answered_in_full() -> None:
    assert (await ask(ASSETS.client, if_none_match='W/"0123456789"'))[0] == 200


async def test_head_has_the_headers_of_get_and_no_body() -> None:
    status, headers, body = await ask(ASSETS.client, accept_encoding="br")
    assert await ask(ASSETS.client, "HEAD", accept_encoding="br") == (status, headers, b"")
    assert body


async def test_headers_of_one_answer_are_not_those_of_the_next() -> None:
    asset = ASSETS.find(ASSETS.client)
    assert asset is not None

    async def spoil(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"].append((b"set-cookie", b"x=1"))

    await ASSETS.respond(asset, {"type": "http", "method": "GET", "headers": []}, spoil)
    assert "set-cookie" not in (await ask(ASSETS.client))[1]


@pytest.mark.parametrize("path", [*BAITS.values(), "control.js", "control.png"])
async def test_baits_and_controls_are_asked_each_time_but_a_cdn_may_keep_them(path: str) -> None:
    status, headers, _ = await ask(path, accept_encoding="br", if_none_match="*")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert headers["cdn-cache-control"] == "public, max-age=3600"
    assert headers["x-accel-expires"] == "3600"
    assert not {"etag", "vary", "content-encoding"} & set(headers)


@pytest.mark.parametrize(("bait", "control"), [("n1", "control.js"), ("n2", "control.png")])
async def test_a_control_is_its_baits_twin(bait: str, control: str) -> None:
    assert await ask(BAITS[bait]) == await ask(control)


async def test_each_marker_is_where_the_client_looks_for_it() -> None:
    _, headers, script = await ask(BAITS["n1"])
    assert headers["content-type"].startswith("text/javascript")
    assert script.decode() == f'document.currentScript.mark="{MARKER}"'
    _, headers, answer = await ask(BAITS["n3"])
    assert headers["content-type"] == "application/json"
    assert json.loads(answer) == {"marker": MARKER}


async def test_the_watcher_rides_in_the_script_bait_and_in_its_twin_and_in_nothing_else() -> None:
    watching = make(ad_urls=AD_URLS, neutral_url="https://cdn.example/logo.svg")
    bait, control = (watching.find(path) for path in (BAITS["n1"], "control.js"))
    assert bait is not None
    assert control is not None
    assert bait.identity.startswith(f'document.currentScript.mark="{MARKER}";(()=>'.encode())
    for url in (*AD_URLS, "https://cdn.example/logo.svg"):
        assert url.encode() in bait.identity
    assert b'"probe":!1' in bait.identity
    assert len(bait.brotli) < 1500
    assert list(bait.answers) == ["identity", "gzip", "br"]
    assert (b"cache-control", b"no-store") in bait.answers["br"][0]
    assert bait.answers == control.answers
    for path in (BAITS["n2"], BAITS["n3"], "control.png"):
        assert watching.find(path) == ASSETS.find(path)
    for name in (watching.client, watching.gate):
        client = watching.find(name)
        assert client is not None
        assert b"doubleclick" not in client.identity


def test_one_ad_host_alone_is_not_watched() -> None:
    alone = make(ad_urls=AD_URLS[:1])
    assert alone.client == ASSETS.client
    assert alone.find(BAITS["n1"]) == ASSETS.find(BAITS["n1"])


async def test_the_image_is_a_sound_png_of_two_by_three_pixels() -> None:
    _, headers, image = await ask(BAITS["n2"])
    assert headers["content-type"] == "image/png"
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    rest, chunks = image[8:], {}
    while rest:
        length, name = struct.unpack(">I4s", rest[:8])
        chunks[name], check = rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert zlib.crc32(name + chunks[name]) == int.from_bytes(check)
        rest = rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIB", chunks[b"IHDR"][:9]) == (2, 3, 1)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 3 * 2


class Elements(HTMLParser):
    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html.decode("ascii"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_snippet_is_a_row_for_each_element_and_one_script() -> None:
    elements = Elements(ASSETS.snippet.plain(""))
    rows = [entry for tag, entry in elements.found if "data-site-row" in entry]
    assert [row["data-site-row"] for row in rows] == ["element", "c1", "c2"]
    assert all("hidden" in row and row["aria-hidden"] == "true" for row in rows)
    assert elements.words == []
    assert [tag for tag, _ in elements.found] == ["span"] * 6 + ["script"]
    script = elements.found[-1][1]
    assert script == {"async": None, "src": f"/_site/{ASSETS.client}"}
    assert b"style" not in ASSETS.snippet.plain("").replace(b"styled", b"")
    (bait, others) = elements.found[5][1], load().elements[1]
    assert bait == {"class": " ".join(others.classes), "id": others.ids[0]}


def test_our_own_names_in_the_page_are_none_that_lists_hunt() -> None:
    control, script = Elements(ASSETS.snippet.plain("")).found[1], ASSETS.snippet.version
    names = " ".join(value or "" for value in control[1].values())
    names += f" {ASSETS.client} {ASSETS.note} {ASSETS.style} {script} control.js data-site-row"
    assert not HUNTED & set(re.split(r"[^a-z]+", names))


def test_the_snippet_is_the_same_object_for_the_same_root_path() -> None:
    snippet = ASSETS.snippet
    assert snippet.plain("/app") is snippet.plain("/app")
    assert b'src="/app/_site/client-' in snippet.plain("/app")
    assert snippet.plain("/app/") == snippet.plain("/app")
    assert snippet.version == ASSETS.version == digest_of(ASSETS.client)


def test_many_root_paths_do_not_fill_the_memory() -> None:
    snippet = make().snippet
    for number in range(200):
        snippet.plain(f"/{number}")
    assert len(snippet._made) == 64
    assert b"/199/_site" in snippet.plain("/199")


def test_a_root_path_cannot_break_out_of_its_attribute() -> None:
    made = ASSETS.snippet.plain('/ä"><script>alert(1)</script>')
    elements = Elements(made)
    assert [tag for tag, _ in elements.found].count("script") == 1
    assert b"%C3%A4" in made


def test_a_nonce_is_copied_and_a_bad_one_left_out() -> None:
    assert b' nonce="abc+/_-9="></script>' in ASSETS.snippet.nonced("", b"abc+/_-9=")
    for bad in (b"", b'x"', b"a b", b"\xff"):
        assert ASSETS.snippet.nonced("", bad) == ASSETS.snippet.plain("")


def test_rows_come_without_a_script_for_pages_that_bring_their_own() -> None:
    assert ASSETS.snippet.plain("").startswith(ASSETS.rows.encode())
    assert "script" not in ASSETS.rows


async def test_a_publishers_own_baits_are_served_and_named() -> None:
    own = make(
        baits={
            "network": [
                {"id": "a1", "kind": "fetch", "path": "/promo/ads?x=1"},
                {"id": "a2", "kind": "image", "path": "/promo/ads.png"},
            ],
            "elements": [{"id": "b1", "ids": ["ad_top"]}],
        }
    )
    found = own.find("promo/ads")
    assert found is not None
    assert found.cdn
    assert own.kinds == {"a1": "fetch", "a2": "image", "b1": "element"}
    assert own.find(BAITS["n1"]) is None
    assert b'<span id="ad_top">' in own.snippet.plain("")


def test_a_bait_set_that_cannot_be_used_fails_at_once() -> None:
    with pytest.raises(BaitError, match="baits"):
        make(baits="/nowhere/baits.json")


def test_an_asset_without_packed_forms_has_one_answer() -> None:
    assert list(Asset("x", "text/plain", b"x").answers) == ["identity"]
