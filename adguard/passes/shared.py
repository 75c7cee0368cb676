"""Codes that were taken anywhere in a ClickHouse cluster, which has no unique keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adguard.ledger import StoreError
from adguard.ledger.clickhouse.aside import Aside
from adguard.ledger.clickhouse.link import NativeLink
from adguard.ledger.location import Address
from adguard.passes.code import Code
from adguard.passes.taken import KEEP, LocalTaken, Outcome

__all__ = ["ClickHouseTaken"]


class ClickHouseTaken(LocalTaken):
    """First the machine's own file decides among its workers; then the machine looks whether
    another has claimed the code in the cluster, claims it, and looks again. Two machines that do
    so at the same moment, or through replicas that do not know of each other yet, may both have it.

    :param path: the node's journal.
    """

    def __init__(self, path: Path, address: Address) -> None:
        super().__init__(path)
        self._claims = Aside(
            address,
            NativeLink,
            "taken",
            {"code": "String", "node": "String", "until": "Int64"},
            key=("code",),
            dated="until",
            keep=KEEP,
        )

    def take(self, code: Code, hand: str, now: float) -> Outcome:
        outcome = super().take(code, hand, now)
        if outcome != "new":
            return outcome
        try:
            node = self.node()
            claims = self._claims_of(code)
            if not claims:
                self._claims.put((code.nonce, node, code.until), f"{code.nonce}/{node}")
                claims = self._claims_of(code)
        except StoreError:
            # Nobody had it: the reader may try again, here or on another machine.
            self.give_back(code)
            raise
        return "new" if not claims or claims[0][1] == node else "taken"

    def _claims_of(self, code: Code) -> list[tuple[Any, ...]]:
        return self._claims.rows("code", code.nonce, "born, node")

    def close(self) -> None:
        """Lets go of connections."""
        self._claims.close()
