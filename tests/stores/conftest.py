"""Stores for the suite: a file, the cluster on loopback, chdb."""

from __future__ import annotations

import itertools
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adguard.ledger.store import Store
from e2e.harness.missing import INSTALL, MissingError, skip_or_fail
from tests.stores.cluster import Cluster, missing_programs
from tests.stores.embedded import Embedded
from tests.stores.engines import ClusterEngine, EmbeddedEngine, Engine, SqliteEngine

_weeks = itertools.count(2000, 2)
"""Tests share the cluster's tables, and take eight weeks of their own each."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if missing := missing_programs():
        skip_or_fail(MissingError(f"{' and '.join(missing)} not here: {INSTALL}"))
    # In memory where there is room: thousands of small files would keep a busy disk busy.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    folder = tempfile.mkdtemp(prefix="adguard-cluster-", dir=memory if roomy else None)
    with Cluster(folder=Path(folder)) as started:
        yield started


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    try:
        process = Embedded(tmp_path_factory.mktemp("chdb"))
    except MissingError as missing:
        skip_or_fail(missing)
    yield process
    process.kill()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("cluster", marks=pytest.mark.xdist_group("clickhouse")),
        pytest.param("chdb", marks=pytest.mark.xdist_group("chdb")),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made: Engine
    if request.param == "sqlite":
        made = SqliteEngine(tmp_path)
    elif request.param == "cluster":
        made = ClusterEngine(request.getfixturevalue("cluster"))
    else:
        made = EmbeddedEngine(request.getfixturevalue("embedded"))
    yield made
    made.close()


@pytest.fixture
def store(engine: Engine) -> Store:
    made = engine.open()
    made.migrate()
    return made


@pytest.fixture
def day() -> int:
    """A day that no other test uses, nor the 55 after it."""
    return next(_weeks) * 28


@pytest.fixture
def node() -> str:
    """A node's name that no other test uses."""
    return secrets.token_hex(8)
