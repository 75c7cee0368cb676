"""
A real ClickHouse cluster on loopback: ZooKeeper and two shards of two replicas, in a folder that
goes when it stops.

    with Cluster() as cluster:
        store = open_store(cluster.url)
        cluster.kill_replica(1, 2)
        cluster.restart_replica(1, 2)

It runs Debian's `clickhouse-server` and `zookeeper`, as programs of the caller and never as
services. Shards and replicas are counted from 1, as ClickHouse does.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

__all__ = [
    "CLUSTER",
    "DATABASE",
    "PASSWORD",
    "USER",
    "Cluster",
    "Replica",
    "missing_programs",
    "wait_for",
]

CLUSTER = "loopback"
DATABASE = "figures"
USER = "recorder"
PASSWORD = "not/a secret:@?"
"""What a password may well hold: every character that means something in an address."""

START_WITHIN = 60.0
SESSION = 6000
"""Milliseconds after which ZooKeeper takes a silent replica for dead."""

_SERVER = ("clickhouse-server", "/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server")
_ZOOKEEPER_JARS = "/usr/share/java/zookeeper.jar"


def _program(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


def missing_programs() -> list[str]:
    """The Debian packages that a cluster needs and this machine lacks."""
    missing = [] if _program(*_SERVER) else ["clickhouse-server"]
    if not (Path(_ZOOKEEPER_JARS).exists() and _program("java")):
        missing.append("zookeeper")
    return missing


def _free_ports(count: int) -> list[int]:
    """Ports below those that the system gives to outgoing connections: while a replica is dead,
    nobody else gets its port."""
    ports: list[int] = []
    held: list[socket.socket] = []
    for port in random.SystemRandom().sample(range(16_000, 32_000), 2000):
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        held.append(probe)
        ports.append(port)
        if len(ports) == count:
            break
    for probe in held:
        probe.close()
    return ports


def wait_for(condition: Callable[[], bool], what: str, within: float = START_WITHIN) -> None:
    """Returns when `condition` holds.

    :raises TimeoutError: it does not within that many seconds.
    """
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:.0f} s")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _keeps(port: int) -> bool:
    """Whether ZooKeeper does more than listen."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as link:
        link.sendall(b"srvr")
        return b"Mode:" in link.recv(4096)
    return False


@dataclass
class _Program:
    """A process of ours with its output in a file."""

    name: str
    command: list[str]
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.running:
            self.process.send_signal(how)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def ready(self, condition: Callable[[], bool]) -> None:
        def settled() -> bool:
            if not self.running:
                raise RuntimeError(f"{self.name} ended: {self.tail()}")
            return condition()

        wait_for(settled, f"{self.name} answers")

    def tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-2000:]


@dataclass
class Replica:
    """One ClickHouse server.

    :param shard: its shard, from 1.
    :param number: its place in the shard, from 1.
    """

    shard: int
    number: int
    port: int
    between: int
    program: _Program

    @property
    def url(self) -> str:
        """A store's address that names this replica alone."""
        return _url([self])

    def ask(self, sql: str, database: str = DATABASE) -> list[tuple[Any, ...]]:
        """Runs a statement on this very replica."""
        client = Client(
            "127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            database=database,
            connect_timeout=5,
        )
        try:
            answer = client.execute(sql)
        finally:
            client.disconnect()
        return list(answer) if isinstance(answer, list) else []

    def answers(self) -> bool:
        # The driver logs every refused connection with its traceback.
        if not _listens(self.port):
            return False
        with contextlib.suppress(Error, OSError, EOFError):
            self.ask("SELECT 1 FROM system.zookeeper WHERE path = '/'", "default")
            return self.ask("SELECT sum(is_readonly) FROM system.replicas", "default") == [(0,)]
        return False


def _url(replicas: list[Replica], database: str = DATABASE) -> str:
    hosts = ",".join(f"127.0.0.1:{replica.port}" for replica in replicas)
    return f"clickhouse://{USER}:{quote(PASSWORD, safe='')}@{hosts}/{database}?cluster={CLUSTER}"


class Cluster:
    """ZooKeeper and `shards` x `replicas` ClickHouse servers; a context manager.

    :param folder: where everything is kept; a temporary one when not given. It is removed.
    """

    def __init__(self, shards: int = 2, replicas: int = 2, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.mkdtemp(prefix="adguard-cluster-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        count = shards * replicas
        ports = _free_ports(1 + 2 * count)
        self._keeper_port = ports.pop()
        self._keeper = self._make_keeper()
        self._replicas = {
            (shard, number): self._make_replica(shard, number, ports.pop(), ports.pop())
            for shard in range(1, shards + 1)
            for number in range(1, replicas + 1)
        }
        for replica in self._replicas.values():
            self._configure(replica)

    # --- what callers do ----------------------------------------------------------------------

    def start(self) -> Cluster:
        """Starts everything and returns when every replica answers."""
        try:
            self._keeper.start()
            self._keeper.ready(lambda: _keeps(self._keeper_port))
            for replica in self.replicas:
                replica.program.start()
            for replica in self.replicas:
                replica.program.ready(replica.answers)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends every process and removes every file. Safe to repeat."""
        for replica in self.replicas:
            replica.program.stop(signal.SIGKILL)
        self._keeper.stop(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def replicas(self) -> list[Replica]:
        return list(self._replicas.values())

    def replica(self, shard: int, number: int) -> Replica:
        return self._replicas[shard, number]

    @property
    def url(self) -> str:
        """A store's address that names every replica."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return _url(self.replicas, database)

    @property
    def urls(self) -> dict[tuple[int, int], str]:
        """Addresses that name one replica each, by shard and number."""
        return {place: replica.url for place, replica in self._replicas.items()}

    def kill_replica(self, shard: int, replica: int) -> None:
        """Ends a replica as `kill -9` does."""
        self.replica(shard, replica).program.stop(signal.SIGKILL)

    def restart_replica(self, shard: int, replica: int) -> None:
        """Starts a replica that was killed, with what it has on its disk; returns when it
        answers."""
        place = self.replica(shard, replica)
        place.program.start()
        place.program.ready(place.answers)

    def pause_replica(self, shard: int, replica: int) -> None:
        """Freezes a replica: connections to it are accepted and never answered."""
        self._signal(shard, replica, signal.SIGSTOP)

    def resume_replica(self, shard: int, replica: int) -> None:
        self._signal(shard, replica, signal.SIGCONT)

    def pause_keeper(self) -> None:
        """Freezes ZooKeeper."""
        assert self._keeper.process is not None
        self._keeper.process.send_signal(signal.SIGSTOP)

    def resume_keeper(self) -> None:
        assert self._keeper.process is not None
        self._keeper.process.send_signal(signal.SIGCONT)

    def settle(self, database: str = DATABASE) -> None:
        """Returns when every running replica holds everything that its shard was given."""
        for replica in self.replicas:
            if replica.program.running:
                tables = replica.ask(
                    f"SELECT table FROM system.replicas WHERE database = '{database}'", "default"
                )
                for (table,) in tables:
                    replica.ask(f"SYSTEM SYNC REPLICA {database}.{table}", "default")

    # --- how it is made -----------------------------------------------------------------------

    def _signal(self, shard: int, replica: int, number: signal.Signals) -> None:
        process = self.replica(shard, replica).program.process
        assert process is not None
        process.send_signal(number)

    def _make_keeper(self) -> _Program:
        folder = self._folder / "zookeeper"
        (folder / "data").mkdir(parents=True)
        (folder / "zoo.cfg").write_text(
            f"tickTime=500\ndataDir={folder / 'data'}\nclientPort={self._keeper_port}\n"
            "clientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n"
            f"minSessionTimeout=2000\nmaxSessionTimeout={SESSION * 2}\n",
            "utf-8",
        )
        command = [
            _program("java") or "java",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dzookeeper.forceSync=no",
            "-cp",
            f"{_ZOOKEEPER_JARS}:{folder}",
            "org.apache.zookeeper.server.ZooKeeperServerMain",
            str(folder / "zoo.cfg"),
        ]
        return _Program("ZooKeeper", command, folder)

    def _make_replica(self, shard: int, number: int, port: int, between: int) -> Replica:
        name = f"clickhouse-{shard}-{number}"
        folder = self._folder / name
        folder.mkdir()
        command = [
            _program(*_SERVER) or "clickhouse-server",
            f"--config-file={folder / 'config.xml'}",
        ]
        return Replica(shard, number, port, between, _Program(name, command, folder))

    def _configure(self, replica: Replica) -> None:
        folder = replica.program.folder
        shards: dict[int, list[Replica]] = {}
        for one in self.replicas:
            shards.setdefault(one.shard, []).append(one)
        servers = "".join(
            "<shard><internal_replication>true</internal_replication>"
            + "".join(
                f"<replica><host>127.0.0.1</host><port>{one.port}</port>"
                f"<user>{USER}</user><password>{PASSWORD}</password></replica>"
                for one in shard
            )
            + "</shard>"
            for shard in shards.values()
        )
        (folder / "config.xml").write_text(
            f"""<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{replica.port}</tcp_port>
  <interserver_http_port>{replica.between}</interserver_http_port>
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  <max_concurrent_queries>100</max_concurrent_queries>
  <timezone>UTC</timezone>
  <macros><shard>{replica.shard}</shard><replica>{replica.number}</replica></macros>
  <remote_servers><{CLUSTER}>{servers}</{CLUSTER}></remote_servers>
  <zookeeper>
    <node><host>127.0.0.1</host><port>{self._keeper_port}</port></node>
    <session_timeout_ms>{SESSION}</session_timeout_ms>
  </zookeeper>
</yandex>
""",
            "utf-8",
        )
        (folder / "users.xml").write_text(
            f"""<yandex>
  <profiles>
    <default><max_threads>2</max_threads></default>
  </profiles>
  <users>
    <{USER}>
      <password>{PASSWORD}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{USER}>
  </users>
  <quotas><default></default></quotas>
</yandex>
""",
            "utf-8",
        )

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
