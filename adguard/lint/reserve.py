"""Names that may replace a bait when lists change: `data/reserve.json`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from adguard.baits import BaitError, BaitPath, Kind

Selector = Annotated[str, msgspec.Meta(pattern=r"^[.#][A-Za-z_][A-Za-z0-9_-]{0,63}$")]


class Reserve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands ready.

    :param elements: single classes and ids.
    :param script, image, fetch: paths below the prefix.
    """

    elements: tuple[Selector, ...]
    script: tuple[BaitPath, ...]
    image: tuple[BaitPath, ...]
    fetch: tuple[BaitPath, ...]
    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1

    def paths(self, kind: Kind) -> tuple[str, ...]:
        """The paths for a kind of request."""
        return {Kind.SCRIPT: self.script, Kind.IMAGE: self.image, Kind.FETCH: self.fetch}[kind]


@cache
def load() -> Reserve:
    """Returns the reserve of the release.

    :raises BaitError: when the file is damaged.
    """
    path = Path(__file__).parent.parent / "data" / "reserve.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Reserve)
    except msgspec.DecodeError as error:
        raise BaitError(f"reserve.json: {error}") from error
