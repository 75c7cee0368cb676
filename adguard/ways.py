"""Other ways to support a publisher than by seeing ads, as the publisher lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, get_args
from urllib.parse import quote, urlsplit

from adguard.environment import SettingsError
from adguard.hosts import normal_url

__all__ = ["SupportKind", "SupportOption"]

SupportKind = Literal["subscribe", "donate", "newsletter", "monetization", "other"]

_PLACE = re.compile(r"[A-Za-z0-9._:\[\]-]+")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,63}")


@dataclass(frozen=True)
class SupportOption:
    """One way to support the publisher other than by seeing ads.

    :param label: what the link says.
    :param url: absolute `https:` (or `http:`) URL, or a path of the site. Of Web Monetization, the
        wallet's address: `https:`, or a payment pointer such as `$wallet.example/alice`.
    :param kind: `subscribe`, `donate`, `newsletter`, `monetization` or `other`.
    :param field: of a newsletter, the name of the field in which its endpoint takes the address of
        a reader who wants it: then the support page shows a form. The endpoint has to ask by mail
        before it sends anything else (double opt-in). Empty for a link.
    """

    label: str
    url: str
    kind: SupportKind = "other"
    field: str = ""

    def __post_init__(self) -> None:
        if not self.label or not isinstance(self.label, str):
            raise SettingsError(f"support.label: {self.label!r} is not a text")
        if self.kind not in get_args(SupportKind):
            raise SettingsError(
                f"support.kind: {self.kind!r} is not one of {', '.join(get_args(SupportKind))}"
            )
        normal = _wallet if self.kind == "monetization" else _link
        object.__setattr__(self, "url", normal(self.url))
        if self.field and self.kind != "newsletter":
            raise SettingsError(f"support.field: a {self.kind} has no form; leave it out")
        if not isinstance(self.field, str) or (self.field and not _FIELD.fullmatch(self.field)):
            raise SettingsError(
                f"support.field: {self.field!r} is not the name of a form's field, such as 'email'"
            )

    @property
    def slug(self) -> str:
        """A name for URLs and ids of ours, which stays the same while label and URL do. It begins
        with a letter that no list hunts: hexadecimal digits alone may begin with "ad"."""
        return "w" + blake2b(f"{self.label}\n{self.url}".encode(), digest_size=5).hexdigest()

    @property
    def origin(self) -> str:
        """The origin of its URL; empty for a path of the site."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _link(url: object) -> str:
    """Returns a URL, or a path of the site, as browsers write it: in ASCII, for a header.

    :raises SettingsError: it is neither.
    """
    text, _, fragment = url.partition("#") if isinstance(url, str) else ("", "", "")
    try:
        if text.startswith("/"):
            # A path that another site could be made of has a host of its own then.
            if urlsplit(text).netloc or "\\" in text or not text.isprintable():
                raise ValueError  # noqa: TRY301
            text = normal_url(f"http://site{text}").removeprefix("http://site")
        else:
            text = normal_url(text)
            if not _PLACE.fullmatch(urlsplit(text).netloc):
                raise ValueError  # noqa: TRY301
    except ValueError:
        raise SettingsError(f"support.url: {url!r} is neither an http(s) URL nor a path") from None
    return text + (f"#{quote(fragment)}" if fragment else "")


def _wallet(url: object) -> str:
    """Returns the URL of a wallet's address (https://webmonetization.org/developers/link-element);
    a payment pointer stands for one (https://paymentpointers.org/syntax-resolution/).

    :raises SettingsError: it is neither.
    """
    text = url if isinstance(url, str) else ""
    if text.startswith("$"):
        host, _, path = text[1:].partition("/")
        text = f"https://{host}/{path or '.well-known/pay'}" if host else ""
    # A space, a comma or a semicolon would end it in a Content-Security-Policy.
    if not text.startswith("https://") or any(char in text for char in " ,;"):
        raise SettingsError(
            f"support.url: {url!r} is no wallet address; use https://wallet.example/alice or "
            "$wallet.example/alice"
        )
    return _link(text)
