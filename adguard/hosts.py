"""Host names: which of them belong together, and the publisher's ad scripts by whom they are of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from urllib.parse import quote, urlsplit

from publicsuffixlist import PublicSuffixList

_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[.*|.*:.*")
LONGEST_HOST = 253
"""Characters that DNS allows. Encoding a longer name could take minutes."""

_PORTS = {"http": 80, "https": 443}
# What browsers leave as it is in a path and a query (URL Standard); % stands for what is escaped.
_LEFT = "%/:?#[]@!$&'()*+,;=~-._|^\\`{}"
_PATH = _LEFT.translate(str.maketrans("", "", "?#`{}\\^"))
_QUERY = _LEFT.translate(str.maketrans("", "", "#'"))


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


@lru_cache(maxsize=16_384)
def domain_of(host: str) -> str:
    """The registrable domain (public suffix and one label more, private suffixes included), or the
    host itself where there is none: an IP address, a public suffix."""
    if _IP.fullmatch(host) or "." not in host:
        return host
    return _suffixes().privatesuffix(host) or host


def normal_url(url: str) -> str:
    """Returns `url` as browsers write it in `src` and in timing entries, without its fragment.

    :raises ValueError: it is no absolute http(s) URL, or it carries a user name.
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        raise ValueError(f"{url!r} is not an absolute http(s) URL")
    if len(host) > LONGEST_HOST:
        raise ValueError(f"the host of {url[:60]!r} is longer than {LONGEST_HOST} characters")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port not in (None, _PORTS[parts.scheme]) else ""
    query = f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
    return f"{parts.scheme}://{place}{quote(parts.path, safe=_PATH) or '/'}{query}"


@lru_cache(maxsize=64)
def written_forms(host: str) -> tuple[str, ...]:
    """The host as DNS knows it and, where that differs, as people write it: `bücher.example`."""
    try:
        written = host.encode("ascii").decode("idna")
    except UnicodeError:
        return (host,)
    return (host,) if written == host else (host, written)


def by_domain(urls: Iterable[str]) -> dict[str, list[str]]:
    """Registrable domain -> those of `urls` that stand under it, all in the order given. Hosts
    under different ones are unrelated: one may be down without the other."""
    found: dict[str, list[str]] = {}
    for url in urls:
        found.setdefault(domain_of(urlsplit(url).hostname or ""), []).append(url)
    return found
