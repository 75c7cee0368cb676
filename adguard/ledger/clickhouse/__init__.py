"""Figures in ClickHouse: one server, or a cluster of shards and replicas."""

from adguard.ledger.clickhouse.store import ClickHouseStore

__all__ = ["ClickHouseStore"]
