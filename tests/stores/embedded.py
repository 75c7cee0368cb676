"""ClickHouse of today, as PyPI's chdb. Its library is half a gigabyte and starts threads, so it
runs in a process of its own, spoken to by lines of JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adguard.ledger.clickhouse.link import Refusal, Unreachable, literal, told
from e2e.harness.missing import INSTALL, MissingError

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("embedded_process.py")


def library() -> Path:
    """The folder from which chdb can be imported.

    :raises MissingError: `./dev` has not fetched it.
    """
    for found in sorted((ROOT / ".cache" / "chdb").glob("*/chdb")):
        return found.parent
    raise MissingError(f"chdb is not here: {INSTALL}")


class Embedded:
    """The process; started when it is first asked, and again after it was killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._library = library()
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement.

        :raises Refusal: ClickHouse refused it.
        :raises Unreachable: the process ended.
        """
        with self._lock:
            line = self._answer(sql)
        if not line:
            raise Unreachable("chdb ended")
        answer = json.loads(line)
        if "error" in answer:
            code = int((re.search(r"Code: (\d+)", answer["error"]) or [0, 0])[1])
            raise Refusal(told(code, answer["error"]), code)
        return [tuple(row) for row in answer["rows"]]

    def kill(self) -> None:
        """Ends the process as `kill -9` does."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.communicate()
                self._process = None

    def _answer(self, sql: str) -> str:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(sql) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            self.kill()
        return line

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(self._folder)],
            env={**os.environ, "PYTHONPATH": str(self._library)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._process


class EmbeddedLink:
    """What the store needs of a connection, on such a process."""

    def __init__(self, process: Embedded) -> None:
        self._process = process

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._process.ask(sql)

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        self.ask(
            f"INSERT INTO {table} ({', '.join(columns)}) SETTINGS async_insert = 0, "
            f"insert_deduplicate = 1, insert_deduplication_token = {literal(token)} "
            f"VALUES {values}"
        )

    def close(self) -> None:
        """The process stays for the others."""
