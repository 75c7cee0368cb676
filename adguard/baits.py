"""The bait catalogue: what filter lists hit, its neutral twins, and the rules that justify it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

MARKER = "k7r2xq9m"
"""What a bait or control carries to prove that this server answered. It never changes between
releases: a CDN may hand out a bait that it cached from an older one."""

IMAGE_SIZE = (2, 3)
"""Width and height in pixels of the bait image and its control; the stubs of filter extensions are
1x1, 2x2, 3x2 or 32x32 (uBlock Origin, `web_accessible_resources/`)."""

OWN_NAMES = "control control.js control.png report choice note help support preferences health"
OWN_PATHS = frozenset(f"/{name}" for name in OWN_NAMES.split())

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]{0,15}$")]
BaitPath = Annotated[str, msgspec.Meta(pattern=r"^/[A-Za-z0-9._~/=,:@+-]+(\?[A-Za-z0-9._~=&-]*)?$")]
Rules = Annotated[tuple[str, ...], msgspec.Meta(max_length=64)]
Count = Annotated[int, msgspec.Meta(ge=1, le=64)]


class BaitError(ValueError):
    """A bait set cannot be used; the message says which entry, and why."""


class Kind(StrEnum):
    """How a bait is asked for."""

    SCRIPT = "script"
    IMAGE = "image"
    FETCH = "fetch"
    ELEMENT = "element"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every bait has.

    :param id: its name among the signals, such as `n1`.
    :param rules: the filter rules that hit it, as the lists write them.
    :param min_rules: below this many of `rules` still in a list, the bait wants replacing.
    """

    id: Name
    rules: Rules = ()
    min_rules: Count = 1


class RequestBait(Entry, frozen=True):
    """A request that network filters stop.

    :param path: below the prefix, with its query, if it has one.
    :param brave_rules: the rules of Brave's first-party list, the only one that Brave in Standard
        mode applies to a site's own requests.
    """

    kind: Kind
    path: BaitPath
    brave_rules: Rules = ()


class ElementBait(Entry, frozen=True):
    """An empty element that cosmetic filters hide."""

    classes: tuple[Identifier, ...] = ()
    ids: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=1)] = ()


class ElementControl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The element that no list hides. Its names only look like ads to a careless page style such as
    `[class*="ad-"]`, which then hides bait and control alike."""

    classes: tuple[Identifier, ...] = ()
    ids: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=1)] = ()


class Controls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The neutral twins, one for each kind; paths below the prefix."""

    script: BaitPath
    image: BaitPath
    fetch: BaitPath
    element: ElementControl


class BaitSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Baits and their controls.

    :param verified: name of each filter list -> the version it was last checked against.
    """

    network: Annotated[tuple[RequestBait, ...], msgspec.Meta(min_length=1, max_length=6)]
    elements: Annotated[tuple[ElementBait, ...], msgspec.Meta(max_length=6)] = ()
    controls: Controls
    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    version: str = "own"
    verified: dict[str, str] = {}

    @property
    def kinds(self) -> dict[str, str]:
        """Bait id -> kind, in the order of the catalogue."""
        asked = {bait.id: bait.kind.value for bait in self.network}
        return asked | {bait.id: Kind.ELEMENT.value for bait in self.elements}


def load(source: str | Path | Mapping[str, Any] | None = None) -> BaitSet:
    """Returns the bait set of the release, or a publisher's own.

    :param source: path of a JSON file, or a mapping of the same shape as `data/baits.json`;
        `controls` may be left out and are then those of the release.
    :raises BaitError: when the file cannot be read or an entry cannot be used.
    """
    if source is None:
        return _release()
    if isinstance(source, Mapping):
        return _checked(source, "baits")
    try:
        text = Path(source).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BaitError(f"baits: {str(source)!r} cannot be read ({error})") from error
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaitError(f"baits: {str(source)!r} is not JSON ({error})") from error
    return _checked(raw, f"baits: {str(source)!r}")


@cache
def _release() -> BaitSet:
    path = Path(__file__).with_name("data") / "baits.json"
    return _checked(json.loads(path.read_text("utf-8")), "adguard/data/baits.json")


def _checked(raw: object, where: str) -> BaitSet:
    if isinstance(raw, Mapping) and "controls" not in raw:
        raw = {**raw, "controls": msgspec.to_builtins(_release().controls)}
    try:
        baits = msgspec.convert(raw, BaitSet)
    except msgspec.ValidationError as error:
        raise BaitError(f"{where}: {error}") from error
    for problem in _problems(baits):
        raise BaitError(f"{where}: {problem}")
    return baits


def _problems(baits: BaitSet) -> list[str]:
    """What the types cannot say."""
    problems = []
    names = [bait.id for bait in (*baits.network, *baits.elements)]
    reserved = {*Kind, "host"}
    for name in names:
        if names.count(name) > 1:
            problems.append(f"the id {name!r} is given twice")
        if name in reserved or (name[0] == "h" and name[1:].isdigit()):
            problems.append(f"the id {name!r} is kept for controls and watched hosts")
    problems.extend(
        f"{entry.id}: fewer rules than min_rules ({entry.min_rules})"
        for entry in (*baits.network, *baits.elements)
        if entry.rules and len(entry.rules) < entry.min_rules
    )
    paths = [bait.path.partition("?")[0] for bait in baits.network]
    for bait, path in zip(baits.network, paths, strict=True):
        if bait.kind is Kind.ELEMENT:
            problems.append(f"{bait.id}: an element has no path; it belongs under 'elements'")
        if ".." in path or "//" in path:
            problems.append(f"{bait.id}: the path {path!r} has '..' or '//' in it")
        if path in OWN_PATHS or path.startswith(("/client-", "/note-")):
            problems.append(f"{bait.id}: the path {path!r} is one of the toolkit's own")
        if paths.count(path) > 1:
            problems.append(f"{bait.id}: the path {path!r} is given twice")
    problems.extend(
        f"{bait.id}: an element without class and id cannot be hidden"
        for bait in baits.elements
        if not bait.classes and not bait.ids
    )
    return problems
