"""Brings the tables of one server to this version."""

from __future__ import annotations

import time

from adguard.ledger.clickhouse.link import MISSING_DATABASE, MISSING_TABLE, Link, Refusal
from adguard.ledger.clickhouse.tables import ROLLUPS, VERSION, VERSIONS, Tables
from adguard.ledger.errors import StoreError
from adguard.ledger.events import DAY
from adguard.ledger.fold import COUNTERS

__all__ = ["check_server", "check_version", "migrate"]

OLDEST = (18, 16)
_WINDOW = "non_replicated_deduplication_window"
_AGAIN = frozenset({44, 57, 253, 999})
"""Somebody else makes the same table or column at this moment."""
ATTEMPTS = 5


def check_server(link: Link, tables: Tables) -> None:
    """Refuses a server on which a repeated parcel could be counted twice.

    :raises StoreError: it is too old.
    """
    ((version,),) = link.ask("SELECT version()")
    if tuple(int(part) for part in str(version).split(".")[:2]) < OLDEST:
        raise StoreError(
            f"the server is ClickHouse {version}; adguard needs {OLDEST[0]}.{OLDEST[1]} or later"
        )
    if tables.cluster:
        return
    settings = f"SELECT count() FROM system.merge_tree_settings WHERE name = '{_WINDOW}'"
    if link.ask(settings) == [(0,)]:
        raise StoreError(
            f"ClickHouse {version} cannot recognise a repeated insert on a single server; use "
            "21.8 or later, or a cluster with ZooKeeper (add ?cluster=NAME)"
        )


def check_version(link: Link, tables: Tables) -> None:
    """Refuses tables that this adguard cannot read.

    :raises StoreError: there are none, or they are of another version.
    """
    try:
        ((found,),) = link.ask(f"SELECT max(version) FROM {tables.kept(VERSIONS)}")
    except Refusal as refusal:
        if refusal.code in {MISSING_TABLE, MISSING_DATABASE}:
            raise StoreError(
                f"the database {tables.database!r} holds no figures yet: nothing has been "
                f"recorded there ({refusal})"
            ) from refusal
        raise
    if found > VERSION:
        raise StoreError(
            f"the tables were made by a newer adguard (format {found}, this one reads {VERSION}); "
            "upgrade, or name another database"
        )


def migrate(link: Link, tables: Tables) -> None:
    """Makes the tables that a server lacks and adds the counters that its tables lack. Safe to
    repeat, and safe while others do the same on any server of the cluster.

    :raises StoreError: the server is too old, or its tables are of a newer adguard.
    :raises Refusal: the user may not make tables.
    """
    check_server(link, tables)
    for attempt in range(ATTEMPTS):
        try:
            _migrate(link, tables)
        except Refusal as refusal:
            if refusal.code not in _AGAIN or attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.1 * 2**attempt)
        else:
            return


def _migrate(link: Link, tables: Tables) -> None:
    columns = _columns(link, tables)
    if tables.kept_name(VERSIONS) in columns:
        check_version(link, tables)
    elif not link.ask(f"SELECT 1 FROM system.databases WHERE name = '{tables.database}'"):
        link.ask(f"CREATE DATABASE IF NOT EXISTS `{tables.database}`")
    # Tables with rows first: those that are distributed take their columns from them.
    for name in sorted(tables.names, key=lambda name: (name in ROLLUPS, name)):
        if name not in columns:
            link.ask(tables.create(name))
    for name, have in columns.items():
        if name in tables.names and name.removesuffix("_local") in ROLLUPS:
            for counter in COUNTERS:
                if counter not in have:
                    link.ask(tables.add_counter(name, counter))
    (found,) = link.ask(f"SELECT max(version) FROM {tables.kept(VERSIONS)}")
    if found[0] < VERSION:
        link.put(
            tables.kept(VERSIONS),
            ("version", "day"),
            [(VERSION, int(time.time()) // DAY)],
            f"version-{VERSION}",
        )


def _columns(link: Link, tables: Tables) -> dict[str, set[str]]:
    """The columns of the tables that are there, by table."""
    found: dict[str, set[str]] = {}
    for table, name in link.ask(
        f"SELECT table, name FROM system.columns WHERE database = '{tables.database}'"
    ):
        found.setdefault(table, set()).add(name)
    return found
