"""Real servers of one site: uvicorn processes that are started, watched and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["KEY", "Node", "NodeError", "free_port"]

KEY = "a-key-for-a-site-that-only-this-measurement-visits"
START_WITHIN = 60.0
STOP_WITHIN = 20.0
ROOT = Path(__file__).parents[1]


class NodeError(Exception):
    """A server did not do what was asked; the message ends with what it said last."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Node:
    """`uvicorn bench.site:app` on a port of its own, which it keeps through all its lives.

    :param folder: where its data and its log are; made when it is missing.
    :param settings: `ADGUARD_…` without the prefix, in small letters.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], *, workers: int = 1) -> None:
        self.port = free_port()
        self.folder = folder
        self.up = asyncio.Event()
        self._workers = workers
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        known = {"secret_key": KEY, "data": str(folder), **settings}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ADGUARD_")}
        self._environment = clean | {f"ADGUARD_{k.upper()}": v for k, v in known.items()}

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise NodeError("the server was never started")
        return self._process.pid

    @property
    def pids(self) -> list[int]:
        """The processes that answer: the server's own, or those of its workers."""
        if self._workers == 1:
            return [self.pid]
        try:
            told = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        children = [int(pid) for pid in told.split()]
        return [pid for pid in children if "resource_tracker" not in _command(pid)]

    async def start(self) -> None:
        """Returns when the port is open and every worker has begun.

        :raises NodeError: that never happened.
        """
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "uvicorn", "bench.site:app",
                "--host", "127.0.0.1", "--port", str(self.port), "--workers", str(self._workers),
                "--loop", "uvloop", "--http", "httptools", "--no-access-log",
                "--log-level", "warning", "--timeout-graceful-shutdown", "5",
                cwd=ROOT, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = asyncio.get_running_loop().time() + START_WITHIN
        while len(self.pids) < self._workers or not await self._listens():
            if self._process.returncode is not None:
                raise NodeError(f"the server ended at once: {self.said()}")
            if asyncio.get_running_loop().time() > deadline:
                await self.kill()
                raise NodeError(f"the server did not listen in {START_WITHIN:g} s: {self.said()}")
            await asyncio.sleep(0.02)
        self.up.set()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def kill(self) -> None:
        """`kill -9`; returns when the process is gone."""
        self.up.clear()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> None:
        """Asks the server to end, as an operator would; kills it when it does not."""
        self.up.clear()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise NodeError(
                f"the server did not stop in {STOP_WITHIN:g} s: {self.said()}"
            ) from None

    def said(self) -> str:
        """The end of the server's log."""
        text = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        return text[-1500:] or "(it said nothing)"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
