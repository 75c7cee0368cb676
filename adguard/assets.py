"""The constant bytes we serve: client, notice, baits, controls and the snippet; built once."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import quote

import brotli
import rcssmin
import rjsmin
from starlette.types import Scope, Send

from adguard import snippets
from adguard.baits import IMAGE_SIZE, MARKER, BaitSet, ElementBait, ElementControl, Kind, load
from adguard.minify import shrink
from adguard.settings import Settings

ALPHABET: Final = "0123456789bcdfghjklmnpqrstvwxyz"
"""No vowels, so that a digest never spells a word that filter lists hunt."""
DIGEST_LENGTH: Final = 10
SAMPLE_MARK: Final = '/** @type {any} */ ("__SAMPLE__")'
STYLE_MARK: Final = '"__SITE_NOTE_STYLE__"'
TARGET_MARK: Final = '"__SITE_NOTE_TARGET__"'
HOSTS_MARK: Final = '(/** @type {unknown} */ ("__HOSTS__"))'
CONFIG_MARK: Final = '(/** @type {unknown} */ ("__CONFIG__"))'
JAVASCRIPT: Final = "text/javascript; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
MOST_ROOT_PATHS: Final = 64

_SECTION = re.compile(r"[ ]*// only (\w+)\n(.*?)[ ]*// end \1\n", re.DOTALL)
_NAMED = re.compile(rf"((?:client|note)-)[{ALPHABET}]{{{DIGEST_LENGTH}}}(\.(?:js|css))")
_KEY = re.compile(r'"([a-z]\w*)":')
_NONCE = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_CODINGS = ("br", "gzip")

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Asset:
    """One file.

    :param path: below the prefix, without a leading slash.
    :param immutable: its name tells its content, so it may be kept for a year.
    :param cdn: browsers ask each time, a CDN may keep it for an hour (baits and controls).
    """

    path: str
    media_type: str
    identity: bytes
    immutable: bool = False
    cdn: bool = False
    gzip: bytes = b""
    brotli: bytes = b""
    etag: bytes = b""
    answers: Mapping[str, tuple[list[Header], bytes]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    """Content coding -> headers and body."""

    def __post_init__(self) -> None:
        common = [
            (b"content-type", self.media_type.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-robots-tag", b"noindex"),
        ]
        if self.cdn:
            common += [
                # First: nginx before 1.23 heeds it only when it has not met `no-store` yet.
                (b"x-accel-expires", b"3600"),
                (b"cache-control", b"no-store"),
                (b"cdn-cache-control", b"public, max-age=3600"),
            ]
        elif self.immutable:
            common += [
                (b"cache-control", b"public, max-age=31536000, immutable"),
                (b"etag", self.etag),
            ]
        else:
            common.append((b"cache-control", b"public, max-age=300"))
        bodies = {"identity": self.identity, "gzip": self.gzip, "br": self.brotli}
        if self.gzip:
            common.append((b"vary", b"accept-encoding"))
        answers = {}
        for coding, body in bodies.items():
            if coding == "identity" or body:
                coded = [] if coding == "identity" else [(b"content-encoding", coding.encode())]
                length = (b"content-length", str(len(body)).encode())
                answers[coding] = ([*common, *coded, length], body)
        object.__setattr__(self, "answers", answers)


class Snippet:
    """What is injected into a page: the bait rows and the script tag, ASCII, the same bytes for
    every visitor."""

    def __init__(self, rows: str, source: str, version: str) -> None:
        self.rows = rows
        self.version = version
        self._source = source
        self._made: dict[str, bytes] = {}

    def plain(self, root_path: str) -> bytes:
        """Returns the bytes for pages without a nonce."""
        made = self._made.get(root_path)
        if made is None:
            made = self._make(root_path, "")
            if len(self._made) < MOST_ROOT_PATHS:
                self._made[root_path] = made
        return made

    def nonced(self, root_path: str, nonce: bytes) -> bytes:
        """Returns the bytes with `nonce` on the script; one that is no base64 is left out."""
        if not _NONCE.fullmatch(nonce):
            return self.plain(root_path)
        return self._make(root_path, f' nonce="{nonce.decode("ascii")}"')

    def _make(self, root_path: str, attribute: str) -> bytes:
        root = escape(quote(root_path.rstrip("/"), safe="/%:@!$&'()*+,;=~"))
        return f'{self.rows}<script async src="{root}{self._source}"{attribute}></script>'.encode()


class Assets:
    """Everything constant under the prefix.

    :param settings: `prefix`, `baits`, `sample`, `consent_mode`, `inline_target`, `look` are used.
    :raises BaitError: when the publisher's own bait set cannot be used.
    :raises SnippetError: when the installation is not complete.
    """

    def __init__(self, settings: Settings) -> None:
        self.baits: BaitSet = load(settings.baits)
        self.kinds = self.baits.kinds
        self._files: dict[str, Asset] = {}
        self._current: dict[str, Asset] = {}
        styles = rcssmin.cssmin(snippets.read("page/note.css")) + settings.look.css()
        note = snippets.read("page/note.js").replace(STYLE_MARK, _literal(styles))
        note = rjsmin.jsmin(note.replace(TARGET_MARK, _literal(settings.inline_target)))
        needed = _needed(settings)
        client = _client(self.baits, settings, {*needed, "page"})
        # Who is kept from an article has agreed: the cookie that says so was set after it.
        gate = _client(self.baits, settings, {*needed, "gate"} - {"consent"})
        # Client and note share a digest: the client finds the note by its own name.
        self.version = _digest(client + note)
        self.gate = self._publish("wait", ".js", gate, JAVASCRIPT, _digest(gate + note))
        self.client = self._publish("client", ".js", client, JAVASCRIPT, self.version)
        self.note = self._publish("note", ".js", note, JAVASCRIPT, self.version)
        self.style = self._publish("note", ".css", styles, CSS, _digest(styles))
        watcher = _watcher(settings)
        for path, (media_type, body) in _harmless(self.baits, watcher).items():
            packed = _packed(body) if watcher and media_type == JAVASCRIPT else ()
            self._files[path] = Asset(path, media_type, body, False, True, *packed)
        self.rows = _row(Kind.ELEMENT, self.baits.controls.element)
        self.rows += "".join(_row(bait.id, bait) for bait in self.baits.elements)
        self.snippet = Snippet(self.rows, f"{settings.prefix}/{self.client}", self.version)

    def find(self, path: str) -> Asset | None:
        """Returns the file at `path` below the prefix, without a leading slash. Any well-formed old
        digest finds the current file, to be kept for five minutes: cached pages outlive a deploy.
        """
        asset = self._files.get(path)
        if asset is None:
            old = _NAMED.fullmatch(path)
            asset = self._current.get(f"{old[1]}{old[2]}") if old else None
        return asset

    async def respond(self, asset: Asset, scope: Scope, send: Send) -> None:
        """Answers a GET or HEAD for `asset`, as the request's headers ask."""
        codings = unchanged = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                codings += b"," + value
            elif name == b"if-none-match":
                unchanged = value
        headers, body = asset.answers[_coding(codings.decode("latin-1"), asset)]
        status = 200
        if asset.etag and asset.immutable and asset.etag in unchanged:
            status, body = 304, b""
            headers = [pair for pair in headers if pair[0] not in _OF_THE_BODY]
        elif scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    def _publish(self, stem: str, suffix: str, text: str, media_type: str, digest: str) -> str:
        body = text.encode()
        path = f"{stem}-{digest}{suffix}"
        packed = _packed(body)
        etag = f'W/"{digest}"'.encode()
        for immutable, files, name in (
            (True, self._files, path),
            (False, self._current, f"{stem}-{suffix}"),
        ):
            files[name] = Asset(path, media_type, body, immutable, False, *packed, etag)
        return path


# Several sites of one process mostly serve the same files, and packing takes longest of all.
@lru_cache(maxsize=32)
def _packed(body: bytes) -> tuple[bytes, bytes]:
    return gzip.compress(body, 9, mtime=0), brotli.compress(body, quality=11)


_OF_THE_BODY = frozenset((b"content-type", b"content-length", b"content-encoding"))


def _coding(accepted: str, asset: Asset) -> str:
    """The best content coding that the client takes; what it refuses by `q=0` is not taken."""
    wanted = set()
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight):
            wanted.add(coding.strip())
    for coding in _CODINGS:
        if coding in asset.answers and (coding in wanted or "*" in wanted):
            return coding
    return "identity"


def _needed(settings: Settings) -> set[str]:
    """The sections of the client that these settings need, besides `page` or `gate`."""
    needs = {
        "agreed": settings.consent_mode == "required",
        "hosts": len(settings.ad_domains) > 1,
        "sample": settings.sample < 1,
        "consent": settings.consent_mode == "required",
        "local": settings.consent_mode == "local_only",
        "reports": settings.consent_mode != "local_only",
    }
    return {section for section, needed in needs.items() if needed}


def _watcher(settings: Settings) -> str:
    """What rides in the script bait when the settings name ad scripts of two owners or more."""
    if len(settings.ad_domains) < 2:
        return ""
    config = {
        "hosts": settings.ad_domains,
        "neutral": settings.neutral_url or "",
        "probe": settings.probe_ad_urls,
        "wall": settings.network_wall,
    }
    return shrink(snippets.read("page/watch.js").replace(HOSTS_MARK, _literal(config), 1))


def _client(baits: BaitSet, settings: Settings, sections: set[str]) -> str:
    """The client's source with its configuration, without the sections it does not need, small."""
    config = {
        "kinds": baits.kinds,
        "files": {bait.id: bait.path[1:] for bait in baits.network},
        "marker": MARKER,
    }

    def keep(section: re.Match[str]) -> str:
        return _SECTION.sub(keep, section[2]) if section[1] in sections else ""

    source = _SECTION.sub(keep, snippets.read("page/client.js"))
    source = source.replace(CONFIG_MARK, _KEY.sub(r"\1:", _literal(config)), 1)
    return shrink(source.replace(SAMPLE_MARK, _literal(round(settings.sample, 6)), 1))


def _digest(text: str) -> str:
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    letters = []
    for _ in range(DIGEST_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


def _literal(value: object) -> str:
    """A JavaScript literal, ASCII; safe for the minifier because a JSON string has no line ends."""
    return json.dumps(value, separators=(",", ":"))


def _harmless(baits: BaitSet, watcher: str) -> dict[str, tuple[str, bytes]]:
    """Path -> media type and body of every network bait and of the controls for script and image:
    each carries the marker that no stub has, and does nothing else, except that the script brings
    the `watcher`, if there is one: it comes where the script passes, and only there is it needed.
    """
    end = ";" if watcher else ""
    bodies = {
        Kind.SCRIPT: (JAVASCRIPT, f'document.currentScript.mark="{MARKER}"{end}{watcher}'.encode()),
        Kind.IMAGE: ("image/png", _image(*IMAGE_SIZE)),
        Kind.FETCH: ("application/json", _literal({"marker": MARKER}).encode()),
    }
    files = {bait.path[1:].partition("?")[0]: bodies[bait.kind] for bait in baits.network}
    files[baits.controls.script[1:]] = bodies[Kind.SCRIPT]
    files[baits.controls.image[1:]] = bodies[Kind.IMAGE]
    return files


def _image(width: int, height: int) -> bytes:
    """A white one-bit PNG (RFC 2083)."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = (b"\0" + b"\xff" * ((width + 7) // 8)) * height
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _row(name: str, entry: ElementBait | ElementControl) -> str:
    """One element alone in a neutral wrapper. Spans, because a `<div>` would end a paragraph that
    the page left open; no inline style, which a strict policy refuses and filters look for."""
    classes, own = " ".join(entry.classes), "".join(entry.ids)
    attributes = (f' class="{classes}"' if classes else "") + (f' id="{own}"' if own else "")
    wrapper = f'<span data-site-row="{name}" hidden aria-hidden="true">'
    return f"{wrapper}<span{attributes}></span></span>"
