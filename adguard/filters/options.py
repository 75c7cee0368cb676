"""What stands behind the `$` of a network rule."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from adguard.filters.environment import Environment
from adguard.filters.places import PlaceError, read_places
from adguard.filters.rules import Options

_NETWORK = (
    *("script", "image", "stylesheet", "object", "xmlhttprequest", "subdocument"),
    *("ping", "websocket", "font", "media", "other"),
)
_APART = ("document", "popup", "popunder", "inline-script", "inline-font")
KINDS = {name: 1 << place for place, name in enumerate((*_NETWORK, *_APART))}
"""Kind of request -> its bit. Those from `document` on are meant only where a rule names them."""

NETWORK = sum(KINDS[name] for name in _NETWORK)
ALL = sum(KINDS.values()) & ~KINDS["popunder"]
NO_OPTIONS = Options(kinds=NETWORK)

_SAME = {
    "xhr": "xmlhttprequest",
    "css": "stylesheet",
    "frame": "subdocument",
    "doc": "document",
    "beacon": "ping",
    "background": "image",
    "object-subrequest": "object",
    "3p": "third-party",
    "1p": "first-party",
    "strict-third-party": "strict3p",
    "strict-first-party": "strict1p",
    "from": "domain",
    "ghide": "generichide",
    "shide": "specifichide",
    "ehide": "elemhide",
    "queryprune": "removeparam",
    "rewrite": "redirect",
    "uritransform": "urltransform",
    "popup-under": "popunder",
}
_HIDES = {"generichide": 1, "specifichide": 2, "elemhide": 3}
_PARTIES = {"first-party": 1, "third-party": 3, "strict1p": 1, "strict3p": 3}
_WHOLE_PAGE = {"urlblock": "all", "genericblock": "generic"}
_VALUED = frozenset({"domain", "to", "denyallow", "method", "redirect", "redirect-rule"})
_METHODS = frozenset(
    {"connect", "delete", "get", "head", "options", "patch", "post", "put", "trace"}
)

CHANGES = {
    "csp": "adds a policy to answers ($csp)",
    "permissions": "adds a policy to answers ($permissions)",
    "removeparam": "changes the address only ($removeparam)",
    "removeheader": "changes headers only ($removeheader)",
    "replace": "changes the answer's text only ($replace)",
    "jsonprune": "changes the answer's text only ($jsonprune)",
    "xmlprune": "changes the answer's text only ($xmlprune)",
    "hls": "changes the answer's text only ($hls)",
    "urltransform": "changes the address only ($urltransform)",
    "urlskip": "changes the address only ($urlskip)",
    "header": "depends on the answer's headers ($header)",
    "ipaddress": "depends on the server's address ($ipaddress)",
    "cname": "depends on DNS ($cname)",
    "dnstype": "depends on DNS ($dnstype)",
    "dnsrewrite": "depends on DNS ($dnsrewrite)",
    "client": "depends on the device ($client)",
    "ctag": "depends on the device ($ctag)",
    "app": "for other applications than browsers ($app)",
    "network": "for other traffic than the web's ($network)",
    "referrerpolicy": "changes headers only ($referrerpolicy)",
    "cookie": "about cookies only ($cookie)",
    "stealth": "about privacy settings only ($stealth)",
    "extension": "about scripts of the blocker only ($extension)",
    "jsinject": "about scripts of the blocker only ($jsinject)",
    "content": "about the blocker's changes to pages only ($content)",
    "webrtc": "about WebRTC only ($webrtc)",
    "sitekey": "depends on a signature in the answer ($sitekey)",
}
"""Options of rules that are left out knowingly -> why."""

_OPTION = re.compile(r"(~?)([A-Za-z0-9_-]+)(=?)")
_NEXT = re.compile(r",(?=~?[a-z0-9_-]+(?:[=,]|$))", re.IGNORECASE)


class OptionError(ValueError):
    """An option is unknown or malformed; the message says which."""


class SkippedError(Exception):
    """A rule is left out knowingly; the message is the reason."""


def read_options(text: str, *, exception: bool, environment: Environment) -> Options:
    """Reads what stands behind the `$`.

    :raises OptionError: when an option is unknown or malformed.
    :raises SkippedError: when the rule has no say in what is blocked or hidden.
    """
    reading = _Reading(exception, environment)
    at = 0
    while at < len(text):
        found = _OPTION.match(text, at)
        if found is None:
            raise OptionError(f"the option {text[at : at + 40]!r} is not understood")
        negated, name, assigned = found[1] == "~", found[2].lower(), bool(found[3])
        value, at = _value(text, found.end()) if assigned else ("", found.end())
        if at < len(text) and text[at] != ",":
            raise OptionError(
                f"the option {text[found.start() : found.start() + 40]!r} is malformed"
            )
        reading.take(_SAME.get(name, name), negated, value if assigned else None)
        at += 1
    return reading.options()


def _value(text: str, start: int) -> tuple[str, int]:
    """A value and where it ends: at the closing quote, or the comma before the next option."""
    if start < len(text) and text[start] in "\"'`":
        closing = text.find(text[start], start + 1)
        if closing > 0 and text[closing + 1 : closing + 2] in {"", ","}:
            return text[start + 1 : closing], closing + 1
    end = _NEXT.search(text, start)
    stop = end.start() if end else len(text)
    return text[start:stop].replace("\\,", ","), stop


class _Reading:
    def __init__(self, exception: bool, environment: Environment) -> None:
        self.exception = exception
        self.environment = environment
        self.wanted = self.unwanted = 0
        self.fields: dict[str, Any] = {}

    def take(self, name: str, negated: bool, value: str | None) -> None:
        if name in CHANGES:
            raise SkippedError(CHANGES[name])
        if name == "reason" or not name.strip("_"):
            return  # a note for readers, and what keeps two rules apart
        if name in _VALUED:
            self.take_value(name, negated, value)
        elif value is not None:
            raise OptionError(f"the option {name!r} is unknown with a value")
        elif name in KINDS or name == "all":
            self.take_kind(name, negated)
        elif name in _PARTIES:
            self.take_party(name, negated)
        elif negated:
            raise OptionError(f"the option '~{name}' is unknown")
        else:
            self.take_flag(name)

    def take_kind(self, name: str, negated: bool) -> None:
        bits = ALL if name == "all" else KINDS[name]
        if negated:
            self.unwanted |= bits
        else:
            self.wanted |= bits

    def take_party(self, name: str, negated: bool) -> None:
        field = "strict" if name.startswith("strict") else "party"
        party = 4 - _PARTIES[name] if negated else _PARTIES[name]
        either = self.fields.get(field, party) != party
        self.fields[field] = 0 if either else party

    def take_value(self, name: str, negated: bool, value: str | None) -> None:
        if negated:
            raise OptionError(f"the option '~{name}' is unknown")
        if name.startswith("redirect"):
            if not value and not self.exception:
                raise OptionError(f"the option {name!r} lacks a value")
            self.fields["redirect"] = value or ""
            self.fields["redirect_only"] = name == "redirect-rule" or self.exception
            return
        if not value:
            raise OptionError(f"the option {name!r} lacks a value")
        if name == "method":
            self.take_methods(value.lower().split("|"))
            return
        field = "domains" if name == "domain" else name
        try:
            self.fields[field] = read_places(value, "|")
        except PlaceError as error:
            raise OptionError(f"{name}: {error}") from error

    def take_methods(self, methods: list[str]) -> None:
        known = {method for method in methods if method.lstrip("~") in _METHODS}
        self.fields["methods"] = frozenset(m for m in known if m[0] != "~")
        self.fields["not_methods"] = frozenset(m[1:] for m in known if m[0] == "~")

    def take_flag(self, name: str) -> None:
        if name in {"important", "badfilter", "match-case"}:
            self.fields[name.replace("-", "_")] = True
        elif name in {"empty", "mp4"}:
            self.fields["redirect"] = name
            if name == "mp4":
                self.wanted |= KINDS["media"]
        elif name in _HIDES:
            self.fields["hides"] = self.fields.get("hides", 0) | _HIDES[name]
        elif name in _WHOLE_PAGE:
            if not self.environment.page_exceptions:
                raise SkippedError(f"not for this blocker (${name})")
            self.fields["whole_page"] = _WHOLE_PAGE[name]
        else:
            raise OptionError(f"the option {name!r} is unknown")

    def options(self) -> Options:
        page_only = "hides" in self.fields or "whole_page" in self.fields
        kinds = self.wanted or (0 if page_only else NETWORK)
        kinds &= ~self.unwanted
        if self.exception and kinds & KINDS["document"] and self.environment.page_exceptions:
            self.fields["whole_page"] = "all"
            self.fields["hides"] = 3
        return Options(kinds=kinds, **self.fields)


def without_badfilter(options: Options) -> Options:
    """The options of the rule that a `badfilter` switches off."""
    return msgspec.structs.replace(options, badfilter=False)


def kind_bit(name: str) -> int:
    """The bit of a kind of request.

    :raises ValueError: when there is no such kind.
    """
    try:
        return KINDS[_SAME.get(name, name)]
    except KeyError as error:
        raise ValueError(f"there is no kind of request called {name!r}") from error
