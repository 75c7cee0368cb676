"""The engines of npm, where `./dev test` put them, and unpacked extensions made of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import playwright

from e2e.harness.missing import INSTALL, MissingError

HERE = Path(__file__).parent
SHELLS = HERE / "shells"
LOCK = HERE / "package-lock.json"
KEPT = HERE.parents[1] / ".cache" / "blockers"
MODULES = KEPT / "node_modules"
MAKE_SECONDS = 120


def package(name: str) -> Path:
    """The folder of the npm package `name`.

    :raises MissingError: it is not installed.
    """
    folder = MODULES / name
    if not (folder / "package.json").is_file():
        raise MissingError(f"the npm package {name} is not in {MODULES}: {INSTALL}, where npm is")
    return folder


def version_of(name: str) -> str:
    """The version of the installed package, such as `3.2.19`.

    :raises MissingError: it is not installed.
    """
    version: str = json.loads((package(name) / "package.json").read_text("utf-8"))["version"]
    return version


def node() -> Path:
    """The Node that Playwright brings along: Debian's is too old for some of the packages."""
    return Path(playwright.__file__).parent / "driver" / "node"


def run(*command: str | Path) -> None:
    """Runs Node with `command`; scripts of ours find the packages by their names.

    :raises RuntimeError: it failed; the message is what it printed.
    """
    done = subprocess.run(
        [node(), *command],
        capture_output=True,
        text=True,
        timeout=MAKE_SECONDS,
        env=environment(),
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr or done.stdout}")


def environment() -> dict[str, str]:
    return {**os.environ, "NODE_PATH": str(MODULES)}


def bundle(script: Path, target: Path, *, kind: str) -> None:
    """Writes `script` and all it imports into the one file `target`.

    :param kind: `esm` for a module, `iife` for a content script.
    """
    options = ["--bundle", f"--format={kind}", "--log-level=error", f"--outfile={target}"]
    run(package("esbuild") / "bin" / "esbuild", script, *options)


def extension(name: str, make: Callable[[Path], None], sources: Iterable[Path]) -> Path:
    """The unpacked extension `name`, made again when the lock file or one of `sources` changed.

    :param make: fills a folder that is empty.
    """
    digest = hashlib.sha256(LOCK.read_bytes())
    for source in sources:
        digest.update(source.read_bytes())
    folder = KEPT / f"{name}-{digest.hexdigest()[:12]}"
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as made:
            make(Path(made))
            _move(Path(made), folder)
        for stale in set(KEPT.glob(f"{name}-*")) - {folder}:
            shutil.rmtree(stale, ignore_errors=True)
    return folder


def _move(made: Path, folder: Path) -> None:
    """In one step, so that two runs at a time each see a whole extension or none."""
    Path(made).chmod(0o755)
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    else:
        made.mkdir()
