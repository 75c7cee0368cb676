"""A request, and what rules ask about it."""

from __future__ import annotations

import re
from functools import cached_property

import msgspec

from adguard.filters.options import KINDS, kind_bit
from adguard.filters.pattern import words
from adguard.filters.places import host_of
from adguard.hosts import domain_of

_HOST_PART = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]*|\[[^\]]*\])", re.IGNORECASE)


class Request(msgspec.Struct, frozen=True):
    """What a page asks for.

    :param url: absolute.
    :param page: URL of the page that asks; of a document, its own.
    :param kind: `script`, `image`, `xmlhttprequest`, `subdocument`, `stylesheet`, `ping`,
        `document`, `font`, `media`, `object`, `websocket`, `popup` or `other`.
    :param method: of HTTP.
    """

    url: str
    page: str
    kind: str
    method: str = "GET"


class Facts:
    """What a request is, worked out once for all rules."""

    def __init__(self, request: Request) -> None:
        """:raises ValueError: when the kind is unknown."""
        self.url = request.url.partition("#")[0]
        self.bit = kind_bit(request.kind)
        self.document = self.bit == KINDS["document"]
        self.method = request.method.lower()
        self.host = host_of(request.url)
        self.page_host = self.host if self.document else host_of(request.page)
        found = _HOST_PART.match(self.url)
        self.start, self.end = found.span(1) if found else (-1, -1)

    @cached_property
    def lower(self) -> str:
        return self.url.lower()

    @cached_property
    def words(self) -> set[str]:
        return words(self.lower)

    @cached_property
    def third_party(self) -> bool:
        return domain_of(self.host) != domain_of(self.page_host)
