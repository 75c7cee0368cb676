"""Which requests may meet a page, and the scope as the app sees it meanwhile."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from starlette.types import Scope

from adguard.injection.headers import TagSuffix

# Two layers of the middleware share a scope; the outer one injects.
MARK: Final = "adguard.injection"
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
_DESTINATIONS: Final = frozenset({b"document", b"iframe"})
# Extensions and message types alike.
FILE_MESSAGES: Final = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
_PARTIAL: Final = frozenset({b"hx-request", b"x-requested-with", b"x-pjax", b"turbo-frame"})
_FOR_OTHER_BYTES: Final = frozenset({b"range", b"if-range", b"if-modified-since"})
_CONDITIONAL: Final = _FOR_OTHER_BYTES | {b"if-none-match"}
_SPECIAL: Final = _PARTIAL | _CONDITIONAL
_NAVIGATES = (b"sec-fetch-mode", b"navigate")
_UPGRADES = (b"upgrade-insecure-requests", b"1")
_NO_FIELDS: Final[dict[bytes, bytes]] = {}


class PageRequest:
    """A request whose answer may be a page.

    What the app must not see is changed in the scope itself and given back afterwards: routers
    write into the scope what outer middlewares read once the app returned, so a copy would hide it.

    :ivar root_path: as it was before the app's own mounts extended it.
    :ivar known_tags: entity tags (without `W/`) the client holds under a name of ours.
    """

    __slots__ = ("_lent", "_scope", "head", "known_tags", "root_path")

    def __init__(self, scope: Scope, fields: dict[bytes, bytes], suffix: TagSuffix) -> None:
        self._scope = scope
        self._lent: tuple[tuple[str, Any, Any], ...] = ()
        self.head = scope["method"] == "HEAD"
        self.root_path: str = scope.get("root_path") or ""
        self.known_tags = _NO_FIELDS
        extensions = scope.get("extensions")
        if extensions and not FILE_MESSAGES.isdisjoint(extensions):
            kept = {name: extensions[name] for name in extensions if name not in FILE_MESSAGES}
            self._lent = (("extensions", extensions, kept),)
        if fields and not _CONDITIONAL.isdisjoint(fields):
            self._lend_headers(fields, suffix)
        scope[MARK] = True
        for key, _, lent in self._lent:
            scope[key] = lent

    def _lend_headers(self, fields: dict[bytes, bytes], suffix: TagSuffix) -> None:
        navigation = is_navigation(fields)
        headers = self._scope["headers"]
        known: dict[bytes, bytes] = {}
        kept = []
        for header in headers:
            name = header[0].lower()
            if name == b"if-none-match":
                value, tags = suffix.reverse(header[1], drop_others=navigation)
                known |= tags
                if tags:
                    kept.append((header[0], value))
                elif not navigation:
                    kept.append(header)
            elif not navigation or name not in _FOR_OTHER_BYTES:
                kept.append(header)
        self.known_tags = known
        self._lent += (("headers", headers, kept),)

    @property
    def path(self) -> str:
        path: str = self._scope["path"]
        return path

    def give_back(self) -> None:
        """Leaves the scope as it was, but for what the app wrote."""
        self._scope.pop(MARK, None)
        for key, original, lent in self._lent:
            if self._scope.get(key) is lent:
                self._scope[key] = original


def read(scope: Scope, suffix: TagSuffix) -> PageRequest | None:
    """Gives the request as one for a page; None when its answer must stay as it is.

    Requests by scripts for parts of a page, for images, for JSON are told by their headers. A
    request that accepts everything and does not say what for counts as one for a page, or shared
    caches would hold two versions of it.
    """
    if scope["method"] not in _METHODS:
        return None
    headers = scope["headers"]
    destination = None
    # Browsers send it among their last.
    for name, value in reversed(headers):
        if name == b"sec-fetch-dest":
            destination = value
            break
        if name == b"accept" and not _accepts_html(value):
            return None
    if destination is not None:
        if destination not in _DESTINATIONS and (
            destination != b"empty" or not (_NAVIGATES in headers or _UPGRADES in headers)
        ):
            return None
        if not [name for name, _ in headers if name in _SPECIAL]:
            return PageRequest(scope, _NO_FIELDS, suffix)
    fields = {name.lower(): value for name, value in headers}
    return PageRequest(scope, fields, suffix) if _wants_page(fields) else None


def _wants_page(fields: dict[bytes, bytes]) -> bool:
    if fields.get(b"sec-fetch-dest", b"document") not in _DESTINATIONS and not _is_passed_on(
        fields
    ):
        return False
    if not _accepts_html(fields.get(b"accept", b"*/*")):
        return False
    return _PARTIAL.isdisjoint(fields) or _is_web_view(fields)


@lru_cache(maxsize=256)
def _accepts_html(accept: bytes) -> bool:
    return b"*/*" in accept or b"text/html" in accept.lower() or b"text/*" in accept


def is_navigation(fields: dict[bytes, bytes]) -> bool:
    """Whether a person opens a page, judged by lower-case header fields."""
    destination = fields.get(b"sec-fetch-dest")
    if destination is not None:
        return destination in _DESTINATIONS or _is_passed_on(fields)
    return b"text/html" in fields.get(b"accept", b"").lower()


def _is_passed_on(fields: dict[bytes, bytes]) -> bool:
    """Whether a service worker passes on that a person opens a page: `fetch(event.request)` is for
    nothing by its destination, but in Chromium it keeps its mode, in Firefox its wish for an
    upgrade, and no request that a script begins has either."""
    return fields.get(b"sec-fetch-dest") == b"empty" and (
        fields.get(_NAVIGATES[0]) == _NAVIGATES[1] or fields.get(_UPGRADES[0]) == _UPGRADES[1]
    )


def _is_web_view(fields: dict[bytes, bytes]) -> bool:
    """Whether an app's web view opens a page: Android's put their package's name into the field."""
    return (
        b"sec-fetch-dest" in fields
        and b"." in fields.get(b"x-requested-with", b"")
        and _PARTIAL.intersection(fields) == {b"x-requested-with"}
    )
