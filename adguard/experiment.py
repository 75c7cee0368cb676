"""Assignment of readers to the hold-out: random once, the same ever after, bound to nobody."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache

BUCKETS = 10_000


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
