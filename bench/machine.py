"""Where and when something was measured: absolutes wander from machine to machine."""

from __future__ import annotations

import os
import platform
import signal
import sqlite3
from datetime import UTC, datetime

__all__ = ["end_with_servers", "headline", "processor"]


def headline() -> str:
    now = datetime.now(UTC)
    return (
        f"{now:%Y-%m-%d %H:%M} UTC · {processor()}, {os.cpu_count()} cores · "
        f"{platform.system()} · Python {platform.python_version()} · "
        f"SQLite {sqlite3.sqlite_version} · load {os.getloadavg()[0]:.1f}"
    )


def end_with_servers() -> None:
    """Lets a SIGTERM end this process as Ctrl-C does: with the servers that it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return next(iter(names), platform.machine())
