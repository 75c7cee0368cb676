"""Files that commands write."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from tempfile import mkstemp

import click

__all__ = ["write"]


def write(path: Path, text: str) -> None:
    """Writes a file as a whole or not at all, and says so; `-` is the standard output.

    :raises click.ClickException: it cannot be written.
    """
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    try:
        _replace(path.resolve(), text)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"Wrote {path}.", err=True)


def _replace(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():  # a pipe or a device is written to, never replaced
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        return
    handle, name = mkstemp(dir=path.parent, prefix=".adguard-")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
