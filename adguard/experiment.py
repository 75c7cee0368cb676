"""Assignment of readers to the arms of an experiment: random once, the same ever after, bound to
nobody."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

BUCKETS = 10_000
CONTROL = "asked"
"""The arm that is asked as the settings say."""
HOLDOUT = "holdout"
"""The arm that is measured like everybody and never asked."""

Shares = tuple[tuple[str, float], ...]
"""Names of variants, each with its share of the readers who are asked."""


def draw_bucket() -> int:
    """Returns a random bucket, 0 to 9999: some thousand readers share each of a large site's."""
    return secrets.randbelow(BUCKETS)


def held_out(bucket: int | None, share: float, site: str) -> bool:
    """Whether a reader's bucket falls in the hold-out: measured like everybody, never asked.

    The bucket is hashed with the site's name, so that several sites' hold-outs are independent;
    no secret enters, so that a key rotation moves nobody.

    :param bucket: `None` for a reader in no arm (Global Privacy Control).
    :param share: 0 to 1.
    """
    if bucket is None or share <= 0:
        return False
    digest = hashlib.sha256(f"holdout:{site}:{bucket}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


@lru_cache(maxsize=64)
def true_share(share: float, site: str) -> float:
    """Returns the share of all buckets that `held_out` puts into the hold-out of `site`.

    It is near `share`, not equal to it: 0.05 may come out as 0.048. Whoever checks the numbers of
    readers in both arms must expect this one; a million readers tell the two apart.
    """
    return sum(held_out(bucket, share, site) for bucket in range(BUCKETS)) / BUCKETS


def experiment_number(variants: Shares) -> int:
    """Returns a number from 1 to 9999 that stands for these variants and shares in a reader's
    note, 0 without any: whoever was drawn for other ones is drawn anew."""
    if not variants:
        return 0
    text = ";".join(f"{name}={share!r}" for name, share in variants)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 9_999 + 1


@lru_cache(maxsize=BUCKETS)
def arm_of(bucket: int, holdout: float, variants: Shares, site: str) -> str:
    """Returns the arm of a bucket: `holdout`, a variant's name, or `asked`.

    The variant is drawn by an HMAC keyed with the site and the variants' names, independent of the
    hold-out and of every experiment with other names. Like the hold-out's, its key is no secret,
    so that a rotation of keys moves nobody.

    :param holdout: the share of all readers that is held out, 0 to 1.
    :param variants: their shares add up to less than 1; the rest is `asked`.
    """
    if held_out(bucket, holdout, site):
        return HOLDOUT
    if not variants:
        return CONTROL
    key = ":".join(("variants", site, *(name for name, _ in variants))).encode()
    digest = hmac.digest(key, str(bucket).encode(), "sha256")
    place, reached = int.from_bytes(digest[:8], "big") / 2**64, 0.0
    for name, share in variants:
        reached += share
        if place < reached:
            return name
    return CONTROL


@lru_cache(maxsize=64)
def true_shares(holdout: float, variants: Shares, site: str) -> Mapping[str, float]:
    """Returns the share of all buckets in each arm of `site`, by the arm's name."""
    dealt = Counter(arm_of(bucket, holdout, variants, site) for bucket in range(BUCKETS))
    names: Sequence[str] = (CONTROL, HOLDOUT, *(name for name, _ in variants))
    return {name: dealt[name] / BUCKETS for name in names}
