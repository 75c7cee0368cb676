"""Assignment of readers to the hold-out: random once, the same ever after, bound to nobody."""

from __future__ import annotations

import hashlib
import secrets

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
