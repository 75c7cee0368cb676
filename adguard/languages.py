"""Language tags: which ones a reader wants, and which of those at hand come near a wanted one."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from babel.core import get_global

__all__ = ["FALLBACK", "TAG", "canonical", "nearest", "parents", "wanted_languages"]

FALLBACK = "en"
TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
MOST_WANTED = 8

# CLDR: `iw` is `he`; `zh-TW` is written in `Hant`. Norwegians' `nb` is what others call `no`.
_ALIASES = {**get_global("language_aliases"), "nb": "no"}
_LIKELY = get_global("likely_subtags")


def wanted_languages(page: str = "", accept: str = "") -> tuple[str, ...]:
    """Returns language tags in order of preference: the page's own, then those of an
    `Accept-Language` header by weight. At most eight; what is no tag is left out, and `*` means
    English, which is there for everybody.

    :param page: the value of the page's `lang` attribute (`pt_BR` is understood), or "".
    :param accept: an `Accept-Language` header, or "".
    """
    weighed: list[tuple[float, str]] = []
    for part in accept[:512].split(","):
        tag, _, rest = part.strip().partition(";")
        tag = FALLBACK if tag.strip() == "*" else tag.strip()
        if not TAG.fullmatch(tag):
            continue
        weight = re.fullmatch(r"\s*[qQ]=([01](?:\.\d{0,3})?)\s*", rest) if rest else None
        share = float(weight[1]) if weight else 0.0 if rest else 1.0
        if share:
            weighed.append((share, tag))
    tags = [tag for _, tag in sorted(weighed, key=lambda entry: -entry[0])]
    own = page.strip().replace("_", "-")
    if TAG.fullmatch(own):
        tags.insert(0, own)
    tags = [tag for place, tag in enumerate(tags) if not _contradicts(tag, tags[:place])]
    return tuple(dict.fromkeys(tags))[:MOST_WANTED]


def _contradicts(tag: str, before: list[str]) -> bool:
    """Whether `tag` is a bare language whose usual script is not the one that was named before it:
    browsers in Taipei send `zh-TW,zh`, and mean one language by both."""
    bare = canonical(tag)
    named = (canonical(one) for one in before)
    return "-" not in bare and any(
        one.partition("-")[0] == bare and _script(one) != _script(bare) for one in named
    )


@lru_cache(maxsize=512)
def canonical(tag: str) -> str:
    """`zh-CN` gives `zh-cn`, `iw` gives `he`, `nb-NO` gives `no-no`, and `ar-u-nu-latn`, which says
    how numbers are written, `ar`."""
    language, hyphen, rest = re.sub("(?<!-x)-[tu]-.*", "", tag.lower()).partition("-")
    alias = str(_ALIASES.get(language, language)).lower().replace("_", "-")
    return f"{alias}{hyphen}{rest}"


@lru_cache(maxsize=512)
def _script(tag: str) -> str:
    """Returns the script that a canonical tag is written in, named or by CLDR's likely subtags:
    `Hans` for `zh`, `Hant` for `zh-tw`; "" where nobody knows."""
    language, *rest = tag.split("-")
    for part in rest:
        if len(part) == 4 and part.isalpha():
            return part.title()
    regions = [f"{language}_{part.upper()}" for part in rest if len(part) == 2]
    likely = next((_LIKELY[name] for name in [*regions, language] if name in _LIKELY), "")
    return str(likely).partition("_")[2][:4]


def parents(tag: str, known: Collection[str]) -> list[str]:
    """Returns those of `known` that are `tag` or a shorter form of it in the same script, nearest
    first: `pt-br` and `pt` for `pt-br`, never `zh` for `zh-tw`.

    :param tag: as `canonical` gives it; `known` likewise.
    """
    parts = tag.split("-")
    chain = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return [one for one in chain if one in known and (one == tag or _script(one) == _script(tag))]


def nearest(tag: str, known: Collection[str]) -> list[str]:
    """Returns `parents`, then other regions' forms of the same language in the same script:
    a Portuguese reader gets Brazilian sentences, nobody in Taipei gets simplified ones."""
    near = parents(tag, known)
    language, script = tag.partition("-")[0], _script(tag)
    far = [
        one
        for one in sorted(known)
        if one not in near and one.partition("-")[0] == language and _script(one) == script
    ]
    return [*near, *far]
