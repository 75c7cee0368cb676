"""A Python process of the tests' own, to be killed."""

from __future__ import annotations

import asyncio
import os
import sys


async def start(module: str, *arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    """Runs a module with the tests' own import path; returns its first line once it is said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode().rstrip("\n")
