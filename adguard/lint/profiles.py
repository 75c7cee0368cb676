"""Blockers as data: which filter lists each has on by default, and how a list is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from adguard.filters import (
    ADBLOCK_PLUS,
    ADGUARD,
    BRAVE,
    GHOSTERY,
    UBLOCK,
    UBLOCK_LITE,
    Environment,
)

ENVIRONMENTS: Mapping[str, Environment] = {
    "ublock": UBLOCK,
    "ublock-lite": UBLOCK_LITE,
    "adguard": ADGUARD,
    "abp": ADBLOCK_PLUS,
    "brave": BRAVE,
    "ghostery": GHOSTERY,
}

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,30}$")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9._-]+$")]
Address = Annotated[str, msgspec.Meta(pattern=r"^https://")]


class ProfileError(ValueError):
    """The profile data cannot be used, or a profile is not in it; the message says which."""


class KnownList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filter list that some blocker knows. We never ship one.

    :param title: what its `! Title:` says; `titles`: other ones it has had.
    :param files: names of its file, lower case.
    :param url: where its maker offers it.
    :param licence: under which its maker does.
    """

    title: str
    files: tuple[FileName, ...]
    url: Address
    home: Address
    licence: str
    titles: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A blocker as its maker installs it.

    :param environment: key of `ENVIRONMENTS`.
    :param core: lists without which nothing can be said about it.
    :param also: the other lists that are on and meet a site's own requests.
    :param elsewhere: lists that are on, but spare a site's own requests.
    :param kinds: the bait kinds it filters.
    :param least: how many rules are enough, where that is fewer than a bait's `min_rules`.
    :param source: where we know this from.
    """

    id: Slug
    name: str
    environment: str
    core: tuple[Slug, ...]
    source: str
    also: tuple[Slug, ...] = ()
    elsewhere: tuple[Slug, ...] = ()
    kinds: tuple[str, ...] = ("script", "image", "fetch", "element")
    least: int | None = None

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists that meet a site's own requests."""
        return (*self.core, *self.also)


class Blockers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `data/profiles.json`.

    :param checked: the day on which the default lists were last looked up.
    :param optional: lists that a reader may add, looked at for hits on our own names.
    """

    checked: str
    lists: dict[Slug, KnownList]
    profiles: tuple[Profile, ...]
    optional: tuple[Slug, ...]
    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1

    def choose(self, ids: Iterable[str]) -> tuple[Profile, ...]:
        """Returns the profiles named, in the order of the file; all of them when none is named.

        :raises ProfileError: for a name that is not there.
        """
        wanted = set(ids)
        known = [profile.id for profile in self.profiles]
        for name in sorted(wanted.difference(known)):
            raise ProfileError(f"There is no profile {name!r}. There are: {', '.join(known)}.")
        return tuple(one for one in self.profiles if not wanted or one.id in wanted)

    def recognise(self, title: str, file_name: str) -> str:
        """Returns the id of the list with that title or file name, or "" for an unknown one.

        A title counts for more than a name, unless several files share it (AdGuard Base with and
        without EasyList). A name counts beside an unknown title only if that is akin to the list's:
        many lists are called `filters.txt`.
        """
        name, plain = file_name.lower(), _plain(title)
        by_title = [key for key, known in self.lists.items() if plain in _titles(known)]
        by_name = [key for key, known in self.lists.items() if name in known.files]
        if by_title:
            by_name = [key for key in by_name if key.startswith(by_title[0])]
        elif plain:
            by_name = [key for key in by_name if _plain(self.lists[key].title).split()[0] in plain]
        return next(iter([*by_name, *by_title]), "")


def _titles(known: KnownList) -> set[str]:
    return {_plain(title) for title in (known.title, *known.titles)}


def _plain(title: str) -> str:
    """Lower case, with plain dashes and quotes and single spaces."""
    text = title.lower().translate({0x2013: "-", 0x2014: "-", 0x2019: "'"})
    return re.sub(r"\s+", " ", text).strip()


@cache
def load() -> Blockers:
    """Returns the profiles of the release.

    :raises ProfileError: when the file is damaged.
    """
    path = Path(__file__).parent.parent / "data" / "profiles.json"
    return read(path.read_bytes())


def read(data: bytes) -> Blockers:
    """Reads and checks profile data.

    :raises ProfileError: naming what cannot be used.
    """
    try:
        blockers = msgspec.json.decode(data, type=Blockers)
    except msgspec.DecodeError as error:
        raise ProfileError(f"profiles.json: {error}") from error
    for one in blockers.profiles:
        if one.environment not in ENVIRONMENTS:
            raise ProfileError(f"profiles.json: {one.id}: no environment {one.environment!r}")
        for name in (*one.lists, *one.elsewhere):
            if name not in blockers.lists:
                raise ProfileError(f"profiles.json: {one.id}: no list {name!r}")
    for name in blockers.optional:
        if name not in blockers.lists:
            raise ProfileError(f"profiles.json: optional: no list {name!r}")
    return blockers
