"""The pattern of a network rule: `||`, `|`, `*`, `^`, and plain text between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Matcher = Callable[[str, int, int], bool]
"""(URL, where its host begins, where its host ends) -> whether the pattern is in it."""

_HOST_ONLY = re.compile(r"\|\|((?:[\da-z][\da-z_-]*\.)*[\da-z_-]*[\da-z])(?:\^\*?)?", re.IGNORECASE)
_NOT_PLAIN = str.maketrans("^|", "**")
_SEPARATOR = r"(?:[^\w%.-]|\Z)"
_TOKEN = re.compile(r"[a-z0-9%]+")
_WHOLE = re.compile(r"(?<=[^*a-z0-9%])[a-z0-9%]+(?=[^*a-z0-9%])")
_COMMON = frozenset(
    {"http", "https", "www", "com", "net", "org", "js", "html", "php", "co", "uk", "de"}
)


def hosts_only(pattern: str) -> str:
    """The host that `||host^` names, or "" for any other pattern."""
    if not pattern.startswith("||") or "/" in pattern:
        return ""
    found = _HOST_ONLY.fullmatch(pattern)
    return found[1].lower() if found else ""


def token(pattern: str) -> str:
    """A word that stands in every URL the pattern matches, whole between characters that are no
    letters, digits or `%`; "" where there is none. The longest, and not `https` or `com` if there
    is another."""
    found: list[str] = _WHOLE.findall(pattern.lower())
    if len(found) < 2:
        return found[0] if found else ""
    return max([word for word in found if word not in _COMMON] or found, key=len)


def words(url: str) -> set[str]:
    """The words of a URL in lower case, as `token` means them."""
    return set(_TOKEN.findall(url))


def literal(pattern: str) -> str:
    """The longest plain text in the pattern, in lower case."""
    return max(pattern.lower().translate(_NOT_PLAIN).split("*"), key=len)


def compile_pattern(pattern: str, *, match_case: bool) -> Matcher:
    """Returns what decides whether a URL has the pattern in it. Its time grows with the length of
    the URL times that of the pattern at most: between two `*` there is nothing to try again."""
    host = hosts_only(pattern)
    if host:
        return _of_host(host)
    text = pattern
    anchored_host = text.startswith("||")
    anchored = not anchored_host and text.startswith("|")
    text = text[2:] if anchored_host else text[1:] if anchored else text
    ends = text.endswith("|")
    text = text[:-1] if ends else text
    parts = text.split("*")
    pieces = [_piece(part, match_case) for part in parts]
    begins: Callable[[str, int, int], Iterator[int]] | None = None
    if anchored_host and parts[0]:
        begins = _labels
    elif anchored and parts[0]:
        begins = _start
    return _of_pieces(pieces, begins, ends)


def _of_host(host: str) -> Matcher:
    def match(url: str, start: int, end: int) -> bool:
        name = url[start:end].lower()
        return name == host or name.endswith(f".{host}")

    return match


def _piece(text: str, match_case: bool) -> re.Pattern[str]:
    made = "".join(_SEPARATOR if letter == "^" else re.escape(letter) for letter in text)
    return re.compile(made, re.ASCII if match_case else re.ASCII | re.IGNORECASE)


def _labels(url: str, start: int, end: int) -> Iterator[int]:
    """Where a label of the host begins."""
    while 0 <= start < end:
        yield start
        dot = url.find(".", start, end)
        start = dot + 1 if dot >= 0 else end


def _start(url: str, start: int, end: int) -> Iterator[int]:
    yield 0


def _of_pieces(
    pieces: list[re.Pattern[str]],
    begins: Callable[[str, int, int], Iterator[int]] | None,
    ends: bool,
) -> Matcher:
    first, rest = pieces[0], pieces[1:]

    def follow(url: str, at: int) -> bool:
        """Whether the pieces after the first are in the URL in their order, as early as can be."""
        for piece in rest[:-1] if ends else rest:
            found = piece.search(url, at)
            if found is None:
                return False
            at = found.end()
        return not (ends and rest) or _last(rest[-1], url, at)

    def match(url: str, start: int, end: int) -> bool:
        if begins is None:
            if ends and not rest:
                return _last(first, url, 0)
            found = first.search(url)
            return found is not None and follow(url, found.end())
        for place in begins(url, start, end):
            found = first.match(url, place)
            if found is None or (ends and not rest and found.end() != len(url)):
                continue
            return follow(url, found.end())
        return False

    return match


def _last(piece: re.Pattern[str], url: str, at: int) -> bool:
    """Whether the piece is the end of the URL."""
    return any(found.end() == len(url) for found in _every(piece, url, at))


def _every(piece: re.Pattern[str], url: str, at: int) -> Iterator[re.Match[str]]:
    found = piece.search(url, at)
    while found is not None:
        yield found
        found = piece.search(url, found.start() + 1) if found.start() < len(url) else None
