"""What a Content-Security-Policy lets of ours through (W3C Content Security Policy Level 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

FALLBACK = {"script-src-elem": ("script-src", "default-src")}
NEEDED = {
    "script": ("script-src-elem", "the client and the script bait"),
    "image": ("img-src", "the image bait"),
    "fetch": ("connect-src", "the control, the fetch bait and the report"),
}
TRUSTED_POLICY = "site-note"
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_HASH = re.compile(r"'sha(?:256|384|512)-", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """Something of ours that a policy refuses.

    :param kind: `script`, `image`, `fetch` or `trusted-types`.
    :param directive: the one that refuses it, as written.
    """

    kind: str
    directive: str
    what: str


def parse(policy: str) -> dict[str, list[str]]:
    """Directive -> its values; the first of two with one name counts."""
    made: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            made.setdefault(words[0].lower(), words[1:])
    return made


def refusals(policy: str, origin: str, nonce: str = "") -> Iterator[Refusal]:
    """What of ours one policy refuses on a page of `origin`.

    :param nonce: the one on our script tag, or "".
    """
    directives = parse(policy)
    if "sandbox" in directives and "allow-scripts" not in directives["sandbox"]:
        yield Refusal("script", "sandbox", NEEDED["script"][1])
    for kind, (name, what) in NEEDED.items():
        found = next(
            (one for one in (name, *FALLBACK.get(name, ("default-src",))) if one in directives),
            None,
        )
        if found is None:
            continue
        values = directives[found]
        allowed = _script(values, origin, nonce) if kind == "script" else _source(values, origin)
        if not allowed:
            yield Refusal(kind, f"{found} {' '.join(values)}".strip(), what)
    yield from _trusted_types(directives)


def _trusted_types(directives: Mapping[str, list[str]]) -> Iterator[Refusal]:
    if "'script'" not in directives.get("require-trusted-types-for", ()):
        return
    names = directives.get("trusted-types")
    if names is not None and TRUSTED_POLICY not in names and "*" not in names:
        written = f"trusted-types {' '.join(names)}".strip()
        yield Refusal("trusted-types", written, "the script bait, and the notice")


def _script(values: list[str], origin: str, nonce: str) -> bool:
    given = {found[1] for value in values if (found := _NONCE.fullmatch(value))}
    if nonce and nonce in given:
        return True
    if "'strict-dynamic'" in values and (given or any(map(_HASH.match, values))):
        return False
    return _source(values, origin)


def _source(values: list[str], origin: str) -> bool:
    """Whether a list of sources lets addresses of the page's own origin through."""
    page = urlsplit(origin)
    for value in values:
        lowered = value.lower()
        if lowered in {"'self'", "*"} or lowered == f"{page.scheme}:":
            return True
        if lowered in {"http:", "https:"} and page.scheme in {lowered[:-1], "https"}:
            return True
        if not lowered.startswith("'") and _host(lowered, page.scheme, page.netloc):
            return True
    return False


def _host(value: str, scheme: str, netloc: str) -> bool:
    """A host source: `[scheme://]host[:port][/path]`; one with a path is taken for a refusal,
    because it lets that path through only."""
    asked, _, rest = value.rpartition("://")
    if asked and asked not in {scheme, "http"}:
        return False
    host, slash, path = rest.partition("/")
    if slash and path:
        return False
    name, _, port = host.partition(":")
    here, _, here_port = netloc.lower().partition(":")
    if port not in {"*", here_port} and not (
        not here_port and port in {"", {"http": "80", "https": "443"}.get(scheme, "")}
    ):
        return False
    return here == name or (name.startswith("*.") and here.endswith(name[1:]))
